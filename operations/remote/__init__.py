"""Jobs of a stack in a cloud, started and watched from here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from operations.remote.output import Output


def run(what: str, handles: Mapping[str, Any], definition: Mapping[str, Any], command: Sequence[str], output: Output) -> int:
    """Run *definition*, the handle of a job of the stack with *handles*, with *command* instead of its own where that is not
    empty; its exit code.

    Its log lines go to *output* as they come. *what* says it in errors (``cannot <what>: ...``). Ctrl-C stops watching, not the
    job, and says how to stop it. Raises OperationError where it cannot be started or followed.
    """
    if handles["provider"] == "aws":
        from operations.remote.aws import run as begin
    else:
        from operations.remote.gcp import run as begin
    return begin(what, handles, definition, command, output)

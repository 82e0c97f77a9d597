"""Turns what the engine says about a failure into what the user should read: the sentences, without the machinery."""

from __future__ import annotations

import re
from collections.abc import Iterable

OURS = ("components.", "operations.", "runtime.", "pulumi.errors.RunError", "pulumi.runtime.stack.RunError")
"""An exception of one of our own classes (or Pulumi's RunError) carries a sentence for the user; any other is a bug."""

_NOISE = re.compile(
    r"(update|preview|refresh|destroy|import) (failed|canceled|cancelled)"
    r"|resource monitor shut down.*|.*resource monitor has terminated.*"
    r"|one or more resource registrations failed|grpc: the client connection is closing"
    r"|(one or more )?(errors|resources) (occurred|failed).*",
    re.IGNORECASE | re.DOTALL,
)
_PREFIXES = re.compile(
    r"^(error: |an unhandled error occurred: |python inline source runtime error: |Exception calling application: "
    r"|rpc error: code = \w+ desc = |\d+ errors? occurred:\s*\* |\* "
    r"|(creating|updating|deleting|reading|refreshing|pre-step for|step application failed:)[ :]*(urn:\S+?: )?)+",
)
_TRACEBACK = "Traceback (most recent call last):\n"
_EXCEPTION = re.compile(r"^(?P<type>[A-Za-z_][\w.]*)(?:: (?P<message>.*))?$", re.DOTALL)
_FRAME = re.compile(r'^  File "(?P<file>[^"]+)", line (?P<line>\d+), in (?P<function>.+)$', re.MULTILINE)


def clean(messages: Iterable[str]) -> list[str]:
    """The sentences in *messages* (diagnostics of the engine, or the text of a CommandError), each once, in order.

    Never empty: when nothing but noise is left, one sentence says so.
    """
    sentences: dict[str, None] = {}
    for message in messages:
        text = _sentence(_error_of(message))
        if text and not _NOISE.fullmatch(text):
            sentences.setdefault(text)
    return list(sentences) or ["Pulumi ended with an error and gave no reason."]


def is_bug(message: str) -> bool:
    """True when *message* holds a traceback of an exception that is not meant for the user."""
    return _TRACEBACK in message and not _exception(message)[0].startswith(OURS)


def _error_of(message: str) -> str:
    """The error part of a CommandError's text (``code: stdout: stderr:``); any other text as it is."""
    if not message.lstrip().startswith("code: "):
        return message
    stderr = message.rpartition(" stderr: ")[2].strip()
    lines = [line for line in stderr.splitlines() if not line.startswith("warning: ")]
    return "\n".join(lines)


def _sentence(message: str) -> str:
    if _TRACEBACK not in message:
        return _PREFIXES.sub("", message.strip()).strip()
    kind, text = _exception(message)
    if kind.startswith(OURS):
        return _PREFIXES.sub("", text).strip()
    frames = [frame for frame in _FRAME.finditer(message) if not _foreign(frame["file"])]
    where = f" ({frames[-1]['file']}, line {frames[-1]['line']}, in {frames[-1]['function']})" if frames else ""
    return f"Unexpected {kind}: {text or 'no message'}{where}"


def _exception(message: str) -> tuple[str, str]:
    """Type and message of the last traceback in *message*."""
    lines = message.rpartition(_TRACEBACK)[2].strip("\n").split("\n")
    while lines and (lines[0].startswith(" ") or not lines[0].strip()):
        lines.pop(0)
    match = _EXCEPTION.match("\n".join(lines).strip())
    return (match["type"], (match["message"] or "").strip()) if match else ("error", " ".join(lines).strip())


def _foreign(file: str) -> bool:
    return file.startswith("<") or "/site-packages/" in file or re.search(r"/lib/python3[.\d]*/", file) is not None

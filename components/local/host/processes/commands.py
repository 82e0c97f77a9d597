"""Whether a command of the stack file can be started at all: asked before anything is stopped or made for it."""

from __future__ import annotations

import shutil
from pathlib import Path

from components.local.host.errors import LocalError
from components.local.host.processes import environment


def require_command(command: tuple[str, ...], cwd: Path, *, owner: str, key: str) -> None:
    """Return when *command* can be started in *cwd*.

    :param owner: whose command it is, for the sentence, for example ``service api``.
    :param key: its settings key, for example ``services.api``.
    :raises LocalError: no command, no such folder, or no such program on the PATH of :func:`environment.base`.
    """
    if not command:
        raise LocalError(f"{owner} has no command; set {key}.command")
    if not cwd.is_dir():
        raise LocalError(f"{owner} cannot start in {cwd}: there is no such folder")
    path = "/" in command[0]
    program = str(cwd / command[0]) if path else command[0]
    if shutil.which(program, path=environment.base()["PATH"]) is None:
        place = f" or is not executable (looked for {program})" if path else " on PATH"
        raise LocalError(f"{owner}: the command '{command[0]}' was not found{place}; install it or correct {key}.command")

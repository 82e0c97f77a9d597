"""How an operation ends when it does not end well. Each kind carries the exit code of ``python -m operations``."""

from __future__ import annotations


class OperationError(Exception):
    """One or more clear sentences for the user: what, where, how to mend. Exit code 1."""

    exit_code = 1

    def __init__(self, *sentences: str) -> None:
        super().__init__("\n".join(sentences))
        self.sentences = sentences


class Refused(OperationError):
    """Nothing was begun: bad input, a missing confirmation, another run at work. Exit code 2."""

    exit_code = 2


class Interrupted(OperationError):
    """Stopped by Ctrl-C (SIGINT, SIGTERM or SIGHUP), state kept in order. Exit code 130, the shell's 128 + SIGINT."""

    exit_code = 130

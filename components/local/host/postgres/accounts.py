"""The operating system user that PostgreSQL runs as, and running a program as that user."""

from __future__ import annotations

import os
import pwd
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from stat import S_IROTH, S_IXGRP, S_IXOTH, S_IXUSR

from components.local.host.errors import LocalError
from components.local.host.postgres import become


@dataclass(frozen=True, kw_only=True)
class Account:
    """A user of this machine. Programs run as it with a clean environment, so no secret of the caller reaches them."""

    name: str
    uid: int
    gid: int

    @property
    def foreign(self) -> bool:
        """Whether this is another user than the one we are, so that a program must switch to it."""
        return os.geteuid() != self.uid

    def own(self, path: Path) -> None:
        """Give *path* itself (not what lies below) to this user. Does nothing when we are that user already."""
        if self.foreign:
            os.chown(path, self.uid, self.gid)

    def can_enter(self, folder: Path) -> bool:
        """Whether this user may reach files inside *folder*: every folder on the way must let it through."""
        return all(self._may_pass(part) for part in (folder, *folder.parents))

    def _may_pass(self, folder: Path) -> bool:
        status = folder.stat()
        if status.st_uid == self.uid:
            return bool(status.st_mode & S_IXUSR)
        return bool(status.st_mode & (S_IXGRP if status.st_gid == self.gid else S_IXOTH))

    def can_read_tree(self, folder: Path) -> bool:
        """Whether this user may use the programs below *folder* where they lie."""
        return self.can_enter(folder) and bool(folder.stat().st_mode & S_IROTH or folder.stat().st_uid == self.uid)

    def run(
        self, argv: Sequence[str | Path], *, cwd: Path, environment: Mapping[str, str] | None = None, seconds: float = 600
    ) -> subprocess.CompletedProcess[str]:
        """Run *argv* as this user and wait; the answer holds return code, stdout and stderr.

        :param cwd: working folder; the user must be able to enter it (PostgreSQL's programs insist).
        :param environment: variables over the bare PATH, HOME and LC_ALL=C (messages in English, so that they can be read).
        :param seconds: give up after this time.
        :raises LocalError: the program did not end in time.
        """
        base = {"PATH": os.environ.get("PATH", os.defpath), "HOME": str(cwd), "LC_ALL": "C"}
        command = [str(part) for part in argv]
        switch = [sys.executable, "-I", "-S", become.__file__, str(self.uid), str(self.gid)] if self.foreign else []
        try:
            return subprocess.run(
                [*switch, *command],
                cwd=cwd,
                env=base | dict(environment or {}),
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                errors="replace",
                timeout=seconds,
                check=False,
            )
        except subprocess.TimeoutExpired:
            name = Path(command[0]).name
            raise LocalError(f"{name} did not finish within {seconds:g} seconds; is the machine overloaded?") from None


def postgres_account() -> Account:
    """The user for PostgreSQL: ourselves, or as root (which PostgreSQL refuses) ``postgres``, else ``nobody``.

    :raises LocalError: we are root and neither user exists.
    """
    if os.geteuid() != 0:
        try:
            name = pwd.getpwuid(os.geteuid()).pw_name
        except KeyError:
            raise LocalError(
                f"PostgreSQL refuses to run as a user without a name and this one is only the number {os.geteuid()}; add it to "
                f"/etc/passwd or run as a user that is there."
            ) from None
        return Account(name=name, uid=os.geteuid(), gid=os.getegid())
    for name in ("postgres", "nobody"):
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(name=entry.pw_name, uid=entry.pw_uid, gid=entry.pw_gid)
    raise LocalError(
        "PostgreSQL refuses to run as root and this machine has neither a user 'postgres' nor 'nobody' to run it as; "
        "create one (useradd --system postgres) or run as an ordinary user."
    )

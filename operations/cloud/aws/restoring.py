"""Copies of a database on AWS: begun, completed, logged in to and deleted, and taken up again after they were cut off."""

from __future__ import annotations

import os

from psycopg.conninfo import make_conninfo

from operations.cloud.aws.backend import Backend, Found, Origin
from operations.cloud.aws.calls import GONE, IN_A_WRONG_STATE, THERE, begin, doing, passing
from operations.cloud.contract import Copy, Purpose, Say
from operations.cloud.copies import COPY_SECONDS, DELETE_SECONDS, SWITCH_SECONDS, Copies, new_password
from operations.cloud.wait import wait_until
from operations.errors import OperationError, Refused

CA_BUNDLE = "/etc/ssl/certs/rds-global-bundle.pem"
"""Where the images of this repository keep the certificates of RDS; DB_SSL_ROOT_CERT says it of any other place."""
LONGEST = 61
"""AWS takes 63 characters, and the instance of a cluster is called ``<name>-1``."""
BROKEN = ("failed", "incompatible-", "inaccessible-", "insufficient-capacity", "restore-error")
"""Beginnings of states out of which no waiting leads."""
DELETE = "rds:DeleteDBCluster and rds:DeleteDBInstance"


class Restoring:
    """What becomes of the snapshots and moments of the database behind *backend*."""

    def __init__(self, backend: Backend, copies: Copies) -> None:
        self._backend, self._copies = backend, copies

    def restore(self, origin: Origin, text: str, name: str, purpose: Purpose, say: Say) -> Copy:
        """A copy *name* of *origin*, which is called *text*; one that was begun from the same is taken up."""
        marks = self._copies.marks(purpose, text)
        if self._look(name) is None:
            right = "the rds:Restore… actions and rds:AddTagsToResource"
            begin(f"restore {name}", lambda: self._backend.restore(origin, name, purpose, marks), say, right=right)
            say(f"{name}: restoring from {text}")
        self._copies.require_origin(name, self._found(name).tags, purpose, text)

        def missing() -> str:
            with doing(f"complete {name}", right="rds:CreateDBInstance"), passing(THERE | IN_A_WRONG_STATE):
                self._backend.complete(name, marks)
            return self._unready(name)

        wait_until(name, missing, say, seconds=COPY_SECONDS)
        return _copy(self._found(name), purpose)

    def login(self, copy: Copy, database: str) -> str:
        """libpq's connection string of the copy's owner, with a new password: RDS's own secret of it does not come along."""
        self._copies.require(copy.name, self._found(copy.name).tags, copy.purpose)
        password = new_password()
        what, right = f"give the owner of {copy.name} a password", "rds:ModifyDBCluster or rds:ModifyDBInstance"
        begin(what, lambda: self._backend.set_password(copy.name, password), _silently, right=right)
        wait_until(copy.name, lambda: self._unready(copy.name, login=True), _silently, seconds=SWITCH_SECONDS)
        found = self._found(copy.name)
        return make_conninfo(
            "",
            host=found.host,
            port=found.port,
            dbname=database,
            user=found.user,
            password=password,
            sslmode="verify-full",
            sslrootcert=os.environ.get("DB_SSL_ROOT_CERT", CA_BUNDLE),
        )

    def all(self, purpose: Purpose) -> list[Copy]:
        """The oldest first."""
        with doing("list the copies", right="rds:DescribeDBClusters and rds:DescribeDBInstances"):
            found = self._backend.copies(self._copies.begin(purpose))
        mine = [one for one in found if self._copies.ours(one.tags, purpose)]
        return [_copy(one, purpose) for one in sorted(mine, key=lambda one: one.created)]

    def delete(self, name: str, say: Say) -> None:
        """Without a last snapshot; nothing happens where it is gone. Raises Refused where it is no copy of ours."""
        purpose = self._copies.purpose_of(name)
        found = self._look(name)
        if found is None:
            say(f"{name} is gone already")
            return
        self._copies.require(name, found.tags, purpose)
        if found.protected:
            raise Refused(f"{name} has deletion protection, which somebody turned on to keep it: turn that off first")

        def remaining() -> str:
            if self._look(name) is None:
                return ""
            with doing(f"delete {name}", right=DELETE), passing(IN_A_WRONG_STATE | GONE):
                self._backend.delete(name)
            left = self._look(name)
            return left.state if left else ""

        wait_until(name, remaining, say, seconds=DELETE_SECONDS)

    def _unready(self, name: str, *, login: bool = False) -> str:
        found = self._found(name)
        if found.state.startswith(BROKEN):
            raise OperationError(f"{name} cannot be used: RDS says {found.state}; delete the copy and look at its events")
        if not found.ready:
            return found.state
        return "getting its password" if login and found.password_pending else ""

    def _look(self, name: str) -> Found | None:
        with doing(f"look at {name}", right="rds:DescribeDBClusters and rds:DescribeDBInstances"):
            return self._backend.copy(name)

    def _found(self, name: str) -> Found:
        found = self._look(name)
        if found is None:
            raise OperationError(f"{name} is gone: somebody deleted it; begin again")
        return found


def _copy(found: Found, purpose: Purpose) -> Copy:
    return Copy(
        name=found.name,
        purpose=purpose,
        created=found.created,
        state=found.state,
        ready=found.ready,
        host=found.host,
        port=found.port,
    )


def _silently(line: str) -> None:
    """For what takes seconds."""

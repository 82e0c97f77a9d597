"""The database of a stack on AWS: what may be done to it, waited for, and taken up again after it was cut off."""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Any

from operations.cloud.aws import metrics
from operations.cloud.aws.aurora import Aurora
from operations.cloud.aws.backend import Backend
from operations.cloud.aws.calls import begin, doing
from operations.cloud.aws.rds import Rds
from operations.cloud.aws.restoring import LONGEST, Restoring
from operations.cloud.contract import Copy, Member, Purpose, Say, Snapshot, Window
from operations.cloud.copies import SNAPSHOT_SECONDS, SWITCH_SECONDS, Copies, require_moment
from operations.cloud.wait import Look, wait_until
from operations.errors import OperationError, Refused

SNAPSHOT_NAME = re.compile(r"(?!.*--)[a-z][a-z0-9-]{0,253}[a-z0-9]")
"""What AWS takes for a name, in the lower case that it stores it in."""


class AwsDatabase:
    """Fills :class:`operations.cloud.contract.DatabaseControl` for Aurora and RDS."""

    def __init__(self, handles: Mapping[str, Any]) -> None:
        self._handles, self._id = handles, str(handles["database"]["id"])
        self._backend: Backend = Aurora(handles) if handles["database"]["backend"] == "aurora" else Rds(handles)
        self._copies = Copies.of(handles)
        self._restoring = Restoring(self._backend, self._copies)

    def members(self) -> list[Member]:
        with self._reading():
            return self._backend.members()

    def snapshots(self) -> list[Snapshot]:
        with self._reading():
            return self._backend.snapshots()

    def window(self) -> Window | None:
        with self._reading():
            return self._backend.window()

    def create_snapshot(self, name: str, say: Say) -> Snapshot:
        """Its id is ``<database>-<name>``: the account has one room for the names of all databases, and rights go by them."""
        if not name.startswith(f"{self._id}-"):
            name = f"{self._id}-{name}"
        if not SNAPSHOT_NAME.fullmatch(name):
            raise Refused(f"a snapshot cannot be called '{name}': AWS takes a-z, 0-9 and single '-' between them")
        if self._find(name) is None:
            right = "rds:CreateDBClusterSnapshot or rds:CreateDBSnapshot"
            begin(f"make snapshot {name}", lambda: self._backend.create_snapshot(name, self._copies.tags()), say, right=right)
            if self._find(name) is None:
                raise Refused(f"there is a snapshot {name} of another database already: choose another name")
        wait_until(f"snapshot {name}", lambda: self._unready(name), say, seconds=SNAPSHOT_SECONDS)
        return self._snapshot(name)

    def delete_snapshot(self, snapshot: str) -> None:
        if self._snapshot(snapshot).automated:
            raise Refused(f"snapshot {snapshot} is an automated one: it goes with the retention, nobody deletes it")
        with doing(f"delete snapshot {snapshot}", right="rds:DeleteDBClusterSnapshot or rds:DeleteDBSnapshot"):
            self._backend.delete_snapshot(snapshot)

    def restore_snapshot(self, snapshot: str, name: str, purpose: Purpose, say: Say) -> Copy:
        self._copies.check(name, purpose, longest=LONGEST)
        if not self._snapshot(snapshot).ready:
            raise Refused(f"snapshot {snapshot} is not ready yet: wait for it, or take another one")
        return self._restoring.restore(snapshot, snapshot, name, purpose, say)

    def restore_moment(self, moment: datetime, name: str, purpose: Purpose, say: Say) -> Copy:
        self._copies.check(name, purpose, longest=LONGEST)
        wanted = require_moment(self._id, self.window(), moment)
        return self._restoring.restore(wanted, f"{wanted:%Y-%m-%dT%H:%M:%SZ}", name, purpose, say)

    def login(self, copy: Copy) -> str:
        return self._restoring.login(copy, self._handles["database"]["name"])

    def copies(self, purpose: Purpose) -> list[Copy]:
        return self._restoring.all(purpose)

    def delete_copy(self, name: str, say: Say) -> None:
        self._restoring.delete(name, say)

    def failover(self, target: str | None, say: Say) -> None:
        self._switch(target, say, may_be_lost=True)

    def switchover(self, target: str | None, say: Say) -> None:
        # both keep everything: Aurora's servers share their storage, and RDS writes to its standby before it answers
        self._switch(target, say, may_be_lost=False)

    def settle(self, say: Say) -> bool:
        with self._reading():
            if not self._backend.switching():
                return False
        self._wait(self._id, self._backend.switching, say)
        with self._reading():
            return self._backend.failed_over()

    def promote(self, target: str, say: Say) -> None:
        with doing(f"promote {target}", right="rds:PromoteReadReplica"):
            self._backend.promote(target)
        self._wait(target, lambda: self._backend.promoted(target), say)

    def leaving(self, reader: str) -> bool:
        with self._reading():
            return self._backend.leaving(reader)

    def alarms(self) -> list[str]:
        return metrics.firing(self._handles)

    def _switch(self, target: str | None, say: Say, *, may_be_lost: bool) -> None:
        """*may_be_lost*: the writer, which else must be healthy once nothing is under way."""
        if self.settle(say) and target is None:
            return
        members = self.members()
        writer = members[0]
        if target == writer.name:
            say(f"{target} is the writer already")
            return
        if not (may_be_lost or writer.healthy):
            raise Refused(f"the writer {writer.name} is {writer.state}: nothing is sure to be kept; use `failover` if it is lost")
        with doing(f"fail {self._id} over", right="rds:FailoverDBCluster or rds:RebootDBInstance"):
            if why_not := self._backend.refusal(target, members):
                raise Refused(why_not)
            self._backend.fail_over(target, writer)
        self._wait(self._id, lambda: self._backend.switched(writer), say)

    def _wait(self, what: str, look: Look, say: Say) -> None:
        def looked() -> str:
            with self._reading():
                return look()

        wait_until(what, looked, say, seconds=SWITCH_SECONDS)

    def _reading(self) -> AbstractContextManager[None]:
        return doing(f"look at {self._id} in {self._handles['region']}", right="rds:Describe…")

    def _find(self, name: str) -> Snapshot | None:
        with self._reading():
            return next(iter(self._backend.snapshots(name)), None)

    def _unready(self, name: str) -> str:
        found = self._snapshot(name)
        if found.failed:
            raise OperationError(f"AWS gave up making snapshot {name}: `snapshot delete {name}`, then make it again")
        return "" if found.ready else "being made"

    def _snapshot(self, name: str) -> Snapshot:
        found = self._find(name)
        if found is None:
            raise Refused(f"{self._id} has no snapshot '{name}'; `snapshot list` shows those there are")
        return found

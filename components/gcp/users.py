"""Who logs in to the database with a Google identity instead of a password: people, and the workloads' service accounts."""

from __future__ import annotations

from collections.abc import Sequence

import pulumi
import pulumi_gcp as gcp

from components.component import Component
from components.contract import Workload
from components.gcp.component import GcpComponent
from components.settings.database import DatabaseSettings

KINDS = {"user": "CLOUD_IAM_USER", "group": "CLOUD_IAM_GROUP"}

READ_EVERYTHING = "pg_read_all_data"
"""What people get. ``migrate up`` lets its members into the database."""

LOG_IN = {"client": "roles/cloudsql.client", "login": "roles/cloudsql.instanceUser"}
"""Opening a connection through Google's proxy or connectors, and presenting a token as password."""


class IamUsers:
    """Users without a password, of one instance: those of ``database.iam_users`` at once, workloads as they are let in.

    A new IAM user has no rights inside the database, so each is given a role: people read everything, workloads are members of
    *member_of*. Outside, each gets :data:`LOG_IN`, bound to this instance and those whose names begin with its name (its
    replicas). Who is taken off the list loses both roles at once and cannot log in any more; the user stays in the database,
    because PostgreSQL refuses to drop one that owns something.
    """

    def __init__(
        self,
        component: GcpComponent,
        settings: DatabaseSettings,
        *,
        instance: gcp.sql.DatabaseInstance,
        member_of: str,
        after: Sequence[pulumi.Resource],
    ) -> None:
        self._component, self._network, self._instance = component, component.network, instance
        self._member_of, self._after = member_of, after
        self._let_in: dict[str, list[pulumi.Resource]] = {}
        for person in sorted({person.lower() for person in settings.iam_users}):  # as Google writes them
            kind, _, address = person.partition(":")
            name = f"{component.name}-{kind}-{address}"
            self._user(name, component, type=KINDS[kind], user=address, database_role=READ_EVERYTHING)
            self._rights(name, component, member=person)

    def let_in(self, workload: Workload) -> list[pulumi.Resource]:
        """Let *workload* log in as its own service account, with the application's rights."""
        if workload.name not in self._let_in:
            account = self._network.identity_of(workload)
            name = f"{workload.name}-{self._component.name}"
            user = self._user(
                name,
                workload,
                type="CLOUD_IAM_SERVICE_ACCOUNT",
                user=account.email.apply(user_of),
                database_role=self._member_of,
            )
            self._let_in[workload.name] = [user, *self._rights(name, workload, member=account.member)]
        return self._let_in[workload.name]

    def _user(self, name: str, parent: Component, *, type: str, user: pulumi.Input[str], database_role: str) -> gcp.sql.User:
        return gcp.sql.User(
            f"{name}-user",
            instance=self._instance.name,
            name=user,
            type=type,
            database_roles=[database_role],
            deletion_policy="ABANDON",
            opts=self._network.child_of(parent, depends_on=[*self._after]),
        )

    def _rights(self, name: str, parent: Component, *, member: pulumi.Input[str]) -> list[pulumi.Resource]:
        """There are no grants on one instance, so the project's are bound to it by a condition."""
        this_one = pulumi.Output.format(
            "resource.type == 'sqladmin.googleapis.com/Instance' && resource.name.startsWith('projects/{0}/instances/{1}')",
            self._network.project,
            self._instance.name,
        )
        return [
            gcp.projects.IAMMember(
                f"{name}-{purpose}",
                project=self._network.project,
                role=role,
                member=member,
                condition={"title": f"{self._component.name} only", "expression": this_one},
                opts=self._network.child_of(parent),
            )
            for purpose, role in LOG_IN.items()
        ]


def user_of(email: str | None) -> str:
    """The database's name for a service account: PostgreSQL's names are short, so Cloud SQL leaves this ending out."""
    return (email or "").removesuffix(".gserviceaccount.com")

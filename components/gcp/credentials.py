"""The database's logins: users with passwords, and the secrets that workloads read them from.

The application has two users that take turns with ``database.password_version``: 1 is the turn of ``shop_app``, 2 of
``shop_app_clone``, 3 of the first again. A raise changes the password of the one whose turn it is and writes new versions of the
secrets; revisions that run keep the other user's login until the next raise. The admin has one user, whose password changes.

Between two raises the rotation changes passwords and secrets by itself (``rotation``), and what the state holds is worth nothing
any more. So whatever makes `up` write a secret anew, a raise or another address, also sets the password that it writes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_gcp as gcp
import pulumi_random as random

from components.contract import DatabaseRole, Workload
from components.environment import Access, Connection, Login
from components.gcp.component import GcpComponent
from components.gcp.login import PublishedLogin
from components.gcp.secret import Secret, number_of
from components.gcp.text import joined, pem
from components.gcp.users import IamUsers
from components.names import Scope
from components.settings.database import DatabaseSettings
from operations import role_names

CA_FILE = "/etc/managed-postgres/db-ca/ca.pem"
"""Where a container finds the certificate authorities of all nodes."""

SSL_MODE = "verify-ca"
"""The certificates of Cloud SQL do not carry the private address, so there is no host name to verify."""

PASSWORD: dict[str, Any] = {
    "length": 32,
    "override_special": "-_",
    **{f"min_{kind}": 1 for kind in ("lower", "upper", "numeric", "special")},
}
"""Cloud SQL's COMPLEXITY_DEFAULT asks for one character of each kind; these two need no quoting in a URL. 190 bits."""

NO_RIGHT = "pg_read_all_settings"
"""Cloud SQL makes each user a ``cloudsqlsuperuser`` that is given no role at its creation, and from PostgreSQL 16 on nobody can
take that back. So the application is given a role that is there from the start and opens no data."""


@dataclass(frozen=True, kw_only=True)
class _User:
    name: str
    password: pulumi.Output[str]
    user: gcp.sql.User


class Credentials:
    """Users, passwords and secrets of one database; all resources are children of *component*.

    *host*: the writer's address. *port*: what applications use (6432 behind managed pooling), *admin_port*: PostgreSQL's own.
    *certificates*: the CA certificates of each node, PEM (:func:`certificates_of`). *database* (the instance, where it was
    restored with one) is made before the users and goes after them.
    """

    def __init__(
        self,
        component: GcpComponent,
        scope: Scope,
        settings: DatabaseSettings,
        *,
        instance: gcp.sql.DatabaseInstance,
        database: pulumi.Resource,
        certificates: Sequence[pulumi.Output[str]],
        host: pulumi.Input[str],
        port: int = 5432,
        admin_port: int = 5432,
    ) -> None:
        self._component, self._scope, self._settings = component, scope, settings
        self._instance, self._network, self._host = instance, component.network, host
        version, base = settings.password_version, role_names.application_role(scope.app)
        first = self._user(
            *("application", base, port),
            turn=(version + 1) // 2,
            now=version % 2 == 1,
            after=[database],
            database_roles=[NO_RIGHT],
        )
        # A member of the first, so that the rights are in one place.
        clone = self._user(
            *("application-clone", role_names.other(base), port),
            turn=version // 2 + 1,
            now=version % 2 == 0,
            after=[first.user],
            database_roles=[base],
        )
        # Without a role it becomes what it must be: a cloudsqlsuperuser, as which it owns the database.
        admin = self._user("admin", role_names.admin_role(scope.app), admin_port, turn=version, now=True, after=[database])
        now, then = (first, clone) if version % 2 else (clone, first)
        self._logins = {
            "application": self._publish("db", now, port),
            "owner": self._publish("db-admin", admin, admin_port),
        }
        self._next = [self._propose("db", then, port), self._propose("db-admin", admin, admin_port)]
        self.application: Login = self._logins["application"].login
        self.admin: Login = self._logins["owner"].login
        bundle = pulumi.Output.unsecret(joined(*certificates))
        self.ca = self._secret("db-ca", bundle, {"certificates": bundle})
        """The CA certificates, which workloads find at :data:`CA_FILE`."""
        self._people = IamUsers(component, settings, instance=instance, member_of=base, after=[clone.user])
        self.ready: Sequence[pulumi.Resource] = [
            first.user,
            clone.user,
            admin.user,
            *(secret.filled for secret in self.rotated),
            self.ca.filled,
        ]
        """Every login works and is in its secrets."""

    @property
    def rotated(self) -> Sequence[Secret]:
        """What a rotation reads and writes: the secrets of both logins, and those with what it proposes."""
        return [*(secret for made in self._logins.values() for secret in made.secrets), *self._next]

    def access(self, connection: Connection, workload: Workload, role: DatabaseRole) -> Access:
        """What *workload* must be started with to log in as *role* through *connection*, and its right to read these secrets.

        The owner may also read the application's login, whose rights ``migrate up`` sees to.
        """
        chosen, application = self._logins[role], self._logins["application"]
        found = connection.access(chosen.login, environment=self._scope.environment)
        environment = dict(found.environment)
        read = [*chosen.secrets, self.ca]
        let_in: Sequence[pulumi.Resource] = ()
        if role == "owner":
            environment["DB_APPLICATION_SECRET_ID"] = application.login.secret_id
            read.append(application.secrets[0])
        elif self._settings.iam_login:
            let_in = self._people.let_in(workload)
        return Access(
            environment=environment,
            secrets={**found.secrets, "DB_PASSWORD": chosen.password},
            files={CA_FILE: self.ca.ref()},
            after=[*(secret.grant(self._network, workload) for secret in read), *let_in, *self.ready],
        )

    def _user(
        self, role: str, name: str, port: int, *, turn: int, now: bool, after: Sequence[pulumi.Resource], **rights: Any
    ) -> _User:
        """User *name* with a password that is new at each *turn* and, while it is its turn *now*, at each address. It is left
        alone when it goes, as the instance goes with it."""
        logical = f"{self._component.name}-{role}"
        keepers = {"turn": str(turn), "host": self._host, "port": str(port)}
        password = random.RandomPassword(
            f"{logical}-password",
            keepers=keepers,
            **PASSWORD,
            opts=self._component.child(ignore_changes=[] if now else ["keepers"]),
        ).result
        user = gcp.sql.User(
            f"{logical}-user",
            instance=self._instance.name,
            name=name,
            type="BUILT_IN",
            password_wo=password,
            password_wo_version=number_of(keepers),
            deletion_policy="ABANDON",
            **rights,
            opts=self._component.child(
                depends_on=[*after],
                protect=self._settings.deletion_protection,
                ignore_changes=[] if now else ["passwordWoVersion"],
            ),
        )
        return _User(name=name, password=password, user=user)

    def _publish(self, role: str, of: _User, port: int) -> PublishedLogin:
        """The secrets of a login: JSON *role*, and its password and DATABASE_URL for themselves."""
        value, stamp = self._value(of, port), self._stamp(of, port)
        document = self._secret(role, pulumi.Output.json_dumps(value, sort_keys=True), stamp, of.user)
        password = self._secret(f"{role}-password", of.password, stamp, of.user)
        url = self._secret(f"{role}-url", value["url"], stamp, of.user)
        return PublishedLogin(document, password, url, username=of.name)

    def _propose(self, role: str, of: _User, port: int) -> Secret:
        """The secret *role*-next, into which a rotation writes the login that is to come. At first it is that of the user whose
        turn is next: who is to change its own password must be able to log in."""
        value = pulumi.Output.json_dumps(self._value(of, port), sort_keys=True)
        return self._secret(f"{role}-next", value, self._stamp(of, port), of.user)

    def _value(self, of: _User, port: int) -> dict[str, Any]:
        url = pulumi.Output.format(
            "postgresql://{0}:{1}@{2}:{3}/{4}?sslmode={5}&sslrootcert={6}",
            *(of.name, of.password, self._host, port, self._settings.name, SSL_MODE, CA_FILE),
        )
        where = {"host": self._host, "port": port, "dbname": self._settings.name}
        return {"username": of.name, "password": of.password, "engine": "postgres", **where, "url": url}

    def _stamp(self, of: _User, port: int) -> dict[str, Any]:
        where = {"host": self._host, "port": port, "dbname": self._settings.name}
        return {"version": self._settings.password_version, "username": of.name, **where}

    def _secret(self, role: str, value: pulumi.Input[str], stamp: dict[str, Any], *after: pulumi.Resource) -> Secret:
        """A secret that is written when what it tells is true."""
        protect = self._settings.deletion_protection
        return Secret(self._component, role, scope=self._scope, value=value, stamp=stamp, protect=protect, after=after)


def certificates_of(instance: gcp.sql.DatabaseInstance) -> pulumi.Output[str]:
    """The CA certificates of *instance* as PEM; two while Google changes the authority."""
    return instance.server_ca_certs.apply(pem)

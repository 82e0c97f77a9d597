"""A value in Secret Manager, written once per change and read at exactly that version."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pulumi
import pulumi_gcp as gcp

from components.component import Component
from components.contract import Workload
from components.environment import SecretRef
from components.names import Scope

if TYPE_CHECKING:
    from components.gcp.network import GcpNetwork


@dataclass(frozen=True, kw_only=True)
class PinnedSecret(SecretRef):
    """A secret at one version, as Cloud Run takes it: ``latest`` would give one revision two values.

    ``id`` and ``key`` say where a program finds the value by itself; ``secret`` is the one that Cloud Run reads, whole.
    """

    secret: pulumi.Input[str]
    """Short id of a secret of this project."""
    version: pulumi.Input[str]
    """Number of the version."""


class Secret:
    """Secret ``<app>-<environment>-<role>`` with one version, replicated in the stack's region only.

    *value* is write-only: it is in no state of the provider. *stamp* is everything, secrets left out, whose change means a new
    *value* (a host, ``password_version``); the version is written anew when it changes, and only then. The versions before stay
    enabled until the secret goes, because a revision that is rolled back to still names one. *after*: what must be true of
    the world before somebody reads the value, such as that a login works. *protect*: not without being told twice.
    """

    def __init__(
        self,
        component: Component,
        role: str,
        *,
        scope: Scope,
        value: pulumi.Input[str],
        stamp: pulumi.Input[Any],
        protect: bool = False,
        after: Sequence[pulumi.Resource] = (),
    ) -> None:
        self.name = self._name = f"{component.name}-secret-{role}"
        self._readers: dict[str, gcp.secretmanager.SecretIamMember] = {}
        self._secret = gcp.secretmanager.Secret(
            self._name,
            secret_id=scope.secret_name(role),
            replication={"user_managed": {"replicas": [{"location": scope.region}]}},
            deletion_protection=protect,
            labels=scope.labels(),
            opts=component.child(protect=protect),
        )
        # Not protected, though the secret is: a protected resource cannot be replaced, and each change of the value is that.
        self.filled = gcp.secretmanager.SecretVersion(
            f"{self._name}-version",
            secret=self._secret.id,
            secret_data_wo=pulumi.Output.secret(value),
            secret_data_wo_version=number_of(stamp).apply(str),
            deletion_policy="ABANDON",
            opts=component.child(depends_on=[*after]),
        )
        self.id: pulumi.Output[str] = self._secret.id
        """``projects/<project>/secrets/<id>``: what ``runtime.secrets`` reads the latest version of."""
        self.secret_id: pulumi.Output[str] = self._secret.secret_id
        """Its short id, as Cloud Run takes it."""
        self.annotations: pulumi.Output[Mapping[str, str] | None] = self._secret.effective_annotations
        """All that somebody wrote there, as the last refresh saw them; the stack itself writes none and takes none away."""

    def ref(self, key: str | None = None) -> PinnedSecret:
        """This secret at its present version. *key*: of a JSON value, for a program that reads it by itself."""
        return PinnedSecret(id=self.id, key=key, secret=self.secret_id, version=self.filled.version)

    def grant(self, network: GcpNetwork, workload: Workload) -> gcp.secretmanager.SecretIamMember:
        """Let *workload*'s own service account read this secret and no other. Once, however often it is asked."""
        if workload.name not in self._readers:
            self._readers[workload.name] = gcp.secretmanager.SecretIamMember(
                f"{workload.name}-{self._name}",
                secret_id=self._secret.id,
                role="roles/secretmanager.secretAccessor",
                member=network.identity_of(workload).member,
                opts=network.child_of(workload),
            )
        return self._readers[workload.name]


def number_of(stamp: pulumi.Input[Any]) -> pulumi.Output[Any]:
    """*stamp* as a number that the provider takes for a version of something write-only (31 bits, never 0)."""
    return pulumi.Output.json_dumps(stamp, sort_keys=True).apply(
        lambda text: 1 + int(hashlib.sha256(text.encode()).hexdigest()[:7], 16)
    )

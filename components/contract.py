"""What every cloud gives. ``__main__`` and the tests know these classes only; each cloud's folder fills them.

A component takes ``(name, args, opts)``. ``args`` is a frozen dataclass: plain settings that decide which resources there are,
and other components. Outputs are set through ``finish``, which also registers them: none can be forgotten.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import pulumi

from components.component import Component
from components.environment import Access, Connection
from components.handles import Handle
from components.names import Scope
from components.settings.database import DatabaseSettings
from components.settings.network import NetworkSettings
from components.settings.platform import AlarmSettings, BackupSettings, BucketSettings, CacheSettings, IngressSettings
from components.settings.workload import JobSettings, ServiceSettings

DatabaseRole = Literal["application", "owner"]


@dataclass(frozen=True, kw_only=True)
class NetworkArgs:
    scope: Scope
    settings: NetworkSettings


class Network(Component):
    """Where everything runs."""

    TYPE = "Network"
    network_id: pulumi.Output[str]
    """VPC id, network self link, or ``loopback``."""


@dataclass(frozen=True, kw_only=True)
class PostgresArgs:
    scope: Scope
    settings: DatabaseSettings
    network: Network


class ManagedPostgres(Component):
    """A production PostgreSQL: private, encrypted, TLS only, an admin and a separate application user, backed up."""

    TYPE = "ManagedPostgres"
    connection: Connection
    connect_command: pulumi.Output[str]
    """What a person types to get a psql prompt."""
    handles: Handle
    """The stack's handles, without those of its workloads."""

    @abstractmethod
    def grant_connect(self, workload: Workload, role: DatabaseRole = "application") -> Access:
        """Let *workload* in as *role* and only it; returns what it must be started with."""


@dataclass(frozen=True, kw_only=True)
class CacheArgs:
    scope: Scope
    settings: CacheSettings
    network: Network


class Cache(Component):
    """A Redis-compatible cache, reachable only by whom it grants."""

    TYPE = "Cache"
    address: pulumi.Output[str]
    """``host:port``."""

    @abstractmethod
    def grant_connect(self, workload: Workload) -> Access:
        """Let *workload* in; returns the REDIS_* variables."""


@dataclass(frozen=True, kw_only=True)
class BucketArgs:
    scope: Scope
    settings: BucketSettings
    network: Network


class Bucket(Component):
    """Private object storage; ``url`` is its ``s3://``, ``gs://`` or ``file://`` address."""

    TYPE = "Bucket"
    url: pulumi.Output[str]

    @abstractmethod
    def grant_write(self, workload: Workload) -> Access:
        """Let *workload* read and write; returns BUCKET_<NAME>."""


@dataclass(frozen=True, kw_only=True)
class IngressArgs:
    scope: Scope
    settings: IngressSettings
    network: Network
    services: Mapping[str, ServiceSettings]
    """All services of the stack; only public ones get a way in."""


class Ingress(Component):
    """The way from the internet to the public services. Services attach themselves; :meth:`publish` completes it."""

    TYPE = "Ingress"
    urls: pulumi.Output[Mapping[str, str]]
    """Service name to URL."""

    @abstractmethod
    def attach(self, service: ContainerService) -> None:
        """Route the service's paths to it. Called by a public service when it exists."""

    @abstractmethod
    def publish(self) -> None:
        """Build what needs all services at once, and finish."""


@dataclass(frozen=True, kw_only=True)
class Grants:
    """What a workload may ask access to."""

    database: ManagedPostgres | None = None
    cache: Cache | None = None
    buckets: Mapping[str, Bucket] = field(default_factory=dict)


class Workload(Component):
    """A container of any kind: what services and jobs have in common."""

    handle: Handle

    def access(self, settings: ServiceSettings | JobSettings, grants: Grants) -> Access:
        """Everything that *settings* ask for, granted to this workload and merged with its own variables."""
        found = Access(environment=dict(settings.environment))
        if settings.database and grants.database:
            role: DatabaseRole = settings.database_role if isinstance(settings, JobSettings) else "application"
            found = found.merged(grants.database.grant_connect(self, role))
        if settings.cache and grants.cache:
            found = found.merged(grants.cache.grant_connect(self))
        for bucket in settings.buckets:
            found = found.merged(grants.buckets[bucket].grant_write(self))
        return found


@dataclass(frozen=True, kw_only=True)
class ServiceArgs:
    scope: Scope
    settings: ServiceSettings
    network: Network
    grants: Grants
    ingress: Ingress
    after: Sequence[pulumi.Resource] = ()
    """Jobs that must have succeeded first."""


class ContainerService(Workload):
    """A container that stays up: checked, restarted, rolled back when a new version does not get healthy."""

    TYPE = "ContainerService"
    url: pulumi.Output[str]
    """Address inside the network."""
    settings: ServiceSettings


@dataclass(frozen=True, kw_only=True)
class JobArgs:
    scope: Scope
    settings: JobSettings
    network: Network
    grants: Grants


class Job(Workload):
    """A container that runs to its end, at deployment, on a schedule or by command. Its exit code counts."""

    TYPE = "Job"
    run_command: pulumi.Output[str]
    """How a person starts it by hand."""
    settings: JobSettings


@dataclass(frozen=True, kw_only=True)
class Watched:
    """What monitoring keeps an eye on."""

    network: Network
    database: ManagedPostgres
    cache: Cache | None
    ingress: Ingress
    services: Mapping[str, ContainerService]
    jobs: Mapping[str, Job]


@dataclass(frozen=True, kw_only=True)
class MonitoringArgs:
    scope: Scope
    settings: AlarmSettings
    watched: Watched


class Monitoring(Component):
    """Alarms and the place where logs are."""

    TYPE = "Monitoring"
    logs: pulumi.Output[str]
    """Folder or console address of all logs."""
    alarms: pulumi.Output[Mapping[str, Any]]
    """Alarm name to threshold."""


@dataclass(frozen=True, kw_only=True)
class BackupsArgs:
    scope: Scope
    settings: BackupSettings
    network: Network
    database: ManagedPostgres


class Backups(Workload):
    """Scheduled logical backups of the database, beside the provider's own."""

    TYPE = "Backups"
    destination: pulumi.Output[str]


@dataclass(frozen=True, kw_only=True)
class Cloud:
    """The constructors of one cloud. Its folder exports one of these as ``CLOUD``."""

    network: type[Network]
    postgres: Mapping[str, type[ManagedPostgres]]
    """By backend."""
    cache: type[Cache]
    bucket: type[Bucket]
    ingress: type[Ingress]
    service: type[ContainerService]
    job: type[Job]
    monitoring: type[Monitoring]
    backups: type[Backups]

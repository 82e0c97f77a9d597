"""Settings of containers: services that stay up, jobs that end."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from components.settings.model import Cron, Model, TimeZone, UrlPath, VariableName, matching

Domain = Annotated[
    str, matching(r"([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,}", "must be a host name such as 'api.example.com'")
]
Port = Annotated[int, Field(ge=1, le=65535)]
SecretId = Annotated[str, matching(r"[^#\s]+(#[^#\s]+)?", "must be the id of a secret, with '#key' for one key of a JSON secret")]


class HealthCheck(Model):
    """The same check for load balancer, container runtime and local supervisor. Defaults are the guides'."""

    path: UrlPath = "/healthz"
    """HTTP path that answers 200 when the container is alive. Do not ask the database here."""
    ready_path: UrlPath | None = None
    """Cloud Run: path that also asks the database; tried at start until it answers 200. None: `path`."""
    interval_seconds: int = Field(ge=5, le=300)
    """Time between two checks."""
    timeout_seconds: int = Field(ge=1, le=120)
    """A later answer counts as a failure; less than the interval."""
    healthy_threshold: int = Field(default=2, ge=1, le=10)
    """Good answers until traffic is sent."""
    unhealthy_threshold: int = Field(default=5, ge=1, le=10)
    """Bad answers until the container is replaced."""
    start_period_seconds: int = Field(ge=0, le=300)
    """Grace at start during which failures do not count."""
    in_container: bool = True
    """ECS: check from inside the container too; its image needs curl or wget."""


class Scaling(Model):
    """How many containers. The local supervisor always runs one."""

    min: int = Field(ge=0, le=100)
    """Always at least this many; 0 only on Cloud Run."""
    max: int = Field(ge=1, le=1000)
    """Never more than this. With max above min autoscaling is on."""
    cpu_percent: int = Field(default=70, ge=10, le=95)
    """Average CPU to hold."""
    memory_percent: int = Field(default=75, ge=10, le=95)
    """Average memory to hold."""
    requests_per_container: int = Field(default=80, ge=1, le=10000)
    """Requests at once per container (Cloud Run concurrency) or per minute and target in hundreds (ALB)."""


class Traffic(Model):
    """Cloud Run: which revision gets the requests."""

    mode: Literal["latest", "canary", "pinned"] = "latest"
    """latest: all to the new one; canary: some to the new one; pinned: all to `stable_revision` (rollback)."""
    stable_revision: str | None = None
    """Name of the revision that is known to work; needed for canary and pinned."""
    percent: int = Field(default=10, ge=1, le=99)
    """Share of the new revision in a canary."""


class Workload(Model):
    """What services and jobs have in common."""

    image: str
    """Container image with tag or digest; on `local` a folder of this checkout, run in place."""
    command: tuple[str, ...] = ()
    """Command and arguments; empty means the image's own. Needed on `local`."""
    cpu: float = Field(ge=0.25, le=16, multiple_of=0.25)
    """Virtual CPUs. Fargate has 0.25, 0.5, 1, 2, 4, 8 and 16; Cloud Run 1, 2, 4, 6 and 8."""
    memory_mib: int = Field(default=1024, ge=512, le=122880)
    """Memory in MiB."""
    architecture: Literal["x86_64", "arm64"] = "x86_64"
    """Processor of the image."""
    environment: dict[VariableName, str] = {}
    """Plain variables. No secrets here; they would be readable in the console."""
    secrets: dict[VariableName, SecretId] = {}
    """Variable to secret: id in the provider's secret manager, with '#key' for one key of a JSON secret."""
    database: bool = True
    """Give it access to the database and the DB_* variables."""
    cache: bool = True
    """Give it access to the cache, where there is one, and the REDIS_* variables."""
    buckets: tuple[str, ...] = ()
    """Buckets that it may read and write."""
    user: str = "10001:10001"
    """ECS: numeric user and group that the container runs as; not root."""
    read_only_root: bool = True
    """ECS: nothing but /tmp can be written."""
    scratch_gib: int | None = Field(default=None, ge=21, le=200)
    """Disk at /scratch, also TMPDIR, gone with the container. None: only /tmp, in memory."""
    egress_ports: tuple[Port, ...] = (443,)
    """Ports on the internet that it may call from the clouds, besides what it is granted inside the network."""
    binary_authorization: bool = False
    """Cloud Run: start only images that the project's Binary Authorization policy accepts."""
    log_retention_days: int = Field(ge=1, le=3653)
    """Days that its logs are kept on the clouds."""


class ServiceSettings(Workload):
    """A container that stays up and answers requests."""

    kind: Literal["backend", "frontend"] = "backend"
    """Picks the guides' defaults for port and health check: backend 8000 and 60/30/2/5/120, frontend 80 and 30/10/2/5/60."""
    port: Port
    """Port that the container listens on."""
    health_check: HealthCheck
    """When it counts as healthy."""
    scaling: Scaling
    """How many."""
    public: bool = True
    """Reachable from the internet through the ingress; otherwise only from inside the network."""
    domain: Domain | None = None
    """Host name with a managed certificate."""
    paths: tuple[UrlPath, ...] = ("/*",)
    """Paths that the ingress sends here; the most specific wins."""
    stop_timeout_seconds: int = Field(default=30, ge=1, le=120)
    """Time between the polite and the hard stop."""
    spot: bool
    """Use cheaper capacity: on ECS it can be taken away, on Cloud Run it has CPU only while it answers a request."""
    exec_access: bool = False
    """Allow a shell in the running container (ECS Exec)."""
    traffic: Traffic = Traffic()
    """Cloud Run rollout."""


class JobSettings(Workload):
    """A container that runs to its end; its exit code counts."""

    when: Literal["deploy", "schedule", "manual"] = "manual"
    """deploy: before the services on every change of image, command or `watch`; schedule: by `schedule`; manual: by
    `python -m operations run`."""
    schedule: Cron | None = None
    """Unix cron, five fields."""
    timezone: TimeZone = "Asia/Tokyo"
    """Time zone of the schedule."""
    watch: tuple[str, ...] = ()
    """Folders of this checkout whose content makes a deploy job run again, for example migrations."""
    database_role: Literal["application", "owner"] = "application"
    """owner may change the schema; migrations need it."""
    timeout_seconds: int = Field(default=900, ge=1, le=86400)
    """The job is stopped and counts as failed after this time. On AWS for jobs of `when: deploy` only."""

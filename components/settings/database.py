"""Settings of the PostgreSQL database."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from components.settings.model import Day, Model, Size, Version, Window, matching

Identifier = Annotated[
    str, matching(r"[a-z_][a-z0-9_]{0,62}", "must be lower-case letters, digits and '_', at most 63, not starting with a digit")
]
DayOfYear = Annotated[str, matching(r"(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])", "must be month and day, such as '12-20'")]
Person = Annotated[
    str,
    matching(
        r"(user|group):[^@\s:]+@[^@\s:]+\.[^@\s:]+", "must be such as 'user:ann@example.com' or 'group:on-call@example.com'"
    ),
]
Moment = Annotated[str, matching(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", "must be a UTC time such as '2026-01-15T10:30:00Z'")]


class ServerlessSettings(Model):
    """Aurora Serverless v2: the instances grow and shrink between two capacities."""

    min_acu: float = Field(default=0.5, ge=0, le=256, multiple_of=0.5)
    """Smallest capacity in ACU (about 2 GiB of memory each). 0 allows pausing."""
    max_acu: float = Field(default=16, ge=1, le=256, multiple_of=0.5)
    """Largest capacity in ACU; it bounds the bill."""
    auto_pause_seconds: int | None = Field(default=None, ge=300, le=86400)
    """Pause after this idle time; only with min_acu 0 and no pooler."""


class ReaderAutoscaling(Model):
    """Aurora: more readers under load, on top of the declared ones."""

    max_readers: int = Field(ge=1, le=15)
    """Upper bound, declared readers included."""
    cpu_percent: int = Field(default=70, ge=20, le=90)
    """Average reader CPU to hold."""


class StorageSettings(Model):
    """Disk of the database. Aurora grows by itself and takes only `io_optimized`."""

    size_gib: int = Field(ge=10, le=65536)
    """First size in GiB. It can grow, never shrink."""
    max_size_gib: int = Field(ge=10, le=65536)
    """Autoscaling stops here."""
    iops: int | None = Field(default=None, ge=3000, le=64000)
    """RDS gp3 from 400 GiB on; at least 12000 there."""
    throughput_mibps: int | None = Field(default=None, ge=125, le=4000)
    """RDS gp3 from 400 GiB on; at least 500 there."""
    io_optimized: bool = False
    """Aurora I/O-Optimized: no price per request; pays off when I/O is over a quarter of the bill."""


class DatabaseBackup(Model):
    """The provider's own backups: snapshots and point-in-time recovery."""

    retention_days: int = Field(ge=1, le=35)
    """Days that can be restored to any second (RDS and Aurora allow 35 at most)."""
    window: Window = "17:00-18:00"
    """Daily window, UTC. 17:00 UTC is 02:00 in Tokyo, the quietest hour of the guides."""


class DenyPeriod(Model):
    """Days of each year on which the provider may not patch."""

    start: DayOfYear
    """First day, such as '12-20'."""
    end: DayOfYear
    """First day after it, such as '01-10'; before `start` it is one of the next year. At most 90 days after `start`."""


class MaintenanceSettings(Model):
    """When the provider may patch or restart the database."""

    day: Day = "sun"
    """Day of the week, UTC."""
    window: Window = "18:30-19:30"
    """Hours of that day, UTC; must not overlap the backup window. Cloud SQL takes the hour that it begins in."""
    track: Literal["canary", "stable", "week5"]
    """Cloud SQL: how long after a release it comes: canary in the first week, stable in the second, week5 in the fifth."""
    deny_period: DenyPeriod | None = None
    """Cloud SQL: no maintenance on these days of the year, for example around New Year."""


class PoolingSettings(Model):
    """A connection pooler between applications and database: RDS Proxy, or Cloud SQL managed pooling."""

    max_connections_percent: int = Field(default=90, ge=1, le=100)
    """Share of the database's connections that the pooler may use."""
    idle_client_seconds: int = Field(default=1800, ge=60, le=28800)
    """Idle client connections are closed after this time."""
    iam_login: bool = False
    """RDS Proxy: clients log in with IAM tokens instead of the password."""


class RestoreSettings(Model):
    """Where the first data comes from. Read only when the database is created; a later change has no effect."""

    snapshot: str | None = None
    """Snapshot or backup id."""
    source: str | None = None
    """Database to clone, together with `time`."""
    time: Moment | None = None
    """Moment to clone from, UTC, like 2026-01-15T10:30:00Z."""


class DatabaseSettings(Model):
    """The PostgreSQL that the stack owns."""

    backend: str
    """How the provider makes PostgreSQL: aurora or rds (aws), cloudsql (gcp), local. A change recreates the database."""
    name: Identifier = "app"
    """Name of the database. A change recreates it."""
    version: Version = "17"
    """PostgreSQL major version, 14 to 18; minor versions follow by themselves. A full minor like '17.6' pins it."""
    port: int = Field(default=5432, ge=1024, le=65535)
    """Port. Cloud SQL always uses 5432."""
    size: Size
    """Size class; each cloud's README says what it means there."""
    instance_class: str | None = None
    """Exact instance class or machine type (db.r6g.large, db-custom-2-8192); wins over `size`."""
    edition: Literal["enterprise", "enterprise-plus"] = "enterprise"
    """Cloud SQL: enterprise-plus has faster machines, 35 days of point-in-time recovery, pooling and data cache."""
    data_cache: bool = False
    """Cloud SQL enterprise-plus: cache read pages on local SSD."""
    ha: bool
    """Survive the loss of a zone: standby or second instance elsewhere."""
    readers: int = Field(ge=0, le=15)
    """Readable replicas behind the reader endpoint. Adding or removing one touches no other."""
    reader_autoscaling: ReaderAutoscaling | None = None
    """Aurora only."""
    serverless: ServerlessSettings | None = None
    """Aurora only: Serverless v2 instead of fixed instances."""
    storage: StorageSettings
    """Disk."""
    backup: DatabaseBackup
    """Provider backups."""
    maintenance: MaintenanceSettings
    """Maintenance window."""
    auto_minor_upgrade: bool = True
    """Take minor versions in the maintenance window; must be off when a minor is pinned."""
    allow_major_upgrade: bool = False
    """RDS and Aurora: let a change of the major version happen. Needs a full minor as `version`; remove it afterwards."""
    blue_green: bool = False
    """RDS without readers: apply changes of engine and class on a copy, then switch over. Deletes the old instance."""
    apply_immediately: bool
    """Apply changes at once instead of in the maintenance window. Cloud SQL always does."""
    iam_login: bool = True
    """Allow login with cloud identities. No effect on local."""
    iam_users: tuple[Person, ...] = ()
    """Google Cloud: people and groups who may log in with their own identity and read everything."""
    deletion_protection: bool
    """Refuse to delete the database: at the provider, in Pulumi and on every child that holds data."""
    final_backup: bool
    """Keep a last snapshot and the automated backups when the database is deleted."""
    parameters: dict[str, str] = {}
    """PostgreSQL parameters over the defaults, for example log_min_duration_statement: '500'."""
    insights: Literal["off", "standard", "advanced"]
    """Query insights of the provider. `advanced`: on AWS it costs extra and keeps 15 months, on gcp it keeps longer texts."""
    monitoring_interval_seconds: Literal[0, 1, 5, 10, 15, 30, 60] = 60
    """Enhanced monitoring of RDS and Aurora; 0 is off."""
    pooling: PoolingSettings | None = None
    """Connection pooler; none by default."""
    password_rotation_days: int = Field(default=30, ge=1, le=365)
    """How often the provider rotates passwords."""
    password_version: int = Field(default=1, ge=1)
    """Raise it to change the application's and admin's password now (local, Google Cloud; on RDS an admin secret of our own)."""
    log_retention_days: int = Field(ge=1, le=3653)
    """Days that database logs are kept."""
    customer_managed_key: bool = False
    """Google Cloud: encrypt with a key of our own. AWS always does. A change recreates the database."""
    ca_certificate: str = "rds-ca-rsa2048-g1"
    """RDS certificate authority; clients use the provider's whole bundle."""
    restore: RestoreSettings | None = None
    """Create from a backup."""

    @property
    def major(self) -> int:
        """The major version as a number."""
        return int(self.version.split(".")[0])

"""Settings of what stands around database and containers: cache, buckets, alarms, backups."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from components.settings.model import Cron, Model, Size, TimeZone, Version, matching

Email = Annotated[str, matching(r"[^@\s]+@[^@\s]+\.[^@\s]+", "must be an e-mail address")]


class CacheSettings(Model):
    """A Redis-compatible cache: ElastiCache, Memorystore, or a server on this machine."""

    engine: Literal["valkey", "redis"]
    """Server software. `local` takes whichever is installed. A change recreates the cache. Memorystore for Valkey knows no \
password: clients log in with tokens of their own identity."""
    version: Version
    """Version on the clouds; `local` takes what is installed."""
    size: Size = "small"
    """Size class."""
    port: int = Field(default=6379, ge=1024, le=65535)
    """Port."""
    ha: bool
    """A replica in another zone with automatic failover."""
    snapshot_retention_days: int = Field(default=7, ge=0, le=35)
    """Days that snapshots are kept; 0 is off."""


class BucketSettings(Model):
    """Object storage: S3, Cloud Storage, or a folder on this machine. Always private and encrypted."""

    versioned: bool = True
    """Keep overwritten and deleted objects. A local folder has no versions."""
    deletion_protection: bool
    """Refuse to delete it while it holds anything."""
    cdn: bool = False
    """Serve it through CloudFront or Cloud CDN."""
    archive_after_days: int | None = Field(default=None, ge=1)
    """Move objects to cold storage after this time."""
    delete_after_days: int | None = Field(default=None, ge=1)
    """Delete objects after this time."""


class IngressSettings(Model):
    """The way from the internet to the public services."""

    dns_zone: str | None = None
    """Route 53 zone id or Cloud DNS zone name that holds the services' domains. Without it a zone per domain is made, whose \
name servers the domain's owner must then delegate to."""
    waf: bool
    """Put a web application firewall with the provider's managed rules in front."""
    log_retention_days: int = Field(default=90, ge=1, le=3650)
    """Days that the firewall's logs are kept; on gcp the load balancer's too, which on AWS are kept for 90."""


class AlarmSettings(Model):
    """Who is told, and when. Thresholds are the guides'."""

    emails: tuple[Email, ...] = ()
    """Addresses that get the alarms. Needed in prod on a cloud."""
    cpu_percent: int = Field(default=80, ge=1, le=100)
    """Database CPU for five minutes."""
    connections_percent: int = Field(default=80, ge=1, le=100)
    """Connections in use of the real maximum."""
    replica_lag_seconds: int = Field(default=5, ge=1, le=3600)
    """Age of the data on a reader."""
    free_storage_gib: int = Field(default=5, ge=1)
    """Free disk."""
    memory_percent: int = Field(default=90, ge=1, le=100)
    """Memory in use."""
    transaction_id_percent: int = Field(default=50, ge=1, le=95)
    """Used transaction ids of the two thousand million before PostgreSQL stops taking writes."""


class BackupSettings(Model):
    """Logical backups (pg_dump) beside the provider's own, and the monthly restore drill."""

    schedule: Cron = "0 3 * * *"
    """When; 03:00 every day by default, as in the guide."""
    timezone: TimeZone = "Asia/Tokyo"
    """Time zone of both schedules."""
    retention_days: int = Field(default=30, ge=1, le=3650)
    """Days that daily/ is kept. The first of each month is also kept under monthly/: cold storage at 90 days, gone at a year."""
    deletion_protection: bool
    """Refuse to delete the backups together with the stack."""
    drill_schedule: Cron = "0 5 1 * *"
    """When a restore is tried on the clouds."""
    scratch_gib: int = Field(default=100, ge=21, le=200)
    """AWS: disk of the backup task for one compressed dump."""
    vault: bool = False
    """AWS: also keep the provider's snapshots in an AWS Backup vault, out of reach of whoever may delete the database."""

"""The settings of a whole stack: one field per key of a stack file."""

from __future__ import annotations

from pydantic import Field

from components.names import OPERATIONS_IMAGE
from components.settings.database import DatabaseSettings
from components.settings.model import Model, Name, Tier
from components.settings.network import NetworkSettings
from components.settings.platform import AlarmSettings, BackupSettings, BucketSettings, CacheSettings, IngressSettings
from components.settings.workload import JobSettings, ServiceSettings


class Settings(Model):
    """Everything that `Pulumi.<stack>.yaml` says, with the tier's defaults filled in."""

    app: Name
    """Name of the application; part of every resource name and of the secret's."""
    provider: str
    """Where: aws, gcp or local."""
    tier: Tier
    """Row of defaults: dev, staging or prod."""
    environment: Name
    """Name of the environment in secrets and tags. By default the tier's: dev, staging, production."""
    region: str
    """Region of the cloud; by default Tokyo. No effect on local."""
    network: NetworkSettings
    """Network."""
    database: DatabaseSettings
    """PostgreSQL."""
    services: dict[Name, ServiceSettings] = {}
    """Containers that stay up, by name."""
    jobs: dict[Name, JobSettings] = {}
    """Containers that run to their end, by name."""
    cache: CacheSettings | None = None
    """Cache; none by default."""
    buckets: dict[Name, BucketSettings] = {}
    """Object storage, by name."""
    ingress: IngressSettings
    """The way in. No effect on local."""
    alarms: AlarmSettings = AlarmSettings()
    """Alarms."""
    backups: BackupSettings | None
    """Logical backups; on by default, null turns them off."""
    operations_image: str = OPERATIONS_IMAGE
    """Image with `python -m operations`, for scheduled backups, restore drills and password rotation. No effect on local."""
    tags: dict[str, str] = Field(default={}, max_length=20)
    """Tags or labels on everything."""

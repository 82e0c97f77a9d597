"""The constructors of the local cloud. Not in ``__init__``: the daemons below ``host`` must start without Pulumi."""

from components.contract import Cloud
from components.local.backup import LocalBackups
from components.local.cache import LocalCache
from components.local.ingress import LocalIngress
from components.local.job import LocalJob
from components.local.monitoring import LocalMonitoring
from components.local.network import LocalNetwork
from components.local.postgres import LocalPostgres
from components.local.service import LocalService
from components.local.storage import LocalBucket

CLOUD = Cloud(
    network=LocalNetwork,
    postgres={"local": LocalPostgres},
    cache=LocalCache,
    bucket=LocalBucket,
    ingress=LocalIngress,
    service=LocalService,
    job=LocalJob,
    monitoring=LocalMonitoring,
    backups=LocalBackups,
)

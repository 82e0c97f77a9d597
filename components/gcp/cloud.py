"""The constructors of Google Cloud."""

from components.contract import Cloud
from components.gcp.backup import GcpBackups
from components.gcp.cache import GcpCache
from components.gcp.ingress import GcpIngress
from components.gcp.job import GcpJob
from components.gcp.monitoring import GcpMonitoring
from components.gcp.network import GcpNetwork
from components.gcp.postgres import CloudSql
from components.gcp.service import GcpService
from components.gcp.storage import GcpBucket

CLOUD = Cloud(
    network=GcpNetwork,
    postgres={"cloudsql": CloudSql},
    cache=GcpCache,
    bucket=GcpBucket,
    ingress=GcpIngress,
    service=GcpService,
    job=GcpJob,
    monitoring=GcpMonitoring,
    backups=GcpBackups,
)

"""The constructors of AWS."""

from components.aws.aurora import Aurora
from components.aws.backup import AwsBackups
from components.aws.cache import AwsCache
from components.aws.ingress import AwsIngress
from components.aws.job import AwsJob
from components.aws.monitoring import AwsMonitoring
from components.aws.network import AwsNetwork
from components.aws.rds import Rds
from components.aws.service import AwsService
from components.aws.storage import AwsBucket
from components.contract import Cloud

CLOUD = Cloud(
    network=AwsNetwork,
    postgres={"aurora": Aurora, "rds": Rds},
    cache=AwsCache,
    bucket=AwsBucket,
    ingress=AwsIngress,
    service=AwsService,
    job=AwsJob,
    monitoring=AwsMonitoring,
    backups=AwsBackups,
)

"""Databases on moto's RDS as our stacks make them, and what they look like in the output ``handles``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from operations.cloud.aws.database import AwsDatabase

REGION, CLUSTER, INSTANCE = "ap-northeast-1", "shop-dev", "shop-dev"


class Account:
    """An account with a network; databases are made as a test needs them."""

    def __init__(self, client: Callable[[str], Any], subnets: list[str], group: str) -> None:
        self.rds, self.cloudwatch, self.group = client("rds"), client("cloudwatch"), group
        self.rds.create_db_subnet_group(DBSubnetGroupName="shop-dev", DBSubnetGroupDescription="d", SubnetIds=subnets)
        self.lines: list[str] = []

    def say(self, line: str) -> None:
        self.lines.append(line)

    def handles(self, backend: str, **more: Any) -> dict[str, Any]:
        database = {
            "backend": backend,
            "id": CLUSTER,
            "name": "shop",
            "subnet_group": "shop-dev",
            "security_groups": [self.group],
            "proxy": False,
        }
        place = {"provider": "aws", "app": "shop", "environment": "dev", "tier": "dev", "region": REGION, "prefix": "shop-dev"}
        return {**place, "database": database, "backups": None, "jobs": {}, "services": {}, **more}

    def known(self, backend: str = "aurora") -> AwsDatabase:
        """The control of a database that need not be there."""
        return AwsDatabase(self.handles(backend))

    def aurora(self, *, instances: int = 2) -> AwsDatabase:
        self.rds.create_db_cluster_parameter_group(
            DBClusterParameterGroupName="shop-dev", DBParameterGroupFamily="aurora-postgresql17", Description="d"
        )
        self.rds.create_db_parameter_group(
            DBParameterGroupName="shop-dev", DBParameterGroupFamily="aurora-postgresql17", Description="d"
        )
        self.rds.create_db_cluster(
            DBClusterIdentifier=CLUSTER,
            Engine="aurora-postgresql",
            EngineVersion="17.4",
            DatabaseName="shop",
            MasterUsername="shop_admin",
            MasterUserPassword="the-first-password",
            DBSubnetGroupName="shop-dev",
            VpcSecurityGroupIds=[self.group],
            DBClusterParameterGroupName="shop-dev",
            StorageEncrypted=True,
            ServerlessV2ScalingConfiguration={"MinCapacity": 0.5, "MaxCapacity": 4},
        )
        for number in range(1, instances + 1):
            self.rds.create_db_instance(
                DBInstanceIdentifier=f"{CLUSTER}-{number}",
                DBClusterIdentifier=CLUSTER,
                Engine="aurora-postgresql",
                DBInstanceClass="db.serverless",
                DBParameterGroupName="shop-dev",
            )
        return self.known()

    def instance(self, *, standby: bool = False, replicas: int = 0) -> AwsDatabase:
        self.rds.create_db_parameter_group(DBParameterGroupName="shop-dev", DBParameterGroupFamily="postgres17", Description="d")
        self.rds.create_db_instance(
            DBInstanceIdentifier=INSTANCE,
            Engine="postgres",
            EngineVersion="17.4",
            DBName="shop",
            DBInstanceClass="db.t4g.medium",
            AllocatedStorage=20,
            MasterUsername="shop_admin",
            MasterUserPassword="the-first-password",
            DBSubnetGroupName="shop-dev",
            DBParameterGroupName="shop-dev",
            StorageEncrypted=True,
            BackupRetentionPeriod=7,
            MultiAZ=standby,
            AvailabilityZone=f"{REGION}a",
            Port=5432,
        )
        for number in range(2, replicas + 2):
            self.rds.create_db_instance_read_replica(
                DBInstanceIdentifier=f"{INSTANCE}-{number}", SourceDBInstanceIdentifier=INSTANCE, DBInstanceClass="db.t4g.medium"
            )
        return self.known("rds")

    def tags(self, arn: str) -> dict[str, str]:
        return {tag["Key"]: tag["Value"] for tag in self.rds.list_tags_for_resource(ResourceName=arn)["TagList"]}

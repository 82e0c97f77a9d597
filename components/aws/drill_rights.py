"""What a restore drill may do at AWS: make copies from this database's snapshots, and change and delete copies only."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pulumi

from components.aws.iam import Statement, statement

if TYPE_CHECKING:
    from components.aws.postgres import AwsPostgres

LOOK = (
    "rds:DescribeDBClusterSnapshots",
    "rds:DescribeDBClusters",
    "rds:DescribeDBInstances",
    "rds:DescribeDBSnapshots",
    "rds:ListTagsForResource",
)
RESTORE = (
    "rds:AddTagsToResource",
    "rds:CreateDBInstance",
    "rds:RestoreDBClusterFromSnapshot",
    "rds:RestoreDBInstanceFromDBSnapshot",
)
CHANGE = ("rds:DeleteDBCluster", "rds:DeleteDBInstance", "rds:ModifyDBCluster", "rds:ModifyDBInstance")


def restore_drills(database: AwsPostgres) -> list[Statement]:
    """Rights of the backups' task: copies are called ``<app>-<environment>-drill-...``, snapshots begin with the database's name.

    AWS asks for a right on everything that a restore names, so making one also names its source, subnets and parameters. None of
    these is changed by it.
    """
    scope, identifier = database.scope, database.identifier
    place = pulumi.Output.format("arn:aws:rds:{0}:{1}", scope.region, database.network.account_id)
    prefix = f"{scope.physical()}-drill-*"

    def named(*names: str) -> list[pulumi.Input[str]]:
        return [pulumi.Output.format("{0}:{1}", place, name) for name in names]

    copies = named(f"cluster:{prefix}", f"db:{prefix}")
    kinds = ("cluster-snapshot", "snapshot")
    sources = named(*(f"{kind}:{start}{identifier}-*" for kind in kinds for start in ("", "rds:")))
    given = named(f"subgrp:{identifier}", "cluster-pg:*", "og:*", "pg:*")
    through = {"StringEquals": {"kms:ViaService": f"rds.{scope.region}.amazonaws.com"}}
    lent = {**through, "Bool": {"kms:GrantIsForAWSResource": "true"}}
    return [
        # a list of copies or snapshots names none of them
        statement(LOOK, named("cluster-snapshot:*", "cluster:*", "db:*", "snapshot:*")),
        statement(RESTORE, [*copies, *sources, *given]),
        statement(CHANGE, [*copies, *given[1:]]),
        # RDS reads the snapshot and writes the copy in the caller's name
        statement(["kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey*"], [database.key.arn], condition=through),
        statement(["kms:CreateGrant"], [database.key.arn], condition=lent),
    ]

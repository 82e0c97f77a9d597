"""What a restore drill may do at Google Cloud: look at instances and their backups, and make, change and delete copies only."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pulumi
import pulumi_gcp as gcp
import pulumi_random as random

if TYPE_CHECKING:
    from components.contract import Workload
    from components.gcp.network import GcpNetwork

LOOK = (
    "cloudsql.backupRuns.get",
    "cloudsql.backupRuns.list",
    "cloudsql.instances.get",
    "cloudsql.instances.list",
)
"""Of the project, because lists cannot be bound to names. The least that has these, ``roles/cloudsql.viewer``, may also export
every database."""

COPY = (
    "cloudsql.instances.create",
    "cloudsql.instances.delete",
    "cloudsql.instances.restoreBackup",
    "cloudsql.instances.update",
    "cloudsql.users.get",
    "cloudsql.users.list",
    "cloudsql.users.update",
)


def restore_drills(network: GcpNetwork, workload: Workload) -> list[pulumi.Resource]:
    """Let *workload* make and delete instances called ``<app>-<environment>-drill-...``, from backups of the project."""
    copies = pulumi.Output.format(
        "resource.service == 'sqladmin.googleapis.com' && resource.name.startsWith('projects/{0}/instances/{1}-drill-')",
        network.project,
        network.scope.physical(),
    )
    return [
        _granted(network, workload, "looks", LOOK),
        _granted(network, workload, "copies", COPY, condition={"title": "copies of drills only", "expression": copies}),
    ]


def _granted(
    network: GcpNetwork,
    workload: Workload,
    purpose: str,
    permissions: tuple[str, ...],
    *,
    condition: gcp.projects.IAMMemberConditionArgsDict | None = None,
) -> pulumi.Resource:
    """A role with *permissions*, given to *workload*."""
    name = f"{workload.name}-drill-{purpose}"
    # The id of a deleted role cannot be taken again for weeks.
    suffix = random.RandomId(f"{name}-suffix", byte_length=3, opts=network.child_of(workload))
    stem = network.scope.physical(workload.name, "drill", purpose, limit=50).replace("-", "_")
    role = gcp.projects.IAMCustomRole(
        f"{name}-role",
        project=network.project,
        role_id=pulumi.Output.format("{0}_{1}", stem, suffix.hex),
        title=network.scope.physical(workload.name, "drill", purpose, limit=100),
        description=f"restore drills of {network.scope.physical()}: {purpose}",
        permissions=list(permissions),
        opts=network.child_of(workload),
    )
    return gcp.projects.IAMMember(
        name,
        project=network.project,
        role=role.name,
        member=network.identity_of(workload).member,
        condition=condition,
        opts=network.child_of(workload),
    )

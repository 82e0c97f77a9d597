"""Service accounts: who a workload is to Google."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pulumi_gcp as gcp

if TYPE_CHECKING:
    from components.component import Component
    from components.gcp.network import GcpNetwork

ACCOUNT_ID_LIMIT = 30


def service_account(network: GcpNetwork, workload: Component) -> gcp.serviceaccount.Account:
    """Service account ``<workload>-identity``, a child of *workload*, without any right. It has no key, and needs none."""
    return gcp.serviceaccount.Account(
        f"{workload.name}-identity",
        account_id=network.scope.physical(workload.name, limit=ACCOUNT_ID_LIMIT),
        display_name=network.scope.physical(workload.name),
        description=f"{workload.name} of {network.scope.physical()}",
        opts=network.child_of(workload),
    )

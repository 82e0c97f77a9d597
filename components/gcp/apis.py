"""The APIs that a stack needs: enabled by the stack before anything else, and never disabled by it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pulumi
import pulumi_gcp as gcp

if TYPE_CHECKING:
    from components.component import Component

APIS = {
    "artifactregistry": "images of the stack's own",
    "binaryauthorization": "services and jobs that start accepted images only",
    "cloudkms": "keys of the customer",
    "cloudresourcemanager": "rights on the project",
    "cloudscheduler": "scheduled jobs",
    "compute": "VPC, firewall, NAT, load balancer",
    "containerscanning": "known weaknesses of pushed images",
    "dns": "zones, public and private",
    "iam": "service accounts",
    "iamcredentials": "tokens of service accounts",
    "logging": "log buckets",
    "memorystore": "cache with Valkey",
    "monitoring": "alarms and dashboard",
    "networkconnectivity": "private endpoints of the cache with Valkey",
    "redis": "cache with Redis",
    "run": "services and jobs",
    "secretmanager": "passwords",
    "servicenetworking": "private services access",
    "sqladmin": "database",
    "storage": "buckets",
}
"""API (``<key>.googleapis.com``) to what it is for. All are enabled in every stack: which are in use follows from settings that
change in place, and an enabled API costs nothing (but each pushed image that is scanned does)."""

LAST = "serviceusage"
"""Enabled after all others: who waits for it waits for all. It is on in every project, or none could be enabled."""


def enabled_apis(network: Component) -> gcp.projects.Service:
    """All APIs, side by side; returns the one that comes after them."""
    return _enabled(network, LAST, after=[_enabled(network, api) for api in APIS])


def _enabled(network: Component, api: str, after: list[pulumi.Resource] | None = None) -> gcp.projects.Service:
    """Never disabled by us: others in the project may use it too (terraform-provider-google#18058)."""
    return gcp.projects.Service(
        f"{network.name}-api-{api}",
        service=f"{api}.googleapis.com",
        disable_on_destroy=False,
        opts=pulumi.ResourceOptions(parent=network, depends_on=after or []),
    )

"""Settings of the network around the database."""

from __future__ import annotations

import ipaddress
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from components.settings.model import Model


def _cidr(value: str) -> str:
    try:
        block = ipaddress.IPv4Network(value)
    except ValueError as error:
        raise ValueError(f"is not an IPv4 range ({error}); write for example '10.0.0.0/16'") from None
    if not block.is_private or not 16 <= block.prefixlen <= 20:
        raise ValueError("must be a private range of /16 to /20 so that three zones of three subnets fit; try '10.0.0.0/16'")
    return value


class ExistingNetwork(Model):
    """A network that somebody else made; nothing in it is changed."""

    id: str
    """VPC id (AWS) or network self link (Google Cloud)."""
    public_subnets: tuple[str, ...] = ()
    """Subnets for load balancers, one per zone."""
    application_subnets: tuple[str, ...] = Field(min_length=1)
    """Subnets for containers, one per zone."""
    database_subnets: tuple[str, ...] = ()
    """Subnets for the database, one per zone. At least two on AWS."""


class NetworkSettings(Model):
    """Where everything runs. On `local` it is the loopback interface and these settings have no effect."""

    cidr: Annotated[str, AfterValidator(_cidr)] = "10.0.0.0/16"
    """Address range of the network. A change recreates the network and all in it."""
    availability_zones: int = Field(ge=2, le=3)
    """Zones in use. Three slots are always reserved, so adding a zone moves nothing."""
    zones: tuple[str, ...] = ()
    """AWS: names of the zones (ap-northeast-1a), where the account has others than the region's usual ones."""
    nat: Literal["none", "single", "per-zone"]
    """How private subnets reach the internet."""
    interface_endpoints: tuple[Literal["ecr", "logs", "secretsmanager", "rds"], ...] = ()
    """AWS services reached without NAT, each an hourly price per zone."""
    flow_logs: bool = True
    """Record accepted and refused connections."""
    flow_log_retention_days: int = Field(default=30, ge=1, le=3653)
    """Days that flow logs are kept."""
    private_access: Literal["peering", "psc"] = "peering"
    """Google Cloud: private services access by peering, or Private Service Connect. Cannot be changed later."""
    existing: ExistingNetwork | None = None
    """Use this network instead of making one."""

"""Subnets: where their addresses and zones come from, and those that somebody else made.

Three slots are always reserved: a subnet's addresses follow from its kind and slot, never from how many zones are in use, so
adding a zone moves nothing.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass

import pulumi

from components.settings.network import ExistingNetwork, NetworkSettings

FIRST_BLOCK = {"public": 0, "application": 4, "database": 8}
"""Of sixteen equal blocks of the network; each kind has room for a fourth slot."""

ZONE_LETTERS = {"ap-northeast-1": "acd", "ca-central-1": "abd"}
"""Zones that every account has. Elsewhere a, b and c; ``network.zones`` overrides both."""


@dataclass(frozen=True, kw_only=True)
class Subnets:
    """Subnet ids, one per zone. Whoever uses one waits until its routes and endpoints are there."""

    public: Sequence[pulumi.Input[str]]
    application: Sequence[pulumi.Input[str]]
    database: Sequence[pulumi.Input[str]]


def existing_subnets(settings: ExistingNetwork) -> Subnets:
    """Subnets that somebody else made."""
    return Subnets(public=settings.public_subnets, application=settings.application_subnets, database=settings.database_subnets)


def zones_of(region: str, settings: NetworkSettings) -> tuple[str, ...]:
    """Names of the zones in use, by slot. Empty for an existing network that does not say: AWS chooses there."""
    usual = () if settings.existing else tuple(region + letter for letter in ZONE_LETTERS.get(region, "abc"))
    return (settings.zones or usual)[: settings.availability_zones]


def block(cidr: str, kind: str, slot: int) -> str:
    """Addresses of the subnet of *kind* in *slot* (from 1): a sixteenth of the network."""
    blocks = list(ipaddress.IPv4Network(cidr).subnets(prefixlen_diff=4))
    return str(blocks[FIRST_BLOCK[kind] + slot - 1])

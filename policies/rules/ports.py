"""Ports that the whole internet may reach, as every cloud's firewall rule says it: networks, a protocol, ranges of ports."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from ipaddress import IPv6Network, ip_network
from typing import Any

from policies.resource import UNKNOWN
from policies.rule import Config
from policies.verdict import Undecided

ADMIN_PORTS = (22, 3389)
"""SSH and RDP (CIS)."""
DATA_PORTS = (1433, 1521, 3306, 5432, 6378, 6379, 6432, 11211, 27017)
"""SQL Server, Oracle, MySQL, PostgreSQL, Redis with TLS on Google Cloud, Redis and Valkey, PgBouncer, memcached, MongoDB."""
WEB_PORTS = (80, 443)
EVERY_PORT = (0, 65535)

WIDEST_PUBLIC = {4: 8, 6: 16}
"""A network with a shorter prefix than this is the internet, or a good part of it: 0.0.0.0/1 twice is as open as 0.0.0.0/0."""
PRIVATE_6 = IPv6Network("fc00::/7")
"""The private networks of version 6; those of version 4 are none of them as wide."""
WITH_PORTS = {"tcp", "udp", "6", "17", "sctp", "132"}
EVERY_PROTOCOL = {"-1", "all"}


@dataclass(frozen=True)
class Opening:
    """One firewall rule that lets something in."""

    at: str
    """Property path, for messages."""
    networks: tuple[Any, ...]
    """CIDRs that may come in; UNKNOWN among them where one is not known yet. Without any, only groups and services may."""
    protocol: Any
    ports: tuple[Any, Any]
    """First and last port; UNKNOWN, or :data:`EVERY_PORT` where the rule names none."""


def is_world(network: Any) -> bool:
    """Whether *network* (a CIDR) is the internet or a good part of it. What is no CIDR at all is taken for it."""
    try:
        found = ip_network(str(network), strict=False)
    except ValueError:
        return True
    if found.version == 6 and found.subnet_of(PRIVATE_6):
        return False
    return found.prefixlen < WIDEST_PUBLIC[found.version]


def closed(openings: Iterable[Opening], config: Config) -> Iterator[str | Undecided]:
    """No port of the configuration's ``ports`` is open to the world."""
    wanted = [int(port) for port in config["ports"]]
    names = ", ".join(map(str, wanted))
    yield from _judged(openings, lambda low, high: any(low <= port <= high for port in wanted), f"opens one of the ports {names}")


def only(openings: Iterable[Opening], config: Config) -> Iterator[str | Undecided]:
    """Nothing but the configuration's ``ports`` is open to the world."""
    allowed = {int(port) for port in config["ports"]}
    names = ", ".join(map(str, sorted(allowed)))
    yield from _judged(
        openings,
        lambda low, high: high - low >= len(allowed) or not allowed.issuperset(range(low, high + 1)),
        f"opens other ports than {names}",
    )


def _judged(openings: Iterable[Opening], is_wrong: Any, what: str) -> Iterator[str | Undecided]:
    for opening in openings:
        world = [network for network in opening.networks if network is not UNKNOWN and is_world(network)]
        if not world and UNKNOWN not in opening.networks:
            continue
        span = _span(opening)
        if span is None:
            continue
        if UNKNOWN in span:
            yield Undecided((opening.at,))
        elif is_wrong(*span):
            yield f"{opening.at} {what} to the whole internet" if world else Undecided((opening.at,))


def _span(opening: Opening) -> tuple[Any, Any] | None:
    """First and last port that is open; None for a protocol without ports, such as ICMP."""
    protocol = opening.protocol
    if protocol is UNKNOWN:
        return UNKNOWN, UNKNOWN
    text = str(protocol).lower()
    if text in EVERY_PROTOCOL:
        return EVERY_PORT
    if text not in WITH_PORTS:
        return None
    low, high = opening.ports
    if UNKNOWN in (low, high):
        return UNKNOWN, UNKNOWN
    return EVERY_PORT if -1 in (low, high) else (low, high)

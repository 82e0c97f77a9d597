"""A laptop: what listens on which address, which process is told of which server, and which secret files it is given."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from operations.review.access.way import INTERNET, Grant, Network, Way, places_of
from policies.resource import UNKNOWN, Resource, Stack

MACHINE = "this machine"
LAN = "the local network"

PROCESS, JOB, SCHEDULED, NODE, DATABASE, CACHE, FOLDER = (
    f"pulumi-python:dynamic/local:{name}"
    for name in (
        "SupervisedProcess",
        "JobRun",
        "ScheduledJob",
        "PostgresNode",
        "PostgresDatabase",
        "CacheServer",
        "Directory",
    )
)
SERVERS = {PROCESS: "host", NODE: "address", CACHE: "host"}
"""What listens, and the property that says on which address."""
CLIENTS = (PROCESS, JOB, SCHEDULED)


def network(stack: Stack) -> Network:
    """The ways of *stack*: from where each server can be reached, and the servers that each process is told of."""
    seen = places_of(stack.of_type(FOLDER), ((one, one.type) for one in stack.of_type(*SERVERS, *CLIENTS)))
    ways: set[Way] = set()
    ports: dict[str, tuple[str, str]] = {}
    for server in stack.of_type(*SERVERS):
        here, port = seen.by_urn[server.urn].name, _text(server.fact("port"))
        ports[server.component] = here, port
        ways.add(Way(_from(server.fact(SERVERS[server.type])), here, port))
    for client in stack.of_type(*CLIENTS):
        for component in _told(stack, client):
            if component in ports and component != client.component:
                ways.add(Way(seen.by_urn[client.urn].name, *ports[component]))
    return Network(seen.places, frozenset(ways))


def grants(stack: Stack) -> frozenset[Grant]:
    """Which process is given which secret file, and which folder of files."""
    found: set[Grant] = set()
    for client in stack.of_type(*CLIENTS):
        secrets = client.fact("secrets")
        for reference in secrets.values() if isinstance(secrets, dict) else ():
            found.add(Grant(client.component, "read", "secret", _text(reference).partition("#")[0], client.name))
        for urn in client.property_depends_on.get("environment", ()):
            folder = stack.get(urn)
            if folder and folder.type == FOLDER:
                found |= {Grant(client.component, verb, "folder", folder.name, client.name) for verb in ("read", "change")}
    return frozenset(found)


def _told(stack: Stack, client: Resource) -> Iterator[str]:
    for urn in client.property_depends_on.get("environment", ()):
        found = stack.get(urn)
        if found:
            yield found.component


def _from(address: Any) -> str:
    text = str(address)
    return MACHINE if text.startswith("127.") or text in ("localhost", "::1") else LAN if address is not UNKNOWN else INTERNET


def _text(value: Any) -> str:
    return str(value) if isinstance(value, str | int) else "known only after it runs"

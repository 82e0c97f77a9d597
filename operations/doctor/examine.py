"""Everything that is looked at, in the order in which one rests on the other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from operations.condition.nodes import hosts_of, nodes_of
from operations.doctor.check import Check, failed, ok
from operations.doctor.environment import contract
from operations.doctor.machine import client, disks, pulumi
from operations.doctor.reach import reach
from operations.doctor.server import server
from operations.doctor.stores import backups
from operations.errors import OperationError
from operations.place import Place, place_of


def examine(stack: str | None) -> Iterator[Check]:
    """The checks of *stack*, or without one of the environment contract in this process; each as soon as it is done.

    Raises Refused where there is no such stack or it is not up, OperationError where its state cannot be read.
    """
    if stack is not None:
        yield pulumi()
    place = place_of(stack)
    yield from of_provider(place) if place.remote else of_place(place)


def of_place(place: Place) -> Iterator[Check]:
    """A database that can be reached from here."""
    checks = list(contract(place.environ))
    yield from checks
    if any(check.state == "failed" and check.name in ("environment", "CA file", "secret") for check in checks):
        return
    port = int(place.environ.get("DB_PORT") or 5432)
    verifies = place.environ.get("DB_SSL_MODE", "verify-full").startswith("verify")
    authority = place.environ.get("DB_SSL_ROOT_CERT") if verifies else None
    reached = False
    for host in hosts_of(place.environ):
        steps = list(reach(host, port, authority))
        yield from steps
        reached = reached or all(step.state != "failed" for step in steps)
    if reached:
        yield from _inside(place)
    yield from backups(place.environ, None)
    yield from disks(place.environ, place.handles)


def _inside(place: Place) -> Iterator[Check]:
    from operations.connection import conninfo_of

    conninfo = conninfo_of(place.environ)
    checks = list(server(conninfo))
    yield from checks
    if checks[0].state == "failed":
        return
    nodes = nodes_of(place.environ)
    for node in nodes:
        name = f"server {node.name or node.address}"
        if node.problem:
            yield failed(name, node.problem, "see its log (`python -m operations logs`), then `make up`")
        elif node.follows is False:
            yield failed(name, "it does not follow the primary", "see its log (`python -m operations logs`), then `make up`")
        else:
            yield ok(name, str(node.role))
    newest = max((int(node.version.split(".")[0]) for node in nodes if node.version), default=0)
    if newest:
        yield client(newest * 10000)


def of_provider(place: Place) -> Iterator[Check]:
    """A stack in a cloud, from outside: the credentials, what the provider says of the servers, the store of the backups."""
    handles: Mapping[str, Any] = place.handles or {}
    from operations.cloud import database_control

    try:
        members = database_control(handles).members()
    except OperationError as error:
        mend = "log in to the cloud (aws sso login, gcloud auth application-default login) with rights to look at the stack"
        yield failed("provider", str(error), mend)
        return
    yield ok("provider", f"{handles['provider']} answers for {len(members)} server{'' if len(members) == 1 else 's'}")
    for member in members:
        name = f"server {member.name}"
        facts = ", ".join(filter(None, (member.role, member.state, member.version, member.zone)))
        mend = "see the provider's events for it; a reader can be replaced by `make up`, a writer by `failover`"
        yield ok(name, facts) if member.healthy else failed(name, facts, mend)
    yield from backups({"DB_NAME": place.environ.get("DB_NAME", "")}, (handles.get("backups") or {}).get("destination"))

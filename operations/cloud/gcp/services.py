"""The services of a stack on Cloud Run: what runs, and what ran before."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import islice
from typing import Any, Literal

from operations.cloud.contract import Running
from operations.cloud.gcp.calls import NO_CREDENTIALS, credentials, quietly
from operations.errors import OperationError, Refused

EMULATOR = "CLOUD_RUN_EMULATOR_HOST"
"""Environment variable with ``host:port`` of a stand-in for Cloud Run: no TLS, no credentials. For tests."""
CALL_SECONDS = 30.0
"""How long one answer is waited for, tries while Google is unavailable or throttles included."""
LATEST = "TRAFFIC_TARGET_ALLOCATION_TYPE_LATEST"
SHOWN = 20
"""Revisions that are looked up; Cloud Run keeps a thousand."""


class GcpServices:
    """Fills :class:`operations.cloud.contract.ServiceControl` for Cloud Run."""

    def __init__(self, handles: Mapping[str, Any]) -> None:
        self._services = handles.get("services") or {}

    def names(self) -> list[str]:
        return sorted(self._services)

    def running(self, service: str) -> Running:
        """Cloud Run starts containers by itself as requests come, so ``desired`` and ``healthy`` are not counted containers:
        ``desired`` is the least number that it keeps, at least 1, and ``healthy`` is that number where the revision is ready."""
        name = self._name(service)
        with _doing(f"look at service {service}", "run.services.get and run.revisions.get"):
            with _client("Services") as client:
                found = client.get_service(name=name, **_limits())
            serving = _serving(found)
            if not serving:
                return Running(image="", version="", desired=1, healthy=0, settled=not found.reconciling, failed=_failed(found))
            with _client("Revisions") as client:
                revisions = [client.get_revision(name=f"{name}/revisions/{one}", **_limits()) for one in serving]
        newest = max(revisions, key=lambda revision: revision.create_time)
        desired = max(1, found.scaling.min_instance_count)
        return Running(
            image=newest.containers[0].image,
            version=_short(newest.name),
            desired=desired,
            healthy=desired if _ready(newest) else 0,
            settled=not found.reconciling,
            failed=_failed(found),
        )

    def versions(self, service: str) -> list[tuple[str, str]]:
        name = self._name(service)
        with _doing(f"look up what ran of service {service}", "run.revisions.list"), _client("Revisions") as client:
            found = list(islice(client.list_revisions(parent=name, **_limits()), SHOWN))
        ready = sorted((one for one in found if _ready(one)), key=lambda one: one.create_time, reverse=True)
        return [(_short(one.name), one.containers[0].image) for one in ready]

    def _name(self, service: str) -> str:
        if service not in self._services:
            raise Refused(f"the stack has no service '{service}'; its services are {', '.join(self.names()) or 'none'}")
        return str(self._services[service]["service"])


def _serving(service: Any) -> list[str]:
    """Revisions that get requests."""
    targets = [target for target in service.traffic_statuses if target.percent]
    newest = service.latest_ready_revision
    names = [newest if target.type_.name == LATEST else target.revision for target in targets]
    return list(dict.fromkeys(_short(name) for name in names if name))


def _failed(service: Any) -> str:
    """Why the newest revision was given up: it was made, is not ready, and Cloud Run works on it no more."""
    created, ready = _short(service.latest_created_revision), _short(service.latest_ready_revision)
    if service.reconciling or created == ready:
        return ""
    conditions = [*service.conditions, service.terminal_condition]
    return f"{created} did not get ready: {_reasons(conditions) or 'Google gives no reason'}"


def _reasons(conditions: Sequence[Any]) -> str:
    failed = [item.message.strip().rstrip(".") for item in conditions if item.state.name == "CONDITION_FAILED" and item.message]
    return " | ".join(dict.fromkeys(failed))


def _ready(revision: Any) -> bool:
    """Whether it has been ready; one that gets no requests any more stays so."""
    return any(item.type_ == "Ready" and item.state.name == "CONDITION_SUCCEEDED" for item in revision.conditions)


def _short(name: str) -> str:
    return name.rpartition("/")[2]


@contextmanager
def _client(kind: Literal["Services", "Revisions"]) -> Iterator[Any]:
    with quietly():
        from google.cloud import run_v2
    made = getattr(run_v2, f"{kind}Client")
    emulator = os.environ.get(EMULATOR)
    if emulator:
        import grpc  # type: ignore[import-untyped]

        found = made(transport=made.get_transport_class("grpc")(channel=grpc.insecure_channel(emulator)))
    else:
        found = made(credentials=credentials())
    with found:
        yield found


def _limits() -> dict[str, Any]:
    from google.api_core.exceptions import ResourceExhausted, ServiceUnavailable
    from google.api_core.retry import Retry, if_exception_type

    again = Retry(if_exception_type(ServiceUnavailable, ResourceExhausted), initial=0.5, timeout=CALL_SECONDS)
    return {"retry": again, "timeout": CALL_SECONDS}


@contextmanager
def _doing(what: str, right: str) -> Iterator[None]:
    """Turns what Google refuses into one sentence."""
    with quietly():
        from google.api_core import exceptions
        from google.auth.exceptions import GoogleAuthError
    try:
        yield
    except exceptions.NotFound:
        raise OperationError(f"cannot {what}: it is not there; somebody deleted it, and `up` makes it again") from None
    except exceptions.PermissionDenied as error:
        said = str(error.message).rstrip(".")
        raise OperationError(
            f"cannot {what}: Google denies it ({said}); allow {right} to the identity that runs this command"
        ) from None
    except (GoogleAuthError, exceptions.Unauthenticated):
        raise OperationError(f"cannot {what}: {NO_CREDENTIALS}") from None
    except (exceptions.DeadlineExceeded, exceptions.RetryError):
        raise OperationError(f"cannot {what}: no answer within {CALL_SECONDS:g} seconds; run the same command again") from None
    except exceptions.GoogleAPICallError as error:
        raise OperationError(f"cannot {what}: {str(error.message).rstrip('.')} ({type(error).__name__})") from None

"""The check that a service really runs its new revision. Cloud Run reports a failed one once and then never again
(terraform-provider-google#22565)."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any

import pulumi
from pulumi.dynamic import Resource

from components.dynamic import CheckProvider
from components.gcp.providers.calls import GcpError, client, doing, failures, limits

POLL_SECONDS = 5.0
LATEST = "TRAFFIC_TARGET_ALLOCATION_TYPE_LATEST"


class RolloutCheckProvider(CheckProvider):
    """A change of what is in ``again`` is a new deployment to look at."""

    keys = ("service", "revision", "traffics", "timeout_seconds")
    again = ("service", "revision", "traffics")
    subject = "service"
    seen = "ready"

    def look(self, values: Mapping[str, Any]) -> str:
        return _settled(values)


def _settled(values: Mapping[str, Any]) -> str:
    """The newest revision that is ready, once the service is what was asked for; or one sentence raised."""
    place = values["service"].split("/")
    service, end = place[-1], time.monotonic() + values["timeout_seconds"]
    with doing(f"look at service {service}", right="run.services.get"), client("Services") as services:
        while True:
            found = _service(services, values["service"])
            if not found.reconciling:
                break
            if time.monotonic() >= end:
                raise GcpError(f"service {service} is still being deployed after {values['timeout_seconds']} seconds")
            time.sleep(POLL_SECONDS)
    created, ready = _short(found.latest_created_revision), _short(found.latest_ready_revision)
    wanted = {_share(target) for target in values["traffics"]}
    # all to one revision by name: a rollback, which is good however broken the newest revision is
    latest = any(kind == LATEST for kind, _, _ in wanted)
    if latest and created != ready:
        serving = f"{ready} goes on serving" if ready else "nothing is serving"
        reason = failures([*found.conditions, found.terminal_condition])
        raise GcpError(
            f"service {service} does not run its new revision {created}: it did not get ready, {serving}. {reason}\n"
            f"Its log: {log_command(place[1], 'cloud_run_revision', revision_name=created)}"
        )
    shares = {_share(_plain(status)) for status in found.traffic_statuses if status.percent}
    if shares != wanted:
        raise GcpError(
            f"service {service} does not send its requests where traffic says: {_words(shares)} instead of {_words(wanted)}. "
            f"{failures([*found.conditions, found.terminal_condition])}"
        )
    return ready


def _service(services: Any, name: str) -> Any:
    from google.api_core.exceptions import NotFound

    try:
        return services.get_service(name=name, **limits())
    except NotFound:
        raise GcpError(
            f"there is no service {_short(name)} ({name}): somebody deleted it; run `pulumi refresh`, then `pulumi up`, "
            "which makes it again"
        ) from None


def _share(target: Mapping[str, Any]) -> tuple[str, str, int]:
    return target["type"], "" if target["type"] == LATEST else _short(target["revision"]), int(target["percent"])


def _plain(status: Any) -> dict[str, Any]:
    return {"type": status.type_.name, "revision": status.revision, "percent": status.percent}


def _words(shares: set[tuple[str, str, int]]) -> str:
    return ", ".join(f"{percent}% to {revision or 'the newest'}" for _, revision, percent in sorted(shares)) or "nothing"


def _short(name: str) -> str:
    return name.rpartition("/")[2]


def log_command(project: str, kind: str, **labels: str) -> str:
    """The line that shows the last log lines of what *labels* name."""
    terms = [f'resource.type="{kind}"', *(f'resource.labels.{key}="{value}"' for key, value in labels.items())]
    return f"gcloud logging read '{' AND '.join(terms)}' --project {project} --freshness 1d --limit 20"


class RolloutCheck(Resource, module="gcp", name="RolloutCheck"):
    """Fails the deployment, in one sentence with Cloud Run's reasons, unless *service* runs its newest revision (or, pinned, the
    one that it is pinned to) and sends its requests as *traffics* say."""

    ready: pulumi.Output[str]
    """Name of the newest revision that is ready."""

    def __init__(
        self,
        resource_name: str,
        *,
        service: pulumi.Input[str],
        revision: pulumi.Input[str],
        traffics: Sequence[Mapping[str, Any]],
        timeout_seconds: int,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """*service*: ``projects/P/locations/R/services/S``. *revision*: the last created one; another one is looked at anew."""
        shares = [{key: target[key] for key in ("type", "revision", "percent") if key in target} for target in traffics]
        properties = {"service": service, "revision": revision, "traffics": shares, "timeout_seconds": timeout_seconds}
        super().__init__(RolloutCheckProvider(), resource_name, {**properties, "ready": None}, opts)

"""ContainerService of Google Cloud: a Cloud Run service."""

from __future__ import annotations

from typing import Any, cast

import pulumi
import pulumi_gcp as gcp

from components.contract import ContainerService, ServiceArgs
from components.environment import Access
from components.gcp.component import GcpComponent
from components.gcp.container import pod
from components.gcp.job import LONGEST_NAME
from components.gcp.log_bucket import log_bucket
from components.gcp.network import GcpNetwork
from components.gcp.probes import liveness_probe, startup_probe
from components.gcp.providers.rollout import RolloutCheck
from components.gcp.traffic import targets
from components.settings.workload import ServiceSettings

REQUEST_SECONDS = 300
"""The longest that a request may take: Cloud Run's own default."""
ROLLOUT_SECONDS = 300
"""How long the look at a deployment waits. The provider has waited up to 20 minutes before."""


class GcpService(GcpComponent, ContainerService):
    """Instances that Cloud Run starts and stops by the requests there are, between ``scaling.min`` and ``scaling.max``.

    Each change makes a new revision; it gets requests when its start-up check, which asks the database, has succeeded. When it
    never does, the old one goes on serving and the deployment fails with the reason. Everything but the name and the region is
    changed in place. ``scaling.min``, ``scaling.max`` and ``traffic`` make no new revision.
    """

    service: gcp.cloudrunv2.Service

    def __init__(self, name: str, args: ServiceArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, opts)
        settings, scope, network = args.settings, args.scope, cast(GcpNetwork, args.network)
        self.network, self.settings, self.short = network, settings, name.removeprefix("service-")
        # PORT is Cloud Run's own; it refuses a container that brings one
        own = Access(environment={"HOST": "0.0.0.0"})
        access = self.access(settings, args.grants).merged(own)
        physical = scope.physical(self.short, limit=LONGEST_NAME)
        log_bucket(
            self,
            "logs",
            filter=f'resource.type="cloud_run_revision" AND resource.labels.service_name="{physical}"',
            retention_days=settings.log_retention_days,
        )
        found = pod(self, network=network, settings=settings, access=access)
        traffics: Any = targets(settings.traffic)
        template: Any = {
            **found.template,
            "containers": [{**found.container, **_listening(settings, found.container)}],
            # no numbers here: a revision's own minimum counts once more for every tag
            "scaling": {"cpu_utilization": settings.scaling.cpu_percent / 100},
            "max_instance_request_concurrency": settings.scaling.requests_per_container,
            "timeout": f"{REQUEST_SECONDS}s",
        }
        self.service = gcp.cloudrunv2.Service(
            f"{name}-run",
            name=physical,
            location=network.region,
            template=template,
            scaling={
                "scaling_mode": "AUTOMATIC",
                "min_instance_count": settings.scaling.min,
                "max_instance_count": settings.scaling.max,
            },
            traffics=traffics,
            binary_authorization={"use_default": True} if settings.binary_authorization else None,
            deletion_protection=False,
            labels=scope.labels(),
            opts=self.child(depends_on=[*args.after, *found.after], ignore_changes=["client", "clientVersion"]),
            **_reach(settings),
        )
        RolloutCheck(
            f"{name}-rollout",
            service=self.service.id,
            revision=self.service.latest_created_revision,
            traffics=traffics,
            timeout_seconds=ROLLOUT_SECONDS,
            opts=self.child(),
        )
        network.invokers.add_caller(self)
        behind_balancer = settings.public and settings.domain is not None
        self.url = pulumi.Output.from_input(f"https://{settings.domain}") if behind_balancer else self.service.uri
        if settings.public:
            args.ingress.attach(self)
        else:
            network.invokers.add_service(self, self.service)
        self.finish(url=self.url, handle={"service": self.service.id, "image": network.registry.image(settings.image)})


def _listening(settings: ServiceSettings, container: dict[str, Any]) -> dict[str, Any]:
    """What the container of a service has beside a job's: its port, its checks and how its CPU is given."""
    return {
        "ports": {"container_port": settings.port},
        "startup_probe": startup_probe(settings),
        "liveness_probe": liveness_probe(settings),
        "resources": {
            **container["resources"],
            # spot is the cheaper kind of CPU here: only while a request is answered
            "cpu_idle": settings.spot,
            "startup_cpu_boost": True,
        },
    }


def _reach(settings: ServiceSettings) -> dict[str, Any]:
    """From where requests may come. Public is said without ``allUsers``, which many organisations forbid (policy
    iam.allowedPolicyMemberDomains)."""
    if not settings.public:
        return {"ingress": "INGRESS_TRAFFIC_INTERNAL_ONLY", "invoker_iam_disabled": False, "default_uri_disabled": False}
    if settings.domain:
        return {
            "ingress": "INGRESS_TRAFFIC_INTERNAL_LOAD_BALANCER",
            "invoker_iam_disabled": True,
            "default_uri_disabled": True,
        }
    return {"ingress": "INGRESS_TRAFFIC_ALL", "invoker_iam_disabled": True, "default_uri_disabled": False}

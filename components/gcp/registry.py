"""Container registry: one Artifact Registry repository for the stack's own images."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pulumi
import pulumi_gcp as gcp

if TYPE_CHECKING:
    from components.gcp.network import GcpNetwork

UNTAGGED_DAYS, KEPT_IMAGES = 14, 30
DAY_SECONDS = 86400


class Registry:
    """The stack's own images. The repository is made when somebody first asks for one."""

    def __init__(self, network: GcpNetwork) -> None:
        self._network = network
        self._repository: gcp.artifactregistry.Repository | None = None

    def image(self, reference: str) -> pulumi.Input[str]:
        """*reference* as Cloud Run takes it.

        Without a ``/`` (``api:1.4``, ``api@sha256:...``) it is an image of the stack's own repository; others stay as they are.
        """
        if "/" in reference:
            return reference
        network, repository = self._network, self.repository()
        return pulumi.Output.format(
            "{0}-docker.pkg.dev/{1}/{2}/{3}", network.region, network.project, repository.repository_id, reference
        )

    def repository(self) -> gcp.artifactregistry.Repository:
        """Repository ``<app>-<environment>``: tags cannot be moved, images are scanned when pushed."""
        if self._repository is None:
            self._repository = self._made()
        return self._repository

    def _made(self) -> gcp.artifactregistry.Repository:
        network = self._network
        return gcp.artifactregistry.Repository(
            f"{network.name}-repository",
            repository_id=network.scope.physical(),
            location=network.region,
            format="DOCKER",
            description=f"Images of {network.scope.physical()}",
            docker_config={"immutable_tags": True},
            cleanup_policy_dry_run=False,
            cleanup_policies=[
                {
                    "id": "delete-untagged",
                    "action": "DELETE",
                    "condition": {"tag_state": "UNTAGGED", "older_than": f"{UNTAGGED_DAYS * DAY_SECONDS}s"},
                },
                {"id": "keep-newest", "action": "KEEP", "most_recent_versions": {"keep_count": KEPT_IMAGES}},
            ],
            vulnerability_scanning_config={"enablement_config": "INHERITED"},
            labels=network.scope.labels(),
            opts=network.child(),
        )

"""Container registry: one ECR repository for each image of the stack's own."""

from __future__ import annotations

import json
import re

import pulumi
import pulumi_aws as aws

from components.aws.kms import CustomerKey
from components.component import Component
from components.names import Scope

UNTAGGED_DAYS, KEPT_IMAGES = 14, 30

LIFECYCLE = {
    "rules": [
        {
            "rulePriority": 1,
            "description": f"images without a tag go after {UNTAGGED_DAYS} days",
            "selection": {
                "tagStatus": "untagged",
                "countType": "sinceImagePushed",
                "countUnit": "days",
                "countNumber": UNTAGGED_DAYS,
            },
            "action": {"type": "expire"},
        },
        {
            "rulePriority": 2,
            "description": f"the newest {KEPT_IMAGES} stay",
            "selection": {"tagStatus": "any", "countType": "imageCountMoreThan", "countNumber": KEPT_IMAGES},
            "action": {"type": "expire"},
        },
    ]
}


class Registry:
    """The stack's own images. A repository is made when somebody first asks for it."""

    def __init__(self, network: Component, scope: Scope, key: CustomerKey) -> None:
        self._network = network
        self._scope = scope
        self._key = key
        self._repositories: dict[str, aws.ecr.Repository] = {}

    def image(self, reference: str) -> pulumi.Input[str]:
        """*reference* as a container runtime takes it.

        Without a ``/`` (``api:1.4``, ``api@sha256:...``) it is an image of the stack's own repository; others stay as they are.
        """
        own = self.own(reference)
        if own is None:
            return reference
        return pulumi.Output.format("{0}{1}", own.repository_url, reference[len(_name(reference)) :])

    def own(self, reference: str) -> aws.ecr.Repository | None:
        """The stack's own repository of *reference*; None for an image from elsewhere."""
        return None if "/" in reference else self.repository(_name(reference))

    def repository(self, name: str) -> aws.ecr.Repository:
        """Repository ``<app>-<environment>/<name>``: tags cannot be moved, images are scanned on push and encrypted.

        Outside prod it goes together with its images. A change of app or environment recreates it.
        """
        if name not in self._repositories:
            self._repositories[name] = self._made(name)
        return self._repositories[name]

    def _made(self, name: str) -> aws.ecr.Repository:
        logical = f"{self._network.name}-repository-{name}"
        repository = aws.ecr.Repository(
            logical,
            name=f"{self._scope.physical()}/{name}",
            image_tag_mutability="IMMUTABLE",
            image_scanning_configuration={"scan_on_push": True},
            encryption_configurations=[{"encryption_type": "KMS", "kms_key": self._key.arn}],
            force_delete=not self._scope.production,
            tags=self._scope.named(logical),
            opts=self._network.child(),
        )
        aws.ecr.LifecyclePolicy(
            f"{logical}-lifecycle", repository=repository.name, policy=json.dumps(LIFECYCLE), opts=self._network.child()
        )
        return repository


def _name(reference: str) -> str:
    """*reference* without its tag or digest."""
    return re.split("[:@]", reference, maxsplit=1)[0]

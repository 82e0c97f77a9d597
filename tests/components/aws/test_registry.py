"""Container registry: which images are the stack's own, and how they are kept."""

from __future__ import annotations

import json
from typing import Any

import pulumi
import pytest

from components.aws.network import AwsNetwork
from tests.components.aws.network import network_alone
from tests.recorder import Recording


def resolved(*references: str) -> tuple[dict[str, Any], Recording]:
    """What each of *references* becomes."""

    def use(network: AwsNetwork) -> None:
        for reference in references:
            pulumi.export(reference, network.registry.image(reference))

    recording = network_alone(use)
    return recording.outputs, recording


@pytest.mark.parametrize(
    ("reference", "version"),
    [("api:1.4", ":1.4"), ("api@sha256:0f", "@sha256:0f"), ("api:1.4@sha256:0f", ":1.4@sha256:0f"), ("api", "")],
)
def test_a_short_reference_is_an_image_of_the_stack(reference: str, version: str) -> None:
    outputs, recording = resolved(reference)
    assert outputs[reference] == f"network-repository-api.repository_url{version}"
    (repository,) = recording.of_type("ecr/repository:Repository").values()
    assert repository.inputs["name"] == "shop-dev/api"


@pytest.mark.parametrize("reference", ["public.ecr.aws/nginx/nginx:1.27", "example/app:1", "ghcr.io/a/b@sha256:0f"])
def test_other_references_stay_as_they_are(reference: str) -> None:
    outputs, recording = resolved(reference)
    assert outputs[reference] == reference
    assert not recording.of_type("ecr/repository:Repository")


def test_one_repository_for_all_versions() -> None:
    _, recording = resolved("api:1", "api:2", "web:1")
    assert set(recording.of_type("ecr/repository:Repository")) == {"network-repository-api", "network-repository-web"}
    assert recording.duplicates == []


@pytest.mark.parametrize(("tier", "goes"), [("dev", True), ("prod", False)])
def test_images_cannot_change_and_are_scanned_and_encrypted(tier: str, goes: bool) -> None:
    recording = network_alone(lambda network: network.registry.repository("api"), tier=tier)
    made = recording.of_type("ecr/repository:Repository")["network-repository-api"].inputs
    assert made["imageTagMutability"] == "IMMUTABLE"
    assert made["imageScanningConfiguration"] == {"scanOnPush": True}
    (encryption,) = made["encryptionConfigurations"]
    assert encryption["encryptionType"] == "KMS"
    assert encryption["kmsKey"].endswith("network-key")
    assert made["forceDelete"] is goes


def test_old_images_go() -> None:
    recording = network_alone(lambda network: network.registry.repository("api"))
    policy = recording.of_type("LifecyclePolicy")["network-repository-api-lifecycle"].inputs["policy"]
    untagged, newest = json.loads(policy)["rules"]
    assert (untagged["selection"]["tagStatus"], untagged["selection"]["countNumber"]) == ("untagged", 14)
    assert (newest["selection"]["tagStatus"], newest["selection"]["countNumber"]) == ("any", 30)
    assert newest["rulePriority"] > untagged["rulePriority"], "ECR wants the rule for all images last"

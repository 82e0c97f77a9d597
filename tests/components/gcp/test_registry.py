"""Container registry: which images are the stack's own, and how they are kept."""

from __future__ import annotations

from typing import Any

import pulumi
import pytest

from components.gcp.network import GcpNetwork
from tests.components.gcp.network import network_alone, only
from tests.recorder import Recording

REPOSITORY = "artifactregistry/repository:Repository"


def resolved(*references: str) -> tuple[dict[str, Any], Recording]:
    """What each of *references* becomes."""

    def use(network: GcpNetwork) -> None:
        for reference in references:
            pulumi.export(reference, network.registry.image(reference))

    recording = network_alone(use)
    return recording.outputs, recording


@pytest.mark.parametrize("reference", ["api:1.4", "api@sha256:0f", "api:1.4@sha256:0f", "api"])
def test_a_short_reference_is_an_image_of_the_stack(reference: str) -> None:
    outputs, _ = resolved(reference)
    assert outputs[reference] == f"asia-northeast1-docker.pkg.dev/network-api-serviceusage.project/shop-dev/{reference}"


@pytest.mark.parametrize("reference", ["docker.io/library/nginx:1.27", "example/app:1", "ghcr.io/a/b@sha256:0f"])
def test_other_references_stay_as_they_are(reference: str) -> None:
    outputs, recording = resolved(reference)
    assert outputs[reference] == reference
    assert not recording.of_type(REPOSITORY)


def test_one_repository_for_all_images() -> None:
    _, recording = resolved("api:1", "api:2", "web:1")
    assert set(recording.of_type(REPOSITORY)) == {"network-repository"}
    assert recording.duplicates == []


def test_images_cannot_change_and_are_scanned() -> None:
    made = only(resolved("api:1")[1], REPOSITORY).inputs
    assert (made["format"], made["location"]) == ("DOCKER", "asia-northeast1")
    assert made["dockerConfig"] == {"immutableTags": True}
    assert made["vulnerabilityScanningConfig"] == {"enablementConfig": "INHERITED"}


def test_old_images_go_and_new_ones_stay() -> None:
    made = only(resolved("api:1")[1], REPOSITORY).inputs
    assert made["cleanupPolicyDryRun"] is False
    policies = {policy["id"]: policy for policy in made["cleanupPolicies"]}
    assert policies["delete-untagged"]["condition"] == {"tagState": "UNTAGGED", "olderThan": "1209600s"}
    assert policies["delete-untagged"]["action"] == "DELETE"
    assert policies["keep-newest"] == {"id": "keep-newest", "action": "KEEP", "mostRecentVersions": {"keepCount": 30}}

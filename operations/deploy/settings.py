"""What a deployment writes into the stack file: the image of a service, and on Cloud Run who gets how much of its traffic."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from operations.errors import Refused
from operations.image.build import DIGEST
from operations.image.stack_file import StackFile, name_of

Values = Mapping[tuple[str, ...], Any]
"""By the keys below the stack's settings; None takes the key out."""


def current(file: StackFile, service: str) -> str:
    """The image that the stack file names for *service*. Raises Refused where there is no such service."""
    found = file.settings.services.get(service)
    if found is None:
        there = ", ".join(file.settings.services) or "none"
        raise Refused(f"{file.path.name} has no service '{service}' (it has: {there}).")
    return found.image


def image_values(file: StackFile, service: str, reference: str) -> Values:
    """*reference* for the service and for everything else that has the same image: the job that migrates, for instance.

    A bare digest (``sha256:...``) is one of the present image. Raises Refused for a reference that says no version.
    """
    name = name_of(current(file, service))
    if DIGEST.fullmatch(reference):
        reference = f"{name}@{reference}"
    last = reference.rpartition("/")[2]
    if "@" not in last and ":" not in last:
        raise Refused(f"--image {reference} says no version: add a digest, {reference}@sha256:..., or a tag that is never moved.")
    if last.endswith(":latest"):
        raise Refused(f"--image {reference}: `latest` is another image tomorrow; name it by its digest.")
    return {use.keys: reference for use in file.uses_of(name)}


def split_values(file: StackFile, service: str, canary: int | None, present: str) -> Values:
    """The traffic for a new version: *canary* percent of it beside the version *present*, or all.

    Where a canary is out already it is *present*; the rest of the traffic stays with the version that the file calls stable.
    Raises Refused where the provider has no such split.
    """
    keys = ("services", service, "traffic")
    if canary is None:
        return {keys: None} if file.settings.services[service].traffic.mode != "latest" else {}
    if file.settings.provider != "gcp":
        raise Refused("--canary divides traffic between revisions, which only Cloud Run has: leave it out.")
    traffic = file.settings.services[service].traffic
    stable = (traffic.stable_revision if traffic.mode == "canary" else None) or present
    if not stable:
        raise Refused(f"Nothing runs of {service} that the other {100 - canary} % could go to: deploy without --canary.")
    return {keys: {"mode": "canary", "stable_revision": stable, "percent": canary}}


def back_values(file: StackFile, service: str, version: str, image: str) -> Values:
    """What makes *service* run *version* again: pinned to it on Cloud Run, elsewhere its image. Jobs stay as they are."""
    if file.settings.provider == "gcp":
        return {("services", service, "traffic"): {"mode": "pinned", "stable_revision": version}}
    return {("services", service, "image"): own_reference(file, image)}


def own_reference(file: StackFile, image: str) -> str:
    """*image* as the stack file writes it: one of the stack's own registry without that registry, and no tag beside a digest."""
    rest = image.partition(f"/{file.folder}/")[2] or image
    name, _, digest = rest.partition("@")
    head, slash, last = name.rpartition("/")
    return f"{head}{slash}{last.partition(':')[0]}@{digest}" if digest else rest

"""What a change of a property does to a pretended resource: the review's own tables of create-only properties."""

from __future__ import annotations

from operations.review.create_only import Kind, kinds


def _of(cloud: str) -> dict[str, Kind]:
    """The rows of *cloud* and of ``random``, which every cloud uses, by type token without the provider."""
    return {token.partition(":")[2]: kind for file in (cloud, "random") for token, kind in kinds(file).items()}


AWS, GCP = _of("aws"), _of("gcp")

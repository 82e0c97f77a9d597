"""A bad stack file ends in its sentences before anything is made."""

from __future__ import annotations

from typing import Any

import pytest

from tests.engine.deployment import Deployment, refused


@pytest.mark.parametrize(
    ("change", "sentences"),
    [
        ({"provider": "azure"}, ["Pulumi.local.yaml: provider is 'azure'; it must be one of aws, gcp, local."]),
        (
            {"tier": "production", "databse": {}, "database": {"backend": "aurora", "readers": 99}},
            [
                "Pulumi.local.yaml has 4 problems:",
                "tier is 'production'; it must be one of dev, staging, prod; did you mean prod?",
                "databse is not a setting; did you mean database?",
                "database.backend is 'aurora', but provider local makes PostgreSQL with local",
                "database.readers is 99; it must be at most 15.",
            ],
        ),
        ({"database": {"readers": -1}}, ["Pulumi.local.yaml: database.readers is -1; it must be at least 0."]),
    ],
    ids=["provider", "many", "readers"],
)
def test_settings_are_refused_before_anything_is_made(
    deployment: Deployment, change: dict[str, Any], sentences: list[str]
) -> None:
    deployment.configure(**change)
    refused(deployment.run("up"), *sentences)
    assert not deployment.paths.root.exists()


def test_a_provider_that_is_not_here(deployment: Deployment) -> None:
    (deployment.root / "Pulumi.local.yaml").write_text("config:\n  managed-postgres:app: a\n  managed-postgres:provider: gcp\n"
                                                       "  managed-postgres:tier: dev\n")  # fmt: skip
    (deployment.root / "components" / "gcp" / "cloud.py").unlink()
    refused(deployment.run("up"), "provider is 'gcp', whose components (components/gcp/cloud.py) are not in this checkout")

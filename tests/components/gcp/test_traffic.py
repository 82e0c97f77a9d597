"""The three states of a rollout."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from components.gcp.traffic import CANDIDATE, LATEST, REVISION, targets
from components.settings.workload import Traffic
from tests.components.gcp.containers import containers, service

STABLE = "shop-dev-api-00004-abc"
CANARY: dict[str, Any] = {"services": {"api": {"traffic": {"mode": "canary", "stable_revision": STABLE, "percent": 10}}}}
PINNED: dict[str, Any] = {"services": {"api": {"traffic": {"mode": "pinned", "stable_revision": STABLE}}}}


def test_gcp_complaint_20_a_first_deployment_is_latest() -> None:
    """It cannot name a revision: there is none (terraform-provider-google#15153)."""
    assert targets(Traffic()) == [{"type": LATEST, "percent": 100}]
    assert service().inputs["traffics"] == [{"type": LATEST, "percent": 100}]


def test_gcp_complaint_20_a_canary_names_what_is_stable_and_tags_the_candidate() -> None:
    assert service(**CANARY).inputs["traffics"] == [
        {"type": REVISION, "revision": STABLE, "percent": 90},
        {"type": LATEST, "percent": 10, "tag": CANDIDATE},
    ]


def test_gcp_complaint_20_a_rollback_sends_all_to_the_stable_revision() -> None:
    assert service(**PINNED).inputs["traffics"] == [{"type": REVISION, "revision": STABLE, "percent": 100}]


def test_gcp_complaint_20_going_back_to_latest_leaves_nothing_of_a_canary() -> None:
    """A failed canary must not leave its split behind: the targets are written out in every state."""
    assert service().inputs["traffics"] != service(**CANARY).inputs["traffics"]
    assert all(
        "tag" not in target and "revision" not in target for target in targets(Traffic(mode="latest", stable_revision="x"))
    )


def test_a_change_of_traffic_makes_no_revision() -> None:
    assert service(**CANARY).inputs["template"] == service().inputs["template"]


def test_the_check_knows_what_is_wanted() -> None:
    check = containers(**CANARY).of_type("gcp:RolloutCheck")["service-api-rollout"].inputs
    assert check["traffics"] == [{"type": REVISION, "revision": STABLE, "percent": 90}, {"type": LATEST, "percent": 10}]


@given(mode=st.sampled_from(["latest", "canary", "pinned"]), percent=st.integers(1, 99))
def test_shares_make_a_hundred(mode: str, percent: int) -> None:
    found = targets(Traffic.model_validate({"mode": mode, "stable_revision": STABLE, "percent": percent}))
    assert sum(target["percent"] for target in found) == 100
    assert all((target["type"] == REVISION) == ("revision" in target) for target in found)
    assert len({target["type"] for target in found}) == len(found)

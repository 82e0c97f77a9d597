"""Where a checkout keeps its state, and what it says when something is not there."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from operations.engine.checkout import Checkout, find_checkout
from operations.errors import Refused


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Checkout:
    for name in ("PULUMI_BACKEND_URL", "PULUMI_CONFIG_PASSPHRASE", "PULUMI_CONFIG_PASSPHRASE_FILE"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "Pulumi.yaml").write_text("name: managed-postgres\n")
    (tmp_path / "Pulumi.local.yaml").write_text("config:\n  managed-postgres:provider: local\n")
    (tmp_path / "Pulumi.prod.yaml").write_text("config:\n  managed-postgres:provider: aws\n")
    return Checkout(tmp_path)


def test_the_passphrase_is_made_once_and_only_its_owner_can_read_it(checkout: Checkout) -> None:
    assert checkout.passphrase() == {"PULUMI_CONFIG_PASSPHRASE_FILE": str(checkout.passphrase_file)}
    first = checkout.passphrase_file.read_text()
    assert len(first) >= 32
    assert stat.S_IMODE(checkout.passphrase_file.stat().st_mode) == 0o600
    checkout.passphrase()
    assert checkout.passphrase_file.read_text() == first
    assert [path.name for path in checkout.state.iterdir()] == ["passphrase"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PULUMI_CONFIG_PASSPHRASE", ""),  # an empty passphrase is one
        ("PULUMI_CONFIG_PASSPHRASE_FILE", "/somewhere"),
        ("PULUMI_BACKEND_URL", "s3://states"),  # shared: a passphrase of this checkout would shut the others out
    ],
)
def test_no_passphrase_is_made_where_the_user_brings_his_own(
    checkout: Checkout, monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)
    assert checkout.passphrase() == {}
    assert not checkout.passphrase_file.exists()


@pytest.mark.parametrize(
    ("wanted", "url"),
    [
        (None, "file://{root}/.state/pulumi"),
        ("s3://states", "s3://states"),
        ("file:///elsewhere", "file:///elsewhere"),
        ("file://~/states", "file://~/states"),
        ("file://states", "file://{root}/states"),
    ],
)
def test_where_the_state_is_kept(checkout: Checkout, monkeypatch: pytest.MonkeyPatch, wanted: str | None, url: str) -> None:
    if wanted is not None:
        monkeypatch.setenv("PULUMI_BACKEND_URL", wanted)
    assert checkout.backend_url() == url.format(root=checkout.root)


def test_a_missing_stack_is_answered_with_those_there_are(checkout: Checkout) -> None:
    with pytest.raises(Refused) as refused:
        checkout.require("staging")
    assert str(refused.value) == (
        f"There is no stack 'staging': {checkout.root} has no Pulumi.staging.yaml (stacks here: local, prod)."
    )
    checkout.require("prod")
    assert (checkout.provider("local"), checkout.provider("prod")) == ("local", "aws")


def test_a_broken_stack_file_is_named(checkout: Checkout) -> None:
    (checkout.root / "Pulumi.local.yaml").write_text("config: [a\n")
    with pytest.raises(Refused, match=r"Pulumi\.local\.yaml is not valid YAML: .*line 2"):
        checkout.provider("local")


def test_the_checkout_is_found_from_a_folder_inside_it(checkout: Checkout) -> None:
    inside = checkout.root / "a" / "b"
    inside.mkdir(parents=True)
    assert find_checkout(inside).root == checkout.root.resolve()

"""Which versions of a login containers are started with, when `up` and rotations write them in turn."""

from __future__ import annotations

import json

import pytest

from components.gcp.login import _current
from operations.rotation.note import NOTE, Noted

WRITTEN = ("shop_app", "3", "2", "3")
"""By `up`: whose login, and the versions of JSON, password and URL."""


def noted(version: int) -> dict[str, str]:
    return {NOTE: Noted(username="shop_app_clone", version=version, password=7, url=8).text()}


def test_before_any_rotation_what_up_wrote() -> None:
    for found in (None, {}, {"team": "shop"}):
        assert _current([found, *WRITTEN]) == {"username": "shop_app", "password": "2", "url": "3"}


def test_a_rotation_counts_as_soon_as_it_was_seen() -> None:
    assert _current([noted(4), *WRITTEN]) == {"username": "shop_app_clone", "password": "7", "url": "8"}


def test_a_raised_password_version_counts_until_the_next_rotation() -> None:
    assert _current([noted(2), *WRITTEN])["username"] == "shop_app"
    assert _current([noted(3), *WRITTEN])["username"] == "shop_app"


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", json.dumps({"username": "u", "version": 9})])
def test_a_note_that_somebody_spoilt_does_not_count(text: str) -> None:
    assert _current([{NOTE: text}, *WRITTEN])["username"] == "shop_app"

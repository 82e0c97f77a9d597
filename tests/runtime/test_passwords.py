"""Password hashes."""

from __future__ import annotations

from runtime.passwords import UNUSABLE, hash_password, matches


def test_a_hash_matches_its_password_alone() -> None:
    stored = hash_password("correct horse \u00e9")
    assert matches("correct horse \u00e9", stored)
    assert not matches("correct horse e", stored)
    assert "correct" not in stored


def test_each_hash_has_a_salt_of_its_own() -> None:
    assert hash_password("same") != hash_password("same")


def test_nothing_matches_an_unusable_password() -> None:
    assert not matches("!", UNUSABLE)
    assert not matches("", UNUSABLE)

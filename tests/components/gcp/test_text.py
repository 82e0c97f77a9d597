"""Texts that are put together of outputs."""

from __future__ import annotations

from types import SimpleNamespace

from components.gcp.text import pem


def test_a_bundle_ends_each_certificate_with_one_line_feed() -> None:
    assert pem([SimpleNamespace(cert="one\n"), SimpleNamespace(cert=" two")]) == "one\ntwo\n"


def test_what_a_mock_does_not_know_is_empty() -> None:
    assert pem(None) == ""
    assert pem([SimpleNamespace(cert=None)]) == "\n"

"""Every type that the posture speaks of exists: a typo would make a way or a right invisible."""

from __future__ import annotations

import re

import pytest

from tests.recorder import ROOT
from tests.sdk import resource_types

SOURCES = "".join(file.read_text() for file in (ROOT / "operations/review/access").glob("*.py"))
TOKENS = sorted(set(re.findall(r'"((?:aws|gcp):\w+/\w+:\w+)"', SOURCES)))


@pytest.mark.parametrize("token", TOKENS)
def test_the_type_exists(token: str) -> None:
    assert token in resource_types()


@pytest.mark.parametrize("name", sorted({*re.findall(r"dynamic/local:(\w+)\"", SOURCES), "CacheServer", "PostgresNode"}))
def test_the_local_type_exists(name: str) -> None:
    providers = "".join(file.read_text() for file in (ROOT / "components/local/providers").glob("*.py"))
    assert f'module="local", name="{name}"' in providers

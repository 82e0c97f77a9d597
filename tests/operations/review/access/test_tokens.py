"""Every type that the posture speaks of exists: a typo would make a way or a right invisible."""

from __future__ import annotations

import re
from pathlib import Path

import pulumi_aws
import pulumi_gcp
import pytest

from tests.recorder import ROOT

SOURCES = "".join(file.read_text() for file in (ROOT / "operations/review/access").glob("*.py"))
TOKENS = sorted(set(re.findall(r'"((?:aws|gcp):\w+/\w+:\w+)"', SOURCES)))
SDKS = {"aws": pulumi_aws, "gcp": pulumi_gcp}


@pytest.mark.parametrize("token", TOKENS)
def test_the_type_exists(token: str) -> None:
    cloud, path, _ = token.split(":")
    module, file = path.split("/")
    folder = Path(SDKS[cloud].__file__).parent / {"lambda": "lambda_"}.get(module, module)
    name = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", file).lower()
    source = next((folder / one for one in (f"{name}.py", f"{name}_.py") if (folder / one).exists()), None)
    found = source.read_text() if source else "".join(one.read_text() for one in folder.glob("*.py"))
    assert f"'{token}'" in found


@pytest.mark.parametrize("name", sorted({*re.findall(r"dynamic/local:(\w+)\"", SOURCES), "CacheServer", "PostgresNode"}))
def test_the_local_type_exists(name: str) -> None:
    providers = "".join(file.read_text() for file in (ROOT / "components/local/providers").glob("*.py"))
    assert f'module="local", name="{name}"' in providers

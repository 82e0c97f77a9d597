"""Stack files that tests change, and what is said about a wrong one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from components.config import SettingsError, parse
from components.tiers import merge

GOOD: dict[str, Any] = {"app": "shop", "provider": "local", "tier": "dev"}
CLOUD: dict[str, Any] = {"app": "shop", "provider": "aws", "tier": "dev"}
SERVICE: dict[str, Any] = {"image": "example/api:1", "domain": "api.example.com"}
OWNER = {"migrate": {"image": "operations:1", "when": "deploy", "database_role": "owner"}}


def problems(root: Path, base: dict[str, Any] = GOOD, **change: Any) -> str:
    with pytest.raises(SettingsError) as error:
        parse(merge(base, change), file="Pulumi.test.yaml", root=root)
    return str(error.value)

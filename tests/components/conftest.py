"""A stand-in checkout, so that tests of the settings do not depend on which folders the project has."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# Machines that run tests are shared: slow generation says nothing about the code.
settings.register_profile("shared-machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("shared-machine")


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    for folder in ("runtime", "migrations"):
        (tmp_path / folder).mkdir()
    return tmp_path

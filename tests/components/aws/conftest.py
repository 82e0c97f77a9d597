"""Fixtures of the AWS components' tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.moto_server import moto_server


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """Address of moto's server, which answers for AWS over HTTP."""
    with moto_server() as url:
        yield url

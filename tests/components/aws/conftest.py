"""Fixtures of the AWS components' tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.components.aws.ecs_server import aws_server


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """Address of moto's server, which answers for AWS over HTTP."""
    with aws_server() as url:
        yield url

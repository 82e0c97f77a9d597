"""An account of moto's server, over HTTP. Whatever takes long is made once: clients, and the network."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

import boto3  # type: ignore[import-untyped]
import pytest
from moto.cloudwatch.models import cloudwatch_backends
from moto.ecs.models import ecs_backends
from moto.rds.models import rds_backends

from operations.cloud.aws.calls import LIMITS
from tests.operations.cloud.aws.stack import REGION, Account

ACCOUNT = "123456789012"
OURS = (cloudwatch_backends, ecs_backends, rds_backends)


@pytest.fixture(scope="module")
def clients(moto: str) -> Iterator[Callable[[str], Any]]:
    with pytest.MonkeyPatch.context() as patch:
        for name, value in (("ENDPOINT_URL", moto), ("ACCESS_KEY_ID", "test"), ("SECRET_ACCESS_KEY", "test")):
            patch.setenv(f"AWS_{name}", value)
        real = boto3.client

        @cache
        def made(service: str) -> Any:
            return real(service, region_name=REGION, config=LIMITS)

        patch.setattr(boto3, "client", lambda service, **options: made(service))
        yield made


@pytest.fixture(scope="module")
def network(clients: Callable[[str], Any]) -> tuple[list[str], str]:
    """Subnets and a security group."""
    ec2 = clients("ec2")
    group = ec2.describe_security_groups()["SecurityGroups"][0]["GroupId"]
    return [subnet["SubnetId"] for subnet in ec2.describe_subnets()["Subnets"]], group


@pytest.fixture
def client(clients: Callable[[str], Any]) -> Callable[[str], Any]:
    """Of services in which nothing is."""
    for backends in OURS:
        backends[ACCOUNT][REGION].reset()
    return clients


@pytest.fixture
def account(client: Callable[[str], Any], network: tuple[list[str], str]) -> Account:
    return Account(client, *network)

"""The function that AWS Secrets Manager calls for each step of a rotation, and ``pulumi up`` when an address changes.

Environment: DB_HOST, DB_PORT, DB_NAME, DB_SSL_MODE, DB_SSL_ROOT_CERT, DB_SECRET_ID (the admin's secret), as for every operation;
SECRET_IDS, the secrets that are ours; PREVIOUS_SECRET_ID where there is a proxy; APPLICATION_HOST, APPLICATION_PORT,
APPLICATION_SSL_ROOT_CERT, the address that applications find in their secret; ECS_CLUSTER, whose services are started anew.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from typing import Any

import boto3  # type: ignore[import-untyped]
from botocore.config import Config  # type: ignore[import-untyped]
from botocore.exceptions import BotoCoreError, ClientError  # type: ignore[import-untyped]

from operations.connection import conninfo_of
from operations.rotation.redeploy import redeploy
from operations.rotation.steps import Address, AlternatingUsers, OwnPassword, Rotation, RotationFailed, Value

PENDING, CURRENT = "AWSPENDING", "AWSCURRENT"
LIMITS = Config(connect_timeout=5, read_timeout=10, retries={"mode": "standard", "total_max_attempts": 5})

STEPS = {
    "createSecret": Rotation.create,
    "setSecret": Rotation.set,
    "testSecret": Rotation.test,
    "finishSecret": Rotation.finish,
}


def handler(event: Mapping[str, Any], context: object = None) -> None:
    """One step. Secrets Manager sends Step, SecretId and ClientRequestToken; ``pulumi up`` sends the Step ``address`` alone."""
    del context
    step = str(event.get("Step"))
    try:
        if step == "address":
            for secret in os.environ["SECRET_IDS"].split(","):
                rotation_of(secret).correct_address()
            return
        if step not in STEPS:
            raise RotationFailed(f"there is no step {step!r}; the steps are {', '.join(STEPS)} and address")
        rotation = rotation_of(str(event["SecretId"]), str(event["ClientRequestToken"]))
        STEPS[step](rotation)
    except ClientError as error:
        raise RotationFailed(f"{step}: AWS refused: {error}; check the role of this function") from None
    except BotoCoreError as error:
        raise RotationFailed(f"{step}: AWS cannot be reached: {error}; check the network's NAT or endpoints") from None
    if step == "finishSecret" and isinstance(rotation, AlternatingUsers):
        _start_anew(str(event["SecretId"]))


def rotation_of(secret: str, token: str = "") -> Rotation:
    """The way in which *secret* rotates."""
    environ = os.environ
    store = SecretsManagerStore(secret, token)
    dbname = environ["DB_NAME"]
    if secret == environ["DB_SECRET_ID"]:
        direct = Address(host=environ["DB_HOST"], port=int(environ["DB_PORT"]), dbname=dbname, ca=environ["DB_SSL_ROOT_CERT"])
        return OwnPassword(store, direct, conninfo_of, log)
    public = Address(
        host=environ["APPLICATION_HOST"],
        port=int(environ["APPLICATION_PORT"]),
        dbname=dbname,
        ca=environ["APPLICATION_SSL_ROOT_CERT"],
    )
    previous = environ.get("PREVIOUS_SECRET_ID")
    return AlternatingUsers(store, public, conninfo_of, log, previous=SecretsManagerStore(previous) if previous else None)


class SecretsManagerStore:
    """A secret (ARN) during the rotation *token*, which names the version that is to come."""

    def __init__(self, arn: str, token: str = "") -> None:
        self.arn, self.token = arn, token
        self.client = _client("secretsmanager", arn)

    def current(self) -> Value:
        value = self._value(VersionStage=CURRENT)
        if value is None:
            raise RotationFailed(f"the secret {self.arn} does not exist or has no value; `pulumi up` gives it one")
        return value

    def pending(self) -> Value | None:
        return self._value(VersionId=self.token)

    def propose(self, value: Value) -> None:
        self._put(value, ClientRequestToken=self.token, VersionStages=[PENDING])

    def promote(self) -> None:
        versions = self.client.describe_secret(SecretId=self.arn)["VersionIdsToStages"]
        current = next((version for version, stages in versions.items() if CURRENT in stages), None)
        if current == self.token:
            return
        move = {"MoveToVersionId": self.token, **({"RemoveFromVersionId": current} if current else {})}
        self.client.update_secret_version_stage(SecretId=self.arn, VersionStage=CURRENT, **move)

    def replace(self, value: Value) -> None:
        self._put(value)

    def _put(self, value: Value, **version: Any) -> None:
        self.client.put_secret_value(SecretId=self.arn, SecretString=json.dumps(value, sort_keys=True), **version)

    def _value(self, **version: str) -> Value | None:
        try:
            text = self.client.get_secret_value(SecretId=self.arn, **version)["SecretString"]
        except self.client.exceptions.ResourceNotFoundException:
            return None
        value: Value = json.loads(text)
        return value


def log(line: str) -> None:
    """To the function's log; never a password."""
    print(line, flush=True)


def _start_anew(secret: str) -> None:
    """The rotation is done; programs that cannot be started anew keep a login that works until the next one."""
    try:
        done = redeploy(_client("ecs", secret), os.environ["ECS_CLUSTER"], secret, log)
        log(f"started anew: {', '.join(done) or 'no service uses this secret'}")
    except (ClientError, BotoCoreError) as error:
        log(f"services were not started anew and keep the login before until their next deployment: {error}")


def _client(service: str, arn: str) -> Any:
    return boto3.client(service, region_name=arn.split(":")[3], config=LIMITS)

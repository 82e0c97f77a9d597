"""Rotations that AWS Secrets Manager does itself: asked for, and waited for. Its function (``aws.py``) takes the steps."""

from __future__ import annotations

import uuid
from typing import Any

from operations.cloud.aws.calls import AwsRefused, client, doing
from operations.cloud.contract import Say
from operations.cloud.wait import wait_until
from operations.errors import OperationError, Refused
from runtime.secrets.reference import AWS

CURRENT, PENDING = "AWSCURRENT", "AWSPENDING"
SECONDS = 900.0
"""Limit of the four steps: each is one call of a function of two minutes at most, tried again by Secrets Manager."""


def rotate_managed(arn: str, say: Say) -> str:
    """Rotate the secret *arn* now; the id of the version that is current afterwards.

    A rotation that is under way is taken up instead of another being begun. Raises Refused where the secret has no rotation,
    OperationError where AWS denies it or does not finish.
    """
    form = AWS.fullmatch(arn)
    assert form is not None
    manager = client("secretsmanager", form["region"])
    before = _described(manager, arn)
    if not before.get("RotationEnabled"):
        raise Refused(f"The secret {arn} does not rotate: `pulumi up` gives every login of the database its rotation.")
    stages = before["VersionIdsToStages"]
    current = _with(stages, CURRENT)
    under_way = next((version for version, names in stages.items() if PENDING in names and CURRENT not in names), None)
    say(f"{before['Name']}: {'a rotation is under way' if under_way else 'rotation asked for'}")
    try:
        with doing(f"rotate {before['Name']}", right="secretsmanager:RotateSecret"):
            manager.rotate_secret(SecretId=arn, ClientRequestToken=under_way or str(uuid.uuid4()), RotateImmediately=True)
    except AwsRefused as error:
        if error.code != "InvalidRequestException" or under_way is None:
            raise
        # one that is under way may be begun again or not, as AWS sees it; either way it ends

    def missing() -> str:
        found = _described(manager, arn)["VersionIdsToStages"]
        now = _with(found, CURRENT)
        return "" if now not in (None, current) else "under way"

    try:
        wait_until(f"rotation of {before['Name']}", missing, say, seconds=SECONDS)
    except OperationError as error:
        raise OperationError(f"{error}. Why it does not end is in the log of the function {_function(before)}") from None
    return _with(_described(manager, arn)["VersionIdsToStages"], CURRENT) or ""


def _described(manager: Any, arn: str) -> dict[str, Any]:
    with doing(f"look at the secret {arn}", right="secretsmanager:DescribeSecret"):
        found: dict[str, Any] = manager.describe_secret(SecretId=arn)
    return found


def _with(stages: dict[str, list[str]], stage: str) -> str | None:
    return next((version for version, names in stages.items() if stage in names), None)


def _function(described: dict[str, Any]) -> str:
    return str(described.get("RotationLambdaARN", "of RDS (see the database's events)")).rpartition(":")[2]

"""Calls to AWS: clients that are patient, refusals as one sentence, and lists to their end."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from typing import Any

import boto3  # type: ignore[import-untyped]
from botocore.config import Config  # type: ignore[import-untyped]
from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError  # type: ignore[import-untyped]
from botocore.parsers import ResponseParserError  # type: ignore[import-untyped]

from operations.cloud.contract import Say
from operations.cloud.wait import wait_until
from operations.errors import OperationError

LIMITS = Config(connect_timeout=5, read_timeout=30, retries={"mode": "standard", "total_max_attempts": 8})
"""A call that AWS throttles or that the network loses is tried again for about half a minute."""

THERE = frozenset(
    {
        *("DBClusterAlreadyExistsFault", "DBInstanceAlreadyExists"),
        *("DBClusterSnapshotAlreadyExistsFault", "DBSnapshotAlreadyExists"),
    }
)
"""Somebody else, or a call whose answer was lost, has begun the same."""
IN_A_WRONG_STATE = frozenset({"InvalidDBClusterStateFault", "InvalidDBInstanceState"})
"""Refused for now: another operation is at work on it."""
GONE = frozenset({"DBInstanceNotFound", "DBClusterNotFoundFault"})
BUSY_SECONDS = 900.0
"""How long another operation, such as the daily backup, is waited for."""

THROTTLED = frozenset({"Throttling", "ThrottlingException", "RequestLimitExceeded", "TooManyRequestsException"})
DENIED = frozenset({"AccessDenied", "AccessDeniedException", "UnauthorizedOperation"})
SIGNED_OUT = frozenset({"ExpiredToken", "ExpiredTokenException", "InvalidClientTokenId", "UnrecognizedClientException"})


class AwsRefused(OperationError):
    """One sentence on what AWS refused; ``code`` is AWS's name for it."""

    def __init__(self, sentence: str, code: str = "") -> None:
        super().__init__(sentence)
        self.code = code


def client(service: str, region: str) -> Any:
    """A boto3 client with the credentials of the environment, AWS_PROFILE, or the machine's or task's role."""
    return boto3.client(service, region_name=region, config=LIMITS)


@contextmanager
def doing(what: str, *, right: str) -> Iterator[None]:
    """Turns what AWS refuses into :class:`AwsRefused`. *what*: ``restore shop-dev-drill-1``; *right*: the IAM action it needs."""
    try:
        yield
    except ClientError as error:
        given = error.response.get("Error", {})
        code, message = str(given.get("Code", "unknown")), str(given.get("Message", "")).rstrip(".")
        raise AwsRefused(f"cannot {what}: {_refusal(code, message, right)}", code) from None
    except NoCredentialsError:
        raise AwsRefused(
            f"cannot {what}: there are no AWS credentials; set AWS_PROFILE or sign in with `aws sso login`"
        ) from None
    except BotoCoreError as error:
        kind = type(error).__name__
        raise AwsRefused(f"cannot {what}: AWS cannot be reached ({kind}: {error}); check region, network and proxy") from None
    except ResponseParserError:
        raise AwsRefused(f"cannot {what}: what answers is not AWS; check the proxy, and run the command again") from None


@contextmanager
def passing(codes: Collection[str]) -> Iterator[None]:
    """Goes on after a refusal with one of AWS's *codes*. Inside of :func:`doing`."""
    try:
        yield
    except ClientError as error:
        if error.response.get("Error", {}).get("Code") not in codes:
            raise


def begin(what: str, act: Callable[[], object], say: Say, *, right: str) -> None:
    """Calls *act* until AWS takes it: it waits for what else is at work. Good too where the same was begun already."""

    def refused() -> str:
        try:
            with doing(what, right=right), passing(THERE):
                act()
        except AwsRefused as error:
            if error.code not in IN_A_WRONG_STATE:
                raise
            return f"refused for now ({error})"
        return ""

    wait_until(what, refused, say, seconds=BUSY_SECONDS)


def everything(client: Any, operation: str, **asked: Any) -> list[Any]:
    """All items of a list that AWS gives in pages."""
    paginator = client.get_paginator(operation)
    key = paginator.result_keys[0].expression
    return [item for page in paginator.paginate(**asked) for item in page.get(key, ())]


def _refusal(code: str, message: str, right: str) -> str:
    if code in THROTTLED:
        return f"AWS throttles this account's calls ({code}); run the command again in a few minutes"
    if code in DENIED:
        return f"AWS denies it ({message}); allow {right} to the identity that runs this command"
    if code in SIGNED_OUT:
        return f"the AWS credentials are no longer good ({code}); sign in again, for example with `aws sso login`"
    return f"{message} ({code})"

"""Calls to AWS from dynamic providers: clients that are patient, and refusals as one sentence."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from components.errors import UserError

ATTEMPTS = 8
"""Tries of one call that AWS throttles or that the network loses: about half a minute in all."""

THROTTLED = frozenset({"Throttling", "ThrottlingException", "RequestLimitExceeded", "TooManyRequestsException"})
DENIED = frozenset({"AccessDenied", "AccessDeniedException", "UnauthorizedOperation"})
SIGNED_OUT = frozenset({"ExpiredToken", "ExpiredTokenException", "InvalidClientTokenId", "UnrecognizedClientException"})


class AwsError(UserError):
    """One sentence: what AWS refused or what failed there, and how to mend it."""


def client(service: str, region: str) -> Any:
    """A boto3 client with the credentials that Pulumi itself finds: environment, AWS_PROFILE, or the machine's role."""
    import boto3  # type: ignore[import-untyped]
    from botocore.config import Config  # type: ignore[import-untyped]

    limits = Config(connect_timeout=5, read_timeout=30, retries={"mode": "standard", "total_max_attempts": ATTEMPTS})
    return boto3.client(service, region_name=region, config=limits)


@contextmanager
def doing(what: str, *, right: str) -> Iterator[None]:
    """Turns what AWS refuses into one sentence. *what*: ``run job migrate``; *right*: the IAM action that it needs."""
    from botocore.exceptions import (  # type: ignore[import-untyped]
        BotoCoreError,
        ClientError,
        NoCredentialsError,
    )

    try:
        yield
    except ClientError as error:
        raise AwsError(f"cannot {what}: {_refusal(error.response.get('Error', {}), right)}") from None
    except NoCredentialsError:
        raise AwsError(f"cannot {what}: there are no AWS credentials; set AWS_PROFILE or sign in with `aws sso login`") from None
    except BotoCoreError as error:
        raise AwsError(
            f"cannot {what}: AWS cannot be reached ({type(error).__name__}: {error}); check region, network and proxy"
        ) from None


def _refusal(error: dict[str, str], right: str) -> str:
    code, message = error.get("Code", "unknown"), error.get("Message", "").rstrip(".")
    if code in THROTTLED:
        return f"AWS throttles this account's calls ({code}); run `pulumi up` again in a few minutes"
    if code in DENIED:
        return f"AWS denies it ({message}); allow {right} to the identity that Pulumi runs as"
    if code in SIGNED_OUT:
        return f"the AWS credentials are no longer good ({code}); sign in again, for example with `aws sso login`"
    if code == "ClusterNotFoundException":
        return "the ECS cluster is gone; run `pulumi refresh`, then `pulumi up`, which makes it again"
    return f"{message} ({code})"

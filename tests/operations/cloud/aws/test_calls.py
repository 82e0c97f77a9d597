"""What AWS refuses, in one sentence that says how to mend it."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError, NoCredentialsError  # type: ignore[import-untyped]

from operations.cloud.aws.calls import AwsRefused, client, doing, passing


def refused(code: str, message: str = "User: u is not authorized") -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": f"{message}."}}, "FailoverDBCluster")


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (
            refused("AccessDenied"),
            "AWS denies it (User: u is not authorized); allow rds:FailoverDBCluster to the identity that runs this command",
        ),
        (
            refused("ExpiredToken"),
            "the AWS credentials are no longer good (ExpiredToken); sign in again, for example with `aws sso login`",
        ),
        (
            refused("Throttling"),
            "AWS throttles this account's calls (Throttling); run the command again in a few minutes",
        ),
        (refused("InvalidParameterValue", "no such thing"), "no such thing (InvalidParameterValue)"),
        (NoCredentialsError(), "there are no AWS credentials; set AWS_PROFILE or sign in with `aws sso login`"),
    ],
)
def test_a_refusal(error: Exception, sentence: str) -> None:
    with pytest.raises(AwsRefused) as found, doing("fail shop-dev over", right="rds:FailoverDBCluster"):
        raise error
    assert str(found.value) == f"cannot fail shop-dev over: {sentence}"


def test_what_may_be_refused() -> None:
    with doing("delete it", right="r"), passing({"DBInstanceNotFound"}):
        raise refused("DBInstanceNotFound")
    with pytest.raises(AwsRefused), doing("delete it", right="r"), passing({"DBInstanceNotFound"}):
        raise refused("AccessDenied")


def test_aws_that_cannot_be_reached(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    with (
        pytest.raises(AwsRefused, match=r"cannot look: AWS cannot be reached \(EndpointConnectionError"),
        doing("look", right="r"),
    ):
        client("rds", "ap-northeast-1").describe_db_clusters()

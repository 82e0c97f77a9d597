"""AWS Secrets Manager, against moto's server over HTTP."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from typing import Any

import boto3  # type: ignore[import-untyped]
import pytest
from botocore.stub import Stubber  # type: ignore[import-untyped]

from runtime.errors import SecretError
from runtime.secrets import Credentials
from runtime.secrets.aws import AwsSecret
from tests.moto_server import moto_server
from tests.throttle import throttle_secrets

PASSWORD = "never-shown-7f3a"
REGION = "ap-northeast-1"
MISSING = f"arn:aws:secretsmanager:{REGION}:123456789012:secret:shop/prod/none-AbCdEf"


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with moto_server() as address:
        yield address


@pytest.fixture
def aws(server: str, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("AWS_ENDPOINT_URL_SECRETS_MANAGER", server)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    return boto3.client("secretsmanager", region_name=REGION)


def made(aws: Any, name: str, **content: Any) -> str:
    return str(aws.create_secret(Name=name, **content)["ARN"])


def problem_of(secret: AwsSecret) -> str:
    with pytest.raises(SecretError) as caught:
        secret.fetch()
    text = str(caught.value)
    assert PASSWORD not in text
    assert "\n" not in text
    return text


def test_throttling_is_waited_out(aws: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    arn = made(aws, "shop/prod/busy", SecretString=json.dumps({"username": "u", "password": PASSWORD}))
    throttle_secrets(monkeypatch, 2)
    assert AwsSecret(arn).fetch().password == PASSWORD


def test_throttling_without_end_is_one_sentence(aws: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    arn = made(aws, "shop/prod/busier", SecretString=json.dumps({"username": "u", "password": PASSWORD}))
    throttle_secrets(monkeypatch, 99)
    assert problem_of(AwsSecret(arn)) == f"AWS Secrets Manager did not give the secret {arn} (ThrottlingException)"


def test_fetch_and_fetch_again_after_a_rotation(aws: Any) -> None:
    arn = made(aws, "shop/prod/db", SecretString=json.dumps({"username": "u", "password": "one", "port": 5432}))
    secret = AwsSecret(arn)
    assert secret.fetch() == Credentials(username="u", password="one")
    aws.put_secret_value(SecretId=arn, SecretString=json.dumps({"username": "u_clone", "password": "two"}))
    assert secret.fetch() == Credentials(username="u_clone", password="two")


def test_a_binary_secret(aws: Any) -> None:
    arn = made(aws, "shop/binary/db", SecretBinary=json.dumps({"username": "u", "password": "p"}).encode())
    assert AwsSecret(arn).fetch().password == "p"


def test_the_region_comes_from_the_arn(aws: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    arn = made(aws, "shop/region/db", SecretString='{"username": "u", "password": "p"}')
    assert AwsSecret(arn).fetch().username == "u"
    elsewhere = arn.replace(REGION, "eu-west-1")
    assert "in eu-west-1: check the ARN, its region and its account" in problem_of(AwsSecret(elsewhere))


@pytest.mark.usefixtures("aws")
def test_a_missing_secret() -> None:
    assert problem_of(AwsSecret(MISSING)).startswith(f"there is no secret {MISSING} in {REGION}")


def test_a_secret_marked_for_deletion(aws: Any) -> None:
    arn = made(aws, "shop/deleted/db", SecretString="{}")
    aws.delete_secret(SecretId=arn)
    assert "marked for deletion" in problem_of(AwsSecret(arn))


def test_content_that_is_no_login(aws: Any) -> None:
    arn = made(aws, "shop/broken/db", SecretString=f'{{"password": "{PASSWORD}"')
    assert f"the secret {arn} is not a JSON object" in problem_of(AwsSecret(arn))
    aws.put_secret_value(SecretId=arn, SecretString=f'{{"password": "{PASSWORD}"}}')
    assert f"the secret {arn} has no username" in problem_of(AwsSecret(arn))


@pytest.mark.parametrize(
    ("code", "sentence"),
    [
        ("AccessDeniedException", "AWS refuses to show the secret"),
        ("DecryptionFailure", "kms:Decrypt on its key"),
        ("ThrottlingException", "did not give the secret"),
    ],
)
def test_refusals(aws: Any, code: str, sentence: str) -> None:
    with Stubber(aws) as stubbed:  # moto refuses nobody
        stubbed.add_client_error("get_secret_value", service_error_code=code, service_message=PASSWORD)
        text = problem_of(AwsSecret(MISSING, client=aws))
    assert sentence in text
    assert code in text


@pytest.mark.usefixtures("aws")
def test_a_store_out_of_reach(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_SECRETS_MANAGER", "http://127.0.0.1:9")
    assert problem_of(AwsSecret(MISSING)).startswith(f"cannot reach AWS Secrets Manager in {REGION} (EndpointConnectionError)")


@pytest.mark.usefixtures("aws")
def test_no_aws_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nowhere")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nowhere")
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)  # it has resolved the keys of the other tests
    assert "this process has no AWS credentials" in problem_of(AwsSecret(MISSING))


def test_without_the_sdk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "boto3", None)
    assert problem_of(AwsSecret(MISSING)) == "AWS Secrets Manager needs boto3: pip install boto3"

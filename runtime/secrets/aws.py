"""AWS Secrets Manager."""

from __future__ import annotations

from typing import Any

from runtime.errors import SecretError
from runtime.secrets.reference import AWS
from runtime.secrets.source import Credentials, credentials_in


class AwsSecret:
    """A secret by its ARN, which also says the region. *client*: a boto3 Secrets Manager client, for tests.

    One answer is waited for 5 s, three attempts are made (botocore's standard retries: throttling, network).
    """

    def __init__(self, arn: str, *, client: Any = None) -> None:
        form = AWS.fullmatch(arn)
        if form is None:
            raise ValueError(f"not the ARN of a secret: {arn}")
        self.arn = arn
        self.region = form["region"]
        self._client = client

    def fetch(self) -> Credentials:
        try:
            import boto3  # type: ignore[import-untyped]
            from botocore.config import Config  # type: ignore[import-untyped]
            from botocore.exceptions import (  # type: ignore[import-untyped]
                BotoCoreError,
                ClientError,
                NoCredentialsError,
            )
        except ModuleNotFoundError:
            raise SecretError("AWS Secrets Manager needs boto3: pip install boto3") from None
        where = f"the secret {self.arn}"
        try:
            if self._client is None:
                limits = Config(connect_timeout=3, read_timeout=5, retries={"mode": "standard", "total_max_attempts": 3})
                self._client = boto3.client("secretsmanager", region_name=self.region, config=limits)
            answer = self._client.get_secret_value(SecretId=self.arn)
        except ClientError as error:
            raise SecretError(self._refusal(error.response.get("Error", {}).get("Code", "unknown"))) from None
        except NoCredentialsError:
            raise SecretError(
                f"cannot read {where}: this process has no AWS credentials; give its task a role that may read it"
            ) from None
        except BotoCoreError as error:
            raise SecretError(
                f"cannot reach AWS Secrets Manager in {self.region} ({type(error).__name__}): "
                "check the region in the ARN, AWS_PROFILE where it is set, and that the network has a route or an endpoint to it"
            ) from None
        # A secret made from a file in the console is SecretBinary; botocore has decoded it.
        return credentials_in(answer.get("SecretString") or answer.get("SecretBinary") or b"", where)

    def _refusal(self, code: str) -> str:
        if code == "ResourceNotFoundException":
            return f"there is no secret {self.arn} in {self.region}: check the ARN, its region and its account"
        if code in ("AccessDeniedException", "AccessDenied", "DecryptionFailure", "KMSAccessDeniedException"):
            return (
                f"AWS refuses to show the secret {self.arn} ({code}): "
                "allow secretsmanager:GetSecretValue on it, and kms:Decrypt on its key"
            )
        if code == "InvalidRequestException":
            return f"the secret {self.arn} is marked for deletion: restore it, or point DB_SECRET_ID to another"
        return f"AWS Secrets Manager did not give the secret {self.arn} ({code})"

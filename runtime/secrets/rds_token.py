"""Login to RDS, Aurora and RDS Proxy with the identity of the process (IAM) instead of a password."""

from __future__ import annotations

import re
from threading import Lock
from typing import Any

from runtime.errors import SecretError
from runtime.secrets.source import Credentials

ENDPOINT = re.compile(r".+\.(?P<region>[a-z]{2}(?:-[a-z]+)+-\d)\.rds\.amazonaws\.com(?:\.cn)?")
"""An address that RDS gave; it holds the region. A name of one's own for it does not serve: tokens are signed for this one."""


class RdsToken:
    """A token for each connection: signed here from the process's AWS credentials, good for 15 minutes and one address.

    user: a database user with ``GRANT rds_iam``; the process's role needs ``rds-db:connect`` on it. *client*: a boto3 RDS client,
    for tests. The region is the one in the address, else that of the process (AWS_DEFAULT_REGION).
    """

    def __init__(self, *, user: str, port: int, client: Any = None) -> None:
        self._user, self._port, self._client = user, port, client
        self._lock = Lock()

    def token(self, host: str) -> Credentials:
        """The login for *host*. No network: only the process's own credentials may have to be renewed. Raises ``SecretError``."""
        try:
            import boto3  # type: ignore[import-untyped]
            from botocore.exceptions import BotoCoreError, ClientError  # type: ignore[import-untyped]
        except ModuleNotFoundError:
            raise SecretError("DB_LOGIN=rds-iam needs boto3: pip install boto3") from None
        found = ENDPOINT.fullmatch(host)
        region = found["region"] if found else None
        try:
            with self._lock:  # several connections are made at once, and a client takes a tenth of a second
                if self._client is None:
                    self._client = boto3.session.Session().client("rds", region_name=region)
            token = self._client.generate_db_auth_token(DBHostname=host, Port=self._port, DBUsername=self._user, Region=region)
        except (BotoCoreError, ClientError) as error:
            raise SecretError(
                f"cannot sign a login for {self._user} at {host} ({type(error).__name__}): "
                "give this process's role rds-db:connect, and set AWS_DEFAULT_REGION where the address is not one of RDS"
            ) from None
        return Credentials(username=self._user, password=token)

"""The registries of the clouds: where a stack's own images are, and a login that lasts for one push."""

from __future__ import annotations

import base64
from dataclasses import dataclass

from operations.errors import OperationError, Refused
from operations.image.stack_file import StackFile


@dataclass(frozen=True)
class Registry:
    """Where to push: ``<host>/<folder>``, with a short-lived login."""

    host: str
    folder: str
    user: str
    password: str

    def __repr__(self) -> str:
        return f"Registry({self.host}/{self.folder})"


def registry_of(file: StackFile) -> Registry:
    """The registry of the stack's cloud, with the credentials of the environment (a role, ``gcloud auth``, OIDC).

    Raises OperationError when the cloud gives no login, Refused when the stack file does not say where.
    """
    return {"aws": _ecr, "gcp": _artifact_registry}[file.settings.provider](file)


def _ecr(file: StackFile) -> Registry:
    import boto3  # type: ignore[import-untyped]
    from botocore.exceptions import BotoCoreError, ClientError  # type: ignore[import-untyped]

    try:
        answer = boto3.client("ecr", region_name=file.settings.region).get_authorization_token()["authorizationData"][0]
    except (BotoCoreError, ClientError) as error:
        raise OperationError(
            f"ECR gives no login: {error}. Sign in to AWS (aws sso login, a role) as somebody who may ecr:GetAuthorizationToken."
        ) from None
    user, _, password = base64.b64decode(answer["authorizationToken"]).decode().partition(":")
    return Registry(answer["proxyEndpoint"].removeprefix("https://"), file.folder, user, password)


def _artifact_registry(file: StackFile) -> Registry:
    from google.auth import default
    from google.auth.exceptions import GoogleAuthError
    from google.auth.transport.requests import Request

    if not file.project:
        raise Refused(f"{file.path.name} does not say in which project the images are: write gcp:project.")
    try:
        credentials, _ = default(scopes=["https://www.googleapis.com/auth/cloud-platform"])
        credentials.refresh(Request())  # type: ignore[no-untyped-call]
    except GoogleAuthError as error:
        raise OperationError(
            f"Google Cloud gives no login: {error}. Sign in: `gcloud auth application-default login`, or in a pipeline by OIDC."
        ) from None
    host = f"{file.settings.region}-docker.pkg.dev"
    return Registry(host, f"{file.project}/{file.folder}", "oauth2accesstoken", str(credentials.token))

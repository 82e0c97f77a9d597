"""``image build``: what buildx is asked for, whose registry gets it, and what is written into the stack file."""

from __future__ import annotations

import base64
import difflib
import json
import subprocess
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
import yaml
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from components.config import parse
from operations.engine.checkout import Checkout
from operations.image.stack_file import load
from tests.checkout import ROOT
from tests.operations.driver import Ended
from tests.operations.image.fake_docker import DIGEST, FakeDocker
from tests.test_main import STACKS

CLOUDS = [stack for stack in STACKS if stack != "local"]


Run = Callable[..., Ended]


def settings(path: Path) -> dict[str, Any]:
    config = yaml.safe_load(path.read_text())["config"]
    return {key.partition(":")[2]: value for key, value in config.items()}


def test_on_aws(run: Run, docker: FakeDocker, checkout: Path, account: str) -> None:
    result = run("api", "--stack", "prod", "--context", "app")
    assert result.code == 0, result.text
    host = f"{account}.dkr.ecr.ap-northeast-1.amazonaws.com"
    login = docker.call("login")
    assert login["argv"] == ["login", "--username", "AWS", "--password-stdin", host]
    assert login["stdin"], "the password comes by standard input"
    assert login["stdin"] not in json.dumps([call["argv"] for call in docker.calls()]) + result.text
    build = docker.call("buildx", "build")["argv"]
    commit = subprocess.run(
        ["git", "rev-parse", "--short=12", "HEAD"], cwd=checkout, capture_output=True, text=True
    ).stdout.strip()
    assert build[build.index("--platform") + 1] == "linux/amd64"
    assert build[build.index("--tag") + 1] == f"{host}/reference-production/api:{commit}"
    assert build[build.index("--file") + 1] == "app/Dockerfile"
    assert build[-1] == "app"
    assert {"--push", "--provenance=false", "--sbom=false"} <= set(build)
    assert settings(checkout / "Pulumi.prod.yaml")["services"]["api"]["image"] == f"api@{DIGEST}"
    assert f"api@{DIGEST} (linux/amd64, tag {commit})\nWritten to Pulumi.prod.yaml: services.api.image.\n" == result.out


def test_on_google_cloud(run: Run, docker: FakeDocker, checkout: Path, tmp_path: Path) -> None:
    with token_server() as address:
        key = rsa.generate_private_key(65537, 2048).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
        account = {
            **{"type": "service_account", "client_email": "ci@p.iam.gserviceaccount.com", "token_uri": address},
            **{"private_key": key, "project_id": "p"},
        }
        credentials = tmp_path / "credentials.json"
        credentials.write_text(json.dumps(account))
        arguments = ("operations", "--stack", "gcp-prod", "--context", "app", "--tag", "0.2.0")
        result = run(*arguments, GOOGLE_APPLICATION_CREDENTIALS=str(credentials))
    assert result.code == 0, result.text
    login = docker.call("login")
    assert login["argv"] == ["login", "--username", "oauth2accesstoken", "--password-stdin", "asia-northeast1-docker.pkg.dev"]
    assert login["stdin"] == "short-lived"
    build = docker.call("buildx", "build")["argv"]
    repository = "asia-northeast1-docker.pkg.dev/reference-prod/reference-production/operations"
    assert build[build.index("--tag") + 1] == f"{repository}:0.2.0"
    found = settings(checkout / "Pulumi.gcp-prod.yaml")
    assert found["jobs"]["migrate"]["image"] == found["operations_image"] == f"operations@{DIGEST}"


class _Token(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        body = json.dumps({"access_token": "short-lived", "expires_in": 3600, "token_type": "Bearer"}).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        pass


class token_server:
    """Google's token endpoint."""

    def __enter__(self) -> str:
        self.server = HTTPServer(("127.0.0.1", 0), _Token)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return f"http://127.0.0.1:{self.server.server_port}/token"

    def __exit__(self, *_: object) -> None:
        self.server.shutdown()
        self.server.server_close()


@pytest.mark.parametrize("stack", CLOUDS)
@pytest.mark.parametrize("image", ["api", "web", "operations"])
def test_only_the_image_changes_in_the_file(stack: str, image: str, checkout: Path) -> None:
    """Comments, quotes, order and layout stay; what was written is a stack file that can be used."""
    file = load(Checkout(checkout), stack)
    before = file.path.read_text()
    changed = file.write(image, DIGEST)
    diff = [line for line in difflib.ndiff(before.splitlines(), file.path.read_text().splitlines()) if line[0] in "+-"]
    assert all(image in line for line in diff), diff
    assert len([line for line in diff if line[0] == "+"]) == len(changed) == (2 if image == "operations" else 1)
    parse({key: value for key, value in settings(file.path).items() if key not in ("region", "project")}, file=file.path.name)
    assert load(Checkout(checkout), stack).write(image, DIGEST) == [], "the second time nothing is to be done"


def test_an_image_for_another_processor(run: Run, docker: FakeDocker, checkout: Path, account: str) -> None:
    path = checkout / "Pulumi.dev.yaml"
    path.write_text(path.read_text().replace("image: web:0.1.0\n", "image: web:0.1.0\n      architecture: arm64\n"))
    assert run("web", "--stack", "dev", "--context", "app", "--tag", "1").code == 0
    build = docker.call("buildx", "build")["argv"]
    assert build[build.index("--platform") + 1] == "linux/arm64"
    path.write_text(path.read_text().replace("operations:0.1.0\n", "operations:0.1.0\n      architecture: arm64\n"))
    both = run("operations", "--stack", "dev", "--context", "app", "--tag", "1")
    assert both.code == 2
    assert "wants image 'operations' for linux/amd64 and linux/arm64 (jobs.migrate.image, operations_image)" in both.err


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("api", "--stack", "nowhere"), "There is no stack 'nowhere'"),
        (("api", "--stack", "local"), "Stack 'local' runs on this machine"),
        (("nothing", "--stack", "dev"), "names no image 'nothing' of its own registry (it names: api, operations, web)"),
        (
            ("api", "--stack", "dev", "--context", "app", "--dockerfile", "other", "--tag", "1"),
            "There is no other: name the image's Dockerfile",
        ),
        (
            ("api", "--stack", "dev", "--context", "nowhere", "--dockerfile", "app/Dockerfile", "--tag", "1"),
            "There is no folder nowhere",
        ),
        (("api", "--stack", "dev", "--context", "/", "--dockerfile", "app/Dockerfile"), "is in no git checkout: say with --tag"),
    ],
)
def test_bad_input(run: Run, docker: FakeDocker, account: str, arguments: tuple[str, ...], sentence: str) -> None:
    result = run(*arguments)
    assert result.code == 2, result.text
    assert sentence in result.err
    assert "Traceback" not in result.text
    assert not docker.calls()


@pytest.mark.parametrize(
    ("answer", "code", "sentence"),
    [
        ({"fails": ["login"], "says": "unauthorized"}, 1, "could not log in to"),
        ({"fails": ["build"]}, 1, "Image api was not built or not pushed (exit code 1)"),
        ({"metadata": None}, 1, "did not say the digest of api"),
        ({"metadata": "{}"}, 1, "did not say the digest of api"),
        ({"metadata": "[]"}, 1, "did not say the digest of api"),
        ({"metadata": '{"containerimage.digest": "sha256:short"}'}, 1, "did not say the digest of api"),
        ({"metadata": "not json"}, 1, "did not say the digest of api"),
    ],
)
def test_nothing_is_written_when_it_fails(
    run: Run, docker: FakeDocker, checkout: Path, account: str, answer: dict[str, Any], code: int, sentence: str
) -> None:
    before = (checkout / "Pulumi.dev.yaml").read_text()
    docker.will(**answer)
    result = run("api", "--stack", "dev", "--context", "app")
    assert result.code == code, result.text
    assert sentence in result.err
    assert "Traceback" not in result.text
    assert (checkout / "Pulumi.dev.yaml").read_text() == before


def test_without_docker(run: Run, docker: FakeDocker, account: str, tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    result = run("api", "--stack", "dev", "--context", "app", "--tag", "1", PATH=str(empty))
    assert result.code == 2
    assert "Docker is not installed here" in result.err


def test_without_credentials(run: Run) -> None:
    result = run(
        "api", "--stack", "dev", "--context", "app", AWS_EC2_METADATA_DISABLED="true", AWS_CONFIG_FILE="/nowhere", HOME="/nowhere"
    )
    assert result.code == 1
    assert "ECR gives no login" in result.err
    assert "Traceback" not in result.text


def test_moto_answers_as_ecr_does(aws: Callable[[str], Any]) -> None:
    answer = aws("ecr").get_authorization_token()["authorizationData"][0]
    assert base64.b64decode(answer["authorizationToken"]).startswith(b"AWS:")


def test_the_stack_files_have_images_of_their_own() -> None:
    assert all(load(Checkout(ROOT), stack).own() for stack in CLOUDS)

"""Calls to Cloud Run from dynamic providers: clients that wait a little, and refusals as one sentence."""

from __future__ import annotations

import json
import os
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

from components.errors import UserError

CALL_SECONDS = 30.0
"""How long one answer is waited for, tries while Google is unavailable or throttles included."""
EMULATOR = "CLOUD_RUN_EMULATOR_HOST"
"""Environment variable with ``host:port`` of a stand-in for Cloud Run: no TLS, no credentials. For tests."""
SHOWN = 3
"""Reasons that a sentence holds."""

HINTS = (
    (("listen on the port", "PORT="), "let the program listen on 0.0.0.0 and the port that the variable PORT names"),
    (("not found", "Image '"), "push the image first, and check its name and tag"),
    (("secret", "Secret"), "check that the secret and its version exist, are enabled and may be read"),
    (("emory limit",), "give it more memory_mib"),
    (("probe", "health check"), "see whether health_check.ready_path answers 200 and the database can be reached"),
)
"""Words in a reason, and what to do then; the first match counts."""


class GcpError(UserError):
    """One sentence: what Google refused or what failed there, and how to mend it."""


@contextmanager
def _quietly() -> Iterator[None]:
    """Google's packages announce at import when they will drop this Python: nothing for a deployment's output."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        yield


@contextmanager
def client(kind: Literal["Services", "Jobs"]) -> Iterator[Any]:
    """A client of Cloud Run with the credentials that Pulumi's own provider finds in the environment."""
    with _quietly():
        from google.cloud import run_v2

    made = getattr(run_v2, f"{kind}Client")
    emulator = os.environ.get(EMULATOR)
    if emulator:
        import grpc  # type: ignore[import-untyped]

        transport = made.get_transport_class("grpc")(channel=grpc.insecure_channel(emulator))
        found = made(transport=transport)
    else:
        found = made(credentials=_credentials())
    with found:
        yield found


def limits() -> dict[str, Any]:
    """Options of a call: try again while Google is unavailable or throttles, and end after CALL_SECONDS."""
    from google.api_core.exceptions import ResourceExhausted, ServiceUnavailable
    from google.api_core.retry import Retry, if_exception_type

    again = Retry(if_exception_type(ServiceUnavailable, ResourceExhausted), initial=0.5, timeout=CALL_SECONDS)
    return {"retry": again, "timeout": CALL_SECONDS}


def _credentials() -> Any:
    """What the variables of Pulumi's provider hold; None for Google's own search (gcloud, the machine's account)."""
    token, key = os.environ.get("GOOGLE_OAUTH_ACCESS_TOKEN"), os.environ.get("GOOGLE_CREDENTIALS")
    if token:
        from google.oauth2.credentials import Credentials

        return Credentials(token)  # type: ignore[no-untyped-call]
    if key:
        from google.oauth2.service_account import Credentials as KeyOfAccount

        scopes = ["https://www.googleapis.com/auth/cloud-platform"]
        try:
            held = json.loads(key) if key.lstrip().startswith("{") else json.loads(Path(key).read_text())
            return KeyOfAccount.from_service_account_info(held, scopes=scopes)  # type: ignore[no-untyped-call]
        except (ValueError, OSError):
            raise GcpError("GOOGLE_CREDENTIALS is neither the key of a service account nor a file with one") from None
    return None


@contextmanager
def doing(what: str, *, right: str) -> Iterator[None]:
    """Turns what Google refuses into one sentence. *what*: ``look at service api``; *right*: the permission that it needs."""
    with _quietly():
        from google.api_core.exceptions import DeadlineExceeded, GoogleAPICallError, PermissionDenied, RetryError, Unauthenticated
        from google.auth.exceptions import GoogleAuthError

    try:
        yield
    except PermissionDenied as error:
        raise GcpError(
            f"cannot {what}: Google denies it ({_said(error)}); allow {right} to the identity that Pulumi runs as"
        ) from None
    except (GoogleAuthError, Unauthenticated):
        raise GcpError(
            f"cannot {what}: there are no good Google credentials; sign in with `gcloud auth application-default login`"
        ) from None
    except (DeadlineExceeded, RetryError):
        raise GcpError(f"cannot {what}: no answer within {CALL_SECONDS:g} seconds; run `pulumi up` again") from None
    except GoogleAPICallError as error:
        raise GcpError(f"cannot {what}: {_said(error)} ({type(error).__name__})") from None


def failures(conditions: Sequence[Any]) -> str:
    """What the failed ones among *conditions* say, each once, with what to do about it where we know."""
    failed = [item for item in conditions if item.state.name == "CONDITION_FAILED" and item.message]
    said = list(dict.fromkeys(item.message.strip().rstrip(".") for item in failed))[:SHOWN]
    if not said:
        return "Google gives no reason."
    text = " | ".join(said)
    advice = next((f"; {advice}" for words, advice in HINTS if any(word in text for word in words)), "")
    return f"Reason: {text}{advice}."


def _said(error: Any) -> str:
    return str(error.message).strip().rstrip(".")

"""A database login as containers get it: in three secrets, each at the version that the last `up` or the last rotation wrote."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pulumi

from components.environment import Login
from components.gcp.secret import PinnedSecret, Secret
from operations.rotation.note import Noted


class PublishedLogin:
    """A login in *document* (JSON), *password* and *url*: Cloud Run gives a variable a whole secret, never a key of a JSON one.

    *username*: whose login `up` wrote. A rotation writes newer versions and notes their numbers on *document*; as soon as a
    refresh has seen the note, containers are started with those. Whichever of the two wrote last counts.
    """

    def __init__(self, document: Secret, password: Secret, url: Secret, *, username: str) -> None:
        self.secrets: Sequence[Secret] = (document, password, url)
        current = pulumi.Output.all(
            document.annotations, username, document.filled.version, password.filled.version, url.filled.version
        ).apply(_current)
        self.password = PinnedSecret(
            id=document.id, key="password", secret=password.secret_id, version=current.apply(lambda found: found["password"])
        )
        self.login = Login(
            username=current.apply(lambda found: found["username"]),
            secret_id=document.id,
            url=PinnedSecret(id=url.id, secret=url.secret_id, version=current.apply(lambda found: found["url"])),
        )


def _current(known: Sequence[Any]) -> Mapping[str, str]:
    """User name and versions of the login that counts: what a rotation noted, unless `up` has written a newer one since."""
    annotations, username, version, password, url = known
    noted = Noted.on(annotations)
    if noted is not None and noted.version > int(version):
        return {"username": noted.username, "password": str(noted.password), "url": str(noted.url)}
    return {"username": username, "password": password, "url": url}

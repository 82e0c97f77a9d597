"""Credentials: which source is picked, the file, the cache. The clouds have files of their own."""

from __future__ import annotations

import json
import threading
from pathlib import Path

import pytest

from runtime.environment import DatabaseEnvironment
from runtime.errors import SecretError
from runtime.secrets import CachedSource, Credentials, EnvironmentSecret, source_of
from runtime.secrets.aws import AwsSecret
from runtime.secrets.file import FileSecret
from runtime.secrets.gcp import GcpSecret

PASSWORD = "never-shown-7f3a"
ARN = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:shop/prod/db-AbCdEf"


def environment(**variables: str) -> DatabaseEnvironment:
    fixed = {"DB_NAME": "shop", "DB_HOST": "h", "DB_SSL_MODE": "require"}
    return DatabaseEnvironment.from_environ(fixed | variables)


@pytest.mark.parametrize(
    ("reference", "kind"),
    [
        ("file:///run/secrets/db.json", FileSecret),
        (ARN, AwsSecret),
        (ARN.replace("arn:aws:", "arn:aws-cn:"), AwsSecret),
        ("projects/p-1/secrets/shop-db", GcpSecret),
        ("projects/p-1/secrets/shop-db/versions/7", GcpSecret),
    ],
)
def test_the_form_of_the_reference_picks_the_source(reference: str, kind: type) -> None:
    assert type(source_of(environment(DB_SECRET_ID=reference))) is kind


def test_without_a_reference_the_environment_itself() -> None:
    source = source_of(environment(DB_USER="u", DB_PASSWORD=PASSWORD))
    assert isinstance(source, EnvironmentSecret)
    assert source.fetch() == Credentials(username="u", password=PASSWORD)
    assert PASSWORD not in repr(source)


def test_the_reference_wins_over_user_and_password(tmp_path: Path) -> None:
    path = tmp_path / "a b.json"
    path.write_text(json.dumps({"username": "file_user", "password": "p", "host": "x", "port": 1}))
    source = source_of(environment(DB_USER="u", DB_PASSWORD="x", DB_SECRET_ID=path.as_uri()))
    assert source.fetch() == Credentials(username="file_user", password="p")


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (None, "cannot read the secret file {path}: No such file or directory"),
        (f'{{"username": "u", "password": "{PASSWORD}"', "the secret file {path} is not a JSON object"),
        (f'["{PASSWORD}"]', "the secret file {path} is not a JSON object"),
        ("", "the secret file {path} is not a JSON object"),
        (f'{{"user": "u", "password": "{PASSWORD}"}}', "the secret file {path} has no username"),
        (f'{{"username": "{PASSWORD}", "password": 7}}', "the secret file {path} has no password"),
        ("{}", "has no username and no password"),
    ],
)
def test_a_bad_file(tmp_path: Path, content: str | None, sentence: str) -> None:
    path = tmp_path / "db.json"
    if content is not None:
        path.write_text(content)
    with pytest.raises(SecretError) as caught:
        FileSecret(path.as_uri()).fetch()
    assert sentence.format(path=path) in str(caught.value)
    chain: BaseException | None = caught.value
    while chain is not None:  # a chained JSON error would carry the content
        assert PASSWORD not in f"{chain} {vars(chain)}"
        chain = chain.__cause__ or chain.__context__


def test_bytes_that_are_no_text(tmp_path: Path) -> None:
    path = tmp_path / "db.json"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(SecretError, match="is not a JSON object"):
        FileSecret(path.as_uri()).fetch()


def test_the_password_is_not_in_the_repr() -> None:
    assert repr(Credentials(username="u", password=PASSWORD)) == "Credentials(username='u')"


class Store:
    """A source that counts; its n-th answer is the n-th password, or an error where that is None."""

    def __init__(self, *answers: str | None) -> None:
        self.answers = list(answers)
        self.fetched = 0

    def fetch(self) -> Credentials:
        self.fetched += 1
        answer = self.answers[min(self.fetched, len(self.answers)) - 1]
        if answer is None:
            raise SecretError("the store is away")
        return Credentials(username="u", password=answer)


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_fetched_once_while_logins_succeed() -> None:
    store = Store("one")
    cached = CachedSource(store)
    assert [cached.fetch().password for _ in range(3)] == ["one"] * 3
    assert store.fetched == 1


def test_a_burst_of_failed_logins_fetches_once() -> None:
    store, clock = Store("one", "two"), Clock()
    cached = CachedSource(store, clock=clock)
    old = cached.fetch()
    clock.now += 60
    found: list[str] = []
    threads = [threading.Thread(target=lambda: found.append(cached.refresh(old).password)) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == ["two"] * 20
    assert store.fetched == 2


def test_a_password_that_stays_wrong_is_fetched_once_a_second() -> None:
    store, clock = Store("one"), Clock()
    cached = CachedSource(store, clock=clock)
    wrong = cached.fetch()
    for _ in range(40):  # 4 s of failing logins
        clock.now += 0.1
        assert cached.refresh(wrong) == wrong
    assert store.fetched in (4, 5)


def test_a_store_that_is_away_is_asked_once_a_second_and_then_again() -> None:
    store, clock = Store(None, "one"), Clock()
    cached = CachedSource(store, clock=clock)
    for _ in range(3):
        with pytest.raises(SecretError, match="the store is away"):
            cached.fetch()
    assert store.fetched == 1
    clock.now += 1.1
    assert cached.fetch().password == "one"


def test_a_store_that_is_away_at_the_refresh_keeps_what_was_good() -> None:
    store, clock = Store("one", None, "two"), Clock()
    cached = CachedSource(store, clock=clock)
    old = cached.fetch()
    clock.now += 60
    with pytest.raises(SecretError):
        cached.refresh(old)
    assert cached.fetch() == old
    clock.now += 1.1
    assert cached.refresh(old).password == "two"

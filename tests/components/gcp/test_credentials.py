"""The database's logins on Google Cloud: which users there are, what their secrets hold, and how they change."""

from __future__ import annotations

import json
import re
from typing import Any
from urllib.parse import urlsplit

import pytest

from components.gcp.credentials import CA_FILE, NO_RIGHT
from operations.rotation.steps import Address
from tests.components.gcp.logins import LoginsMade, changed, logins
from tests.recorder import member_of

LOGINS = ("db", "db-password", "db-url", "db-next", "db-admin", "db-admin-password", "db-admin-url", "db-admin-next")
SECRETS = (*LOGINS, "db-ca")


def document(made: LoginsMade, role: str) -> dict[str, Any]:
    return dict(json.loads(made.value(role)))


def users(made: LoginsMade) -> dict[str, dict[str, Any]]:
    """The users with a password, by their name in the database."""
    found = [user.inputs for user in made.of_type("sql/user:User").values() if user.inputs["type"] == "BUILT_IN"]
    return {str(inputs["name"]): inputs for inputs in found}


def test_the_secret_is_json_and_its_name_is_the_stacks() -> None:
    made = logins()
    assert made.inputs("database-secret-db")["secretId"] == "shop-dev-db"
    value = document(made, "db")
    assert set(value) == {"username", "password", "engine", "host", "port", "dbname", "url"}
    expected = ("shop_app", "postgres", "10.0.0.3", 5432, "app")
    assert tuple(value[key] for key in ("username", "engine", "host", "port", "dbname")) == expected
    assert {made.inputs(f"database-secret-{role}")["secretId"] for role in SECRETS} == {f"shop-dev-{role}" for role in SECRETS}


@pytest.mark.parametrize("role", ["db", "db-admin"])
def test_password_and_url_have_secrets_for_themselves(role: str) -> None:
    """Cloud Run gives a variable a whole secret."""
    made = logins(host="10.0.0.9", port=6432)
    value = document(made, role)
    assert made.value(f"{role}-password") == value["password"]
    assert made.value(f"{role}-url") == value["url"]
    url = urlsplit(value["url"])
    assert (url.scheme, url.username, url.password, url.hostname) == (
        "postgresql",
        value["username"],
        value["password"],
        "10.0.0.9",
    )
    assert url.path == "/app"
    assert url.query == f"sslmode=verify-ca&sslrootcert={CA_FILE}"


def test_applications_use_the_pooler_and_the_admin_does_not() -> None:
    made = logins(port=6432)
    assert (document(made, "db")["port"], document(made, "db-admin")["port"]) == (6432, 5432)


def test_the_value_is_what_operations_write_elsewhere() -> None:
    """The same keys as on AWS, where a rotation writes them: a program that reads the secret itself runs on both."""
    value = document(logins(), "db")
    assert set(Address(host="h", port=1, dbname="d", ca="c").put_into({"username": "u", "password": "p"})) == set(value)


def test_the_references_of_a_container_are_pinned() -> None:
    made = logins()
    for role, name in (("application", "db"), ("owner", "db-admin")):
        found = made.references(role)
        assert found["DB_PASSWORD"] == {
            "id": f"database-secret-{name}-id",
            "key": "password",
            "secret": f"shop-dev-{name}-password",
            "version": f"database-secret-{name}-password-version.version",
        }
        assert found["DATABASE_URL"]["secret"] == f"shop-dev-{name}-url"
        assert found["DATABASE_URL"]["version"] == f"database-secret-{name}-url-version.version"
        assert found[CA_FILE]["secret"] == "shop-dev-db-ca"
        assert made.variables(role)["DB_SECRET_ID"] == f"database-secret-{name}-id"


def test_gcp_complaint_22_a_workload_waits_for_its_rights_and_for_secrets_that_are_true() -> None:
    made = logins()
    for role, access, own in (("application", made.application, "db"), ("owner", made.owner, "db-admin")):
        needed = {resource._name for resource in access.after}
        for secret in (own, f"{own}-password", f"{own}-url", "db-ca"):
            assert {f"{role}-database-secret-{secret}", f"database-secret-{secret}-version"} <= needed
    for secret, user in (("db", "application"), ("db-password", "application"), ("db-url", "application"), ("db-admin", "admin")):
        assert f"database-{user}-user" in made.needed_by(f"database-secret-{secret}-version"), "the login works first"


def test_each_reads_its_own_login_only_and_the_owner_that_of_the_application_too() -> None:
    made = logins()
    read = {
        role: {
            member.inputs["secretId"].removeprefix("database-secret-").removesuffix("-id")
            for member in made.of_type("SecretIamMember").values()
            if member.inputs["member"] == member_of(f"{role}-identity")
        }
        for role in ("application", "owner")
    }
    assert read["application"] == {"db", "db-password", "db-url", "db-ca"}
    assert read["owner"] == {"db-admin", "db-admin-password", "db-admin-url", "db-ca", "db"}
    assert made.variables("owner")["DB_APPLICATION_SECRET_ID"] == made.variables("application")["DB_SECRET_ID"]
    assert "DB_APPLICATION_SECRET_ID" not in made.variables("application")


def test_gcp_complaint_13_users_come_after_the_database_and_never_have_to_be_dropped() -> None:
    made = logins(iam_users=["user:ann@example.com"])
    all_users = made.of_type("sql/user:User")
    assert len(all_users) == 5
    for user in all_users.values():
        assert user.inputs["deletionPolicy"] == "ABANDON"
    assert "database-database" in made.needed_by("database-application-user")
    assert "database-database" in made.needed_by("database-admin-user")
    assert "database-application-user" in made.needed_by("database-application-clone-user"), "it is a member of it"


def test_gcp_complaint_14_the_application_is_no_superuser() -> None:
    """Cloud SQL makes one of every user that it is given no role for."""
    made = users(logins())
    assert made["shop_app"]["databaseRoles"] == [NO_RIGHT]
    assert made["shop_app_clone"]["databaseRoles"] == ["shop_app"]
    assert "databaseRoles" not in made["shop_admin"], "it must be one: it owns the database and makes extensions"


def test_gcp_complaint_15_passwords_are_write_only_and_nowhere_in_the_open() -> None:
    made = logins()
    passwords = {f"{name}.result" for name in made.of_type("RandomPassword")}
    assert len(passwords) == 3
    for inputs in users(made).values():
        assert inputs["passwordWo"]["value"] in passwords
        assert "password" not in inputs
    for resource in made.recording.resources.values():
        shown = json.dumps({key: value for key, value in resource.inputs.items() if not key.endswith("Wo")}, default=str)
        assert not [password for password in passwords if password in shown], resource.name
    assert not [password for password in passwords if password in json.dumps(made.recording.outputs, default=str)]


def test_a_password_meets_cloud_sqls_policy_and_needs_no_quoting() -> None:
    """COMPLEXITY_DEFAULT wants a lower-case and an upper-case letter, a digit and a character that is none of these."""
    for resource in logins().of_type("RandomPassword").values():
        inputs = resource.inputs
        assert inputs["length"] >= 32
        assert all(inputs[f"min{kind}"] == 1 for kind in ("Lower", "Upper", "Numeric", "Special"))
        assert re.fullmatch(r"[-._~]+", inputs["overrideSpecial"]), "only what a URL takes as it is"


def test_users_take_turns() -> None:
    names = [document(logins(password_version=version), "db")["username"] for version in (1, 2, 3, 4)]
    assert names == ["shop_app", "shop_app_clone", "shop_app", "shop_app_clone"]
    for version, name in enumerate(names, start=1):
        assert logins(password_version=version).variables("application")["DB_USER"] == name


def written(*roles: str) -> dict[str, set[str]]:
    """New versions of secrets, whose value names another user or password."""
    return {f"database-secret-{role}-version": {"secretDataWo", "secretDataWoVersion"} for role in roles}


@pytest.mark.parametrize(("version", "user"), [(2, "application-clone"), (3, "application"), (4, "application-clone")])
def test_a_new_password_touches_only_the_user_whose_turn_it_is(version: int, user: str) -> None:
    """The login that running revisions hold works on, so no request fails and the revision before can be rolled back to."""
    before, after = logins(password_version=version - 1), logins(password_version=version)
    endings = ("", "-password", "-url", "-next")
    stamps = {f"database-secret-db-admin{ending}-version": {"secretDataWoVersion"} for ending in endings}
    assert changed(before, after) == {
        f"database-{user}-password": {"keepers"},
        f"database-{user}-user": {"passwordWoVersion"},
        "database-admin-password": {"keepers"},
        "database-admin-user": {"passwordWoVersion"},
        **written("db", "db-password", "db-url", "db-next"),
        **stamps,
    }


def test_each_user_counts_its_own_turns() -> None:
    turns = [
        tuple(users(logins(password_version=version))[name]["passwordWoVersion"] for name in ("shop_app", "shop_app_clone"))
        for version in (1, 2, 3, 4)
    ]
    (a, b), (c, d), (e, f), (g, h) = turns
    assert (a, d, e) == (c, f, g), "only the one whose turn it is"
    assert len({a, e}) == 2
    assert len({b, d, h}) == 3


def test_whoever_is_next_can_log_in_to_change_its_password() -> None:
    """A rotation has no other way: from PostgreSQL 16 on nobody may change a user that Cloud SQL made but itself."""
    for version, name in ((1, "shop_app_clone"), (2, "shop_app")):
        made = logins(password_version=version)
        password = made.inputs(f"database-application{'-clone' if version == 1 else ''}-user")["passwordWo"]["value"]
        assert (document(made, "db-next")["username"], document(made, "db-next")["password"]) == (name, password)
    assert document(logins(), "db-admin-next") == document(logins(), "db-admin")


def test_what_up_writes_into_a_secret_is_true_whatever_a_rotation_did_before() -> None:
    """A new address is written together with new passwords: those of the state were worth nothing after a rotation."""
    for address in ({"host": "10.0.0.7"}, {"port": 6432}):
        found = changed(logins(), logins(**address))
        made = logins()
        users = {
            name
            for name, keys in found.items()
            if "passwordWoVersion" in keys and "passwordWoVersion" not in (made.named(name).options.ignore_changes or ())
        }
        admin = {"database-admin-user"} if "host" in address else set()
        assert users == {"database-application-user"} | admin, "only whose turn it is"
        assert made.named("database-application-clone-password").options.ignore_changes == ["keepers"]
        assert {name.replace("-user", "-password") for name in users} <= set(found)
        secrets = {role for role in LOGINS if f"database-secret-{role}-version" in found}
        assert secrets == {role for role in LOGINS if admin or not role.startswith("db-admin")}


def test_the_certificates_of_all_nodes_are_one_file() -> None:
    made = logins()
    assert made.value("db-ca") == "database-instance.ca\nof the replica\n"
    assert made.references("application")[CA_FILE]["version"] == "database-secret-db-ca-version.version"


def test_what_opens_the_data_is_protected_in_prod_and_nothing_in_dev() -> None:
    protected = {resource.name for resource in logins("prod").recording.resources.values() if resource.options.protect}
    assert protected == {
        *(f"database-{user}-user" for user in ("application", "application-clone", "admin")),
        *(f"database-secret-{role}" for role in SECRETS),
    }
    assert not [item.name for item in logins().recording.resources.values() if item.options.protect]
    for role in SECRETS:
        assert logins("prod").inputs(f"database-secret-{role}")["deletionProtection"] is True


def test_an_application_with_a_dash_has_users_without() -> None:
    made = logins(app="my-shop")
    assert set(users(made)) == {"my_shop_app", "my_shop_app_clone", "my_shop_admin"}
    assert made.inputs("database-secret-db")["secretId"] == "my-shop-dev-db"

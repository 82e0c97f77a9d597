"""Logins with a Google identity: people, and the service accounts of workloads."""

from __future__ import annotations

from typing import Any

import pytest

from components.gcp.users import user_of
from tests.components.gcp.logins import LoginsMade, changed, logins
from tests.recorder import member_of

PEOPLE = ["user:Ann@Example.com", "group:dba@example.com"]


def rights(made: LoginsMade, member: str) -> set[str]:
    """Roles in the project that *member* has."""
    return {item.inputs["role"] for item in made.of_type("IAMMember").values() if item.inputs["member"] == member}


def user(made: LoginsMade, name: str) -> dict[str, Any]:
    return next(item.inputs for item in made.of_type("sql/user:User").values() if item.inputs["name"] == name)


@pytest.mark.parametrize(
    ("member", "name", "kind"),
    [
        ("user:ann@example.com", "ann@example.com", "CLOUD_IAM_USER"),
        ("group:dba@example.com", "dba@example.com", "CLOUD_IAM_GROUP"),
    ],
)
def test_gcp_complaint_14_people_log_in_and_read(member: str, name: str, kind: str) -> None:
    made = logins(iam_users=PEOPLE)
    found = user(made, name)
    assert (found["type"], found["databaseRoles"]) == (kind, ["pg_read_all_data"])
    assert not {"password", "passwordWo"} & set(found)
    assert rights(made, member) == {"roles/cloudsql.client", "roles/cloudsql.instanceUser"}


def test_gcp_complaint_14_a_workload_logs_in_as_its_service_account() -> None:
    made = logins()
    found = user(made, "application-identity@project.iam")
    assert (found["type"], found["databaseRoles"]) == ("CLOUD_IAM_SERVICE_ACCOUNT", ["shop_app"])
    assert "passwordWo" not in found
    assert rights(made, member_of("application-identity")) == {"roles/cloudsql.client", "roles/cloudsql.instanceUser"}
    assert "database-application-clone-user" in made.needed_by("application-database-user"), "the role that it is a member of"
    needed = {resource._name for resource in made.application.after}
    assert {"application-database-user", "application-database-login", "application-database-client"} <= needed


def test_gcp_complaint_14_the_name_of_a_service_account_is_shortened() -> None:
    assert user_of("shop-dev-api@my-project.iam.gserviceaccount.com") == "shop-dev-api@my-project.iam"
    assert user_of(None) == ""


def test_rights_end_at_this_instance_and_its_replicas() -> None:
    for item in logins(iam_users=PEOPLE).of_type("IAMMember").values():
        assert item.inputs["project"] == "network-api-serviceusage.project"
        assert item.inputs["condition"]["expression"] == (
            "resource.type == 'sqladmin.googleapis.com/Instance' && "
            "resource.name.startsWith('projects/network-api-serviceusage.project/instances/shop-dev-0a1b2c3d')"
        )


def test_the_owner_has_its_password_only() -> None:
    assert rights(logins(), member_of("owner-identity")) == set()


def test_without_iam_login_nobody_has_a_right_in_the_project() -> None:
    made = logins(iam_login=False)
    assert not made.of_type("IAMMember")
    assert {item.inputs["type"] for item in made.of_type("sql/user:User").values()} == {"BUILT_IN"}


def test_a_person_more_touches_nobody_else() -> None:
    found = changed(logins(iam_users=PEOPLE[:1]), logins(iam_users=PEOPLE))
    assert set(found) == {f"database-group-dba@example.com-{part}" for part in ("user", "client", "login")}


def test_the_order_and_case_of_people_do_not_matter() -> None:
    assert changed(logins(iam_users=PEOPLE), logins(iam_users=[person.lower() for person in reversed(PEOPLE)])) == {}

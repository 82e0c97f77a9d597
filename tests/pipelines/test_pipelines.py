"""Every command that a pipeline runs exists with its options; rights are the least; one deployment of a stack at a time."""

from __future__ import annotations

import re
from typing import Any

import pytest
import typer
import yaml

from operations.cli import app
from operations.engine.checkout import Checkout
from tests.pipelines.pipelines import (
    ACTION,
    FILES,
    GITLAB,
    WORKFLOWS,
    commands,
    gitlab_jobs,
    gitlab_stacks_of,
    jobs,
    stacks_of,
    steps,
    targets,
)
from tests.recorder import ROOT

PYTHON = ".venv/bin/python"
CHECKOUT = Checkout(ROOT)
CLOUD_STACKS = {stack: CHECKOUT.provider(stack) for stack in CHECKOUT.stacks() if CHECKOUT.provider(stack) != "local"}
TIERS = {
    stack: yaml.safe_load((ROOT / f"Pulumi.{stack}.yaml").read_text())["config"]["managed-postgres:tier"]
    for stack in CLOUD_STACKS
}

PINNED = {
    "actions/checkout": ("08c6903cd8c0fde910a37f88322edcfb5dd907a8", "v5.0.0"),
    "actions/setup-python": ("e797f83bcb11b83ae66e0230d6156d7c80228e7c", "v6.0.0"),
    "actions/cache": ("0400d5f644dc74513175e3cd8d07132dd4860809", "v4.2.4"),
    "actions/upload-artifact": ("ea165f8d65b6e75b540449e92b4886f43607fa02", "v4.6.2"),
    "actions/download-artifact": ("d3f86a106a0bac45b974a628896c90dbdf5c8093", "v4.3.0"),
    "aws-actions/configure-aws-credentials": ("a03048d87541d1d9fcf2ecf528a4a65ba9bd7838", "v5.0.0"),
    "google-github-actions/auth": ("7c6bc770dae815cd3e89ee6cdf493a5fab2cc093", "v3.0.0"),
}

READ, OIDC = {"contents": "read"}, {"contents": "read", "id-token": "write"}
PROPOSES = {"contents": "write", "pull-requests": "write"}
PERMISSIONS = {
    "pull-request/check": READ,
    "pull-request/review": READ,
    "pull-request/comment": {"contents": "read", "pull-requests": "write"},
    "pull-request/preview": OIDC,
    "stack/stack": OIDC,
    "deploy/dev": OIDC,
    "deploy/prod-preview": OIDC,
    "deploy/prod": OIDC,
    "deploy/image": OIDC,
    "deploy/propose-image": PROPOSES,
    "nightly/drift": OIDC,
    "drill/drill": OIDC,
    "drill/propose": PROPOSES,
    "dependencies/upgrade": READ,
    "dependencies/propose": PROPOSES,
}
"""Job to what its token may do; nobody else may anything."""


# commands


def test_there_are_commands() -> None:
    assert len(list(commands())) > 20


@pytest.mark.parametrize("command", list(commands()), ids=lambda command: f"{command.where}: {command.text[:60]}")
def test_every_command_is_ours_and_exists(command: Any) -> None:
    words = command.words
    if words[0] == "make":
        named = [word for word in words[1:] if "=" not in word]
        assert len(named) == 1
        assert named[0] in targets(), f"the Makefile has no target '{named[0]}'"
        variables = {word.partition("=")[0] for word in words[1:] if "=" in word}
        makefile = (ROOT / "Makefile").read_text()
        assert all(f"$({name})" in makefile or f"$(if $({name})" in makefile for name in variables)
    else:
        assert words[:3] == [PYTHON, "-m", "operations"], "the pipelines call only make and python -m operations"
        understood(words[3:])


def understood(words: list[str]) -> None:
    """The command line takes *words*; it raises click's UsageError where it does not."""
    command: Any = typer.main.get_command(app)
    context = command.make_context("operations", list(words), resilient_parsing=True)
    while hasattr(command, "resolve_command"):
        name, command, words = command.resolve_command(context, words)
        assert name, "an unknown command"
    command.make_context(name, list(words))


@pytest.mark.parametrize(
    "wrong",
    [
        ["nothing"],
        ["review", "--everything"],
        ["image", "push"],
        ["gate", "--stack"],
        ["propose", "--branch", "x", "--title", "y"],
    ],
)
def test_a_command_that_does_not_exist_would_be_found(wrong: list[str]) -> None:
    with pytest.raises(Exception, match=r"(?i)no such|requires an argument|missing|an unknown command"):
        understood(wrong)


def test_no_command_holds_an_expression() -> None:
    """A branch's name in a command line would be run by the shell; everything comes through variables."""
    assert not [command for command in commands() if "${{" in command.text]


def test_github_and_gitlab_do_the_same() -> None:
    def verbs(where: str) -> set[str]:
        found = [command.words for command in commands() if command.where.startswith(where)]
        return {" ".join([word for word in words if "=" not in word][: 2 if words[0] == "make" else 4]) for words in found}

    only_github = {f"{PYTHON} -m operations image", "make install"}
    assert verbs("github") - verbs("gitlab") <= only_github
    assert verbs("gitlab") <= verbs("github")


# rights


def test_every_job_has_the_rights_it_needs_and_no_more() -> None:
    assert {name: job["permissions"] for name, job in jobs()} == PERMISSIONS
    assert all(workflow["permissions"] == {} for workflow in WORKFLOWS.values())


def test_actions_are_pinned_by_commit() -> None:
    used = re.findall(r"uses: (\S+)( # (\S+))?", "\n".join(path.read_text() for path in FILES))
    foreign = [(action.partition("@"), version) for action, _, version in used if not action.startswith("./")]
    assert {(name, sha, version) for (name, _, sha), version in foreign} == {(name, *pin) for name, pin in PINNED.items()}
    local = {action for action, _, _ in used if action.startswith("./")}
    assert all((ROOT / action / "action.yml").is_file() or (ROOT / action).is_file() for action in local)


def test_no_long_lived_key_anywhere() -> None:
    text = "\n".join(path.read_text() for path in FILES)
    assert set(re.findall(r"secrets\.(\w+)", text)) == {"PULUMI_CONFIG_PASSPHRASE"}
    assert not re.search(r"(?i)access.key|credentials_json|private.key", text)


def test_a_fork_gets_no_credentials_and_no_token() -> None:
    assert not [name for name, workflow in WORKFLOWS.items() if "pull_request_target" in workflow[True]]
    workflow = WORKFLOWS["pull-request"]["jobs"]
    for name, job in workflow.items():
        if job["permissions"] != READ:
            assert "github.event.pull_request.head.repo.full_name == github.repository" in job["if"], name


def test_a_checkout_keeps_its_token_only_to_propose() -> None:
    for name, step in steps():
        if str(step.get("uses", "")).startswith("actions/checkout@"):
            kept = step.get("with", {}).get("persist-credentials", True)
            assert kept == (PERMISSIONS[name] == PROPOSES), name


def test_the_comment_is_written_by_code_of_the_target_branch() -> None:
    [checkout] = [step for name, step in steps() if name == "pull-request/comment" and "checkout" in str(step.get("uses"))]
    assert checkout["with"]["ref"] == "${{ github.base_ref }}"


def test_credentials_come_by_oidc_from_the_environment() -> None:
    clouds = {step["if"]: step for step in ACTION["runs"]["steps"] if "if" in step}
    assert set(clouds) == {"inputs.cloud == 'aws'", "inputs.cloud == 'gcp'"}
    assert clouds["inputs.cloud == 'aws'"]["with"]["role-to-assume"] == "${{ inputs.aws-role }}"
    assert clouds["inputs.cloud == 'gcp'"]["with"]["workload_identity_provider"] == "${{ inputs.gcp-provider }}"
    for name, job in jobs():
        if job["permissions"] == OIDC and "uses" not in job:
            assert "environment" in job, f"{name}: its role is trusted for its environment alone"
    assert GITLAB[".stack"]["id_tokens"]["OIDC_TOKEN"]["aud"]


# stacks


@pytest.mark.parametrize(
    ("name", "environment", "task", "tiers"),
    [
        ("pull-request/preview", "${{ matrix.stack }}-preview", "preview", {"dev", "prod"}),
        ("deploy/dev", "${{ matrix.stack }}", "deploy", {"dev"}),
        ("deploy/prod-preview", "${{ matrix.stack }}-preview", "preview", {"prod"}),
        ("deploy/prod", "${{ matrix.stack }}", "deploy", {"prod"}),
        ("nightly/drift", "${{ matrix.stack }}-preview", "drift", {"dev", "prod"}),
        ("drill/drill", "${{ matrix.stack }}-drill", "drill", {"prod"}),
    ],
)
def test_each_task_is_done_for_its_stacks(name: str, environment: str, task: str, tiers: set[str]) -> None:
    job = dict(jobs())[name]
    assert stacks_of(job) == {stack: cloud for stack, cloud in CLOUD_STACKS.items() if TIERS[stack] in tiers}
    assert job["uses"] == "./.github/workflows/stack.yml"
    assert job["with"] == {
        "stack": "${{ matrix.stack }}",
        "cloud": "${{ matrix.cloud }}",
        "environment": environment,
        "task": task,
    }


def test_prod_comes_after_dev_and_after_its_preview() -> None:
    deploy = WORKFLOWS["deploy"]["jobs"]
    assert (deploy["prod-preview"]["needs"], deploy["prod"]["needs"]) == ("dev", "prod-preview")
    assert deploy["dev"]["if"] == "github.event_name == 'push'"
    assert WORKFLOWS["deploy"][True]["push"] == {"branches": ["main"]}


def test_the_gate_comes_before_up() -> None:
    found = [step["run"] for name, step in steps() if name == "stack/stack" and "run" in step]
    assert found.index('make gate STACK="$STACK"') < found.index('make up STACK="$STACK"')
    for name in ("dev", "prod"):
        assert gitlab_jobs()[name]["script"] == ['make gate STACK="$STACK"', 'make up STACK="$STACK"']


def test_one_deployment_of_a_stack_at_a_time_and_none_is_cut_off() -> None:
    concurrency = WORKFLOWS["stack"]["jobs"]["stack"]["concurrency"]
    assert concurrency["group"].startswith("${{ inputs.task == 'deploy' && 'deploy' || ")
    assert concurrency["group"].endswith("-${{ inputs.stack }}")
    assert concurrency["cancel-in-progress"] == "${{ inputs.task != 'deploy' }}"
    for name in ("dev", "prod"):
        job = gitlab_jobs()[name]
        assert (job["resource_group"], job["interruptible"]) == ("deploy-$STACK", False)


def test_no_stack_seems_new_where_the_backend_is_not_named() -> None:
    """An empty state has nothing to lose: without a backend the gate would be open."""
    url = WORKFLOWS["stack"]["jobs"]["stack"]["env"]["PULUMI_BACKEND_URL"]
    assert re.fullmatch(r"\$\{\{ vars\.PULUMI_BACKEND_URL \|\| 'unset://\S+' \}\}", url)
    assert any(line.startswith('test -n "$PULUMI_BACKEND_URL"') for line in GITLAB[".stack"]["before_script"])


def test_every_job_ends() -> None:
    assert [name for name, job in jobs() if "timeout-minutes" not in job and "uses" not in job] == []
    assert GITLAB["default"]["timeout"]


def test_gitlab_works_on_the_same_stacks() -> None:
    found = gitlab_jobs()
    assert set(gitlab_stacks_of(found["preview"])) == set(gitlab_stacks_of(found["drift"])) == set(CLOUD_STACKS)
    assert {stack for stack, of in TIERS.items() if of == "prod"} == set(gitlab_stacks_of(found["drill"]))
    for job, tier in (("dev", "dev"), ("prod", "prod")):
        assert set(gitlab_stacks_of(found[job])) == {stack for stack, of in TIERS.items() if of == tier}
        assert found[job]["environment"] == {"name": "$STACK"}
    assert found["prod"]["rules"][0]["when"] == "manual"
    assert found["prod"]["needs"] == ["dev"]
    for name in ("preview", "drift", "dev", "prod"):
        extends = found[name]["extends"]
        assert ".stack" in ([extends] if isinstance(extends, str) else extends)


def test_gitlab_extends_what_is_there() -> None:
    for name, job in gitlab_jobs().items():
        extends = job.get("extends", [])
        for base in [extends] if isinstance(extends, str) else extends:
            assert base in GITLAB, f"{name} extends {base}"
        assert name.startswith(".") or job["stage"] in GITLAB["stages"], name


def test_what_is_scheduled() -> None:
    schedules = {
        name: [one["cron"] for one in workflow[True]["schedule"]]
        for name, workflow in WORKFLOWS.items()
        if "schedule" in workflow[True]
    }
    assert set(schedules) == {"nightly", "drill", "dependencies"}
    assert schedules["drill"][0].split()[3:] == ["*", "*"]
    assert schedules["nightly"][0].split()[2:] == ["*", "*", "*"]
    assert schedules["dependencies"][0].split()[2:] == ["1", "*", "*"]


def test_the_documents_that_pipelines_name_are_there() -> None:
    named = {
        name
        for path in FILES
        for name in re.findall(r"docs/[\w./-]+\.md|policies/[\w-]+\.\w+|\.github/[\w./-]+\.yml", path.read_text())
    }
    assert named
    assert [name for name in sorted(named) if not (ROOT / name).is_file()] == []

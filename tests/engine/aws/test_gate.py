"""The gate on previews of the real engine: nothing that holds data goes without a reviewed entry, whatever the preview says."""

from __future__ import annotations

import json
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.engine.aws.deployment import AwsDeployment, Deploy
from tests.engine.aws.stacks import database_stack
from tests.engine.standin.deployment import own_settings
from tests.engine.standin.world import Record
from tests.operations.driver import Ended

BUCKETS: dict[str, Any] = {"static": {}}
INSTANCE = "::database-instance"


@pytest.fixture(scope="module")
def live(deploy: Deploy) -> AwsDeployment:
    """A production database and a bucket, up."""
    made = deploy("gate", {**database_stack("rds", version="16", readers=0), "buckets": BUCKETS})
    made.up()
    return made


def gate(deployment: AwsDeployment, *arguments: str, policies: bool = False) -> tuple[Ended, dict[str, Any]]:
    """How it ended, and its JSON."""
    result = deployment.run("gate", "--json", *arguments, *([] if policies else ["--no-policies"]))
    return result, json.loads(result.out)


def refused(verdict: dict[str, Any]) -> set[tuple[str, str]]:
    """Operation and name of the resource."""
    return {(refusal["what"], refusal["urn"].rpartition("::")[2]) for refusal in verdict["refusals"]}


def accept(deployment: AwsDeployment, *entries: tuple[str, str, int]) -> None:
    """Write the break-glass file: URN, operation, days until it expires."""
    listed = [
        {"urn": urn, "operation": operation, "reason": "there is a copy", "expires": date.today() + timedelta(days=days)}
        for urn, operation, days in entries
    ]
    (deployment.root / "policies" / "break-glass.yaml").write_text(yaml.safe_dump(listed))


def test_nothing_changes(live: AwsDeployment) -> None:
    live.configure()
    result, verdict = gate(live)
    assert result.code == 0, result.text
    assert (verdict["open"], verdict["stack"]) == (True, "gate")


def test_a_change_in_place_passes(live: AwsDeployment) -> None:
    live.configure(database={"size": "xlarge"})
    assert gate(live)[0].code == 0


def test_a_protected_deletion(live: AwsDeployment) -> None:
    live.given["buckets"] = {}
    try:
        live.configure()
        result, verdict = gate(live)
    finally:
        live.given["buckets"] = BUCKETS
    assert result.code == 1
    assert ("delete", "bucket-static-bucket") in refused(verdict)
    assert any("cannot be deleted" in error for error in verdict["errors"])


def test_a_protected_replacement(live: AwsDeployment) -> None:
    live.configure(database={"name": "other"})
    result, verdict = gate(live)
    assert result.code == 1
    assert ("replace", "database-instance") in refused(verdict)
    [sentence] = [one["sentence"] for one in verdict["refusals"] if one["what"] == "replace" and one["urn"].endswith(INSTANCE)]
    assert "for its dbName: the database would be lost" in sentence


def test_protection_off_and_a_replacement_in_one_go(live: AwsDeployment) -> None:
    """The engine lets this pass: what is not protected any more may be replaced (anchors, 3)."""
    live.configure(database={"name": "other", "deletion_protection": False})
    preview = live.run("preview")
    assert preview.code == 0, "nothing but the gate is in the way"
    assert "replace" in preview.out
    result, verdict = gate(live)
    assert result.code == 1
    assert {("replace", "database-instance"), ("unprotect", "database-instance")} <= refused(verdict)


def test_an_exported_state_says_what_is_protected(live: AwsDeployment, tmp_path: Path) -> None:
    """A stream that says nothing of the protection that was, judged by what `pulumi stack export` says."""
    live.configure(database={"deletion_protection": False})
    assert gate(live, "--keep", str(tmp_path))[0].code == 1
    stream, state = tmp_path / "preview.jsonl", tmp_path / "state.json"
    stream.write_text(stream.read_text().replace('"protect":true', '"protect":false'))

    def judged(*arguments: str) -> tuple[Ended, dict[str, Any]]:
        result = live.worker.run("gate", str(stream), "--json", "--no-policies", *arguments)
        return result, json.loads(result.out)

    assert judged()[0].code == 0, "the stream alone says nothing"
    result, verdict = judged("--state", str(state))
    assert result.code == 1
    assert ("unprotect", "database-instance") in refused(verdict)


def test_what_is_only_read_and_then_forgotten(live: AwsDeployment) -> None:
    program = live.root / "__main__.py"
    before = program.read_text()
    live.world.put(Record(type="aws:s3/bucket:Bucket", name="elsewhere", urn="", id="elsewhere-1", key="elsewhere-1"))
    try:
        program.write_text(f'{before}\nimport pulumi_aws\n\npulumi_aws.s3.Bucket.get("elsewhere", "elsewhere-1")\n')
        live.up()
    finally:
        program.write_text(before)
    result, verdict = gate(live)
    assert result.code == 1
    assert refused(verdict) == {("discard", "elsewhere")}
    live.up()


def test_break_glass(live: AwsDeployment, tmp_path: Path) -> None:
    """One preview, judged with one file after another."""
    live.configure(database={"name": "other", "deletion_protection": False})
    refusals = gate(live, "--keep", str(tmp_path))[1]["refusals"]
    needed = [(refusal["urn"], refusal["what"], 3) for refusal in refusals]

    def judged(*entries: tuple[str, str, int]) -> tuple[Ended, dict[str, Any]]:
        accept(live, *entries)
        kept = (str(tmp_path / "preview.jsonl"), "--state", str(tmp_path / "state.json"))
        result = live.worker.run("gate", *kept, "--json", "--no-policies")
        return result, json.loads(result.out)

    result, verdict = judged(*needed)
    assert result.code == 0, result.text
    assert len(verdict["let_through"]) == len(refusals)
    assert refused(judged(*needed[1:])[1]) == {(needed[0][1], needed[0][0].rpartition("::")[2])}, "each needs its own entry"
    expired = judged(*[(urn, operation, -1) for urn, operation, _ in needed])[1]["refusals"]
    assert len(expired) == 2 * len(needed), "each loss, and each entry that has expired"
    unused = ("urn:pulumi:gate::managed-postgres::aws:s3/bucket:Bucket::gone", "delete", 3)
    result, verdict = judged(*needed, unused)
    assert (result.code, [refusal["what"] for refusal in verdict["refusals"]]) == (1, ["break-glass"])

    (live.root / "policies" / "break-glass.yaml").write_text("- urn: [\n")
    result = live.run("gate", str(tmp_path / "preview.jsonl"), "--no-policies")
    assert result.code == 2
    assert "is not YAML" in result.err
    accept(live)


def test_the_real_prod_stack_passes_with_its_policies(deploy: Deploy) -> None:
    """Its first preview, in which most outputs are not known: what is undecided is on the list, with a reason."""
    made = deploy("prod", own_settings("prod"))
    result, verdict = gate(made, policies=True)
    assert result.code == 0, result.text
    assert verdict["refusals"] == []


def test_a_pack_that_does_not_run_is_no_open_gate(live: AwsDeployment) -> None:
    live.configure()
    pack = live.root / "policies" / "__main__.py"
    before = pack.read_text()
    try:
        pack.write_text("raise SystemExit('the pack is broken')\n")
        result = live.run("gate")
    finally:
        pack.write_text(before)
    assert result.code in (1, 2), result.text
    assert "The gate is open" not in result.out
    assert "Traceback" not in result.text

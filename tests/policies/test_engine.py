"""The pack on the real engine: a preview with values that are not known yet, and a state file (tier T3)."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from policies.resource import Resource, Stack
from policies.values import SECRET, SIGNATURE
from tests.policies.analyzed import ROOT, Analysis, analyze, state_of
from tests.policies.rules import THING
from tests.policies.runtime_args import urn_of

TESTED = Path(__file__).parent / "pack"
MILD = {
    "encrypted": "advisory",
    "kept": {"enforcementLevel": "advisory", "minimum": 1},
    "broken": "disabled",
    "lonely": "disabled",
}


def previewed(folder: Path, *config: Path) -> tuple[list[Any], str]:
    """The policy events of a preview, and how it ended."""
    command = [sys.executable, "-m", "tests.policies.previewed", folder, TESTED, *config]
    answer = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=110)
    assert answer.returncode == 0, answer.stderr
    *events, ended = [json.loads(line) for line in answer.stdout.splitlines()]
    return events, ended


def test_a_preview(tmp_path: Path) -> None:
    """The unknown word hides neither the days of the same rule nor anything of the others; no event holds a secret."""
    events, ended = previewed(tmp_path)
    told = [(rule, level, urn.rpartition("::")[2], message.partition("\n")[2] or message) for rule, level, message, urn in events]
    undecided = "during preview: undecided: {}word not known before the deployment"
    second = f"urn:pulumi:dev::shop::{THING}::second."
    assert [one for one in told if one[0] != "broken"] == [
        ("encrypted", "mandatory", "first", "encrypted must be true. Mend encrypted. (policies/README.md#encrypted)"),
        ("kept", "mandatory", "second", "days must be at least 7 (minimum). Mend kept. (policies/README.md#kept)"),
        ("kept", "advisory", "second", f"can't run policy 'kept' from policy pack 'tested@v0.0.1' {undecided.format('')}"),
        ("lonely", "mandatory", "shop-dev", "the stack has a fault. Mend lonely. (policies/README.md#lonely)"),
        ("lonely", "mandatory", "second", "nothing depends on it. Mend lonely. (policies/README.md#lonely)"),
        (
            "lonely",
            "advisory",
            "shop-dev",
            f"can't run policy 'lonely' from policy pack 'tested@v0.0.1' {undecided.format(second)}",
        ),
    ]
    assert [one[3].startswith("rule broken could not run: KeyError") for one in told if one[0] == "broken"] == [True, True]
    assert "preview failed" in ended
    assert "hunter2" not in json.dumps(events) + ended


def test_the_configuration_file_makes_it_milder(tmp_path: Path) -> None:
    config = tmp_path / "mild.json"
    config.write_text(json.dumps(MILD))
    folder = tmp_path / "preview"
    folder.mkdir()
    events, ended = previewed(folder, config)
    assert [(rule, level) for rule, level, *_ in events] == [("encrypted", "advisory"), ("kept", "advisory")]
    assert ended == "ok"


def analyzed(folder: Path, props: dict[str, Any], config: Path | None = None) -> Analysis:
    thing = Resource(urn=urn_of(THING, "thing"), type=THING, name="thing", props=props, stack="test")
    return analyze(folder, Stack("test", "prod", "local", (thing,)), config, TESTED)


def test_a_state_file(tmp_path: Path) -> None:
    found = analyzed(tmp_path, {"encrypted": False, "word": "known", "days": 1})
    assert found.code != 0
    assert {(one.rule, one.level) for one in found.told} == {
        ("encrypted", "mandatory"),
        ("kept", "mandatory"),
        ("broken", "advisory"),
        ("lonely", "mandatory"),
    }
    assert {one.urn for one in found.told if one.rule == "encrypted"} == {urn_of(THING, "thing")}


def test_a_state_file_that_keeps_to_the_rules(tmp_path: Path) -> None:
    config = tmp_path / "mild.json"
    config.write_text(json.dumps(MILD))
    found = analyzed(tmp_path, {"encrypted": True, "word": "known", "days": 1}, config)
    assert (found.code, found.told) == (0, ())


def test_secrets_of_a_state_file_stay_secret(tmp_path: Path) -> None:
    hidden = {SIGNATURE: SECRET, "ciphertext": "v1:AAAA:hunter2"}
    found = analyzed(tmp_path, {"encrypted": hidden, "word": "known", "days": 7})
    assert "hunter2" not in str(found)


def test_a_pack_that_does_not_load_says_so(tmp_path: Path) -> None:
    """Never a green run without the rules."""
    pack = tmp_path / "pack"
    pack.mkdir()
    (pack / "PulumiPolicy.yaml").write_text("name: torn\nversion: 0.1.0\nruntime: python\n")
    (pack / "__main__.py").write_text("raise SystemExit(3)\n")
    found = analyze(tmp_path, Stack("test", "prod", "local", ()), pack=pack)
    assert found.code != 0
    assert "failed to start" in found.errors


def test_a_state_puts_dependencies_first() -> None:
    urns = [urn_of(THING, str(number)) for number in range(3)]
    things = [Resource(urn=urn, type=THING, name="x", props={}, depends_on=tuple(urns[n + 1 :])) for n, urn in enumerate(urns)]
    resources = state_of(Stack("test", "prod", "local", tuple(things)))["deployment"]["resources"]
    assert [entry["urn"] for entry in resources[1:]] == urns[::-1]

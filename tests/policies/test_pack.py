"""The pack as the SDK serves it: levels, unknown values, exceptions, secrets (anchors/policy.md, section 2, tier T2).

``_PolicyAnalyzerServicer`` is private: these tests are what tells when a new version of pulumi-policy moves it.
"""

from __future__ import annotations

import subprocess
import sys
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from google.protobuf import struct_pb2
from pulumi.runtime import proto
from pulumi_policy import EnforcementLevel
from pulumi_policy.policy import _PolicyAnalyzerServicer
from pulumi_policy.proxy import UNKNOWN_STRING_VALUE

from policies import pack
from policies.catalogue import RULES as OWN
from policies.values import SECRET, SIGNATURE
from tests.policies.rules import ENCRYPTED, RULES, THING, leaking, rule, stack_rule
from tests.policies.runtime_args import resource, urn_of

ROOT = Path(__file__).resolve().parents[2]
NO_WAIVERS = Path(__file__).parent / "pack" / "waivers.yaml"
GOOD = {"encrypted": True, "word": "known", "days": 7}
Told = list[tuple[str, str, str]]


def served(rules: Any = RULES, waivers: Path = NO_WAIVERS, **config: Any) -> Any:
    """The pack behind the engine's interface, configured as the engine does it."""
    servicer = _PolicyAnalyzerServicer(pack.NAME, "0.1.0", pack.policies(rules, waivers), EnforcementLevel.ADVISORY)
    request = proto.ConfigureAnalyzerRequest()
    for name, entry in config.items():
        level = getattr(proto, entry.pop("enforcementLevel").upper())
        properties = struct_pb2.Struct()
        properties.update(entry)
        request.policyConfig[name].CopyFrom(proto.PolicyConfig(enforcementLevel=level, properties=properties))
    servicer.Configure(request, None)
    return servicer


def analyzed(servicer: Any, props: dict[str, Any], name: str = "it", token: str = THING) -> Told:
    """(policy, level, message) of each diagnostic about one resource."""
    request = proto.AnalyzeRequest(type=token, urn=urn_of(token, name), name=name)
    request.properties.update(props)
    return [_told(one) for one in servicer.Analyze(request, None).diagnostics]


def of_stack(servicer: Any, *resources: proto.AnalyzerResource) -> list[tuple[str, str, str, str]]:
    answer = servicer.AnalyzeStack(proto.AnalyzeStackRequest(resources=resources), None)
    return [(*_told(one), one.urn) for one in answer.diagnostics]


def in_stack(
    name: str, token: str = THING, parent: str = "", needs: tuple[str, ...] = (), **props: Any
) -> proto.AnalyzerResource:
    made = proto.AnalyzerResource(type=token, urn=urn_of(token, name), name=name, parent=parent, dependencies=needs)
    made.properties.update(props)
    return made


def _told(one: proto.AnalyzeDiagnostic) -> tuple[str, str, str]:
    return one.policyName, proto.EnforcementLevel.Name(one.enforcementLevel).lower(), one.message


def waived(tmp_path: Path, policy: str, urn: str, expires: str = "2999-01-01") -> Path:
    file = tmp_path / "waivers.yaml"
    file.write_text(f"- {{policy: {policy}, urn: '{urn}', reason: accepted, owner: ada, expires: {expires}}}\n")
    return file


def test_a_violation_says_what_to_do() -> None:
    found = analyzed(served(), {**GOOD, "encrypted": False})
    message = "Title of encrypted\nencrypted must be true. Mend encrypted. (policies/README.md#encrypted)"
    assert ("encrypted", "mandatory", message) in found


def test_without_a_configuration_every_rule_has_its_level_for_prod() -> None:
    assert {name: level for name, level, _ in analyzed(served(), {"word": "other", "days": 1})} == {
        "encrypted": "mandatory",
        "kept": "mandatory",
        "broken": "advisory",
    }


def test_the_configuration_moves_level_and_numbers() -> None:
    servicer = served(
        encrypted={"enforcementLevel": "advisory"},
        kept={"enforcementLevel": "mandatory", "minimum": 14},
        broken={"enforcementLevel": "disabled"},
    )
    assert analyzed(servicer, {**GOOD, "encrypted": False}) == [
        ("encrypted", "advisory", "Title of encrypted\nencrypted must be true. Mend encrypted. (policies/README.md#encrypted)"),
        ("kept", "mandatory", "Title of kept\ndays must be at least 14 (minimum). Mend kept. (policies/README.md#kept)"),
    ]


def test_an_unknown_is_told_and_hides_nothing() -> None:
    """The SDK alone would end the policy at the unknown word, and the days would go unjudged."""
    found = [one for one in analyzed(served(), {"encrypted": True, "word": UNKNOWN_STRING_VALUE, "days": 1}) if one[0] == "kept"]
    assert found == [
        ("kept", "mandatory", "Title of kept\ndays must be at least 7 (minimum). Mend kept. (policies/README.md#kept)"),
        (
            "kept",
            "advisory",
            "can't run policy 'kept' from policy pack 'managed-postgres@v0.1.0' during preview: "
            "undecided: word not known before the deployment",
        ),
    ]


def test_an_exception_names_its_rule_and_no_value() -> None:
    ((_, level, message),) = [one for one in analyzed(served(), GOOD) if one[0] == "broken"]
    assert level == "advisory"
    assert "rule broken could not run: KeyError" in message
    assert "hunter2" not in message


def test_other_types_are_left_alone() -> None:
    assert analyzed(served(), {}, token="aws:s3/bucket:Bucket") == []


def test_secrets_are_read_in_clear_so_no_message_holds_a_value() -> None:
    """Why messages name properties only: the SDK masks nothing (anchors, 2.7). The test of the catalogue looks for this."""
    props = {"word": {SIGNATURE: SECRET, "value": "hunter2"}}
    assert any("hunter2" in message for _, _, message in analyzed(served((rule("leaking", leaking),)), props))
    assert not any("hunter2" in message for _, _, message in analyzed(served(), props))


def test_a_stack_rule_sees_every_resource_despite_an_unknown() -> None:
    found = of_stack(
        served(),
        in_stack("one", word=UNKNOWN_STRING_VALUE),
        in_stack("two", word="x"),
        in_stack("three", needs=(urn_of(THING, "two"),)),
    )
    lonely = [(level, message.partition("\n")[2] or message, urn) for name, level, message, urn in found if name == "lonely"]
    mend = "Mend lonely. (policies/README.md#lonely)"
    assert lonely == [
        ("mandatory", f"the stack has a fault. {mend}", ""),
        ("mandatory", f"nothing depends on it. {mend}", urn_of(THING, "one")),
        ("mandatory", f"nothing depends on it. {mend}", urn_of(THING, "three")),
        (
            "advisory",
            "can't run policy 'lonely' from policy pack 'managed-postgres@v0.1.0' during preview: "
            f"undecided: {urn_of(THING, 'one')}.word not known before the deployment",
            "",
        ),
    ]


def test_a_stack_rule_knows_its_stack() -> None:
    seen: list[Any] = []

    def look(stack: Any, config: Any) -> Any:
        seen.append(stack)
        return iter(())

    parent = urn_of("managed-postgres:index:ManagedPostgres", "database")
    of_stack(
        served((stack_rule("look", look),)),
        in_stack("database", "managed-postgres:index:ManagedPostgres"),
        in_stack("cluster", "aws:rds/cluster:Cluster", parent, tags={"tier": "staging"}),
    )
    (stack,) = seen
    assert (stack.name, stack.tier, stack.provider, stack.today) == ("test", "staging", "aws", date.today())
    assert stack.resources[1].component == "database"
    assert stack.children(parent) == (stack.resources[1],)


@pytest.mark.parametrize(
    ("config", "props", "tier"),
    [
        ('{"managed-postgres:tier": "dev"}', {"tags": {"tier": "prod"}}, "dev"),
        (None, {"tags": {"tier": "dev"}}, "dev"),
        (None, {"labels": {"tier": "staging"}}, "staging"),
        (None, {"tags": {"tier": "gold"}}, "prod"),
        (None, {}, "prod"),
    ],
)
def test_the_tier(monkeypatch: pytest.MonkeyPatch, config: str | None, props: dict[str, Any], tier: str) -> None:
    if config:
        monkeypatch.setenv("PULUMI_CONFIG", config)
    assert pack.tier_of([resource(THING, props)]) == tier


def test_a_waiver_is_kept_in_the_engine_too(tmp_path: Path) -> None:
    file = waived(tmp_path, "encrypted", urn_of(THING, "one").replace(":test::", ":*::"))
    servicer = served((ENCRYPTED,), file)
    assert analyzed(servicer, {}, "one") == []
    assert len(analyzed(servicer, {}, "two")) == 1
    assert of_stack(servicer) == []


def test_an_expired_waiver_waives_nothing_and_is_a_violation(tmp_path: Path) -> None:
    servicer = served((ENCRYPTED,), waived(tmp_path, "encrypted", urn_of(THING, "one"), "2020-01-01"))
    assert len(analyzed(servicer, {}, "one")) == 1
    ((name, level, message, _),) = of_stack(servicer)
    assert (name, level) == ("waivers-in-order", "mandatory")
    assert "expired on 2020-01-01" in message


def test_waivers_that_cannot_be_read_are_a_violation(tmp_path: Path) -> None:
    servicer = served((ENCRYPTED,), waived(tmp_path, "encrypt", urn_of(THING, "one")))
    assert len(analyzed(servicer, {}, "one")) == 1
    assert "'encrypt' is no rule of this pack" in of_stack(servicer)[0][2]


def test_the_pack_tells_all_about_its_rules() -> None:
    info = served(OWN).GetAnalyzerInfo(None, None)
    told = {policy.name: policy for policy in info.policies}
    assert list(told) == [pack.IN_ORDER, *(one.id for one in OWN)]
    for one in OWN:
        policy = told[one.id]
        assert (policy.description, policy.remediation_steps) == (one.title, one.remediation)
        assert proto.PolicySeverity.Name(policy.severity) == f"POLICY_SEVERITY_{one.severity.upper()}"
        assert set(policy.configSchema.properties.keys()) == set(one.config)


def test_a_disabled_rule_does_not_run() -> None:
    servicer = served((ENCRYPTED,), encrypted={"enforcementLevel": "disabled"})
    assert analyzed(servicer, {}) == []


def test_rules_need_no_sdk() -> None:
    """``review`` judges without loading it: it would cost half a second."""
    modules = "policies.catalogue, policies.judge, policies.levels, policies.waivers"
    code = f"import sys, {modules}; print(sorted({{'pulumi', 'pulumi_policy', 'grpc'}} & set(sys.modules)))"
    answer = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "[]"

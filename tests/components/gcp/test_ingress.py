"""The way in: one load balancer, each domain with its own certificate, requests to the right service, a firewall that works."""

from __future__ import annotations

from typing import Any

import pytest

from components.gcp.armor import DEFAULT_PRIORITY, RULE_SETS
from components.gcp.dns import slug
from components.gcp.ingress import GcpIngress
from tests.components.gcp.edge import edge
from tests.recorder import Recording


def routes(recording: Recording) -> dict[str, Any]:
    return recording.of_type("uRLMap:URLMap")["ingress-routes"].inputs


def paths(recording: Recording, host: str) -> dict[str, str]:
    """Path to what it is sent to, of one host."""
    matchers = {item["name"]: item for item in routes(recording)["pathMatchers"]}
    name = next(item["pathMatcher"] for item in routes(recording)["hostRules"] if item["hosts"] == [host])
    return {path: rule["service"] for rule in matchers[name]["pathRules"] for path in rule["paths"]}


def rules(recording: Recording) -> list[dict[str, Any]]:
    return recording.of_type("SecurityPolicy")["ingress-armor"].inputs["rules"]


def test_each_host_goes_to_its_service() -> None:
    recording = edge()
    assert paths(recording, "api.example.com") == {"/*": "service-api-backend-id"}
    assert paths(recording, "www.example.com") == {"/*": "service-web-backend-id"}
    assert recording.outputs["urls"] == {"api": "https://api.example.com", "web": "https://www.example.com"}


def test_services_share_a_host_by_path() -> None:
    docs = {"image": "docs:1", "domain": "www.example.com", "paths": ["/docs/*", "/help"]}
    recording = edge(services={"docs": docs})
    docs_backend = "service-docs-backend-id"
    assert paths(recording, "www.example.com") == {"/*": "service-web-backend-id", "/docs/*": docs_backend, "/help": docs_backend}
    assert recording.outputs["urls"]["docs"] == "https://www.example.com/docs"


def test_what_no_service_asked_for_is_not_found() -> None:
    """Neither an unknown host nor an unknown path of a known one may get to a service."""
    recording = edge(services={"web": {"paths": ["/app/*"]}})
    found = routes(recording)
    for block in (found, *found["pathMatchers"]):
        assert block["defaultRouteAction"]["faultInjectionPolicy"]["abort"] == {"httpStatus": 404, "percentage": 100}
        assert block["defaultService"] == "service-api-backend-id", "Google asks for one"
    assert set(paths(recording, "www.example.com")) == {"/app/*"}


def test_internal_services_are_not_reachable() -> None:
    assert set(edge().of_type("BackendService")) == {"service-api-backend", "service-web-backend"}


def test_serverless_backends_say_only_what_google_accepts() -> None:
    recording = edge()
    group = recording.of_type("RegionNetworkEndpointGroup")["service-api-endpoints"].inputs
    assert (group["networkEndpointType"], group["cloudRun"]) == ("SERVERLESS", {"service": "service-api"})
    backend = recording.of_type("BackendService")["service-api-backend"].inputs
    assert backend["backends"] == [{"group": "service-api-endpoints-id"}]
    assert not {"healthChecks", "timeoutSec", "portName"} & set(backend)
    assert backend["logConfig"] == {"enable": True, "sampleRate": 1.0}


def test_gcp_complaint_26_certificates_are_one_per_domain_under_a_name_of_their_own() -> None:
    """CFF#2184, terraform-provider-google#6147: a certificate in use can neither be changed nor deleted."""
    before, after = edge(), edge(services={"docs": {"image": "docs:1", "domain": "docs.example.com"}})
    first, second = (recording.of_type("ManagedSslCertificate") for recording in (before, after))
    assert {name: item.inputs for name, item in first.items()}.items() <= {k: v.inputs for k, v in second.items()}.items()
    assert set(second) - set(first) == {"ingress-certificate-docs.example.com"}
    for item in second.values():
        (domain,) = item.inputs["managed"]["domains"]
        assert item.inputs["name"].endswith(slug(domain))
        assert not item.options.delete_before_replace, "the proxy lets go of the old one only when it has the new one"
    names = [item.inputs["name"] for item in second.values()]
    assert len(set(names)) == len(names)
    proxy = after.of_type("TargetHttpsProxy")["ingress-https-proxy"].inputs
    assert proxy["sslCertificates"] == [f"{name}-id" for name in sorted(second)]


def test_domains_that_differ_by_a_dot_only_have_names_of_their_own() -> None:
    assert slug("a-b.example.com") != slug("a.b.example.com")
    domains = {"one": {"image": "a:1", "domain": "a-b.example.com"}, "two": {"image": "a:1", "domain": "a.b.example.com"}}
    names = [item["name"] for item in routes(edge(services=domains))["pathMatchers"]]
    assert len(names) == len(set(names)) == 4
    assert all(len(name) <= 63 and name[0].isalpha() for name in names)


def test_gcp_complaint_27_scheme_is_always_said() -> None:
    """pulumi-gcp#3943: the default changed with a version of the provider, and a change recreates what is in use."""
    recording = edge("prod")
    said = [
        resource.inputs.get("loadBalancingScheme")
        for kind in ("BackendService", "GlobalForwardingRule")
        for resource in recording.of_type(kind).values()
    ]
    assert len(said) == 6
    assert set(said) == {"EXTERNAL_MANAGED"}


def test_only_https_serves_and_http_redirects() -> None:
    recording = edge()
    listening = {
        (rule.inputs["portRange"], rule.inputs["ipAddress"]): rule.inputs["target"]
        for rule in recording.of_type("GlobalForwardingRule").values()
    }
    for address in ("ingress-address-ipv4.address", "ingress-address-ipv6.address"):
        assert listening["443", address] == "ingress-https-proxy-id"
        assert listening["80", address] == "ingress-http-proxy-id"
    redirect = recording.of_type("uRLMap:URLMap")["ingress-to-https"].inputs
    assert recording.of_type("TargetHttpProxy")["ingress-http-proxy"].inputs["urlMap"] == "ingress-to-https-id"
    assert redirect["defaultUrlRedirect"]["httpsRedirect"] is True
    assert redirect["defaultUrlRedirect"]["stripQuery"] is False
    assert "defaultService" not in redirect


def test_old_tls_is_refused() -> None:
    recording = edge()
    policy = recording.of_type("SSLPolicy")["ingress-tls"].inputs
    assert (policy["profile"], policy["minTlsVersion"]) == ("RESTRICTED", "TLS_1_2")
    assert recording.of_type("TargetHttpsProxy")["ingress-https-proxy"].inputs["sslPolicy"] == "ingress-tls-id"


def test_records_point_at_both_addresses() -> None:
    found = {
        (record.inputs["type"], record.inputs["name"]): record.inputs["rrdatas"]
        for record in edge().of_type("RecordSet").values()
        if record.name.startswith("ingress-")
    }
    assert found["A", "api.example.com."] == ["ingress-address-ipv4.address"]
    assert found["AAAA", "www.example.com."] == ["ingress-address-ipv6.address"]
    assert len(found) == 4


def test_a_given_zone_is_used_and_none_is_made() -> None:
    recording = edge(ingress={"dns_zone": "example-com"})
    assert not [name for name in recording.of_type("ManagedZone") if name.startswith("ingress-")]
    zones = {item.inputs["managedZone"] for item in recording.of_type("RecordSet").values() if item.name.startswith("ingress-")}
    assert zones == {"example-com"}


@pytest.mark.parametrize(("tier", "emptied"), [("dev", True), ("prod", False)])
def test_otherwise_each_domain_has_a_signed_zone(tier: str, emptied: bool) -> None:
    zone = edge(tier).of_type("ManagedZone")["ingress-zone-api.example.com"].inputs
    assert (zone["dnsName"], zone["visibility"]) == ("api.example.com.", "public")
    assert zone["dnssecConfig"]["state"] == "on"
    assert zone["forceDestroy"] is emptied


def test_without_a_domain_there_is_no_load_balancer_and_nothing_to_pay_for() -> None:
    nothing = {name: {"public": False, "domain": None} for name in ("web",)}
    recording = edge(services={**nothing, "api": {"domain": None}})
    assert recording.outputs["urls"] == {"api": "service-api-run.uri"}
    assert recording.outputs["load balancer"] is None
    assert not [item.name for item in recording.resources.values() if item.name.startswith("ingress-")]


def test_a_service_that_was_not_declared_cannot_attach() -> None:
    ingress = object.__new__(GcpIngress)
    ingress._balancer = None
    settings = type("Settings", (), {"domain": "late.example.com", "paths": ("/*",)})()
    service = type("Service", (), {"name": "service-late", "settings": settings})()
    with pytest.raises(ValueError, match="service-late is not among the public services"):
        ingress.attach(service)


def test_the_firewall_is_by_choice_and_on_in_prod() -> None:
    assert not edge().of_type("SecurityPolicy")
    backends = edge("prod").of_type("BackendService").values()
    assert {backend.inputs["securityPolicy"] for backend in backends} == {"ingress-armor-id"}
    assert not edge("prod", ingress={"waf": False}).of_type("SecurityPolicy")


def test_the_limit_comes_after_the_rules_against_attacks() -> None:
    """Who is below the limit is allowed at once, and no later rule is asked any more."""
    found = rules(edge("prod"))
    assert [rule["priority"] for rule in found] == sorted({rule["priority"] for rule in found})
    *sets, limit, default = found
    assert len(sets) == len(RULE_SETS)
    assert {rule["action"] for rule in sets} == {"deny(403)"}
    assert limit["action"] == "throttle"
    assert limit["rateLimitOptions"] == {
        "conformAction": "allow",
        "exceedAction": "deny(429)",
        "enforceOnKey": "IP",
        "rateLimitThreshold": {"count": 2000, "intervalSec": 300},
    }
    assert (default["priority"], default["action"]) == (DEFAULT_PRIORITY, "allow")
    assert limit["match"] == default["match"] == {"versionedExpr": "SRC_IPS_V1", "config": {"srcIpRanges": ["*"]}}


def test_no_rule_refuses_what_an_api_needs() -> None:
    expressions = [rule["match"]["expr"]["expression"] for rule in rules(edge("prod")) if "expr" in rule["match"]]
    assert "evaluatePreconfiguredWaf('sqli-v33-stable', {'sensitivity': 1})" in expressions
    assert not [text for text in expressions if "methodenforcement" in text], "refuses PUT, PATCH and DELETE"
    assert all(len(rule["description"]) <= 64 for rule in rules(edge("prod"))), "the provider's limit"


def test_the_firewall_reads_json_and_watches_for_floods() -> None:
    policy = edge("prod").of_type("SecurityPolicy")["ingress-armor"].inputs
    assert policy["type"] == "CLOUD_ARMOR"
    assert policy["advancedOptionsConfig"] == {"jsonParsing": "STANDARD", "logLevel": "NORMAL"}
    assert policy["adaptiveProtectionConfig"]["layer7DdosDefenseConfig"]["enable"] is True


def test_requests_are_kept_as_long_as_asked_and_found_by_the_load_balancers_name() -> None:
    recording = edge(ingress={"log_retention_days": 40})
    assert recording.of_type("ProjectBucketConfig")["ingress-requests"].inputs["retentionDays"] == 40
    kept = recording.of_type("ProjectSink")["ingress-requests-sink"].inputs["filter"]
    assert f'resource.labels.url_map_name="{recording.outputs["load balancer"]}"' in kept
    assert 'resource.type="http_load_balancer"' in kept


def test_names_are_ones_that_google_takes() -> None:
    recording = edge("prod", app="a" * 30, environment="b" * 30, buckets={"media": {"cdn": True}})
    kinds = ("URLMap", "SSLPolicy", "GlobalForwardingRule", "GlobalAddress", "BackendService", "RegionNetworkEndpointGroup")
    more = ("TargetHttpsProxy", "TargetHttpProxy", "ManagedSslCertificate", "SecurityPolicy", "BackendBucket", "ManagedZone")
    for kind in (*kinds, *more):
        found = [resource.inputs["name"] for resource in recording.of_type(f":{kind}").values()]
        assert found, kind
        assert len(set(found)) == len(found)
        assert all(len(name) <= 63 for name in found)


def test_another_wording_recreates_nothing_in_use() -> None:
    """In these types the provider takes a new description for a new resource."""
    recording = edge("prod")
    for kind in ("GlobalAddress", "SSLPolicy", "ManagedSslCertificate", "RegionNetworkEndpointGroup"):
        found = [item for item in recording.of_type(f":{kind}").values() if not item.name.startswith("network-")]
        assert found, kind
        assert not [item.name for item in found if "description" in item.inputs]

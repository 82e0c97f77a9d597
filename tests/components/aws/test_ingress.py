"""The way in: load balancer, certificates, names, routes."""

from __future__ import annotations

from typing import Any

import pytest

from components.aws.ingress import AwsIngress
from tests.components.aws.edge import edge
from tests.recorder import Recording

HTTP_ONLY = {"services": {"api": {"domain": None, "paths": ["/api/*"]}, "web": {"domain": None}}}
"""A dev stack before it has a domain."""


def one(recording: Recording, ending: str) -> dict[str, Any]:
    (found,) = recording.of_type(ending).values()
    return found.inputs


def rules(recording: Recording) -> dict[str, dict[str, Any]]:
    """By service and path: where a rule listens, and its priority."""
    found = {}
    for rule in recording.of_type("ListenerRule").values():
        service = rule.parent.rpartition("::service-")[2]
        host, path = rule.inputs["conditions"]
        found[f"{service} {path['pathPattern']['values'][0]}"] = {
            "host": host["hostHeader"]["values"],
            "listener": rule.inputs["listenerArn"].rpartition(":")[2],
            "priority": rule.inputs["priority"],
        }
    return found


def test_without_a_public_service_there_is_no_load_balancer() -> None:
    recording = edge("prod", services={name: {"public": False} for name in ("api", "web")})
    children = [resource.name for resource in recording.resources.values() if resource.name.startswith("ingress-")]
    assert children == []
    assert recording.outputs["urls"] == {}


@pytest.mark.parametrize(("tier", "protected"), [("dev", False), ("prod", True)])
def test_the_load_balancer_is_hardened_and_logged(tier: str, protected: bool) -> None:
    balancer = one(edge(tier), "lb/loadBalancer:LoadBalancer")
    assert balancer["dropInvalidHeaderFields"]
    assert balancer["enableDeletionProtection"] is protected
    assert balancer["accessLogs"] == {"bucket": "network-logs.bucket", "prefix": "alb", "enabled": True}
    assert len(balancer["name"]) <= 32
    assert all(subnet.startswith("network-public-") for subnet in balancer["subnets"])


def test_the_load_balancer_waits_for_the_log_buckets_policy() -> None:
    """AWS writes a test object when access logs are turned on."""
    (balancer,) = edge().of_type("lb/loadBalancer:LoadBalancer").values()
    assert [resource._name for resource in balancer.options.depends_on] == ["network"]


def test_https_with_a_current_policy_and_http_only_sends_there() -> None:
    listeners = {resource.inputs["port"]: resource.inputs for resource in edge().of_type("lb/listener:Listener").values()}
    assert listeners[443]["sslPolicy"] == "ELBSecurityPolicy-TLS13-1-2-2021-06"
    assert listeners[443]["defaultActions"][0]["fixedResponse"]["statusCode"] == "404"
    assert listeners[80]["defaultActions"] == [
        {"type": "redirect", "redirect": {"protocol": "HTTPS", "port": "443", "statusCode": "HTTP_301"}}
    ]


def test_each_domain_has_a_certificate_validated_by_dns() -> None:
    recording = edge()
    certificates = [resource.inputs for resource in recording.of_type("acm/certificate:Certificate").values()]
    assert {item["domainName"]: item["validationMethod"] for item in certificates} == {
        "api.example.com": "DNS",
        "www.example.com": "DNS",
    }
    record = recording.of_type("route53/record:Record")["ingress-validation-api.example.com"].inputs
    assert (record["name"], record["type"], record["records"]) == ("_x.ingress-certificate-api.example.com", "CNAME", ["_y"])
    validated = recording.of_type("CertificateValidation")["ingress-validated-api.example.com"].inputs
    assert validated["validationRecordFqdns"] == ["ingress-validation-api.example.com.fqdn"]


def test_the_default_certificate_is_in_the_list_too() -> None:
    """A new host may become the default; the old default must not be without a certificate in between."""
    attached = {
        resource.inputs["certificateArn"] for resource in edge().of_type("lb/listenerCertificate:ListenerCertificate").values()
    }
    assert {arn.rpartition(":")[2] for arn in attached} == {
        "ingress-certificate-api.example.com",
        "ingress-certificate-www.example.com",
    }


def test_a_domain_is_routed_when_its_certificate_is_in_place() -> None:
    """Another domain changes a rule in place; it must not leave the old one while AWS still validates the new."""
    for rule in edge().of_type("ListenerRule").values():
        host = rule.inputs["conditions"][0]["hostHeader"]["values"][0]
        assert [resource._name for resource in rule.options.depends_on] == [f"ingress-listener-certificate-{host}"]


def test_names_point_at_the_load_balancer_in_the_given_zone() -> None:
    recording = edge(ingress={"dns_zone": "Z123"})
    assert not recording.of_type("route53/zone:Zone")
    records = recording.of_type("route53/record:Record")
    assert {item.inputs["zoneId"] for item in records.values()} == {"Z123"}
    address = records["ingress-address-api.example.com"].inputs
    assert (address["name"], address["type"]) == ("api.example.com", "A")
    assert address["aliases"][0]["name"] == "ingress-load-balancer.dns_name"


@pytest.mark.parametrize(("tier", "emptied"), [("dev", True), ("prod", False)])
def test_without_a_given_zone_each_domain_gets_its_own(tier: str, emptied: bool) -> None:
    zones = edge(tier).of_type("route53/zone:Zone")
    assert {zone.inputs["name"]: zone.inputs["forceDestroy"] for zone in zones.values()} == {
        "api.example.com": emptied,
        "www.example.com": emptied,
    }


def test_two_services_of_one_domain_share_certificate_and_zone() -> None:
    recording = edge(services={"api": {"domain": "www.example.com", "paths": ["/api/*"]}})
    assert len(recording.of_type("acm/certificate:Certificate")) == 1
    assert len(recording.of_type("route53/zone:Zone")) == 1
    found = rules(recording)
    assert found["api /api/*"]["host"] == found["web /*"]["host"] == ["www.example.com"]
    assert found["api /api/*"]["priority"] < found["web /*"]["priority"]
    assert recording.outputs["urls"] == {"api": "https://www.example.com/api", "web": "https://www.example.com"}


def test_dev_without_a_domain_is_http_at_the_load_balancers_own_name() -> None:
    recording = edge(**HTTP_ONLY)
    assert not recording.of_type("acm/certificate:Certificate")
    listener = one(recording, "lb/listener:Listener")
    assert (listener["port"], listener["protocol"], listener["defaultActions"][0]["type"]) == (80, "HTTP", "fixed-response")
    assert {rule["host"][0] for rule in rules(recording).values()} == {"ingress-load-balancer.dns_name"}
    assert recording.outputs["urls"]["web"] == "http://ingress-load-balancer.dns_name"
    opened = recording.of_type("SecurityGroupIngressRule").values()
    assert {rule.inputs["fromPort"] for rule in opened if "cidrIpv4" in rule.inputs and rule.name.startswith("ingress-")} == {80}


def test_a_service_without_a_domain_takes_nothing_from_the_domains() -> None:
    """Its rule on port 80 must not answer http://api.example.com, which is sent to HTTPS."""
    found = rules(edge(services={"web": {"domain": None}}))
    assert found["web /*"] | {"priority": 0} == {
        "host": ["ingress-load-balancer.dns_name"],
        "listener": "ingress-listener-80",
        "priority": 0,
    }
    assert found["api /*"]["listener"] == "ingress-listener-443"


def test_complaint_also_target_groups_have_no_fixed_name() -> None:
    """A fixed name is ResourceInUse when port or network change (pulumi-aws#4220, #4226)."""
    recording = edge(services={"storefront-api": {"image": "a:1", "domain": "shop.example.com"}})
    for group in recording.of_type("TargetGroup").values():
        assert "name" not in group.inputs
        assert 1 < len(group.inputs["namePrefix"]) <= 6
        assert not group.options.delete_before_replace


def test_target_groups_check_as_the_guides_do() -> None:
    groups = edge().of_type("TargetGroup")
    kinds = {"api": ("service-api-target-group", 8000, 60, 30), "web": ("service-web-target-group", 80, 30, 10)}
    for name, port, interval, timeout in kinds.values():
        group, check = groups[name].inputs, groups[name].inputs["healthCheck"]
        assert (group["targetType"], group["port"]) == ("ip", port)
        assert (check["interval"], check["timeout"]) == (interval, timeout)
        assert (check["healthyThreshold"], check["unhealthyThreshold"]) == (2, 5)
        assert (check["path"], check["matcher"]) == ("/healthz", "200")
        assert 30 <= group["deregistrationDelay"] <= 60


def test_thresholds_that_a_load_balancer_does_not_have_are_raised() -> None:
    check = {"timeout_seconds": 1, "healthy_threshold": 1, "unhealthy_threshold": 1}
    found = (
        edge(services={"api": {"health_check": check}}).of_type("TargetGroup")["service-api-target-group"].inputs["healthCheck"]
    )
    assert (found["timeout"], found["healthyThreshold"], found["unhealthyThreshold"]) == (2, 2, 2)


def test_only_the_load_balancer_reaches_a_service_and_only_its_port() -> None:
    recording = edge()
    entry = recording.of_type("SecurityGroupIngressRule")["service-api-load-balancer-ingress"].inputs
    way_out = recording.of_type("SecurityGroupEgressRule")["service-api-load-balancer-egress"].inputs
    balancer, service = "ingress-load-balancer-security-group-id", "service-api-security-group-id"
    assert (entry["securityGroupId"], entry["referencedSecurityGroupId"]) == (service, balancer)
    assert (way_out["securityGroupId"], way_out["referencedSecurityGroupId"]) == (balancer, service)
    assert {rule["fromPort"] for rule in (entry, way_out)} == {rule["toPort"] for rule in (entry, way_out)} == {8000}
    leaving = [rule.inputs for rule in recording.of_type("SecurityGroupEgressRule").values()]
    assert not [rule for rule in leaving if rule["securityGroupId"] == balancer and "cidrIpv4" in rule]


def test_a_service_waits_for_its_rules() -> None:
    """ECS refuses a target group that no load balancer uses."""
    recording = edge()
    waits = recording.outputs["api waits"]
    assert set(recording.of_type("ListenerRule")) & set(waits)
    assert {"service-api-load-balancer-ingress", "service-api-load-balancer-egress"} <= set(waits)


def test_a_new_service_moves_no_rule_of_the_others() -> None:
    more = {"docs": {"image": "docs:1", "domain": "www.example.com", "paths": ["/docs/*", "/help"]}}
    before, after = rules(edge()), rules(edge(services=more))
    assert before == {key: value for key, value in after.items() if key in before}
    assert {"docs /docs/*", "docs /help"} <= set(after)


def test_a_service_that_was_not_declared_cannot_attach() -> None:
    assert "api" in edge().outputs["urls"]
    ingress = object.__new__(AwsIngress)
    ingress._balancer = None
    service = type("Service", (), {"name": "service-late", "settings": None})()
    with pytest.raises(ValueError, match="service-late is not among the public services"):
        ingress.attach(service)

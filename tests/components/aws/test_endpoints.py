"""Ways to AWS services that do not leave the network."""

from __future__ import annotations

from tests.components.aws.network import ENDPOINTS, network_alone


def test_interface_endpoints_are_for_the_network_only() -> None:
    recording = network_alone(nat="none", interface_endpoints=ENDPOINTS)
    endpoints = {
        name: found.inputs
        for name, found in recording.of_type("ec2/vpcEndpoint:VpcEndpoint").items()
        if found.inputs["vpcEndpointType"] == "Interface"
    }
    services = {found["serviceName"].removeprefix("com.amazonaws.ap-northeast-1.") for found in endpoints.values()}
    assert services == {"ecr.api", "ecr.dkr", "logs", "secretsmanager"}
    assert all(found["privateDnsEnabled"] and len(found["subnetIds"]) == 2 for found in endpoints.values())
    assert {group for found in endpoints.values() for group in found["securityGroupIds"]} == {
        "network-endpoints-security-group-id"
    }
    (rule,) = recording.of_type("SecurityGroupIngressRule").values()
    assert (rule.inputs["fromPort"], rule.inputs["toPort"], rule.inputs["cidrIpv4"]) == (443, 443, "10.0.0.0/16")

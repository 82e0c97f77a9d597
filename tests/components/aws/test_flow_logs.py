"""Flow logs of a network of our own."""

from __future__ import annotations

from tests.components.aws.network import network_alone, statements


def test_flow_logs_are_kept_as_long_as_wanted() -> None:
    recording = network_alone(flow_log_retention_days=90)
    (flow,) = recording.of_type("ec2/flowLog:FlowLog").values()
    group = recording.of_type("LogGroup")["network-flows"]
    assert (flow.inputs["trafficType"], flow.inputs["vpcId"]) == ("ALL", "network-vpc-id")
    assert (group.inputs["retentionInDays"], group.inputs["name"]) == (90, "/shop-dev/flows")
    assert "key" in group.inputs["kmsKeyId"]
    (right,) = statements(recording, "network-flow-logs-role-policy")
    assert all("network-flows" in resource for resource in right["Resource"]), "no other log group"


def test_flow_logs_can_be_off() -> None:
    assert not network_alone(flow_logs=False).of_type("FlowLog")

"""Networks: what is open, and what is seen of the traffic."""

from __future__ import annotations

from policies.rule import AnyRule, ConfigKey, Rule, StackRule
from policies.rules.aws import network as aws
from policies.rules.aws.types import DEFAULT_GROUP, FLOW_LOG, VPC
from policies.rules.gcp import network as gcp
from policies.rules.gcp import types as google
from policies.rules.ports import ADMIN_PORTS, DATA_PORTS, WEB_PORTS
from policies.rules.references import references
from policies.rules.sides import on_clouds

DOCS = "components/aws/README.md#network-registry-and-cluster"

RULES: tuple[AnyRule, ...] = (
    Rule(
        id="admin-ports-closed",
        title="SSH and RDP are not open to the internet",
        severity="critical",
        frameworks=references(
            hub="EC2.13 EC2.14 EC2.19", cis_aws="6.3 6.4", cis_gcp="3.6 3.7", checkov="AWS_24 AWS_25 GCP_2 GCP_3"
        ),
        remediation="Remove the rule; people use ECS Exec or an identity-aware tunnel.",
        docs=DOCS,
        aws=aws.admin_ports_closed,
        gcp=gcp.admin_ports_closed,
        config={"ports": ConfigKey("array", list(ADMIN_PORTS), "Ports that must be closed.")},
        dev="mandatory",
    ),
    Rule(
        id="data-ports-closed",
        title="No port of a database or cache is open to the internet, in a range or among all protocols either",
        severity="critical",
        frameworks=references(hub="EC2.19"),
        remediation="Let in the security group or service account of each workload instead, as the database's grant does.",
        docs=DOCS,
        aws=aws.data_ports_closed,
        gcp=gcp.data_ports_closed,
        config={
            "ports": ConfigKey("array", list(DATA_PORTS), "Ports that must be closed; add yours where database.port is another.")
        },
        dev="mandatory",
    ),
    Rule(
        id="only-web-open",
        title="Nothing but HTTP and HTTPS is open to the internet",
        severity="high",
        frameworks=references(hub="EC2.18", checkov="AWS_260 AWS_277 GCP_106 GCP2_12"),
        remediation="Remove the rule, or narrow its networks to the ones that need it.",
        docs=DOCS,
        aws=aws.only_web_open,
        gcp=gcp.only_web_open,
        config={"ports": ConfigKey("array", list(WEB_PORTS), "Ports that may be open.")},
        dev="mandatory",
    ),
    StackRule(
        id="default-group-closed",
        title="The default security group of a VPC lets nothing through",
        severity="medium",
        frameworks=references(hub="EC2.2", cis_aws="6.5", checkov="AWS2_12"),
        remediation="Adopt it with an empty DefaultSecurityGroup.",
        docs=DOCS,
        judge=on_clouds(aws=aws.default_group_closed, gcp=gcp.default_group_closed),
        types=(VPC, DEFAULT_GROUP, google.NETWORK, google.FIREWALL),
        dev="mandatory",
    ),
    StackRule(
        id="network-flow-logs",
        title="A network's connections are logged",
        severity="medium",
        frameworks=references(hub="EC2.6", cis_aws="4.7", cis_gcp="3.10", checkov="AWS2_11 GCP_26"),
        remediation="Keep the network's flow logs.",
        docs=DOCS,
        judge=on_clouds(aws=aws.network_flow_logs, gcp=gcp.network_flow_logs),
        types=(VPC, FLOW_LOG, google.SUBNETWORK),
        dev="mandatory",
    ),
    Rule(
        id="subnet-no-public-ip",
        title="Nothing gets a public address just by being in a subnet",
        severity="medium",
        frameworks=references(hub="EC2.15", checkov="AWS_130"),
        remediation="Set mapPublicIpOnLaunch to false.",
        docs=DOCS,
        aws=aws.subnet_no_public_ip,
        gcp=gcp.subnet_no_public_ip,
        dev="mandatory",
    ),
    Rule(
        id="subnet-private-access",
        title="A subnet reaches the cloud's own services without the internet",
        severity="low",
        frameworks=references(checkov="GCP_74"),
        remediation="Set privateIpGoogleAccess to true.",
        docs="components/gcp/README.md#network",
        aws=aws.subnet_private_access,
        gcp=gcp.subnet_private_access,
        dev="mandatory",
    ),
)

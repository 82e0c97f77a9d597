"""The way in: load balancers and the CDN."""

from __future__ import annotations

from policies.rule import AnyRule, Rule, StackRule
from policies.rules.aws import edge as aws
from policies.rules.aws.types import BALANCER, LISTENER
from policies.rules.gcp import edge as gcp
from policies.rules.gcp import types as google
from policies.rules.references import references
from policies.rules.sides import on_clouds

DOCS = "components/aws/README.md#the-way-in-buckets-cache"

RULES: tuple[AnyRule, ...] = (
    StackRule(
        id="balancer-https",
        title="Clients reach services by HTTPS; plain HTTP only sends them there",
        severity="high",
        frameworks=references(hub="ELB.1 ELB.18", checkov="AWS_2 AWS2_20"),
        remediation="Give every public service a domain.",
        docs=DOCS,
        judge=on_clouds(aws=aws.balancer_https, gcp=gcp.balancer_https),
        types=(LISTENER, google.HTTP_PROXY, google.URL_MAP),
        dev="advisory",
    ),
    Rule(
        id="balancer-tls-version",
        title="Clients speak TLS 1.2 or newer, with forward secrecy",
        severity="high",
        frameworks=references(hub="ELB.17", cis_gcp="3.11", checkov="AWS_103 GCP_4"),
        remediation="Set sslPolicy to ELBSecurityPolicy-TLS13-1-2-2021-06 or a stricter one (Google Cloud: an SSL policy).",
        docs=DOCS,
        aws=aws.balancer_tls_version,
        gcp=gcp.balancer_tls_version,
        dev="mandatory",
    ),
    Rule(
        id="balancer-headers",
        title="A load balancer drops headers that are not valid",
        severity="medium",
        frameworks=references(hub="ELB.4", checkov="AWS_131"),
        remediation="Set dropInvalidHeaderFields to true.",
        docs=DOCS,
        aws=aws.balancer_headers,
        gcp=gcp.balancer_headers,
        dev="mandatory",
    ),
    Rule(
        id="balancer-logs",
        title="A load balancer's requests are logged",
        severity="medium",
        frameworks=references(hub="ELB.5", checkov="AWS_91"),
        remediation="Set accessLogs with the network's log bucket.",
        docs=DOCS,
        aws=aws.balancer_logs,
        gcp=gcp.balancer_logs,
        dev="mandatory",
    ),
    Rule(
        id="balancer-deletion-protected",
        title="The cloud refuses to delete a load balancer",
        severity="medium",
        frameworks=references(hub="ELB.6", checkov="AWS_150"),
        remediation="Set enableDeletionProtection, as tier prod does.",
        docs=DOCS,
        aws=aws.balancer_deletion_protected,
        gcp=gcp.balancer_deletion_protected,
        dev="advisory",
    ),
    StackRule(
        id="balancer-waf",
        title="A load balancer of the internet has a web application firewall",
        severity="medium",
        frameworks=references(hub="ELB.16", checkov="AWS2_28"),
        remediation="Set ingress.waf to true.",
        docs=DOCS,
        judge=on_clouds(aws=aws.balancer_waf, gcp=gcp.balancer_waf),
        types=(BALANCER, google.BACKEND, google.ARMOR),
        dev="advisory",
    ),
    Rule(
        id="cdn-https",
        title="A CDN answers by HTTPS only",
        severity="medium",
        frameworks=references(hub="CloudFront.3"),
        remediation="Set viewerProtocolPolicy to redirect-to-https in every cache behaviour.",
        docs=DOCS,
        aws=aws.cdn_https,
        gcp=gcp.cdn_https,
        dev="mandatory",
    ),
)

"""What stacks cost: nothing is free because it is unknown, every assumption is said, sums are sums."""

from __future__ import annotations

from dataclasses import replace

import pytest

from operations.review.charges.usage import USES
from operations.review.cost import Change, Estimate, Line, changes, estimate
from operations.review.prices.table import Prices, load
from policies.resource import Resource
from tests.operations.review.price_stacks import UNTOLD, real, resource, stack, with_props

CLOUDS = ("dev", "prod", "gcp-dev", "gcp-prod")
NAT, KEY = "aws:ec2/natGateway:NatGateway", "aws:kms/key:Key"
CLUSTER, MEMBER, INSTANCE = "aws:rds/cluster:Cluster", "aws:rds/clusterInstance:ClusterInstance", "aws:rds/instance:Instance"
TASK, SERVICE = "aws:ecs/taskDefinition:TaskDefinition", "aws:ecs/service:Service"
SQL, RUN = "gcp:sql/databaseInstance:DatabaseInstance", "gcp:cloudrunv2/service:Service"


def lines(of: Estimate, sku: str) -> list[Line]:
    return [line for line in of.lines if line.sku == sku]


def only(of: Estimate, sku: str) -> Line:
    (line,) = lines(of, sku)
    return line


@pytest.mark.parametrize("name", CLOUDS)
def test_everything_in_the_real_stacks_has_a_price(name: str) -> None:
    found = estimate(real(name))
    assert [(line.type, line.sku, line.why_unknown) for line in found.unknown] == []
    assert found.monthly > 50


def test_the_real_stacks_cost_about_what_the_readmes_say() -> None:
    """components/gcp/README.md: dev 115 USD a month, prod 850. Read with a loose hand: both rest on assumed use."""
    assert estimate(real("gcp-dev")).monthly == pytest.approx(115, rel=0.2)
    assert estimate(real("gcp-prod")).monthly == pytest.approx(850, rel=0.1)


def test_this_machine_costs_nothing() -> None:
    found = estimate(real("local"))
    assert (found.lines, found.monthly, found.unknown) == ((), 0, ())


@pytest.mark.parametrize("name", CLOUDS)
def test_the_sum_is_the_sum_of_its_parts(name: str) -> None:
    found = estimate(real(name))
    assert found.monthly == pytest.approx(sum(part.monthly for part in found.components().values()))
    assert found.monthly == pytest.approx(found.fixed + found.usage)
    assert found.most >= found.monthly
    assert {line.component for line in found.lines} == set(found.components())


@pytest.mark.parametrize("name", CLOUDS)
def test_every_assumption_is_said(name: str) -> None:
    found = estimate(real(name))
    assert found.usage > 0
    assert all(any(character.isdigit() for character in sentence) for sentence in found.assumptions)


def test_known_use_wins_over_the_assumption() -> None:
    found = estimate(real("prod"), usage={"nat_gib": 1000})
    assert {(line.quantity, line.assumption) for line in lines(found, "nat/gib")} == {(1000.0, "1000 GiB through each NAT")}


def test_uses_are_told_apart() -> None:
    assert len({use.key for use in USES}) == len(USES)
    assert all("{}" in use.sentence for use in USES)


def test_a_price_that_is_not_in_the_table_is_unknown_and_not_nothing() -> None:
    table = load("aws")
    without = replace(table, rows={sku: price for sku, price in table.rows.items() if sku != "nat/hour"})
    found = estimate(stack(resource(NAT, "nat")), without)
    line = only(found, "nat/hour")
    assert (line.monthly, line.at_most) == (None, None)
    assert line in found.unknown
    assert line.why_unknown == "the price table has no row 'nat/hour'; run `python -m operations prices refresh`"


def test_an_empty_table_makes_everything_unknown() -> None:
    found = estimate(real("prod"), Prices("aws", "ap-northeast-1"))
    assert found.monthly == 0
    assert found.unknown == found.lines
    assert len(found.lines) > 50


def test_a_region_without_a_table_is_unknown() -> None:
    found = estimate(stack(resource("aws:ec2/subnet:Subnet", "a", availabilityZone="eu-west-1b"), resource(NAT, "nat")))
    assert found.region == "eu-west-1"
    assert len(found.unknown) == len(found.lines) == 2


def test_a_type_that_nobody_priced_is_unknown() -> None:
    (line,) = estimate(stack(resource("aws:msk/cluster:Cluster", "kafka"))).unknown
    assert line.what == "aws:msk/cluster:Cluster"
    assert "nobody has said what this type costs" in line.why_unknown


@pytest.mark.parametrize(
    "unknown",
    [
        resource(MEMBER, "instance-1", instanceClass=UNTOLD),
        resource(INSTANCE, "instance", instanceClass="db.t4g.medium", allocatedStorage=UNTOLD, storageType="gp3"),
        resource(
            "aws:elasticache/replicationGroup:ReplicationGroup", "cache", nodeType="cache.t4g.small", numCacheClusters=UNTOLD
        ),
        resource("aws:lb/loadBalancer:LoadBalancer", "balancer", subnets=UNTOLD),
        resource("aws:wafv2/webAcl:WebAcl", "firewall", rules=UNTOLD),
        resource(SERVICE, "service", desiredCount=2.0),
        resource("aws:rds/proxy:Proxy", "proxy"),
    ],
    ids=lambda resource: resource.type,
)
def test_a_quantity_that_a_preview_does_not_know_is_unknown(unknown: Resource) -> None:
    found = estimate(stack(unknown))
    assert any(line.quantity is None and line.monthly is None for line in found.unknown)


@pytest.mark.parametrize(
    "unknown",
    [
        resource(SQL, "instance", settings={"tier": UNTOLD}),
        resource(SQL, "instance", settings={"tier": "db-custom-2-8192", "availabilityType": UNTOLD}),
        resource(SQL, "instance", settings={"tier": "db-n1-standard-1"}),
        resource("gcp:redis/instance:Instance", "cache", tier="BASIC", memorySizeGb=UNTOLD),
        resource(
            RUN,
            "run",
            template={"containers": [{"resources": {"limits": {"cpu": UNTOLD}, "cpuIdle": False}}]},
            scaling={"minInstanceCount": 1},
        ),
    ],
    ids=lambda resource: resource.type,
)
def test_the_same_on_google(unknown: Resource) -> None:
    assert any(line.monthly is None for line in estimate(stack(unknown, provider="gcp")).unknown)


def test_a_multi_az_instance_has_prices_of_its_own() -> None:
    def skus(multi: bool) -> set[str]:
        database = resource(
            INSTANCE, "db", instanceClass="db.r6g.large", multiAz=multi, allocatedStorage=100.0, storageType="gp3"
        )
        return {line.sku for line in estimate(stack(database)).lines}

    assert {"rds-postgres/db.r6g.large", "rds/gp3-gib-month"} <= skus(False)
    assert {"rds-multi-az-postgres/db.r6g.large", "rds-multi-az/gp3-gib-month"} <= skus(True)


def test_spot_and_arm_have_prices_of_their_own() -> None:
    task = resource(TASK, "task", "api", cpu="512", memory="1024", runtimePlatform={"cpuArchitecture": "ARM64"})
    service = resource(
        SERVICE, "service", "api", desiredCount=3.0, capacityProviderStrategies=[{"capacityProvider": "FARGATE_SPOT"}]
    )
    found = estimate(stack(task, service))
    assert only(found, "fargate-spot-arm/vcpu-hour").quantity == 0.5 * 3 * 730
    assert only(found, "fargate-spot-arm/gib-hour").quantity == 1.0 * 3 * 730


def test_what_scales_has_a_limit() -> None:
    found = estimate(real("prod"))
    cpu = [line for line in lines(found, "fargate/vcpu-hour") if line.component == "service-api" and not line.assumption]
    assert [(line.quantity, line.most) for line in cpu] == [(2 * 730, 6 * 730)]


def test_serverless_costs_its_least_and_tells_its_most() -> None:
    cluster = resource(CLUSTER, "cluster", serverlessv2ScalingConfiguration={"minCapacity": 0.5, "maxCapacity": 16.0})
    found = estimate(stack(cluster, resource(MEMBER, "one", instanceClass="db.serverless")))
    line = only(found, "aurora-serverless/acu-hour")
    assert (line.quantity, line.most) == (365, 16 * 730)


def test_a_standby_on_google_doubles_machine_and_disk() -> None:
    def database(availability: str) -> Estimate:
        settings = {"tier": "db-custom-2-8192", "availabilityType": availability, "diskSize": 100.0, "diskType": "PD_SSD"}
        return estimate(stack(resource(SQL, "db", settings=settings), provider="gcp"))

    assert database("REGIONAL").monthly == pytest.approx(2 * database("ZONAL").monthly)


def test_a_replica_on_google_has_the_disk_of_its_primary() -> None:
    found = estimate(real("gcp-prod"))
    assert sorted(line.quantity or 0 for line in lines(found, "cloudsql/pd-ssd-gib-month")) == [100.0, 200.0]


def test_five_forwarding_rules_cost_what_one_costs() -> None:
    kind = "gcp:compute/globalForwardingRule:GlobalForwardingRule"

    def fixed(number: int) -> float:
        return estimate(stack(*(resource(kind, f"rule-{each}", "ingress") for each in range(number)), provider="gcp")).fixed

    assert fixed(1) == pytest.approx(fixed(5)) == pytest.approx(0.025 * 730)
    assert fixed(6) == pytest.approx(fixed(5) + 0.010 * 730)


def test_instances_that_wait_on_google_are_cheap_until_they_answer() -> None:
    container = {"resources": {"limits": {"cpu": "1", "memory": "1024Mi"}, "cpuIdle": True}}
    service = resource(
        RUN, "run", "api", template={"containers": [container]}, scaling={"minInstanceCount": 1, "maxInstanceCount": 1}
    )
    found = estimate(stack(service, provider="gcp"), usage={"busy_hours": 30})
    assert only(found, "run-request/vcpu-hour").quantity == 30
    assert only(found, "run-waiting/vcpu-hour").quantity == 700
    assert found.most == pytest.approx(730 * (0.0864 + 0.009)), "always busy: nothing waits"


def test_a_thousand_databases_are_priced_in_linear_time() -> None:
    def databases(number: int) -> list[Resource]:
        return [
            each
            for place in range(number)
            for each in (
                resource(CLUSTER, f"cluster-{place}", f"database-{place}", storageType="aurora"),
                resource(MEMBER, f"member-{place}", f"database-{place}", instanceClass="db.r6g.large"),
                resource("aws:rds/proxy:Proxy", f"proxy-{place}", f"database-{place}"),
            )
        ]

    found = estimate(stack(*databases(1000)))
    assert len(lines(found, "aurora/db.r6g.large")) == 1000
    assert len(lines(found, "rds-proxy/vcpu-hour")) == 1000
    assert found.unknown == ()


def test_changes_by_component() -> None:
    before = estimate(real("prod"))
    after = estimate(with_props(real("prod"), MEMBER, instanceClass="db.r6g.xlarge"))
    (change,) = changes(before, after)
    assert change.component == "database"
    assert change.after is not None
    assert change.before is not None
    # Twice the machine is twice the insights and the proxy: 2 x (0.627 - 0.313) x 730, 2 x 2 vCPU x (0.0125 + 0.018) x 730.
    assert change.after - change.before == pytest.approx(458.44 + 89.06, abs=0.01)
    assert changes(before, before) == ()


def test_a_component_that_comes_goes_or_is_not_known() -> None:
    nothing, nat = estimate(stack()), estimate(stack(resource(NAT, "nat", "network")))
    unknown = estimate(stack(resource("aws:msk/cluster:Cluster", "kafka", "queue")))
    assert changes(nothing, nat) == (Change("network", None, nat.monthly, 0),)
    assert changes(nat, nothing) == (Change("network", nat.monthly, None, 0),)
    assert changes(nothing, unknown) == (Change("queue", None, None, 1),)

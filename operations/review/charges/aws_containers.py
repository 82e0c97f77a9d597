"""What AWS charges for containers, their jobs, functions and images."""

from __future__ import annotations

from collections.abc import Iterator

from operations.review.charges.charge import HOURS, Charge, Charges, Site, by_use, number, runs_of_cron, text, times, used
from policies.resource import Resource

TASK = "aws:ecs/taskDefinition:TaskDefinition"
SCALING = "aws:appautoscaling/target:Target"
CPU_UNITS, MIB = 1024.0, 1024.0
FREE_DISK_GIB = 20.0
"""Ephemeral storage that comes with a Fargate task."""


def _service(service: Resource, site: Site) -> Iterator[Charge]:
    task = next(iter(site.linked(service, TASK)), None)
    tasks = number(service, "desiredCount", 1.0)
    scaling = next(iter(site.users(service, SCALING)), None)
    least = number(scaling, "minCapacity") if scaling else tasks
    most = number(scaling, "maxCapacity") if scaling else tasks
    spot = "FARGATE_SPOT" in (service.fact("capacityProviderStrategies[*].capacityProvider") or ())
    yield from _tasks(
        task, "-spot" if spot else "", times(least, HOURS), times(most, HOURS), f"{least:g} tasks" if least else "tasks"
    )


def _tasks(
    task: Resource | None, market: str, hours: float | None, most: float | None, what: str, assumption: str = ""
) -> Iterator[Charge]:
    """CPU, memory and additional disk of tasks that run *hours* in all."""
    cpu = number(task, "cpu") if task else None
    memory = number(task, "memory") if task else None
    arm = "-arm" if task and text(task, "runtimePlatform.cpuArchitecture") == "ARM64" else ""
    for name, sku, size in (
        ("CPU", "vcpu-hour", times(cpu, 1 / CPU_UNITS)),
        ("memory", "gib-hour", times(memory, 1 / MIB)),
    ):
        label = f"{what}, {name} {size:g}" if size else f"{what}, {name}"
        yield Charge(label, f"fargate{market}{arm}/{sku}", times(size, hours), times(size, most), assumption)
    disk = number(task, "ephemeralStorage.sizeInGib", FREE_DISK_GIB) if task else FREE_DISK_GIB
    if disk is None or disk > FREE_DISK_GIB:
        more = None if disk is None else disk - FREE_DISK_GIB
        yield Charge(f"{what}, more disk", "fargate/disk-gib-hour", times(more, hours), times(more, most), assumption)


def _schedule(schedule: Resource, site: Site) -> Iterator[Charge]:
    if text(schedule, "target.ecsParameters.launchType", "FARGATE") != "FARGATE":
        return
    runs = runs_of_cron(text(schedule, "scheduleExpression") or "")
    minutes, sentence = site.use("job_minutes")
    hours = times(runs, minutes / 60, number(schedule, "target.ecsParameters.taskCount", 1.0))
    task = next(iter(site.linked(schedule, TASK)), None)
    what = f"{runs:.3g} runs" if runs else "runs"
    yield from _tasks(task, "", hours, hours, what, sentence)


def _function(function: Resource, site: Site) -> Iterator[Charge]:
    seconds, sentence = site.use("function_seconds")
    thousands = times(number(function, "memorySize", 128.0), seconds / MIB / 1000)
    yield Charge("run time", "lambda/1000-gib-seconds", thousands, assumption=sentence)


def _cluster(cluster: Resource, site: Site) -> Iterator[Charge]:
    """Container Insights: its log counts with the other logs, its metrics here (8 for the cluster, 8 for each service)."""
    if text(cluster, "settings[0].value") in ("enabled", "enhanced"):
        services = len(site.stack.of_type("aws:ecs/service:Service"))
        metrics = 8.0 * (1 + services)
        yield Charge("Container Insights", "cloudwatch/metric-month", metrics, assumption=f"{metrics:g} metrics of the cluster")


def _vault(vault: Resource, site: Site) -> Iterator[Charge]:
    yield by_use(site, "snapshots", "aurora/backup-gib-month", "database_gib")


CHARGES: dict[str, Charges] = {
    "aws:backup/vault:Vault": _vault,
    "aws:ecr/repository:Repository": used("images", "ecr/gib-month", "image_gib"),
    "aws:ecs/cluster:Cluster": _cluster,
    "aws:ecs/service:Service": _service,
    "aws:lambda/function:Function": _function,
    "aws:scheduler/schedule:Schedule": _schedule,
}

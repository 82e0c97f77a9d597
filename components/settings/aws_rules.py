"""Rules that only AWS makes. Each yields (key, sentence) for what is wrong; none stops at the first."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence

from components.aws.cron import aws_cron
from components.settings.stack import Settings

Problems = Iterator[tuple[str, str]]

LOG_DAYS = (1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653)
"""Retentions that CloudWatch Logs knows."""

FARGATE_MEMORY_MIB = {
    0.25: (512, 1024, 2048),
    0.5: tuple(range(1024, 4097, 1024)),
    1.0: tuple(range(2048, 8193, 1024)),
    2.0: tuple(range(4096, 16385, 1024)),
    4.0: tuple(range(8192, 30721, 1024)),
    8.0: tuple(range(16384, 61441, 4096)),
    16.0: tuple(range(32768, 122881, 8192)),
}
"""Memory that Fargate offers with each number of virtual CPUs (Amazon ECS developer guide, task size)."""

INSTANCE_CLASS = re.compile(r"db\.[cmrtxz]\d[a-z0-9]*\.(micro|small|medium|large|\d*xlarge)")
"""Families by their first letter: compute, general, memory, burstable, more memory, high frequency."""
RDS_LEAST_GIB = 20
"""Smallest gp3 disk of RDS for PostgreSQL."""
IOPS_PER_GIB, THROUGHPUT_PER_IOPS = 500, 0.25
"""Largest ratios of gp3: IOPS to GiB, MiB/s to IOPS."""
LEAST_EXPORT = ("ecr", "logs", "secretsmanager")
"""Services that a Fargate task calls before it starts."""


def major_upgrade(settings: Settings) -> Problems:
    """A bare major is resolved by AWS, not by us (terraform-provider-aws#45026): a jump names the version where it lands."""
    database = settings.database
    if database.allow_major_upgrade and "." not in database.version:
        yield (
            "database.version",
            f"is '{database.version}' while allow_major_upgrade is true; name the full minor to land on, such as "
            f"'{database.version}.6', and go back to '{database.version}' afterwards",
        )


def blue_green(settings: Settings) -> Problems:
    """A switch-over leaves replicas behind on the old instance (terraform-provider-aws#33702)."""
    database = settings.database
    if database.blue_green and database.backend != "rds":
        yield "database.blue_green", f"is for backend rds, not {database.backend}; remove it"
    if database.blue_green and database.readers:
        yield (
            "database.blue_green",
            f"would orphan the {database.readers} readers; set database.readers to 0, switch over, then add them again",
        )


def rds_storage(settings: Settings) -> Problems:
    """What RDS accepts as a gp3 disk."""
    disk, database = settings.database.storage, settings.database
    if database.backend != "rds":
        return
    if disk.size_gib < RDS_LEAST_GIB:
        yield "database.storage.size_gib", f"is {disk.size_gib}; RDS needs at least {RDS_LEAST_GIB}"
    if disk.size_gib < disk.max_size_gib < disk.size_gib * 1.1:
        yield (
            "database.storage.max_size_gib",
            f"is {disk.max_size_gib}; make it at least a tenth more than size_gib {disk.size_gib}, or equal for no autoscaling",
        )
    if disk.iops and disk.iops > disk.size_gib * IOPS_PER_GIB:
        yield "database.storage.iops", f"is {disk.iops}; {disk.size_gib} GiB allow at most {disk.size_gib * IOPS_PER_GIB}"
    most = int((disk.iops or 12000) * THROUGHPUT_PER_IOPS)
    if disk.throughput_mibps and disk.throughput_mibps > most:
        yield "database.storage.throughput_mibps", f"is {disk.throughput_mibps}; {disk.iops or 12000} IOPS allow at most {most}"


def instance_class(settings: Settings) -> Problems:
    """Classes are written as AWS writes them; Aurora PostgreSQL has none below medium."""
    database = settings.database
    given = database.instance_class
    if given is None:
        return
    if not INSTANCE_CLASS.fullmatch(given):
        yield (
            "database.instance_class",
            f"is '{given}', which is no class of RDS; write for example 'db.r6g.large', or remove it and choose a size",
        )
    elif database.backend == "aurora" and given.endswith((".micro", ".small")):
        yield "database.instance_class", f"is '{given}'; the smallest of Aurora PostgreSQL is db.t4g.medium"


def auto_pause(settings: Settings) -> Problems:
    """Logical replication keeps a serverless cluster awake."""
    database = settings.database
    pauses = database.serverless is not None and database.serverless.auto_pause_seconds is not None
    if pauses and database.parameters.get("rds.logical_replication") == "1":
        yield (
            "database.serverless.auto_pause_seconds",
            "never happens with rds.logical_replication in database.parameters; remove one of them",
        )


def workload_sizes(settings: Settings) -> Problems:
    """Only some pairs of CPU and memory exist on Fargate."""
    for group in ("services", "jobs"):
        for name, workload in getattr(settings, group).items():
            offered = FARGATE_MEMORY_MIB.get(workload.cpu)
            if offered is None:
                known = ", ".join(f"{cpu:g}" for cpu in FARGATE_MEMORY_MIB)
                yield f"{group}.{name}.cpu", f"is {workload.cpu:g}; Fargate has {known}"
            elif workload.memory_mib not in offered:
                nearest = _nearest(workload.memory_mib, offered)
                yield (
                    f"{group}.{name}.memory_mib",
                    f"is {workload.memory_mib}; with {workload.cpu:g} CPU Fargate has {offered[0]} to {offered[-1]} MiB, "
                    f"the nearest is {nearest}",
                )


def workload_users(settings: Settings) -> Problems:
    """Root is refused: by number, because a name can be root in an image's own table."""
    for group in ("services", "jobs"):
        for name, workload in getattr(settings, group).items():
            parts = workload.user.split(":")
            if len(parts) > 2 or not all(part.isdigit() for part in parts):
                yield f"{group}.{name}.user", f"is '{workload.user}'; write numbers, such as '10001' or '10001:10001'"
            elif int(parts[0]) == 0:
                yield f"{group}.{name}.user", "is root; choose another number, such as '10001:10001'"


def log_retention(settings: Settings) -> Problems:
    """CloudWatch Logs keeps logs for certain numbers of days only."""
    days = {
        "database.log_retention_days": settings.database.log_retention_days,
        "network.flow_log_retention_days": settings.network.flow_log_retention_days,
        "ingress.log_retention_days": settings.ingress.log_retention_days,
    }
    for group in ("services", "jobs"):
        days |= {f"{group}.{name}.log_retention_days": item.log_retention_days for name, item in getattr(settings, group).items()}
    for key, value in days.items():
        if value not in LOG_DAYS:
            yield key, f"is {value}, which CloudWatch does not offer; the nearest is {_nearest(value, LOG_DAYS)}"


def network(settings: Settings) -> Problems:
    """Tasks must reach the registry, the logs and the secrets; zones and subnets must be enough."""
    given = settings.network
    if given.existing:
        needed = {"database_subnets": given.existing.database_subnets}
        if any(service.public for service in settings.services.values()):
            needed["public_subnets"] = given.existing.public_subnets
        for key, subnets in needed.items():
            if len(subnets) < 2:
                yield f"network.existing.{key}", f"has {len(subnets)}; AWS asks for at least two subnets in different zones"
    elif given.nat == "none":
        missing = [name for name in LEAST_EXPORT if name not in given.interface_endpoints]
        if missing:
            yield (
                "network.interface_endpoints",
                f"lacks {', '.join(missing)}; without NAT no container could start. Add them, or set network.nat to 'single'",
            )
    if given.zones and len(given.zones) < given.availability_zones:
        yield (
            "network.zones",
            f"names {len(given.zones)} zones while availability_zones is {given.availability_zones}; name them all",
        )


def reader_autoscaling(settings: Settings) -> Problems:
    """It goes by the CPU of the readers; without any it would never begin."""
    database = settings.database
    if database.reader_autoscaling and not database.readers and not database.ha:
        yield "database.reader_autoscaling", "needs a reader whose load it can watch; set database.readers to 1 or more"


def operations_image(settings: Settings) -> Problems:
    """The rotation function runs in it, and Lambda takes images of ECR in its own region only."""
    image = settings.operations_image
    if "/" in image and f".dkr.ecr.{settings.region}.amazonaws.com/" not in image:
        yield (
            "operations_image",
            f"is '{image}'; Lambda takes it from ECR in {settings.region} only. Write a name without '/', such as "
            "'operations:1.0', for the stack's own repository",
        )


def schedules(settings: Settings) -> Problems:
    """EventBridge says less than unix cron: a day of the month or a day of the week, not both."""
    found = {f"jobs.{name}.schedule": job.schedule for name, job in settings.jobs.items() if job.schedule}
    if settings.backups:
        found |= {"backups.schedule": settings.backups.schedule, "backups.drill_schedule": settings.backups.drill_schedule}
    for key, cron in found.items():
        try:
            aws_cron(cron)
        except ValueError as error:
            yield key, f"is not for AWS: {error}"


def _nearest(wanted: int, offered: Sequence[int]) -> int:
    return min(offered, key=lambda value: abs(value - wanted))


AWS_RULES: tuple[Callable[[Settings], Problems], ...] = (
    major_upgrade,
    blue_green,
    rds_storage,
    instance_class,
    auto_pause,
    workload_sizes,
    workload_users,
    log_retention,
    network,
    reader_autoscaling,
    operations_image,
    schedules,
)

"""Rules that only Google Cloud makes of database and containers. Each yields (key, sentence) for what is wrong."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import date

from components.gcp.machine import machine_of, parse
from components.gcp.restore import SNAPSHOT
from components.settings.stack import Settings

Problems = Iterator[tuple[str, str]]

REGION = re.compile(r"[a-z]+-[a-z]+\d{1,2}")
PORT = 5432
LONGEST_DENIAL = 90
"""Days of a deny maintenance period (Cloud SQL, "About maintenance")."""
GROWS_BELOW_GIB, GROWS_BELOW_SHARE = 5, 25
"""Free space below which a disk grows: 5 GiB and a twenty-fifth of its size (Cloud SQL, automatic storage increase)."""
SHARED_CORE_GIB = 3054
"""Largest disk of db-f1-micro and db-g1-small."""
NOT_A_FLAG = re.compile(r"rds\..*|apg_.*|shared_preload_libraries|listen_addresses|port|ssl.*")
"""Parameters that Cloud SQL sets by itself, or that only AWS has."""
CLOUD_RUN_MEMORY_MIB = {1: (512, 4096), 2: (512, 8192), 4: (2048, 16384), 6: (4096, 24576), 8: (4096, 32768)}
"""Least and most memory with each number of CPUs (Cloud Run, memory limits; the second generation needs 512 MiB)."""
RESERVED_VARIABLES = re.compile(r"PORT|K_(SERVICE|REVISION|CONFIGURATION)|CLOUD_RUN_(JOB|EXECUTION|TASK_\w+)")
"""Variables that Cloud Run sets itself (container runtime contract)."""
SECRET_VERSION = re.compile(r"(projects/[^/]+/secrets/)?[A-Za-z0-9_-]+:[1-9]\d*")
MOST_REQUESTS = 1000
"""Requests at once of one Cloud Run instance."""
LONGEST_START = 240
"""Seconds that a startup probe may take in all."""


def region(settings: Settings) -> Problems:
    """A file that came from another cloud still names that cloud's region."""
    if not REGION.fullmatch(settings.region):
        yield "region", f"is '{settings.region}', which is no region of Google Cloud; write for example 'asia-northeast1'"


def version(settings: Settings) -> Problems:
    """Cloud SQL chooses the minor itself."""
    if "." in settings.database.version:
        yield (
            "database.version",
            f"is '{settings.database.version}'; Cloud SQL takes major versions only, write '{settings.database.major}'",
        )


def machine(settings: Settings) -> Problems:
    """Edition and machine type belong together; Cloud SQL refuses others only when it makes the instance (anchors 5)."""
    database, given = settings.database, settings.database.instance_class
    if given is None:
        return
    found = parse(given)
    if found is None:
        yield (
            "database.instance_class",
            f"is '{given}', which is no machine type of Cloud SQL; write for example 'db-custom-2-8192', or remove it and choose "
            "a size",
        )
    elif found.edition != database.edition:
        yield (
            "database.edition",
            f"is '{database.edition}', but {given} is a machine type of '{found.edition}'; change one of them",
        )


def edition(settings: Settings) -> Problems:
    """What only the better edition has."""
    database = settings.database
    if database.edition == "enterprise-plus":
        return
    for key, value in (("pooling", database.pooling), ("data_cache", database.data_cache)):
        if value:
            yield (
                f"database.{key}",
                f"needs database.edition 'enterprise-plus', not '{database.edition}'; change one of them",
            )


def disk(settings: Settings) -> Problems:
    """Sizes that the machine's kind of disk has."""
    database, given = settings.database, settings.database.instance_class
    if given is not None and parse(given) is None:
        return
    machine, storage = machine_of(database), database.storage
    if machine.shared and storage.max_size_gib > SHARED_CORE_GIB:
        yield (
            "database.storage.max_size_gib",
            f"is {storage.max_size_gib}; {machine.name} shares a core and takes at most {SHARED_CORE_GIB}, lower it or choose a "
            "larger size",
        )
    if storage.size_gib < machine.least_disk_gib:
        yield "database.storage.size_gib", f"is {storage.size_gib}; {machine.name} needs at least {machine.least_disk_gib}"


def port(settings: Settings) -> Problems:
    """Cloud SQL has one port."""
    if settings.database.port != PORT:
        yield "database.port", f"is {settings.database.port}; Cloud SQL always listens on {PORT}, remove it"


def parameters(settings: Settings) -> Problems:
    """Not everything is a database flag."""
    for name in sorted(settings.database.parameters):
        if NOT_A_FLAG.fullmatch(name):
            yield "database.parameters", f"has {name}, which is no flag of Cloud SQL; remove it"
    if "cloudsql.iam_authentication" in settings.database.parameters:
        yield "database.parameters", "has cloudsql.iam_authentication, which database.iam_login sets; remove it"


def restore(settings: Settings) -> Problems:
    """A backup is named with its instance; a clone lies in its source's network."""
    source = settings.database.restore
    if source and source.source and not settings.network.existing:
        yield (
            "database.restore.source",
            "makes a copy in the network of its source; name that network under network.existing, or nothing could reach it",
        )
    if source and source.snapshot and not SNAPSHOT.fullmatch(source.snapshot):
        yield (
            "database.restore.snapshot",
            f"is '{source.snapshot}'; write '<instance>/<backup id>' as in gcloud sql backups list, or a full Backup and DR name",
        )


def deny_period(settings: Settings) -> Problems:
    """A period of at most ninety days."""
    period = settings.database.maintenance.deny_period
    if period is None:
        return
    days = {key: _in(2024, value) for key, value in (("start", period.start), ("end", period.end))}
    for key, found in days.items():
        if found is None:
            yield f"database.maintenance.deny_period.{key}", f"is '{getattr(period, key)}', a day that no year has; change it"
    start, end = days["start"], days["end"]
    if start and end:
        length = (end - start).days % 366  # 2024 is a leap year
        if length > LONGEST_DENIAL:
            yield (
                "database.maintenance.deny_period",
                f"is {length} days long; Cloud SQL takes at most {LONGEST_DENIAL}, bring start and end nearer together",
            )


def _in(year: int, day: str) -> date | None:
    try:
        return date.fromisoformat(f"{year}-{day}")
    except ValueError:
        return None


def free_storage(settings: Settings) -> Problems:
    """The disk grows by itself when little is left, so more than that is never free for long."""
    size, wanted = settings.database.storage.size_gib, settings.alarms.free_storage_gib
    least = GROWS_BELOW_GIB + size // GROWS_BELOW_SHARE
    if wanted > least:
        yield (
            "alarms.free_storage_gib",
            f"is {wanted}; a disk of {size} GiB grows when {least} are left, so write {least} at most",
        )


def iam_users(settings: Settings) -> Problems:
    """Nobody logs in with an identity where that is off."""
    if settings.database.iam_users and not settings.database.iam_login:
        yield "database.iam_users", "names people while database.iam_login is false; set it to true or remove them"


def workload_sizes(settings: Settings) -> Problems:
    """Only some pairs of CPU and memory exist, and only one kind of processor."""
    for group in ("services", "jobs"):
        for name, workload in getattr(settings, group).items():
            offered = CLOUD_RUN_MEMORY_MIB.get(workload.cpu)
            if offered is None:
                known = ", ".join(f"{cpu:g}" for cpu in CLOUD_RUN_MEMORY_MIB)
                yield f"{group}.{name}.cpu", f"is {workload.cpu:g}; Cloud Run has {known}"
            elif not offered[0] <= workload.memory_mib <= offered[1]:
                yield (
                    f"{group}.{name}.memory_mib",
                    f"is {workload.memory_mib}; with {workload.cpu:g} CPU Cloud Run takes {offered[0]} to {offered[1]} MiB",
                )
            if workload.architecture != "x86_64":
                yield f"{group}.{name}.architecture", f"is '{workload.architecture}'; Cloud Run has x86_64 only"


def workload_variables(settings: Settings) -> Problems:
    """Names that Cloud Run sets itself; secrets with the version that a revision is bound to."""
    for group in ("services", "jobs"):
        for name, workload in getattr(settings, group).items():
            for variable in sorted({*workload.environment, *workload.secrets}):
                if RESERVED_VARIABLES.fullmatch(variable):
                    yield f"{group}.{name}.environment", f"has {variable}, which Cloud Run sets itself; remove it"
            for variable, secret in workload.secrets.items():
                if "#" in secret:
                    yield (
                        f"{group}.{name}.secrets.{variable}",
                        f"is '{secret}'; Cloud Run passes whole secrets, so make one of that value and write 'its-name:1'",
                    )
                elif not SECRET_VERSION.fullmatch(secret):
                    yield (
                        f"{group}.{name}.secrets.{variable}",
                        f"is '{secret}'; write its version too, such as '{secret.split(':')[0]}:1', so that a revision never "
                        "changes by itself",
                    )


def services(settings: Settings) -> Problems:
    """Bounds of Cloud Run."""
    for name, service in settings.services.items():
        most, start = service.scaling.requests_per_container, service.health_check.start_period_seconds
        if most > MOST_REQUESTS:
            yield f"services.{name}.scaling.requests_per_container", f"is {most}; Cloud Run takes at most {MOST_REQUESTS}"
        if start > LONGEST_START:
            yield f"services.{name}.health_check.start_period_seconds", f"is {start}; Cloud Run takes at most {LONGEST_START}"
        if service.health_check.interval_seconds > LONGEST_START:
            yield (
                f"services.{name}.health_check.interval_seconds",
                f"is {service.health_check.interval_seconds}; Cloud Run takes at most {LONGEST_START}",
            )


GCP_RULES: tuple[Callable[[Settings], Problems], ...] = (
    region,
    version,
    machine,
    edition,
    disk,
    port,
    parameters,
    restore,
    deny_period,
    free_storage,
    iam_users,
    workload_sizes,
    workload_variables,
    services,
)

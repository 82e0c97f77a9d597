"""Rules of both clouds, not of a laptop. Each yields (key, sentence) for what is wrong."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from components.settings.stack import Settings

Problems = Iterator[tuple[str, str]]


def application_login(settings: Settings) -> Problems:
    """The database is private, so its application user gets its rights from inside the network: by the owner's job."""
    logs_in = [f"services.{name}" for name, service in settings.services.items() if service.database]
    logs_in += [f"jobs.{name}" for name, job in settings.jobs.items() if job.database and job.database_role == "application"]
    makes_it = any(job.when == "deploy" and job.database and job.database_role == "owner" for job in settings.jobs.values())
    if logs_in and not makes_it:
        yield (
            "jobs",
            f"has none with when 'deploy' and database_role 'owner', which gives its rights to {logs_in[0]}; "
            "add one that runs 'python -m operations migrate up'",
        )


CLOUD_RULES: tuple[Callable[[Settings], Problems], ...] = (application_login,)

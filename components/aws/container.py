"""The container of a task, as JSON for ECS: pure functions.

Every field that ECS would fill in is written out and every list is sorted: ECS gives back what it was given, and the next `up`
sees no change (pulumi-aws#1985, terraform-aws-ecs#149).
"""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from typing import Any

import pulumi

from components.environment import SecretRef
from components.settings.workload import JobSettings, ServiceSettings

Settings = ServiceSettings | JobSettings
Text = pulumi.Input[str]

LOG_PREFIX = "ecs"
"""Log streams are called ``ecs/<container>/<task id>``."""
LONGEST_STOP_SECONDS = 120
"""The most that Fargate waits between the polite and the hard stop. Jobs get it all: they have something to finish."""
CHECK_TIMEOUT_SECONDS = (2, 60)
"""What ECS takes as the timeout of a check in the container."""
SCRATCH_MOUNT: dict[str, Any] = {"containerPath": "/scratch", "readOnly": False, "sourceVolume": "scratch"}
"""The disk of ``scratch_gib``. It belongs to root, unless the image says ``VOLUME /scratch`` of a folder of its user."""
FIRST_FREE_PORT = 1024
"""Ports below are for root, unless the kernel is told otherwise."""
SUFFIX = "-??????"
"""Secrets Manager ends every ARN with six random characters; a policy matches them so."""


def container(
    name: str,
    settings: Settings,
    *,
    image: Text,
    environment: Mapping[str, Text],
    secrets: Mapping[str, SecretRef],
    log_group: Text,
    region: str,
) -> dict[str, Any]:
    """The definition of container *name*. A service also listens and is checked; a job does neither."""
    service = settings if isinstance(settings, ServiceSettings) else None
    # the agent of a shell session writes into the container's own file system
    read_only = settings.read_only_root and not (service and service.exec_access)
    plain = {**({"TMPDIR": SCRATCH_MOUNT["containerPath"]} if settings.scratch_gib else {}), **environment}
    found: dict[str, Any] = {
        "name": name,
        "image": image,
        "cpu": 0,
        "essential": True,
        "environment": [{"name": key, "value": plain[key]} for key in sorted(plain)],
        "secrets": [{"name": key, "valueFrom": value_from(secrets[key])} for key in sorted(secrets)],
        "mountPoints": [SCRATCH_MOUNT] if settings.scratch_gib else [],
        "volumesFrom": [],
        "portMappings": _ports(service) if service else [],
        "systemControls": _system_controls(service) if service else [],
        "user": settings.user,
        "readonlyRootFilesystem": read_only,
        "linuxParameters": {"initProcessEnabled": True, "tmpfs": [_tmp(settings)] if read_only else []},
        "stopTimeout": service.stop_timeout_seconds if service else LONGEST_STOP_SECONDS,
        "logConfiguration": {
            "logDriver": "awslogs",
            "options": {
                "awslogs-group": log_group,
                "awslogs-region": region,
                "awslogs-stream-prefix": LOG_PREFIX,
                # CloudWatch out of order must not stop the application
                "max-buffer-size": "25m",
                "mode": "non-blocking",
            },
        },
        "versionConsistency": "enabled",
    }
    if settings.command:
        found["command"] = list(settings.command)
    if service and service.health_check.in_container:
        found["healthCheck"] = health_check(service)
    return found


def health_check(service: ServiceSettings) -> dict[str, Any]:
    """The check from inside the container, with whichever of curl and wget its image has."""
    check = service.health_check
    shortest, longest = CHECK_TIMEOUT_SECONDS
    timeout = min(max(check.timeout_seconds, shortest), longest)
    url = shlex.quote(f"http://localhost:{service.port}{check.path}")
    command = f"curl -fsS -o /dev/null -m {timeout} {url} || wget -q -O /dev/null -T {timeout} {url} || exit 1"
    return {
        "command": ["CMD-SHELL", command],
        "interval": check.interval_seconds,
        "timeout": timeout,
        "retries": check.unhealthy_threshold,
        "startPeriod": check.start_period_seconds,
    }


def value_from(secret: SecretRef) -> Text:
    """*secret* as ECS wants it: the ARN, and for one key of a JSON secret ``<arn>:<key>::`` (current version)."""
    return pulumi.Output.format("{0}:{1}::", secret.id, secret.key) if secret.key else secret.id


def user_secret(secret: str, *, region: str, account_id: Text) -> SecretRef:
    """A secret of the stack file, ``<ARN or name>`` with or without ``#key``; a name is one of this account and region."""
    name, _, key = secret.partition("#")
    here = pulumi.Output.format("arn:aws:secretsmanager:{0}:{1}:secret:{2}", region, account_id, name)
    arn = name if name.startswith("arn:") else here
    return SecretRef(id=arn, key=key or None)


def secret_pattern(secret: str, *, region: str, account_id: Text) -> Text:
    """The same secret as a policy names it. An ARN is complete; what a name stands for ends in characters that nobody knows."""
    arn = user_secret(secret, region=region, account_id=account_id).id
    return arn if secret.startswith("arn:") else pulumi.Output.format("{0}{1}", arn, SUFFIX)


def _tmp(settings: Settings) -> dict[str, Any]:
    """A quarter of the memory as /tmp, which all users may write to (tmpfs's own default); taken only as it fills up."""
    return {"containerPath": "/tmp", "size": settings.memory_mib // 4, "mountOptions": ["nodev", "nosuid"]}


def _ports(service: ServiceSettings) -> list[dict[str, Any]]:
    return [{"containerPort": service.port, "hostPort": service.port, "protocol": "tcp"}]


def _system_controls(service: ServiceSettings) -> list[dict[str, str]]:
    """Lets a user that is not root listen on a port such as 80."""
    if service.port >= FIRST_FREE_PORT:
        return []
    return [{"namespace": "net.ipv4.ip_unprivileged_port_start", "value": "0"}]

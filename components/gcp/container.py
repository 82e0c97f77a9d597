"""What runs in a Cloud Run service or job: container, volumes, identity, way into the network. Every list is sorted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

import pulumi
import pulumi_gcp as gcp

from components.contract import Workload
from components.environment import Access, SecretRef
from components.gcp.network import GcpNetwork
from components.gcp.secret import PinnedSecret
from components.settings.workload import JobSettings, ServiceSettings

Settings = ServiceSettings | JobSettings
Text = pulumi.Input[str]

SCRATCH = "/scratch"
"""Mount of the disk of ``scratch_gib``; any user may write to it."""


@dataclass(frozen=True, kw_only=True)
class Pod:
    """What services and jobs have in common, in the form of both templates."""

    template: dict[str, Any]
    """volumes, service_account, vpc_access, execution_environment."""
    container: dict[str, Any]
    after: list[pulumi.Resource]
    """Grants and firewall rules that must exist first: Cloud Run refuses a container whose secrets it may not read."""


def pod(
    workload: Workload,
    *,
    network: GcpNetwork,
    settings: Settings,
    access: Access,
    command: Sequence[str] | None = None,
) -> Pod:
    """The container of *workload*, as its own service account. *command*: instead of the settings'."""
    identity = network.identity_of(workload)
    own = {name: user_secret(reference) for name, reference in settings.secrets.items()}
    grants = [_grant(network, workload, secret) for secret in sorted({str(reference.secret) for reference in own.values()})]
    # what the stack file says wins over what is granted
    secrets = {**{name: ref for name, ref in access.secrets.items() if name not in settings.environment}, **own}
    return Pod(
        template={
            "service_account": identity.email,
            "execution_environment": "EXECUTION_ENVIRONMENT_GEN2",
            "volumes": volumes(settings, access.files),
            "vpc_access": vpc_access(network, workload),
        },
        container=container(
            settings,
            image=network.registry.image(settings.image),
            command=settings.command if command is None else command,
            environment={name: value for name, value in access.environment.items() if name not in secrets},
            secrets=secrets,
            files=access.files,
        ),
        after=[*access.after, *grants, *network.open_internet(workload, settings.egress_ports)],
    )


def container(
    settings: Settings,
    *,
    image: Text,
    command: Sequence[str],
    environment: Mapping[str, Text],
    secrets: Mapping[str, SecretRef],
    files: Mapping[str, SecretRef],
) -> dict[str, Any]:
    """The container as both templates take it; CPU and memory as limits, variables by name."""
    plain = {**({"TMPDIR": SCRATCH} if settings.scratch_gib else {}), **environment}
    variables: dict[str, dict[str, Any]] = {
        **{name: {"name": name, "value": value} for name, value in plain.items()},
        **{name: {"name": name, "value_source": {"secret_key_ref": _pinned(name, ref)}} for name, ref in secrets.items()},
    }
    mounts = [{"name": name, "mount_path": folder} for folder, name in _folders(files).items()]
    if settings.scratch_gib:
        mounts.append({"name": "scratch", "mount_path": SCRATCH})
    found: dict[str, Any] = {
        "image": image,
        "resources": {"limits": {"cpu": f"{settings.cpu:g}", "memory": f"{settings.memory_mib}Mi"}},
        "envs": [variables[name] for name in sorted(variables)],
        "volume_mounts": mounts,
    }
    # what Docker and ECS call the command: the image's entry point stays
    return {**found, "args": list(command)} if command else found


def volumes(settings: Settings, files: Mapping[str, SecretRef]) -> list[dict[str, Any]]:
    """One volume for each file, at one version of its secret, and the disk of ``scratch_gib``."""
    names = _folders(files)
    found: list[dict[str, Any]] = []
    for path in sorted(files):
        place, pinned = PurePosixPath(path), _pinned(path, files[path])
        item = {"version": pinned["version"], "path": place.name}
        found.append({"name": names[str(place.parent)], "secret": {"secret": pinned["secret"], "items": [item]}})
    if settings.scratch_gib:
        found.append({"name": "scratch", "empty_dir": {"medium": "DISK", "size_limit": f"{settings.scratch_gib}Gi"}})
    return found


def vpc_access(network: GcpNetwork, workload: Workload) -> dict[str, Any]:
    """Direct VPC egress for everything: firewall and flow logs see it all, NAT gives it one address, and calls to internal
    services count as internal. Google's APIs are reached by Private Google Access: without NAT only the internet is missing."""
    return {
        "egress": "ALL_TRAFFIC",
        "network_interfaces": [
            {
                "network": network.network_id,
                "subnetwork": network.subnetwork,
                "tags": [network.tag_of(workload)],
            }
        ],
    }


def user_secret(reference: str) -> PinnedSecret:
    """A secret of the stack file: ``<name>:<version>`` or ``projects/<project>/secrets/<name>:<version>``."""
    name, _, version = reference.rpartition(":")
    return PinnedSecret(id=name, secret=name, version=version)


def _grant(network: GcpNetwork, workload: Workload, secret: str) -> pulumi.Resource:
    """*workload* may read this one secret of the stack file, in all its versions."""
    return gcp.secretmanager.SecretIamMember(
        # with dots, which neither a workload's name nor a secret's has: two names never make one
        f"{workload.name}-reads.{secret.replace('/', '.')}",
        secret_id=secret,
        role="roles/secretmanager.secretAccessor",
        member=network.identity_of(workload).member,
        opts=network.child_of(workload),
    )


def _pinned(name: str, ref: SecretRef) -> dict[str, Text]:
    """*ref* as Cloud Run takes it. A secret without a version would give one revision two values."""
    if not isinstance(ref, PinnedSecret):
        raise TypeError(f"the secret of {name} names no version")
    return {"secret": ref.secret, "version": ref.version}


def _folders(files: Mapping[str, SecretRef]) -> dict[str, str]:
    """Folder of each file to the name of its volume: Cloud Run mounts one secret per folder, and covers what is in it."""
    folders = [str(PurePosixPath(path).parent) for path in sorted(files)]
    if len({*folders}) < len(folders):
        raise ValueError(f"two files in one folder: {', '.join(sorted(files))}")
    return {folder: f"file-{number}" for number, folder in enumerate(folders, 1)}

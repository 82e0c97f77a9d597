"""Machine types of Cloud SQL: what their names say, which edition and disk they go with, how many connections they take.

Nothing of the SDK is needed here, so that the settings' rules can read it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from components.settings.database import DatabaseSettings

Edition = Literal["enterprise", "enterprise-plus"]
DiskType = Literal["PD_SSD", "HYPERDISK_BALANCED"]

MIB = 1024**2

SIZES: dict[Edition, dict[str, str]] = {
    "enterprise": {
        "small": "db-f1-micro",
        "medium": "db-custom-1-3840",
        "large": "db-custom-2-8192",
        "xlarge": "db-custom-4-16384",
    },
    "enterprise-plus": {
        "small": "db-perf-optimized-N-2",
        "medium": "db-perf-optimized-N-2",
        "large": "db-perf-optimized-N-4",
        "xlarge": "db-perf-optimized-N-8",
    },
}
"""What a size is here. db-f1-micro is the guide's, for development; db-custom-1-3840 is the smallest with a service level.
Enterprise Plus has nothing smaller than 2 vCPU with 16 GiB."""

SHARED_CORE_MIB = {"db-f1-micro": 614, "db-g1-small": 1740}
"""Memory of the machines that share a core: 0.6 and 1.7 GB (Cloud SQL, instance settings)."""
PERF_OPTIMIZED_GIB = {2: 16, 4: 32, 8: 64, 16: 128, 32: 256, 48: 384, 64: 512, 80: 640, 96: 768, 128: 864}
"""vCPU to memory of the N2 series (Cloud SQL, machine series overview)."""
C4A_GIB = {vcpu: 8 * vcpu for vcpu in (1, 2, 4, 8, 16, 32, 48, 64, 72)}
"""The same of the C4A series: 8 GB for each vCPU."""
FIXED: dict[str, tuple[dict[int, int], DiskType]] = {
    "perf-optimized-N": (PERF_OPTIMIZED_GIB, "PD_SSD"),
    "c4a-highmem": (C4A_GIB, "HYPERDISK_BALANCED"),
}
"""Series of Enterprise Plus: their sizes and their disk."""

MOST_VCPU = {"": 96, "N4-": 80}
"""Largest custom machine of a series; 1 and even numbers are offered (N4: even ones only)."""
MIB_PER_VCPU = {"": (0.9 * 1024, 6.5 * 1024), "N4-": (2.0 * 1024, 8.0 * 1024)}
"""Least and most memory for each vCPU of a custom machine, in steps of 256 MiB and at least 3.75 GB in all."""
LEAST_CUSTOM_MIB, STEP_MIB = 3840, 256

CONNECTIONS_FROM_MIB = {
    122880: 1000,
    61440: 800,
    30720: 600,
    15360: 500,
    7680: 400,
    6144: 200,
    3840: 100,
    1740: 50,
    0: 25,
}
"""Cloud SQL's default of ``max_connections`` from this much memory on (Cloud SQL, quotas and limits)."""

VCPU_PER_POOLER = 4

_CUSTOM = re.compile(r"db-custom-(N4-)?([1-9]\d*)-([1-9]\d*)")
_FIXED = re.compile(r"db-(perf-optimized-N|c4a-highmem)-([1-9]\d*)")


@dataclass(frozen=True, kw_only=True)
class Machine:
    """A machine type and what follows from it."""

    name: str
    vcpu: float
    """Virtual CPUs; 0.5 stands for a shared one."""
    memory_mib: int
    edition: Edition
    """The only edition that offers it."""
    disk_type: DiskType
    """The disk that it takes. Another disk type is another instance, so the series cannot be changed in place."""

    @property
    def memory_bytes(self) -> int:
        return self.memory_mib * MIB

    @property
    def least_disk_gib(self) -> int:
        """The smallest disk of its kind."""
        return 20 if self.disk_type == "HYPERDISK_BALANCED" else 10

    @property
    def shared(self) -> bool:
        """Shares its core with others: cheap, without a service level."""
        return self.name in SHARED_CORE_MIB


def parse(name: str) -> Machine | None:
    """The machine type called *name*; None where Cloud SQL offers PostgreSQL no such one."""
    if name in SHARED_CORE_MIB:
        return Machine(name=name, vcpu=0.5, memory_mib=SHARED_CORE_MIB[name], edition="enterprise", disk_type="PD_SSD")
    if match := _CUSTOM.fullmatch(name):
        return _custom(name, match[1] or "", int(match[2]), int(match[3]))
    if match := _FIXED.fullmatch(name):
        return _fixed(name, match[1], int(match[2]))
    return None


def machine_of(settings: DatabaseSettings) -> Machine:
    """The machine of every instance: the exact one that was asked for, or the size's in the edition.

    Raises ValueError where ``instance_class`` is none; the settings' rules have said so before.
    """
    name = settings.instance_class or SIZES[settings.edition][settings.size]
    found = parse(name)
    if found is None:
        raise ValueError(f"database.instance_class is '{name}', which is no machine type of Cloud SQL")
    return found


def max_connections(settings: DatabaseSettings) -> int:
    """Connections that an instance takes before it refuses more: the user's own parameter, or Cloud SQL's by memory."""
    own = settings.parameters.get("max_connections", "")
    if own.isdigit():
        return int(own)
    memory = machine_of(settings).memory_mib
    return next(connections for least, connections in CONNECTIONS_FROM_MIB.items() if memory >= least)


def poolers(settings: DatabaseSettings) -> int:
    """Processes of managed connection pooling on an instance: one for each four vCPU (Cloud SQL, managed connection pooling)."""
    return max(int(machine_of(settings).vcpu) // VCPU_PER_POOLER, 1)


def _fixed(name: str, series: str, vcpu: int) -> Machine | None:
    sizes, disk = FIXED[series]
    if vcpu not in sizes:
        return None
    return Machine(name=name, vcpu=vcpu, memory_mib=sizes[vcpu] * 1024, edition="enterprise-plus", disk_type=disk)


def _custom(name: str, series: str, vcpu: int, memory_mib: int) -> Machine | None:
    offered = (vcpu == 1 and not series) or (vcpu % 2 == 0 and vcpu <= MOST_VCPU[series])
    least, most = (vcpu * each for each in MIB_PER_VCPU[series])
    fits = max(least, LEAST_CUSTOM_MIB) <= memory_mib <= most and memory_mib % STEP_MIB == 0
    if not (offered and fits):
        return None
    disk: DiskType = "HYPERDISK_BALANCED" if series else "PD_SSD"
    return Machine(name=name, vcpu=vcpu, memory_mib=memory_mib, edition="enterprise", disk_type=disk)

"""Rules of a laptop. Yields (key, sentence) for what is wrong."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations
from pathlib import Path

from components.settings.stack import Settings

Problems = Iterator[tuple[str, str]]


def local_workloads(settings: Settings, root: Path) -> Problems:
    """Locally an image is a folder of the checkout, and everything shares the ports of one machine."""
    for group in ("services", "jobs"):
        for name, workload in getattr(settings, group).items():
            key = f"{group}.{name}"
            if not (root / workload.image).is_dir():
                yield f"{key}.image", f"is '{workload.image}'; on local it must be a folder of this checkout, such as 'runtime'"
            if not workload.command:
                yield f"{key}.command", "is missing; on local there is no image that could bring one"
            for folder in getattr(workload, "watch", ()):
                if not (root / folder).is_dir():
                    yield f"{key}.watch", f"names '{folder}', which is not a folder of this checkout"
    taken = {"database.port": settings.database.port}
    if settings.cache:
        taken["cache.port"] = settings.cache.port
    taken |= {f"services.{name}.port": service.port for name, service in settings.services.items()}
    for (first, port), (second, other) in combinations(taken.items(), 2):
        if port == other:
            yield second, f"is {port}, the same as {first}; on one machine every port must differ"

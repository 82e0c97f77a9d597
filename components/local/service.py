"""The local container service: one supervised process, checked, restarted and rolled back as on the clouds."""

from __future__ import annotations

import pulumi

from components.contract import ContainerService, ServiceArgs
from components.digest import digest
from components.environment import Access
from components.local.providers.process import SupervisedProcess
from components.local.workload import process

ADDRESS = "127.0.0.1"


class LocalService(ContainerService):
    """A supervised process on loopback. Always one: ``scaling`` has no effect on one machine."""

    def __init__(self, name: str, args: ServiceArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, opts)
        settings = args.settings
        own = Access(environment={"HOST": ADDRESS, "PORT": str(settings.port)})
        access = self.access(settings, args.grants).merged(own)
        check, revision = settings.health_check, digest(settings.image)
        task = process(name, access, settings.secrets)
        self.process = SupervisedProcess(
            f"{name}-process",
            name=name.removeprefix("service-"),
            command=settings.command,
            host=ADDRESS,
            port=settings.port,
            health={
                "protocol": "http",
                "path": check.path,
                "interval": check.interval_seconds,
                "timeout": check.timeout_seconds,
                "retries": check.unhealthy_threshold,
                "start_period": check.start_period_seconds,
            },
            stop_timeout=settings.stop_timeout_seconds,
            revision=revision,
            opts=self.child(depends_on=[*access.after, *args.after]),
            **task,
        )
        self.settings = settings
        self.finish(
            url=self.process.status.apply(lambda _: f"http://{ADDRESS}:{settings.port}"),
            handle={"run_dir": task["run_dir"], "image": settings.image, "revision": revision},
        )
        if settings.public:
            args.ingress.attach(self)

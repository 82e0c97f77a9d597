"""The whole program: read the stack's settings, take its cloud, wire, export."""

import pulumi

from components import contract as c
from components.clouds import cloud
from components.config import load_settings, scope_of

settings = load_settings()
scope = scope_of(settings)
here = cloud(settings.provider)

network = here.network("network", c.NetworkArgs(scope=scope, settings=settings.network))
postgres = here.postgres[settings.database.backend]
database = postgres("database", c.PostgresArgs(scope=scope, settings=settings.database, network=network))
cache = here.cache("cache", c.CacheArgs(scope=scope, settings=settings.cache, network=network)) if settings.cache else None
buckets = {
    name: here.bucket(f"bucket-{name}", c.BucketArgs(scope=scope, settings=bucket, network=network))
    for name, bucket in settings.buckets.items()
}
grants = c.Grants(database=database, cache=cache, buckets=buckets)
ingress = here.ingress(
    "ingress", c.IngressArgs(scope=scope, settings=settings.ingress, network=network, services=settings.services)
)
jobs = {
    name: here.job(f"job-{name}", c.JobArgs(scope=scope, settings=job, network=network, grants=grants))
    for name, job in settings.jobs.items()
}
first = [job for job in jobs.values() if job.settings.when == "deploy"]
services = {
    name: here.service(
        f"service-{name}",
        c.ServiceArgs(scope=scope, settings=service, network=network, grants=grants, ingress=ingress, after=first),
    )
    for name, service in settings.services.items()
}
ingress.publish()
watched = c.Watched(network=network, database=database, cache=cache, ingress=ingress, services=services, jobs=jobs)
monitoring = here.monitoring("monitoring", c.MonitoringArgs(scope=scope, settings=settings.alarms, watched=watched))
backups = None
if settings.backups:
    args = c.BackupsArgs(scope=scope, settings=settings.backups, network=network, database=database)
    backups = here.backups("backups", args)

pulumi.export("database", database.connection.outputs())
pulumi.export("connect", database.connect_command)
pulumi.export("urls", ingress.urls)
pulumi.export("services", {name: service.url for name, service in services.items()})
pulumi.export("jobs", {name: job.run_command for name, job in jobs.items()})
pulumi.export("cache", cache.address if cache else None)
pulumi.export("buckets", {name: bucket.url for name, bucket in buckets.items()})
pulumi.export("logs", monitoring.logs)
pulumi.export("alarms", monitoring.alarms)
handles = {kind: {name: one.handle for name, one in made.items()} for kind, made in (("jobs", jobs), ("services", services))}
pulumi.export("handles", {**database.handles, "backups": backups.handle if backups else None, **handles})

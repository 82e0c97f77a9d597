"""Log buckets: one for each kind of logs, because how long logs are kept is a property of the bucket."""

from __future__ import annotations

import pulumi
import pulumi_gcp as gcp
import pulumi_random as random

from components.gcp.component import GcpComponent


def log_bucket(
    component: GcpComponent, role: str, *, filter: pulumi.Input[str], retention_days: int
) -> gcp.logging.ProjectBucketConfig:
    """Log bucket ``<component>-<role>``: what *filter* (Logging's query language) matches is kept there, for *retention_days*
    (1 to 3650), in the stack's region and nowhere else.

    Logging needs three things for it: the bucket, a sink that copies to it, and an exclusion, without which the project's
    ``_Default`` bucket would keep everything a second time. The exclusion comes last: no line is lost in between. Metrics made
    from logs still count what is excluded.
    """
    network, name = component.network, f"{component.name}-{role}"
    scope = network.scope
    # A deleted bucket blocks its id for seven days, and the provider would take it for a living one and fail to change it.
    suffix = random.RandomId(f"{name}-suffix", byte_length=3, opts=component.child())
    bucket = gcp.logging.ProjectBucketConfig(
        name,
        project=network.project,
        location=network.region,
        bucket_id=pulumi.Output.format("{0}-{1}", scope.physical(component.name, role, limit=90), suffix.hex),
        description=f"{role} of {component.name}",
        retention_days=retention_days,
        opts=component.child(),
    )
    sink = gcp.logging.ProjectSink(
        f"{name}-sink",
        name=scope.physical(component.name, role),
        description=f"{role} of {component.name}",
        destination=pulumi.Output.format("logging.googleapis.com/{0}", bucket.id),
        filter=filter,
        unique_writer_identity=True,
        opts=component.child(),
    )
    gcp.logging.ProjectExclusion(
        f"{name}-exclusion",
        name=scope.physical(component.name, role),
        description=f"kept in a log bucket of its own: {role} of {component.name}",
        filter=filter,
        opts=component.child(depends_on=[sink]),
    )
    return bucket

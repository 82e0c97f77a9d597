"""Cloud CDN before a private bucket."""

from __future__ import annotations

import pulumi
import pulumi_gcp as gcp

from components.gcp.component import GcpComponent
from components.names import Scope

INDEX = "index.html"
"""Answers for the bucket's root and for its folders. Without it Cloud Storage would answer with a list of all objects."""
TTL_SECONDS = 3600
"""How long edges and browsers keep an object: an overwritten one is seen by everybody after an hour."""
SECURITY_HEADERS = (
    "Referrer-Policy: strict-origin-when-cross-origin",
    "Strict-Transport-Security: max-age=31536000",
    "X-Content-Type-Options: nosniff",
    "X-Frame-Options: SAMEORIGIN",
)
"""The ones that CloudFront adds on AWS."""


class Cdn:
    """Backend ``<bucket>-cdn`` of the load balancer, which serves it below ``/<name>/`` of each of the stack's domains.

    The bucket stays private: only the load balancer of this project may read it, as its service agent (Google's "private bucket
    access", generally available since June 2026). What it lets everybody read is everything in the bucket.
    """

    def __init__(self, component: GcpComponent, scope: Scope, name: str, bucket: gcp.storage.Bucket) -> None:
        self.prefix, self._domain = f"/{name}", ""
        logical = f"{component.name}-cdn"
        self.backend = gcp.compute.BackendBucket(
            logical,
            name=scope.physical(name),
            description=f"{scope.physical()}: {component.name} through Cloud CDN",
            bucket_name=bucket.name,
            enable_cdn=True,
            compression_mode="AUTOMATIC",
            cdn_policy={
                # Objects of a private bucket come with "Cache-Control: private", so no other mode would ever keep one.
                "cache_mode": "FORCE_CACHE_ALL",
                "default_ttl": TTL_SECONDS,
                "client_ttl": TTL_SECONDS,
                "negative_caching": True,
                "request_coalescing": True,
                "serve_while_stale": 24 * TTL_SECONDS,
            },
            custom_response_headers=SECURITY_HEADERS,
            opts=component.child(),
        )
        gcp.storage.BucketIAMMember(
            f"{logical}-reader",
            bucket=bucket.name,
            role="roles/storage.objectViewer",
            member=pulumi.Output.format("serviceAccount:service-{0}@https-lb.iam.gserviceaccount.com", bucket.project_number),
            # Google makes the agent together with the project's first backend bucket.
            opts=component.child(depends_on=[self.backend]),
        )

    def serve_at(self, domain: str) -> None:
        """The ingress says where: its first domain."""
        self._domain = domain

    @property
    def url(self) -> str:
        """Address of the bucket's content: ``https://<domain>/<name>``."""
        return f"https://{self._domain}{self.prefix}"

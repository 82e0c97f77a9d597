"""CloudFront before a private bucket."""

from __future__ import annotations

import pulumi
import pulumi_aws as aws

from components.aws.iam import Statement, statement
from components.component import Component
from components.names import Scope

CACHING_OPTIMIZED = "658327ea-f89d-4fab-a63d-7e88639e58f6"
"""Amazon's cache policy for S3: a day, compressed, neither cookies nor queries in the key."""
SECURITY_HEADERS = "67f7725c-6f97-4210-82d7-5512b31e9d03"
"""Amazon's response headers policy: HSTS, nosniff, no framing by others, a referrer policy."""
PRICE_CLASS = "PriceClass_200"
"""The cheapest class with edges in Japan."""


class Cdn:
    """Distribution ``<bucket>-distribution``: HTTPS only, and the one reader of the bucket from outside (origin access control).

    It is served at its own ``*.cloudfront.net`` name. What it lets everybody read is everything in the bucket.
    """

    url: pulumi.Output[str]

    def __init__(self, component: Component, scope: Scope, bucket: aws.s3.Bucket) -> None:
        name = f"{component.name}-distribution"
        access = aws.cloudfront.OriginAccessControl(
            f"{name}-access",
            name=scope.physical(component.name, limit=64),
            description=f"{scope.physical()}: reads {component.name}",
            origin_access_control_origin_type="s3",
            signing_behavior="always",
            signing_protocol="sigv4",
            opts=component.child(),
        )
        self.distribution = aws.cloudfront.Distribution(
            name,
            comment=f"{scope.physical()}: {component.name}",
            enabled=True,
            is_ipv6_enabled=True,
            http_version="http2and3",
            price_class=PRICE_CLASS,
            default_root_object="index.html",
            origins=[
                {
                    "origin_id": component.name,
                    "domain_name": bucket.bucket_regional_domain_name,
                    "origin_access_control_id": access.id,
                }
            ],
            default_cache_behavior={
                "target_origin_id": component.name,
                "viewer_protocol_policy": "redirect-to-https",
                "allowed_methods": ["GET", "HEAD", "OPTIONS"],
                "cached_methods": ["GET", "HEAD"],
                "compress": True,
                "cache_policy_id": CACHING_OPTIMIZED,
                "response_headers_policy_id": SECURITY_HEADERS,
            },
            restrictions={"geo_restriction": {"restriction_type": "none"}},
            viewer_certificate={"cloudfront_default_certificate": True},
            tags=scope.named(name),
            opts=component.child(),
        )
        self.url = pulumi.Output.format("https://{0}", self.distribution.domain_name)

    def read(self, objects: pulumi.Input[str]) -> list[Statement]:
        """For the bucket's policy: this distribution, and no other, gets *objects*."""
        return [self._statement("s3:GetObject", objects)]

    def decrypt(self) -> list[Statement]:
        """For the key's policy: the same for what the objects are encrypted with."""
        return [self._statement("kms:Decrypt", "*")]

    def _statement(self, action: str, resource: pulumi.Input[str]) -> Statement:
        return statement(
            [action],
            [resource],
            principals={"Service": "cloudfront.amazonaws.com"},
            condition={"StringEquals": {"AWS:SourceArn": self.distribution.arn}},
        )

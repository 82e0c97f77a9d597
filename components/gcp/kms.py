"""The key that a database is encrypted with, where the stack file asks for one of our own."""

from __future__ import annotations

from collections.abc import Sequence

import pulumi
import pulumi_gcp as gcp
import pulumi_random as random

from components.gcp.component import GcpComponent
from components.gcp.text import joined
from components.names import Scope

ROTATED = f"{90 * 24 * 3600}s"
"""A new version every 90 days; CIS GCP 1.10 allows no longer. The old ones stay, for what they encrypted."""

USE = "roles/cloudkms.cryptoKeyEncrypterDecrypter"


class DatabaseKey:
    """Key ``<component>-key`` of Cloud SQL in the stack's region. *protect*: not deleted without being told twice.

    *retain*: it stays at Google when the stack goes, because final backups could not be read without it. Key rings can never be
    deleted, nor their names be used again, so the name ends in random digits. Without *retain*, destroying the stack destroys
    the key's versions after 30 days, in which they can be restored. *after*: what decides that there is a key at all.
    """

    def __init__(
        self, component: GcpComponent, scope: Scope, *, protect: bool, retain: bool, after: Sequence[pulumi.Resource] = ()
    ) -> None:
        logical = f"{component.name}-key"
        suffix = random.RandomId(
            f"{logical}-suffix", byte_length=4, keepers={"region": scope.region}, opts=component.child(depends_on=[*after])
        )
        ring = gcp.kms.KeyRing(
            f"{logical}-ring",
            name=joined(scope.physical(component.name, limit=54), "-", suffix.hex),
            location=scope.region,
            opts=component.child(protect=protect, retain_on_delete=retain),
        )
        key = gcp.kms.CryptoKey(
            logical,
            name=component.name,
            key_ring=ring.id,
            purpose="ENCRYPT_DECRYPT",
            rotation_period=ROTATED,
            version_template={"algorithm": "GOOGLE_SYMMETRIC_ENCRYPTION", "protection_level": "SOFTWARE"},
            labels=scope.labels(),
            opts=component.child(protect=protect, retain_on_delete=retain),
        )
        # Cloud SQL's own account in this project; it may not exist before somebody asks for it.
        service = gcp.projects.ServiceIdentity(f"{logical}-service", service="sqladmin.googleapis.com", opts=component.child())
        used = gcp.kms.CryptoKeyIAMMember(
            f"{logical}-use",
            crypto_key_id=key.id,
            role=USE,
            member=service.member,
            opts=component.child(protect=protect, retain_on_delete=retain),
        )
        self.name: pulumi.Output[str] = key.id
        """``projects/../cryptoKeys/..``, for ``encryption_key_name``."""
        self.ready: Sequence[pulumi.Resource] = [used]
        """Before it Cloud SQL may not use the key, so instances depend on it."""

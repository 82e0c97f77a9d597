"""Who is told: a notification channel for each e-mail address."""

from __future__ import annotations

from collections.abc import Sequence

import pulumi
import pulumi_gcp as gcp

from components.gcp.component import GcpComponent
from components.names import Scope


def email_channels(component: GcpComponent, scope: Scope, emails: Sequence[str]) -> list[pulumi.Output[str]]:
    """Names of the channels ``<component>-email-<address>``, sorted: another address changes no other channel.

    Google asks for no confirmation. A channel's ``labels`` say what it is, so the stack's are its ``user_labels``.
    """
    return [
        gcp.monitoring.NotificationChannel(
            f"{component.name}-email-{email}",
            type="email",
            display_name=f"{scope.physical()} {email}",
            labels={"email_address": email},
            user_labels=scope.labels(),
            opts=component.child(),
        ).name
        for email in sorted(set(emails))
    ]

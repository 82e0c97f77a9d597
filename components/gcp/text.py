"""Texts that are put together of outputs."""

from __future__ import annotations

import pulumi


def joined(*parts: pulumi.Input[str]) -> pulumi.Output[str]:
    """*parts* one after the other. Unlike ``Output.concat`` it bears a part that is not known to a mock."""
    return pulumi.Output.format("{}" * len(parts), *parts)

"""Texts that are put together of outputs."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pulumi


def joined(*parts: pulumi.Input[str]) -> pulumi.Output[str]:
    """*parts* one after the other. Unlike ``Output.concat`` it bears a part that is not known to a mock."""
    return pulumi.Output.format("{}" * len(parts), *parts)


def pem(certificates: Iterable[Any] | None) -> str:
    """A bundle of the ``server_ca_certs`` of Cloud SQL or Memorystore; empty where a mock does not know them."""
    return "".join(f"{(item.cert or '').strip()}\n" for item in certificates or ())

"""What the clouds' SDKs have, without loading their modules, which would take half a minute."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import pulumi_aws
import pulumi_gcp


@cache
def resource_types() -> frozenset[str]:
    """The token of every resource type of both clouds, from the table in which Pulumi finds their classes."""
    tables = [Path(sdk.__file__).read_text() for sdk in (pulumi_aws, pulumi_gcp)]
    return frozenset(
        token for table in tables for token in re.findall(r'^ *"((?:aws|gcp):\w+/\w+:\w+)": "\w+"', table, re.MULTILINE)
    )

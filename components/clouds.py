"""The table of clouds. A new cloud is one folder under ``components`` and one line here."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from components.contract import Cloud


class Entry(NamedTuple):
    """Where a cloud's code is and what its settings may say; known without importing its SDK."""

    module: str
    backends: tuple[str, ...]
    """Ways to make PostgreSQL; the first is the default."""
    region: str
    """Default region: Tokyo, as in the guides."""


CLOUDS: dict[str, Entry] = {
    "aws": Entry("components.aws.cloud", ("aurora", "rds"), "ap-northeast-1"),
    "gcp": Entry("components.gcp.cloud", ("cloudsql",), "asia-northeast1"),
    "local": Entry("components.local.cloud", ("local",), "local"),
}


def cloud(provider: str) -> Cloud:
    """The constructors of *provider*, imported only now so that no other cloud's SDK need be installed.

    Raises:
        CloudMissingError: the provider's components are not in this checkout, or its SDK is not installed.
    """
    entry = CLOUDS[provider]
    try:
        module = import_module(entry.module)
    except ModuleNotFoundError as error:
        if error.name and error.name.startswith("pulumi_"):
            raise CloudMissingError(
                f"provider is '{provider}', whose package {error.name.replace('_', '-')} is not installed; "
                f"run: pip install -r requirements-{provider}.txt (make up STACK=<stack> does it by itself)."
            ) from None
        if error.name not in (entry.module, entry.module.rpartition(".")[0]):
            raise
        raise CloudMissingError(
            f"provider is '{provider}', whose components ({entry.module.replace('.', '/')}.py) are not in this checkout; "
            f"set provider to 'local' or use a version that has them."
        ) from None
    found: Cloud = module.CLOUD
    return found


class CloudMissingError(Exception):
    """One sentence: the provider's folder or package is missing."""

"""What a provider itself can do to a database and to services: one contract, one folder per provider."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from operations.cloud.contract import DatabaseControl, ServiceControl


def database_control(handles: Mapping[str, Any]) -> DatabaseControl:
    """The control of the database that a stack's output ``handles`` describes. A cloud's SDK is imported only here."""
    match handles["provider"]:
        case "aws":
            from operations.cloud.aws.database import AwsDatabase

            return AwsDatabase(handles)
        case "gcp":
            from operations.cloud.gcp.database import GcpDatabase

            return GcpDatabase(handles)
        case _:
            from operations.cloud.local.database import LocalDatabase

            return LocalDatabase(handles)


def service_control(handles: Mapping[str, Any]) -> ServiceControl:
    """The control of the services that a stack's output ``handles`` describes."""
    match handles["provider"]:
        case "aws":
            from operations.cloud.aws.services import AwsServices

            return AwsServices(handles)
        case "gcp":
            from operations.cloud.gcp.services import GcpServices

            return GcpServices(handles)
        case _:
            from operations.cloud.local.services import LocalServices

            return LocalServices(handles)

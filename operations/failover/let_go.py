"""Lets go of a promoted reader: it is a database of its own then, which no `up` may delete."""

from __future__ import annotations

from pulumi.automation import Deployment
from rich.console import Console

from operations.engine.checkout import Checkout
from operations.engine.run import begin
from operations.up import existing

INSTANCES = ("aws:rds/instance:Instance", "gcp:sql/databaseInstance:DatabaseInstance")


def let_go(checkout: Checkout, stack_name: str, reader: str) -> None:
    """Record in the stack's state that *reader* is kept when ``database.readers`` is lowered: Pulumi then only forgets it.

    Otherwise it would delete it with all its data. The caller holds the stack's lock. Raises OperationError as ``up`` does.
    """
    with begin(checkout, stack_name, "promote", Console(quiet=True), exclusive=False) as run:
        stack = existing(run.workspace.select(), stack_name)
        exported = stack.export_stack()
        deployment = exported.deployment or {}
        for resource in deployment.get("resources", ()):
            outputs = resource.get("outputs", {})
            if resource["type"] in INSTANCES and reader in (outputs.get("identifier"), outputs.get("name")):
                resource.update(retainOnDelete=True, protect=False)
        stack.import_stack(Deployment(version=exported.version, deployment=deployment))

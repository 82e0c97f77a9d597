"""The pretended AWS."""

from __future__ import annotations

from tests.engine.aws.standin import facts, refusals, shapes
from tests.engine.standin.cloud import Cloud
from tests.engine.standin.kinds import AWS

CLOUD = Cloud(
    kinds=AWS,
    id_of=shapes.id_of,
    key_of=shapes.key_of,
    outputs_of=shapes.outputs_of,
    described=facts.described,
    create=refusals.CREATE,
    update=refusals.UPDATE,
    delete=refusals.DELETE,
    remember_creation=facts.remember_creation,
    remember_deletion=facts.remember_deletion,
)

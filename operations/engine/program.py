"""The checkout's ``__main__.py`` as an inline program: what ``pulumi up`` runs with a full install, run in this process."""

from __future__ import annotations

import asyncio
import gc
import runpy
import sys
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

from pulumi import RunError
from pulumi.runtime import stack
from pulumi.runtime.settings import SETTINGS

from operations.engine.messages import OURS


def program_of(root: Path) -> Callable[[], Coroutine[Any, Any, None]]:
    """A callable that runs ``<root>/__main__.py`` as a Pulumi program, with *root* importable.

    An exception of one of our own classes becomes Pulumi's RunError, which the engine reports without a traceback.
    """

    def program() -> Coroutine[Any, Any, None]:
        if str(root) not in sys.path:
            sys.path.insert(0, str(root))
        # A process for one deployment: half of the program's time would go into looking for garbage.
        gc.disable()
        try:
            runpy.run_path(str(root / "__main__.py"), run_name="__main__")
        except Exception as error:
            if f"{type(error).__module__}.{type(error).__qualname__}".startswith(OURS):
                raise RunError(str(error)) from None
            raise
        return settled()

    return program


async def settled() -> None:
    """Until every registration and every output is done. The SDK's own way takes time by the square of the outputs."""
    while SETTINGS.outputs:
        await stack.wait_for_rpcs(await_all_outstanding_tasks=False)
        pending = list(SETTINGS.outputs)
        SETTINGS.outputs.clear()
        await asyncio.gather(*pending)

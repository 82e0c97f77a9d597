"""The one error of the local provider."""


class LocalError(Exception):
    """One sentence for the user: what is wrong, where, and how to mend it.

    Raised by everything under ``components.local``; shown without a traceback by the dynamic providers
    (see ``components.local.providers.base``) and by ``python -m operations``.
    """

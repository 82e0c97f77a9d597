"""The errors of the local provider."""

from components.errors import UserError


class LocalError(UserError):
    """One sentence for the user: what is wrong, where, and how to mend it.

    Raised by everything under ``components.local``; shown without a traceback by the dynamic providers
    (see ``components.dynamic``) and by ``python -m operations``.
    """


class Refusal(LocalError):
    """What was asked for is not possible, and nothing was begun."""

"""The base of errors that are meant for a person."""


class UserError(Exception):
    """One sentence for the user: what is wrong, where, and how to mend it. Shown without a traceback."""

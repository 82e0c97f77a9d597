"""How a policy file that cannot be used is told."""

from __future__ import annotations


class PolicyFileError(ValueError):
    """A configuration or waiver file cannot be used: one clear sentence per problem, all of them at once."""

    def __init__(self, *sentences: str) -> None:
        super().__init__("\n".join(sentences))
        self.sentences = sentences

"""Labels: the marks of a copy, in the letters that Google takes."""

from __future__ import annotations

import re
from collections.abc import Mapping

from operations.cloud.contract import Purpose
from operations.cloud.copies import ORIGIN, PURPOSE, SOURCE, Copies


def label(text: str) -> str:
    """*text* as the value of a label: lower-case letters, digits, '-' and '_', at most 63."""
    return re.sub(r"[^a-z0-9_-]", "-", text.lower())[:63]


def labels(marks: Mapping[str, str]) -> dict[str, str]:
    """*marks* as labels."""
    return {key: label(value) for key, value in marks.items()}


def is_cut_off_clone(copies: Copies, found: Mapping[str, str]) -> bool:
    """Whether *found* are the labels of a clone that was not marked any more: it has its source's labels and no mark.

    Cloning takes no labels; they are written when it is done, and whoever is killed before leaves such a one. Only together with
    a copy's name does this say that it is ours.
    """
    return not {PURPOSE, SOURCE, ORIGIN} & found.keys() and labels(copies.tags()).items() <= found.items()


def ours(copies: Copies, found: Mapping[str, str], purpose: Purpose) -> bool:
    """Whether something with a copy's name and the labels *found* is a copy for *purpose*."""
    return copies.ours(found, purpose) or is_cut_off_clone(copies, found)

"""From pydantic's errors to sentences: what, where, how to mend it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import Any, NamedTuple, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails


class Problem(NamedTuple):
    """A key of the stack file and what is wrong with it."""

    key: str
    sentence: str


WORDS = {
    "greater_than_equal": "it must be at least {ge}",
    "less_than_equal": "it must be at most {le}",
    "multiple_of": "it must be a multiple of {multiple_of}",
    "int_type": "it must be a whole number",
    "int_from_float": "it must be a whole number",
    "float_type": "it must be a number",
    "bool_type": "it must be true or false, without quotes",
    "string_type": "it must be text; put it in quotes",
    "tuple_type": "it must be a list",
    "list_type": "it must be a list",
    "dict_type": "it must be a block of keys",
    "model_type": "it must be a block of keys",
    "model_attributes_type": "it must be a block of keys",
    "too_short": "it needs at least {min_length} entries",
    "too_long": "it can have at most {max_length} entries",
}
"""Sentence ends by pydantic error type; the braces are filled from the error's context."""


def of(error: ValidationError, model: type[BaseModel]) -> list[Problem]:
    """One problem per error of *error*, which came from validating *model*."""
    return [_problem(details, model) for details in error.errors()]


def not_a_choice(value: Any, known: Iterable[str]) -> str:
    """The sentence for a value outside a fixed list, with the nearest right one."""
    names = list(known)
    nearest = _nearest(str(value), names)
    return f"is {value!r}; it must be one of {', '.join(names)}{nearest and '; ' + nearest}"


def report(found: Iterable[Problem], file: str) -> str:
    """All problems as one text: a line each, the file's name in front."""
    lines = sorted({_sentence(f"{problem.key} {problem.sentence}") for problem in found})
    if len(lines) == 1:
        return f"{file}: {lines[0]}"
    return "\n".join([f"{file} has {len(lines)} problems:", *(f"  - {line}" for line in lines)])


def _sentence(text: str) -> str:
    return text if text.endswith("?") else f"{text}."


def without(raw: Mapping[str, Any], path: list[str]) -> dict[str, Any]:
    """*raw* without the value at *path*; where that is already missing, without the block around it."""
    head, *rest = path
    rest_of = raw.get(head)
    if not rest or not isinstance(rest_of, Mapping):
        return {key: value for key, value in raw.items() if key != head}
    if len(rest) == 1 and rest[0] not in rest_of:
        return {key: value for key, value in raw.items() if key != head}
    return {**raw, head: without(rest_of, rest)}


def _problem(details: ErrorDetails, model: type[BaseModel]) -> Problem:
    path = [str(part) for part in details["loc"] if part != "[key]"]
    key, value, kind = ".".join(path), details["input"], details["type"]
    context = details.get("ctx", {})
    if kind == "extra_forbidden":
        known, parent = sorted(_fields_at(model, path[:-1])), ".".join(path[:-1])
        return Problem(key, f"is not a setting; {_nearest(path[-1], known, parent) or 'known are ' + ', '.join(known)}")
    if kind == "missing":
        return Problem(key, "is missing; add it")
    if kind == "literal_error":
        return Problem(
            key, not_a_choice(value, [item.strip(" '") for item in context["expected"].replace(" or ", ", ").split(",")])
        )
    if kind == "value_error":
        rule = str(context["error"])
        return Problem(key, f"is {value!r}{', which' if rule.startswith('is ') else '; it'} {rule}")
    words = WORDS.get(kind)
    sentence = words.format(**context) if words else details["msg"][0].lower() + details["msg"][1:]
    return Problem(key, f"is {_shown(value)}; {sentence}")


def _shown(value: Any) -> str:
    return "a block of keys" if isinstance(value, Mapping) else "a list" if isinstance(value, list) else repr(value)


def _nearest(value: str, known: list[str], parent: str = "") -> str:
    match = get_close_matches(value, known, n=1, cutoff=0.5)
    prefix = f"{parent}." if parent else ""
    return f"did you mean {prefix}{match[0]}?" if match else ""


def _fields_at(model: type[BaseModel], path: list[str]) -> Iterable[str]:
    """The keys allowed in the block at *path*, looking through optional blocks and maps by name."""
    if not path:
        return model.model_fields
    head, *rest = path
    field = model.model_fields[head]
    for candidate in _types_in(field.annotation):
        if isinstance(candidate, type) and issubclass(candidate, BaseModel):
            return _fields_at(candidate, rest[1:] if get_origin(field.annotation) is dict else rest)
    return ()


def _types_in(annotation: Any) -> list[Any]:
    arguments = get_args(annotation)
    return [annotation] if not arguments else [item for argument in arguments for item in _types_in(argument)]

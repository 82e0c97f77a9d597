"""The tables of create-only properties: every row is of a type and a property that exist."""

from __future__ import annotations

import json
from importlib import import_module
from typing import Any

import pytest

from components.local.providers.converging import ConvergingProvider
from operations.review.create_only import FOLDER, Kind, kind_of, kinds
from operations.review.graph import graph_of
from policies.resource import COMPONENT
from tests.recorder import ROOT

PROVIDERS = ("aws", "gcp", "random")

EVERYWHERE = {"tags", "tagsAll", "labels", "deletionPolicy"}
"""Names in a row that not every type of its cloud has."""


def engine_names(token: str) -> set[str]:
    """Every property of a type, by its engine name, from the class that the SDK has for it."""
    cloud, module, name = token.split(":")[0], token.split(":")[1].partition("/")[0], token.rpartition(":")[2]
    cls: Any = getattr(
        import_module(f"pulumi_{cloud}.{ {'lambda': 'lambda_'}.get(module, module) }".removesuffix(".index")), name
    )
    properties = [value.fget for value in vars(cls).values() if isinstance(value, property) and value.fget]
    return {getattr(getter, "_pulumi_name", getter.__name__) for getter in properties}


@pytest.mark.parametrize("provider", PROVIDERS)
def test_every_name_is_a_property_of_its_type(provider: str) -> None:
    table, wrong = kinds(provider), []
    for token, kind in table.items():
        given = {kind.name, *kind.force_new, *kind.kept, *kind.never_less, *kind.free} - {""}
        tops = {path.split(".")[0].removesuffix("[]") for path in given}
        wrong += [f"{token}: {name}" for name in sorted(tops - engine_names(token) - EVERYWHERE)]
    assert table
    assert not wrong


@pytest.mark.parametrize("file", [*PROVIDERS, "dynamic"])
def test_every_table_has_a_source_and_is_sorted(file: str) -> None:
    found = json.loads((FOLDER / f"{file}.json").read_text())
    assert len(found["source"]) > 20
    assert list(found["types"]) == sorted(found["types"])


def test_our_own_providers_say_the_same() -> None:
    import components.local.cloud  # noqa: F401  # defines them all

    told = {token.rpartition(":")[2]: kind.force_new for token, kind in kinds("dynamic").items()}
    for provider in ConvergingProvider.__subclasses__():
        name = {"ProcessProvider": "SupervisedProcess"}.get(provider.__name__, provider.__name__.removesuffix("Provider"))
        assert told[name] == frozenset(provider.PLACE), name


@pytest.mark.parametrize("stack", ["local", "dev", "prod", "gcp-dev", "gcp-prod"])
def test_no_type_of_the_program_is_missing(stack: str) -> None:
    types = {resource.type for resource in graph_of(ROOT, stack).stack.resources}
    left_out = {token for token in types if kind_of(token) is None and not token.startswith((COMPONENT, "pulumi:"))}
    assert not left_out


@pytest.mark.parametrize(
    ("kind", "olds", "news", "forcing"),
    [
        (Kind(force_new=frozenset({"a"})), {"a": 1}, {"a": 2}, ["a"]),
        (Kind(force_new=frozenset({"b"})), {"a": 1}, {"a": 2}, []),
        (Kind(name="a"), {"a": 1}, {"a": 2}, ["a"]),
        (Kind(everything=True), {"a": 1}, {"a": 2}, ["a"]),
        (Kind(everything=True, free=frozenset({"a"})), {"a": 1}, {"a": 2}, []),
        (Kind(force_new=frozenset({"a.b", "a.c"})), {"a": {"b": 1, "c": 1}}, {"a": {"b": 2, "c": 1}}, ["a.b"]),
        (Kind(force_new=frozenset({"a[].b"})), {"a": [{"b": 1}]}, {"a": [{"b": 2}]}, ["a[].b"]),
        (Kind(never_less=frozenset({"a"})), {"a": 2}, {"a": 1}, ["a"]),
        (Kind(never_less=frozenset({"a"})), {"a": 1}, {"a": 2}, []),
        (Kind(never_less=frozenset({"a"})), {"a": 1}, {}, []),
    ],
)  # fmt: skip
def test_what_a_change_forces(kind: Kind, olds: dict[str, Any], news: dict[str, Any], forcing: list[str]) -> None:
    assert list(kind.forcing("a", olds, news)) == forcing
    assert kind.forces_new("a", olds, news) == bool(forcing)

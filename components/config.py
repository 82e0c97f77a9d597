"""The only reader of Pulumi's configuration: a stack file becomes :class:`Settings`, or one list of everything wrong with it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pulumi
from pulumi.runtime import config as pulumi_config
from pydantic import ValidationError

from components.clouds import CLOUDS
from components.names import Scope
from components.settings import problems
from components.settings.problems import Problem
from components.settings.rules import broken
from components.settings.stack import Settings
from components.tiers import TIER_NAMES, with_defaults

ROOT = Path(__file__).resolve().parent.parent
"""The checkout."""


class SettingsError(pulumi.RunError):
    """The stack file cannot be used; the text names every problem with its key, its value and the way to mend it."""


def load_settings() -> Settings:
    """The settings of the stack that is being deployed.

    Raises:
        SettingsError: one sentence per problem, all of them at once, before any resource is made.
    """
    everything: dict[str, Any] = {**pulumi_config.get_config_env(), **pulumi_config.CONFIG.get()}
    given = _configured(everything, pulumi.get_project())
    sdk_region = everything.get(f"{given.get('provider')}:region")
    return parse(given, file=f"Pulumi.{pulumi.get_stack()}.yaml", sdk_region=sdk_region)


def parse(given: Mapping[str, Any], *, file: str, root: Path = ROOT, sdk_region: str | None = None) -> Settings:
    """*given* (the keys of a stack file) validated, with the tier's and the provider's defaults filled in.

    *sdk_region* is what Pulumi's own provider was told (``aws:region``); it is the default of ``region``, and both must agree.

    Raises:
        SettingsError: as in :func:`load_settings`; *file* is the name that its text begins with.
    """
    found = _unknown_choices(given)
    if sdk_region:
        if given.get("region", sdk_region) != sdk_region:
            sentence = (
                f"is '{given['region']}', but Pulumi's provider works in '{sdk_region}' ({given['provider']}:region); remove one"
            )
            found.append(Problem("region", sentence))
        given = {**given, "region": sdk_region}
    raw = with_defaults(_tier(given), _provider_defaults(given))
    settings: Settings | None
    try:
        settings = Settings.model_validate_json(json.dumps(raw))
    except ValidationError as error:
        found += problems.of(error, Settings)
        settings = _salvage(raw)
    if settings is not None:
        wrong = {problem.key for problem in found}
        found += [
            Problem(key, sentence) for key, sentence in broken(settings, root) if not any(_related(key, other) for other in wrong)
        ]
    if found or settings is None:
        raise SettingsError(problems.report(found, file))
    return settings


def _configured(everything: Mapping[str, Any], project: str) -> dict[str, Any]:
    """The part of *everything* that is this project's, blocks decoded from the JSON text that the engine passes."""
    values = {key.partition(":")[2]: value for key, value in everything.items() if key.startswith(f"{project}:")}
    return {key: _decoded(value) if key not in _PLAIN else value for key, value in values.items()}


_PLAIN = ("app", "provider", "tier", "environment", "region")
"""Keys whose value is text; all others are blocks."""


def _decoded(value: Any) -> Any:
    if value == "":
        return None  # how the engine passes a null of the stack file
    try:
        return json.loads(value)
    except (TypeError, ValueError):
        return value


def _unknown_choices(given: Mapping[str, Any]) -> list[Problem]:
    """Provider and tier decide every default, so they are looked at first."""
    choices = (("provider", tuple(CLOUDS)), ("tier", TIER_NAMES))
    return [
        Problem(key, problems.not_a_choice(given[key], known))
        for key, known in choices
        if key in given and given[key] not in known
    ] + [Problem(key, f"is missing; choose one of {', '.join(known)}") for key, known in choices if key not in given]


def _tier(given: Mapping[str, Any]) -> str:
    tier = given.get("tier")
    return tier if isinstance(tier, str) and tier in TIER_NAMES else "dev"


def _provider_defaults(given: Mapping[str, Any]) -> dict[str, Any]:
    """*given* with a known provider and tier in any case, and the provider's region and first backend where none is chosen."""
    provider = given.get("provider")
    provider = provider if isinstance(provider, str) and provider in CLOUDS else "local"
    raw = {**given, "provider": provider, "tier": _tier(given)}
    raw.setdefault("region", CLOUDS[provider].region)
    database = raw.get("database", {})
    if isinstance(database, Mapping):
        raw["database"] = {"backend": CLOUDS[provider].backends[0], **database}
    return raw


def _salvage(raw: dict[str, Any]) -> Settings | None:
    """*raw* without what does not validate, so that the rules that span settings are still checked on the rest."""
    for _ in range(10):
        try:
            return Settings.model_validate_json(json.dumps(raw))
        except ValidationError as error:
            for problem in problems.of(error, Settings):
                raw = problems.without(raw, problem.key.split("."))
            raw = with_defaults(_tier(raw), _provider_defaults({"app": "app", **raw}))
    return None


def _related(key: str, other: str) -> bool:
    return key == other or key.startswith(f"{other}.") or other.startswith(f"{key}.")


def scope_of(settings: Settings) -> Scope:
    """Whose resources the stack makes."""
    return Scope(
        app=settings.app,
        environment=settings.environment,
        tier=settings.tier,
        stack=pulumi.get_stack(),
        region=settings.region,
        tags=settings.tags,
        operations_image=settings.operations_image,
    )

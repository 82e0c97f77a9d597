"""The stack that a program makes, as policies and reviews see it: resources with their inputs, options and ways between them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from operations.engine.checkout import Checkout
from operations.errors import Refused
from operations.review.made_up import CONSTANT
from operations.review.program import PROJECT, SECRET, Registration, run_checkout
from policies.resource import Resource, Stack, component_of
from policies.values import SIGNATURE, UNKNOWN

StandIns = Mapping[Any, str]


@dataclass(frozen=True)
class Graph:
    """A stack and what only a comparison of two needs. Mappings are by URN."""

    stack: Stack
    exact: Mapping[str, Mapping[str, Any]] = field(repr=False)
    """Inputs with their stand-ins where the stack has UNKNOWN, and a digest for each secret: equal only where nothing changed."""
    stand_ins: Mapping[str, StandIns] = field(repr=False)
    """Values that stand for what only the cloud knows of a resource, each with a name such as ``database-key.arn``."""
    aliases: Mapping[str, tuple[str, ...]]
    """URNs that a resource once had, of those that have any."""
    replace_on_changes: Mapping[str, tuple[str, ...]]
    """Properties whose change replaces the resource because the program says so."""
    retained: frozenset[str]
    """Resources that stay in the cloud when the program drops them (``retain_on_delete``)."""


def graph_of(root: Path, name: str) -> Graph:
    """What the program in *root* makes of its ``Pulumi.<name>.yaml``. Whatever the program raises is raised.

    A property that is an output of another resource is UNKNOWN, as in a first preview. A text that merely holds one (a policy
    document, container definitions) stays a text with a readable stand-in such as ``database-cluster.endpoint``, so that it can
    still be judged. Secrets read ``[secret]``.

    Raises:
        Refused: the stack file is missing or no YAML, or has no ``config``.
    """
    root = root.resolve()
    config = config_of(root, name)
    project = Checkout(root).project or PROJECT
    monitor = run_checkout(root, config, stack_name=name, project=project)
    requests = dict(sorted(monitor.registered.items()))
    tier, provider = (str(config.get(f"{project}:{key}", "")) for key in ("tier", "provider"))
    shown, exact = (_Reader(secret, _places(root, provider)) for secret in (lambda _: SECRET, _digest))
    stand_ins = {urn: _stand_ins(request, monitor.outputs.get(urn, {})) for urn, request in requests.items()}
    parents = {urn: request.parent for urn, request in requests.items()}
    resources = tuple(_resource(urn, request, shown.inputs(request), stand_ins, parents) for urn, request in requests.items())
    return Graph(
        stack=Stack(name=name, tier=tier, provider=provider, resources=resources),  # type: ignore[arg-type]  # program checked it
        exact={urn: exact.inputs(request) for urn, request in requests.items()},
        stand_ins=stand_ins,
        aliases={urn: found for urn, request in requests.items() if (found := tuple(_aliases(urn, request)))},
        replace_on_changes={
            urn: tuple(request.replaceOnChanges) for urn, request in requests.items() if request.replaceOnChanges
        },
        retained=frozenset(urn for urn, request in requests.items() if request.retainOnDelete),
    )


def stack_of(root: Path, name: str) -> Stack:
    """The stack of :func:`graph_of`."""
    return graph_of(root, name).stack


def config_of(root: Path, name: str) -> dict[str, Any]:
    """The configuration of a stack file.

    Raises:
        Refused: it is missing, no YAML, or has no ``config``.
    """
    file = root / f"Pulumi.{name}.yaml"
    try:
        given = yaml.load(file.read_text(), _LOADER)  # a safe loader: the fast one where there is one
    except OSError as error:
        raise Refused(f"{file.name} cannot be read: {error.strerror}.") from None
    except yaml.YAMLError as error:
        raise Refused(f"{file.name} is not valid YAML: {' '.join(str(error).split())}. Mend it at that line.") from None
    config = given.get("config") if isinstance(given, dict) else None
    if not isinstance(config, dict) or not all(isinstance(key, str) for key in config):
        raise Refused(f"{file.name} has no block `config:` with the settings of the stack; see Settings in README.md.")
    return config


_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def _resource(
    urn: str,
    request: Registration,
    props: dict[str, Any],
    stand_ins: Mapping[str, StandIns],
    parents: Mapping[str, str],
) -> Resource:
    depends = {key: tuple(sorted(value.urns)) for key, value in sorted(request.propertyDependencies.items()) if value.urns}
    for key, urns in depends.items():
        if key in props:
            props[key] = _as_in_preview(props[key], [stand_ins.get(urn, {}) for urn in urns])
    return Resource(
        urn=urn,
        type=request.type,
        name=request.name,
        props=props,
        protect=request.protect,
        parent=request.parent,
        depends_on=tuple(sorted(request.dependencies)),
        property_depends_on=depends,
        component=component_of(urn, parents),
        ignore_changes=tuple(request.ignoreChanges),
        project=urn.split(":")[4],
        stack=urn.split(":")[2],
    )


def _digest(value: Any) -> str:
    return f"{SECRET} {sha256(value.SerializeToString(deterministic=True)).hexdigest()}"


def _places(root: Path, provider: str) -> dict[str, str]:
    """Folders that differ from checkout to checkout, and what is put in their place."""
    found = {str(root): "<checkout>"}
    if provider == "local":
        paths = import_module("components.local.host.paths")
        found[str(paths.home_of(root))] = "<home>"
    return found


class _Reader(NamedTuple):
    """Turns values of the wire into Python's, with sorted keys."""

    secret: Callable[[Any], str]
    """What stands for a secret."""
    places: Mapping[str, str]

    def inputs(self, request: Registration) -> dict[str, Any]:
        """The inputs but for the code of a dynamic provider."""
        fields = request.object.fields
        return {key: self.plain(fields[key]) for key in sorted(fields) if key != "__provider"}

    def plain(self, value: Any) -> Any:
        """A value; whole numbers are int."""
        kind = value.WhichOneof("kind")
        if kind == "string_value":
            return self.text(value.string_value)
        if kind == "struct_value":
            fields = value.struct_value.fields
            if SIGNATURE in fields:
                return self.secret(fields["value"]) if "value" in fields else self.text(_reference(fields))
            return {key: self.plain(fields[key]) for key in sorted(fields)}
        if kind == "list_value":
            return [self.plain(item) for item in value.list_value.values]
        if kind == "number_value":
            number = value.number_value
            return int(number) if number.is_integer() else number
        return value.bool_value if kind == "bool_value" else None

    def text(self, given: str) -> str:
        for place, name in self.places.items():
            if place in given:
                given = given.replace(place, name)
        return given


def _reference(fields: Any) -> str:
    """Another resource or an asset: its URN, its path, its text, or the digest of an archive."""
    return next((fields[key].string_value for key in ("urn", "path", "uri", "text", "hash") if key in fields), str(fields))


def _stand_ins(request: Registration, outputs: Mapping[str, Any]) -> StandIns:
    found = {value: path for path, value in _leaves(request.name, outputs) if value not in CONSTANT}
    return {**found, f"{request.name}-id": f"{request.name}.id"} if request.custom else {}


def _leaves(path: str, value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping):
        for key in sorted(value):
            yield from _leaves(f"{path}.{key}", value[key])
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _leaves(f"{path}[{index}]", item)
    else:
        yield path, value


def _as_in_preview(value: Any, unknown: list[StandIns]) -> Any:
    if isinstance(value, dict):
        return {key: _as_in_preview(item, unknown) for key, item in value.items()}
    if isinstance(value, list):
        return [_as_in_preview(item, unknown) for item in value]
    return UNKNOWN if not isinstance(value, bool) and any(value in known_later for known_later in unknown) else value


def _aliases(urn: str, request: Registration) -> Iterator[str]:
    """URNs that *request* says it once had. Types that a class of an SDK once had count as well: so do they for the engine."""
    yield from request.aliasURNs
    head, qualified, name = urn.rsplit("::", 2)
    parents, _, kind = qualified.rpartition("$")
    for alias in request.aliases:
        if alias.urn:
            yield alias.urn
            continue
        spec = alias.spec
        above = f"{spec.parentUrn.split('::')[2]}" if spec.parentUrn else "" if spec.noParent else parents
        yield f"{head}::{f'{above}$' if above else ''}{spec.type or kind}::{spec.name or name}"

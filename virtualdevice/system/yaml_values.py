"""From a YAML document to frozen dataclasses, with the file and line in every complaint.

Unknown keys are errors. Numbers are never taken for text: YAML reads an unquoted `0123` as 83.
"""

from __future__ import annotations

import types
from collections.abc import Mapping
from dataclasses import MISSING, fields, is_dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, TypeVar, Union, cast, get_args, get_origin, get_type_hints

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.error import MarkedYAMLError

from holdfast.errors import ConfigurationError, Place

__all__ = ["YamlReader", "load_mapping", "merged"]

T = TypeVar("T")
KIND_NAMES = {
    str: "text in quotes",
    int: "a whole number",
    float: "a number",
    bool: "true or false",
}


def load_mapping(file: Path) -> CommentedMap:
    """The document of a file, which must be a mapping; ConfigurationError otherwise."""
    try:
        document = YAML(typ="rt").load(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"cannot be read: {error}", place=Place(file=file)) from error
    except MarkedYAMLError as error:
        mark = error.problem_mark
        line = mark.line + 1 if mark else None
        problem = error.problem or "is not YAML"
        raise ConfigurationError(problem, place=Place(file=file, line=line)) from error
    if not isinstance(document, CommentedMap):
        raise ConfigurationError("must be a mapping of keys", place=Place(file=file, line=1))
    return document


def merged(base: CommentedMap, over: CommentedMap) -> CommentedMap:
    """`over` on top of `base`, mapping by mapping; lists and scalars are replaced whole.

    Keys that come from `base` keep no line: a complaint about them names `over`'s file.
    """
    result = CommentedMap()
    for key in [*base, *(key for key in over if key not in base)]:
        if key in over and key in base and _both_mappings(base[key], over[key]):
            result[key] = merged(base[key], over[key])
        else:
            result[key] = over[key] if key in over else base[key]
        if key in over and key in over.lc.data:
            result.lc.add_kv_line_col(key, over.lc.data[key])
    return result


def _both_mappings(one: object, other: object) -> bool:
    return isinstance(one, CommentedMap) and isinstance(other, CommentedMap)


class YamlReader:
    """Reads nodes of one file into the types that dataclass fields declare."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def read(self, wanted: type[T], node: CommentedMap, path: str = "") -> T:
        """`wanted` is a dataclass; its fields' names are the keys."""
        hints = get_type_hints(wanted)
        known = {field.name: field for field in fields(cast("Any", wanted))}
        for key in node:
            if key not in known:
                allowed = ", ".join(known)
                raise self._error(f"unknown key {key!r}; allowed: {allowed}", node, key, path)
        values = {
            key: self._value(hints[key], node[key], node, key, f"{path}.{key}".lstrip("."))
            for key in node
        }
        for name, field in known.items():
            required = field.default is MISSING and field.default_factory is MISSING
            if required and name not in values:
                raise self._error(f"the key {name!r} is missing", node, None, path)
        return wanted(**values)

    def _value(
        self, wanted: Any, value: object, parent: CommentedMap, key: object, path: str
    ) -> object:
        origin = get_origin(wanted)
        if origin in (Union, types.UnionType):
            if value is None:
                return None
            inner = next(option for option in get_args(wanted) if option is not type(None))
            return self._value(inner, value, parent, key, path)
        if origin is tuple:
            return self._sequence(get_args(wanted)[0], value, parent, key, path)
        if origin is Mapping or (isinstance(origin, type) and issubclass(origin, Mapping)):
            return self._mapping(get_args(wanted)[1], value, parent, key, path)
        if is_dataclass(wanted):
            if not isinstance(value, CommentedMap):
                raise self._error("must be a mapping of keys", parent, key, path)
            return self.read(cast("Any", wanted), value, path)
        if isinstance(wanted, type) and issubclass(wanted, StrEnum):
            return self._choice(wanted, value, parent, key, path)
        return self._scalar(wanted, value, parent, key, path)

    def _sequence(
        self, wanted: Any, value: object, parent: CommentedMap, key: object, path: str
    ) -> tuple[object, ...]:
        if not isinstance(value, CommentedSeq):
            raise self._error("must be a list", parent, key, path)
        return tuple(
            self._value(wanted, item, parent, key, f"{path}[{number}]")
            for number, item in enumerate(value)
        )

    def _mapping(
        self, wanted: Any, value: object, parent: CommentedMap, key: object, path: str
    ) -> Mapping[str, object]:
        if not isinstance(value, CommentedMap):
            raise self._error("must be a mapping of keys", parent, key, path)
        for name in value:
            if not isinstance(name, str):
                raise self._error(f"the key {name!r} must be text in quotes", value, name, path)
        return {
            name: self._value(wanted, value[name], value, name, f"{path}.{name}") for name in value
        }

    def _choice(
        self, wanted: type[StrEnum], value: object, parent: CommentedMap, key: object, path: str
    ) -> StrEnum:
        try:
            return wanted(str(value))
        except ValueError as error:
            allowed = ", ".join(wanted)
            raise self._error(f"{value!r} is none of: {allowed}", parent, key, path) from error

    def _scalar(
        self, wanted: Any, value: object, parent: CommentedMap, key: object, path: str
    ) -> object:
        fits = isinstance(value, wanted) and (wanted is bool or not isinstance(value, bool))
        if wanted is float and isinstance(value, int) and not isinstance(value, bool):
            return float(value)
        if not fits:
            raise self._error(f"{value!r} must be {KIND_NAMES[wanted]}", parent, key, path)
        return str(value) if wanted is str else value

    def _error(
        self, what: str, node: CommentedMap, key: object | None, path: str
    ) -> ConfigurationError:
        line = None
        position = node.lc.data.get(key) if key is not None and node.lc.data else None
        if position is not None:
            line = position[0] + 1
        elif node.lc.line is not None:
            line = node.lc.line + 1
        return ConfigurationError(what, place=Place(file=self._file, line=line, path=path))

"""A YAML file that a person writes, checked against a model: every error with its place.

ruamel keeps line and column of every key; pydantic says what is wrong; here both meet.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from holdfast.errors import ConfigurationError, Place

__all__ = ["PlacedFile", "read_yaml"]

Model = TypeVar("Model", bound=BaseModel)
Location = tuple[int | str, ...]
LIMIT_BYTES = 1 << 20
_DISCRIMINATOR_ERRORS = ("union_tag_invalid", "union_tag_not_found")


class PlacedFile:
    """A parsed file that knows where each of its values stands."""

    def __init__(self, file: Path, root: Any) -> None:
        self.file = file
        self.root = root

    def place(self, location: Location, *, at_key: bool = False) -> Place:
        """Where the value at `location` stands (its key, with `at_key`).

        Parts of `location` that the file does not have are passed over: pydantic names the
        chosen alternative of a union too.
        """
        node, mark, shown = self.root, _start_of(self.root), ""
        for part in location:
            if isinstance(node, CommentedMap) and part in node:
                mark = node.lc.key(part) if at_key else node.lc.value(part)
                shown += f".{part}" if shown else str(part)
            elif isinstance(node, CommentedSeq) and isinstance(part, int) and part < len(node):
                mark = node.lc.item(part)
                shown += f"[{part}]"
            else:
                continue
            node = node[part]
        return Place(file=self.file, line=mark[0] + 1, column=mark[1] + 1, path=shown)

    def error(self, what: str, location: Location, *, at_key: bool = False) -> ConfigurationError:
        return ConfigurationError(what, place=self.place(location, at_key=at_key))


def read_yaml(file: Path, model: type[Model]) -> tuple[Model, PlacedFile]:
    """The file as a `model`, and where each value stands.

    Raises ConfigurationError; where several values are wrong, it names the first with its place and
    appends the others, one a line.
    """
    placed = PlacedFile(file, _parse(file))
    if not isinstance(placed.root, CommentedMap):
        raise ConfigurationError(
            f"this is no mapping of keys; allowed here: {', '.join(model.model_fields)}",
            place=Place(file=file, line=1, column=1),
        )
    try:
        return model.model_validate(placed.root), placed
    except ValidationError as error:
        raise _all_of(error, placed, model) from error


def _parse(file: Path) -> Any:
    try:
        with file.open("rb") as opened:
            raw = opened.read(LIMIT_BYTES + 1)
    except FileNotFoundError as error:
        raise ConfigurationError("there is no such file", place=Place(file=file)) from error
    except OSError as error:
        raise ConfigurationError(
            f"it cannot be read: {error.strerror}", place=Place(file=file)
        ) from error
    if len(raw) > LIMIT_BYTES:
        raise ConfigurationError(f"it is larger than {LIMIT_BYTES} bytes", place=Place(file=file))
    try:
        return YAML(typ="rt").load(raw)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise ConfigurationError(
            _first_line(error.problem or str(error)),
            place=Place(
                file=file,
                line=mark.line + 1 if mark else None,
                column=mark.column + 1 if mark else None,
            ),
        ) from error
    except (YAMLError, UnicodeDecodeError, RecursionError) as error:
        raise ConfigurationError(
            f"this is no YAML: {_first_line(str(error))}", place=Place(file=file)
        ) from error


def _first_line(text: str) -> str:
    return text.strip().partition("\n")[0]


def _start_of(node: Any) -> tuple[int, int]:
    return (node.lc.line, node.lc.col) if isinstance(node, CommentedMap | CommentedSeq) else (0, 0)


def _all_of(
    error: ValidationError, placed: PlacedFile, model: type[BaseModel]
) -> ConfigurationError:
    schema = model.model_json_schema()
    found = [
        placed.error(
            _sentence(detail, schema, placed),
            _location_of(detail),
            at_key=detail["type"] == "extra_forbidden",
        )
        for detail in _without_consequences(error)
    ]
    rest = "".join(f"\n{other}" for other in found[1:])
    return ConfigurationError(found[0].what + rest, place=found[0].place)


def _without_consequences(error: ValidationError) -> Sequence[Mapping[str, Any]]:
    """A list of which every item is wrong is not too short as well."""
    details = error.errors(include_url=False)
    beneath = {d["loc"][:n] for d in details for n in range(len(d["loc"]))}
    return [d for d in details if d["type"] != "too_short" or d["loc"] not in beneath]


def _location_of(detail: Mapping[str, Any]) -> Location:
    location: Location = detail["loc"]
    if detail["type"] in _DISCRIMINATOR_ERRORS:
        return (*location, detail["ctx"]["discriminator"].strip("'"))
    return location


def _sentence(detail: Mapping[str, Any], schema: Mapping[str, Any], placed: PlacedFile) -> str:
    """What is wrong and what is allowed, in words of the file rather than of Python."""
    location = detail["loc"]
    match detail["type"]:
        case "extra_forbidden":
            allowed = _allowed_keys(schema, location[:-1], placed.root)
            return f"unknown key {location[-1]!r}; allowed here: {', '.join(allowed)}"
        case "missing":
            return f"the key {location[-1]!r} is missing here"
        case "string_type" if isinstance(detail["input"], int | float):
            return (
                f"{detail['input']!r} is a number; write the value in quotes "
                "(YAML reads an unquoted 0123 as a number)"
            )
        case "union_tag_invalid":
            context = detail["ctx"]
            return f"{context['tag']!r} is not known; allowed: {context['expected_tags']}"
        case "union_tag_not_found":
            return f"the key {detail['ctx']['discriminator']} is missing here"
        case _:
            text = str(detail["msg"]).removeprefix("Value error, ")
            return re.sub(r"^(Input|String) should", "the value should", text)


def _allowed_keys(schema: Mapping[str, Any], location: Location, node: Any) -> Sequence[str]:
    """The keys that the JSON schema allows at `location` of the document `node`."""
    here = _resolve(schema, schema, node)
    for part in location:
        child = node[part] if _has(node, part) else None
        if child is None:
            continue
        if isinstance(part, int):
            here = here.get("items", {})
        else:
            free_keys = [*here.get("patternProperties", {}).values()] or [{}]
            here = here.get("properties", {}).get(part) or free_keys[0]
        node = child
        here = _resolve(here, schema, node)
    return list(here.get("properties", {}))


def _has(node: Any, part: int | str) -> bool:
    if isinstance(node, CommentedMap):
        return part in node
    return isinstance(node, CommentedSeq) and isinstance(part, int) and part < len(node)


def _resolve(here: Mapping[str, Any], schema: Mapping[str, Any], node: Any) -> Mapping[str, Any]:
    """Follow `$ref`, and the alternative that the node's discriminator chooses."""
    if "discriminator" in here:
        chosen = here["discriminator"]
        tag = node.get(chosen["propertyName"]) if isinstance(node, CommentedMap) else None
        here = {"$ref": chosen["mapping"].get(tag, "")}
    name = here.get("$ref", "")
    found: Mapping[str, Any] = schema["$defs"].get(name.rpartition("/")[2], {}) if name else here
    return found

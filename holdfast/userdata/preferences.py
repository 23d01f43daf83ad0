"""Shared preferences, read by meaning: XML as android.content.SharedPreferences writes it.

The shapes are those of com.android.internal.util.XmlUtils (writeMapXml): a `map` of `string`,
`int`, `long`, `float`, `boolean`, `set` and `null`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from xml.etree import ElementTree

__all__ = [
    "LIMIT_BYTES",
    "PreferenceValue",
    "PreferencesFormatError",
    "read_preferences",
    "write_preferences",
]

PreferenceValue = str | int | bool | frozenset[str]

LIMIT_BYTES = 16 << 20
_SHOWN_CHARACTERS = 200
_SCALARS = frozenset({"int", "long", "float", "boolean"})


class PreferencesFormatError(ValueError):
    """The bytes are no shared preferences."""


def read_preferences(data: bytes) -> Mapping[str, str]:
    """Key → `type:value`, long values as their digest.

    Raises PreferencesFormatError. The file comes from outside: document types, and with them
    entities, are refused unread.
    """
    if len(data) > LIMIT_BYTES:
        raise PreferencesFormatError(f"larger than {LIMIT_BYTES} bytes")
    if b"<!DOCTYPE" in data or b"<!ENTITY" in data:
        raise PreferencesFormatError("it declares a document type")
    try:
        root = ElementTree.fromstring(data)
    except (ElementTree.ParseError, ValueError, LookupError) as error:
        raise PreferencesFormatError(str(error)) from error
    if root.tag != "map":
        raise PreferencesFormatError(f"its root is <{root.tag}>, not <map>")
    return {child.get("name", ""): _value(child) for child in root}


def _value(node: ElementTree.Element) -> str:
    if node.tag in _SCALARS:
        text = node.get("value", "")
    elif node.tag == "set":
        text = "\n".join(sorted(member.text or "" for member in node))
    else:
        text = node.text or ""
    if len(text) > _SHOWN_CHARACTERS:
        digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
        text = f"{len(text)} characters, sha256 {digest}"
    return f"{node.tag}:{text}"


def write_preferences(values: Mapping[str, PreferenceValue]) -> bytes:
    """The file that Android would write for `values` (whole numbers as `int`)."""
    root = ElementTree.Element("map")
    for name, value in values.items():
        if isinstance(value, str):
            ElementTree.SubElement(root, "string", name=name).text = value
        elif isinstance(value, bool):
            ElementTree.SubElement(root, "boolean", name=name, value=str(value).lower())
        elif isinstance(value, int):
            ElementTree.SubElement(root, "int", name=name, value=str(value))
        else:
            members = ElementTree.SubElement(root, "set", name=name)
            for member in sorted(value):
                ElementTree.SubElement(members, "string").text = member
    ElementTree.indent(root, space="    ")
    head = b"<?xml version='1.0' encoding='utf-8' standalone='yes' ?>\n"
    body: bytes = ElementTree.tostring(root, encoding="utf-8")
    return head + body + b"\n"

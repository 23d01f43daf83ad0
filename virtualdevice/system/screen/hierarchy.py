"""The view tree as uiautomator dumps it.

Attributes and their order are those that u2.jar wrote on a real Android 5.1.1; the platform's own
`uiautomator dump` leaves visible-to-user out on old versions and writes no line breaks.
"""

from __future__ import annotations

from collections.abc import Sequence

from virtualdevice.system.screen.view import View

__all__ = ["dump_hierarchy", "escape"]

HEAD = "<?xml version='1.0' encoding='UTF-8' standalone='yes' ?>"


def escape(text: str) -> str:
    """For an attribute; characters that XML 1.0 has no place for become `.`, as on a phone."""
    out = []
    for character in text:
        code = ord(character)
        if character in '&<>"':
            out.append({"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;"}[character])
        elif character == "\n":
            out.append("&#10;")
        elif code < 0x20 or 0xD800 <= code <= 0xDFFF or code in (0xFFFE, 0xFFFF):
            out.append(".")
        else:
            out.append(character)
    return "".join(out)


def _flag(value: bool) -> str:
    return "true" if value else "false"


def _attributes(view: View, index: int, package: str, visible_flag: bool) -> str:
    pairs = [
        ("index", str(index)),
        ("text", view.text),
        ("resource-id", view.resource_id),
        ("class", view.kind),
        ("package", view.package or package),
        ("content-desc", view.description),
        ("checkable", _flag(view.checkable)),
        ("checked", _flag(view.checked)),
        ("clickable", _flag(view.clickable)),
        ("enabled", _flag(view.enabled)),
        ("focusable", _flag(view.focusable or view.editable)),
        ("focused", _flag(view.focused)),
        ("scrollable", _flag(view.scrollable)),
        ("long-clickable", _flag(view.long_clickable)),
        ("password", _flag(view.password)),
        ("selected", _flag(view.selected)),
    ]
    if visible_flag:
        pairs.append(("visible-to-user", "true"))
    pairs.append(("bounds", str(view.bounds)))
    return " ".join(f'{name}="{escape(value)}"' for name, value in pairs)


def _lines(
    view: View, index: int, package: str, *, depth: int, max_depth: int, visible_flag: bool
) -> list[str]:
    pad = "  " * depth
    head = f"{pad}<node {_attributes(view, index, package, visible_flag)}"
    package = view.package or package
    if not view.children or depth >= max_depth:
        return [head + " />"]
    lines = [head + ">"]
    for number, child in enumerate(view.children):
        lines += _lines(
            child,
            number,
            package,
            depth=depth + 1,
            max_depth=max_depth,
            visible_flag=visible_flag,
        )
    return [*lines, f"{pad}</node>"]


def dump_hierarchy(
    roots: Sequence[tuple[str, View]],
    *,
    rotation: int,
    max_depth: int = 50,
    pretty: bool = True,
    visible_flag: bool = True,
) -> str:
    """`roots` are (package, tree) of each window, the active one first."""
    if not roots:
        return f'{HEAD}\r\n<hierarchy rotation="{rotation}" />'
    lines = [f'<hierarchy rotation="{rotation}">']
    for number, (package, root) in enumerate(roots):
        lines += _lines(
            root, number, package, depth=1, max_depth=max_depth, visible_flag=visible_flag
        )
    lines.append("</hierarchy>")
    if pretty:
        return HEAD + "\r\n" + "\r\n".join(lines)
    return HEAD + "".join(line.strip() for line in lines)

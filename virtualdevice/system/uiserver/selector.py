"""uiautomator's selectors: which views of the screen one means.

Source: UiSelector of the platform; the bits are those of uiautomator2's `_selector.py`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from virtualdevice.system.screen.view import View

__all__ = ["Found", "find_all"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Found:
    """A view in its place: its package, its parent's children, its index among them."""

    view: View
    package: str
    index: int
    parent: View | None


Match = Callable[[Found, Any], bool]


def _full(pattern: str, text: str) -> bool:
    try:
        return re.fullmatch(pattern, text, re.DOTALL) is not None
    except re.error:
        return False


CHECKS: Sequence[tuple[int, str, Match]] = (
    (0x1, "text", lambda f, v: f.view.text == v),
    (0x2, "textContains", lambda f, v: str(v).lower() in f.view.text.lower()),
    (0x4, "textMatches", lambda f, v: _full(v, f.view.text)),
    (0x8, "textStartsWith", lambda f, v: f.view.text.lower().startswith(str(v).lower())),
    (0x10, "className", lambda f, v: f.view.kind == v),
    (0x20, "classNameMatches", lambda f, v: _full(v, f.view.kind)),
    (0x40, "description", lambda f, v: f.view.description == v),
    (0x80, "descriptionContains", lambda f, v: str(v).lower() in f.view.description.lower()),
    (0x100, "descriptionMatches", lambda f, v: _full(v, f.view.description)),
    (
        0x200,
        "descriptionStartsWith",
        lambda f, v: f.view.description.lower().startswith(str(v).lower()),
    ),
    (0x400, "checkable", lambda f, v: f.view.checkable is v),
    (0x800, "checked", lambda f, v: f.view.checked is v),
    (0x1000, "clickable", lambda f, v: f.view.clickable is v),
    (0x2000, "longClickable", lambda f, v: f.view.long_clickable is v),
    (0x4000, "scrollable", lambda f, v: f.view.scrollable is v),
    (0x8000, "enabled", lambda f, v: f.view.enabled is v),
    (0x10000, "focusable", lambda f, v: (f.view.focusable or f.view.editable) is v),
    (0x20000, "focused", lambda f, v: f.view.focused is v),
    (0x40000, "selected", lambda f, v: f.view.selected is v),
    (0x80000, "packageName", lambda f, v: f.package == v),
    (0x100000, "packageNameMatches", lambda f, v: _full(v, f.package)),
    (0x200000, "resourceId", lambda f, v: f.view.resource_id == v),
    (0x400000, "resourceIdMatches", lambda f, v: _full(v, f.view.resource_id)),
    (0x800000, "index", lambda f, v: f.index == v),
)
INSTANCE = 0x1000000


def _walk(found: Found) -> list[Found]:
    everything = [found]
    for index, child in enumerate(found.view.children):
        package = child.package or found.package
        everything += _walk(Found(view=child, package=package, index=index, parent=found.view))
    return everything


def _matching(places: Sequence[Found], selector: Mapping[str, Any]) -> list[Found]:
    mask = int(selector.get("mask", 0))
    checks = [(name, check) for bit, name, check in CHECKS if mask & bit]
    found = [f for f in places if all(check(f, selector.get(name)) for name, check in checks)]
    if mask & INSTANCE:
        wanted = int(selector.get("instance", 0))
        found = found[wanted : wanted + 1]
    return found


def find_all(roots: Sequence[tuple[str, View]], selector: Mapping[str, Any]) -> list[Found]:
    """In document order; `childOrSibling` steps narrow from each match on."""
    places: list[Found] = []
    for index, (package, root) in enumerate(roots):
        owner = root.package or package
        places += _walk(Found(view=root, package=owner, index=index, parent=None))
    found = _matching(places, selector)
    steps = zip(
        selector.get("childOrSibling", ()), selector.get("childOrSiblingSelector", ()), strict=False
    )
    for kind, inner in steps:
        next_found: list[Found] = []
        for base in found:
            if kind == "child":
                below = _walk(base)[1:]
            elif base.parent is not None:
                siblings = [
                    Found(view=view, package=base.package, index=n, parent=base.parent)
                    for n, view in enumerate(base.parent.children)
                ]
                below = [place for sibling in siblings for place in _walk(sibling)]
            else:
                below = []
            next_found += _matching(below, inner)
        found = _unique(next_found)
    return found


def _unique(found: Sequence[Found]) -> list[Found]:
    seen: set[int] = set()
    kept = []
    for place in found:
        if id(place.view) not in seen:
            seen.add(id(place.view))
            kept.append(place)
    return kept

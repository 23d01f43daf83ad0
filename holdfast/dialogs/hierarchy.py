"""uiautomator's XML of the screen, as a tree of frozen nodes.

The dump of AOSP (AccessibilityNodeInfoDumper) holds one top-level `node` for each window; texts in
it come from whatever app is in front, so sizes and depth are limited and entities refused.
"""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from dataclasses import dataclass

from holdfast.dialogs.captured import Bounds
from holdfast.errors import UiLost

__all__ = ["Hierarchy", "Node", "read_hierarchy"]

MAX_HIERARCHY_CHARS = 8_000_000
MAX_DEPTH = 200
MAX_TEXT_CHARS = 20_000

_BOUNDS = re.compile(r"\[(-?\d{1,6}),(-?\d{1,6})\]\[(-?\d{1,6}),(-?\d{1,6})\]")
_NOWHERE = Bounds(left_px=0, top_px=0, right_px=0, bottom_px=0)
# Control characters that XML 1.0 forbids; apps put them into texts, and Android dumps them as they
# are or as references.
_FORBIDDEN = re.compile(
    r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]"
    r"|&#(?:x0*(?:[0-8bcefBCEF]|1[0-9a-fA-F]|[dD][89a-fA-F][0-9a-fA-F]{2})"
    r"|0*(?:[0-8]|1[124-9]|2\d|3[01]));"
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Node:
    """One view. `text` is what it shows, or its description where it shows none."""

    class_name: str
    package_name: str
    resource_id: str
    text: str
    bounds: Bounds
    clickable: bool
    focusable: bool
    focused: bool
    enabled: bool
    scrollable: bool
    checkable: bool
    checked: bool
    editable: bool
    visible: bool
    children: tuple[Node, ...]

    def walk(self) -> Iterator[Node]:
        """This node and everything in it that a user can see, in drawing order."""
        if not self.visible:
            return
        yield self
        for child in self.children:
            yield from child.walk()

    @property
    def short_id(self) -> str:
        """`ok_button` of `com.android.packageinstaller:id/ok_button`."""
        return self.resource_id.rpartition("/")[2]


@dataclass(frozen=True, kw_only=True, slots=True)
class Hierarchy:
    """A screen: its windows, the topmost last, and how it is turned (0..3)."""

    rotation: int
    windows: tuple[Node, ...]
    xml: str


def read_hierarchy(xml: str) -> Hierarchy:
    """Read a dump. Raises UiLost if it is not one: then the screen was not seen."""
    if len(xml) > MAX_HIERARCHY_CHARS:
        raise UiLost(f"the UI server sent a hierarchy of {len(xml)} characters")
    if "<!DOCTYPE" in xml or "<!ENTITY" in xml:
        raise UiLost("the UI server sent a hierarchy with a document type; none has one")
    try:
        root = ET.fromstring(_FORBIDDEN.sub("", xml).strip())
    except ET.ParseError as error:
        raise UiLost(f"the UI server sent no hierarchy ({error}): {xml[:120]!r}") from error
    if root.tag != "hierarchy":
        raise UiLost(f"the UI server sent <{root.tag}>, not a hierarchy")
    windows = tuple(_node(child, depth=0) for child in root if child.tag == "node")
    return Hierarchy(rotation=_number(root.get("rotation", "0")), windows=windows, xml=xml)


def _node(element: ET.Element, *, depth: int) -> Node:
    if depth > MAX_DEPTH:
        raise UiLost(f"the hierarchy is nested deeper than {MAX_DEPTH} views")
    shown = element.get("text") or element.get("content-desc") or ""
    class_name = element.get("class", "")
    return Node(
        class_name=class_name,
        package_name=element.get("package", ""),
        resource_id=element.get("resource-id", ""),
        text=shown[:MAX_TEXT_CHARS],
        bounds=_bounds(element.get("bounds", "")),
        clickable=_flag(element, "clickable"),
        focusable=_flag(element, "focusable"),
        focused=_flag(element, "focused"),
        enabled=element.get("enabled", "true") == "true",
        scrollable=_flag(element, "scrollable"),
        checkable=_flag(element, "checkable"),
        checked=_flag(element, "checked"),
        editable=class_name.endswith("EditText"),
        visible=element.get("visible-to-user", "true") == "true",
        children=tuple(_node(child, depth=depth + 1) for child in element if child.tag == "node"),
    )


def _flag(element: ET.Element, name: str) -> bool:
    return element.get(name) == "true"


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 4 else 0


def _bounds(text: str) -> Bounds:
    match = _BOUNDS.fullmatch(text)
    if not match:
        return _NOWHERE
    left, top, right, bottom = map(int, match.groups())
    return Bounds(left_px=left, top_px=top, right_px=right, bottom_px=bottom)

"""Views: what a window shows, as a tree with bounds in pixels."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field

__all__ = ["Bounds", "Frame", "Look", "View", "text_height_px", "text_width_px", "wrap"]

NARROW_EM = 0.56  # the mean advance of DejaVu Sans; wide characters take a whole em
LINE_EM = 1.35


@dataclass(frozen=True, slots=True)
class Bounds:
    """Left, top, right, bottom in pixels; right and bottom are just outside."""

    left: int
    top: int
    right: int
    bottom: int

    @property
    def width(self) -> int:
        return self.right - self.left

    @property
    def height(self) -> int:
        return self.bottom - self.top

    @property
    def centre(self) -> tuple[int, int]:
        return (self.left + self.right) // 2, (self.top + self.bottom) // 2

    def contains(self, x: int, y: int) -> bool:
        return self.left <= x < self.right and self.top <= y < self.bottom

    def __str__(self) -> str:
        return f"[{self.left},{self.top}][{self.right},{self.bottom}]"


@dataclass(frozen=True, kw_only=True, slots=True)
class Frame:
    """The display as it is held now; `scale` is pixels per dp, `font_scale` the user's choice."""

    width_px: int
    height_px: int
    scale: float
    rotation: int = 0
    status_bar_dp: int = 24
    navigation_bar_dp: int = 0
    font_scale: float = 1.0

    def dp(self, size: float) -> int:
        return round(size * self.scale)

    @property
    def bounds(self) -> Bounds:
        return Bounds(0, 0, self.width_px, self.height_px)

    @property
    def content(self) -> Bounds:
        """Between the status bar and the navigation bar."""
        top, bottom = self.dp(self.status_bar_dp), self.dp(self.navigation_bar_dp)
        return Bounds(0, top, self.width_px, self.height_px - bottom)


@dataclass(frozen=True, kw_only=True, slots=True)
class Look:
    """How it is drawn; it says nothing to uiautomator. Colours are #rrggbb, empty: not drawn."""

    background: str = ""
    colour: str = "#202124"
    size_dp: float = 16
    align: str = "left"
    bold: bool = False
    radius_dp: float = 0
    icon: str = ""
    outline: str = ""


@dataclass(kw_only=True, slots=True)
class View:
    """A node. `key` names it within its surface, for clicks and focus; empty: neither."""

    kind: str
    bounds: Bounds
    text: str = ""
    resource_id: str = ""
    description: str = ""
    key: str = ""
    clickable: bool = False
    long_clickable: bool = False
    focusable: bool = False
    focused: bool = False
    enabled: bool = True
    checkable: bool = False
    checked: bool = False
    scrollable: bool = False
    password: bool = False
    selected: bool = False
    editable: bool = False
    hint: str = ""
    package: str = ""
    look: Look = field(default_factory=Look)
    children: list[View] = field(default_factory=list)

    def walk(self) -> Iterator[View]:
        """Itself and all below, in document order."""
        yield self
        for child in self.children:
            yield from child.walk()

    def hit(self, x: int, y: int) -> View | None:
        """The clickable view on top at a point."""
        if not self.bounds.contains(x, y):
            return None
        for child in reversed(self.children):
            found = child.hit(x, y)
            if found is not None:
                return found
        return self if self.clickable and self.enabled else None


def _advance_em(character: str) -> float:
    if unicodedata.combining(character):
        return 0.0
    return 1.0 if unicodedata.east_asian_width(character) in "WF" else NARROW_EM


def text_width_px(text: str, size_px: float) -> int:
    """About as wide as it is drawn."""
    return round(sum(_advance_em(character) for character in text) * size_px)


def wrap(text: str, size_px: float, width_px: int) -> list[str]:
    """Lines that fit: broken at spaces, and between wide characters."""
    lines: list[str] = []
    for paragraph in text.split("\n"):
        line = ""
        for word in _pieces(paragraph):
            if line and text_width_px((line + word).rstrip(), size_px) > width_px:
                lines.append(line.rstrip())
                line = word.lstrip()
            else:
                line += word
        lines.append(line.rstrip())
    return lines


def _pieces(paragraph: str) -> Iterator[str]:
    word = ""
    for character in paragraph:
        word += character
        if character == " " or _advance_em(character) == 1.0:
            yield word
            word = ""
    if word:
        yield word


def text_height_px(text: str, size_px: float, width_px: int) -> int:
    return round(len(wrap(text, size_px, width_px)) * size_px * LINE_EM)

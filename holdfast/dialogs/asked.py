"""Which windows of a screen ask or tell the user something, and what they say. Pure.

A window counts if nobody of `own` drew it: the app under test, the launcher, the keyboard and the
system's bars are there anyway. What the system draws over them (notifications) counts.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from holdfast.dialogs.buttons import SeenButton, button_roles
from holdfast.dialogs.captured import Bounds, Button, ButtonRole, DialogKind, TextPiece
from holdfast.dialogs.hierarchy import Hierarchy, Node

__all__ = ["AskedWindow", "asked_windows", "screen_size_px", "shown_packages"]

SYSTEM_UI = "com.android.systemui"
_RIGHT_TO_LEFT = frozenset({"ar", "fa", "he", "iw", "ur"})
_TITLE_IDS = frozenset(
    {"alertTitle", "alert_title", "dialog_title", "title", "app_name", "topPanel"}
)
_NOTIFICATION_IDS = frozenset(
    {"expandableNotificationRow", "status_bar_latest_event_content", "notification_row",
     "notification_main_column"}
)  # fmt: skip
_FULL_SCREEN_SHARE = 0.8
_TOAST_SHARE = 0.2
_MAX_BUTTON_SHARE = 0.15


@dataclass(frozen=True, kw_only=True, slots=True)
class AskedWindow:
    """What a window says. Two looks at the same window are equal but for focus and places.

    `shows_progress`: it says by a bar or a wheel that work is under way, and waits for nobody.
    """

    kind: DialogKind
    package_name: str
    title: str
    message: str
    buttons: tuple[Button, ...]
    texts: tuple[TextPiece, ...]
    bounds: Bounds
    shows_progress: bool = False

    @property
    def identity(self) -> tuple[str, ...]:
        """What makes it the same window at the next look."""
        labels = (button.text for button in self.buttons)
        return (self.kind, self.package_name, self.title, self.message, *labels)


def asked_windows(
    hierarchy: Hierarchy, *, own: Collection[str], language: str
) -> tuple[AskedWindow, ...]:
    """The windows that count, the topmost last. `own`: packages whose windows do not."""
    width, height = screen_size_px(hierarchy)
    found = []
    for window in hierarchy.windows:
        if window.package_name == SYSTEM_UI:
            for row in _notifications(window):
                found.append(_read(row, DialogKind.NOTIFICATION, language, height))
        elif window.package_name not in own:
            nodes = list(window.walk())
            if any(node.text.strip() for node in nodes):
                kind = _kind(window, nodes, width_px=width, height_px=height)
                found.append(_read(window, kind, language, height))
    return tuple(found)


def shown_packages(hierarchy: Hierarchy) -> frozenset[str]:
    """The packages that draw something on the screen."""
    return frozenset(window.package_name for window in hierarchy.windows if window.package_name)


def screen_size_px(hierarchy: Hierarchy) -> tuple[int, int]:
    """Width and height of what the windows cover together."""
    bounds = [window.bounds for window in hierarchy.windows]
    return (
        max((b.right_px for b in bounds), default=0),
        max((b.bottom_px for b in bounds), default=0),
    )


def _notifications(window: Node) -> Iterator[Node]:
    """Rows of the shade and heads-up notifications, not what is inside of them."""
    stack = [window]
    while stack:
        node = stack.pop()
        if not node.visible:
            continue
        if node.short_id in _NOTIFICATION_IDS:
            yield node
        else:
            stack.extend(reversed(node.children))


def _kind(window: Node, nodes: Sequence[Node], *, width_px: int, height_px: int) -> DialogKind:
    acts = any(node.clickable or node.editable for node in nodes)
    moves = any("Progress" in node.class_name for node in nodes)
    if not acts and not moves and window.bounds.height_px < height_px * _TOAST_SHARE:
        return DialogKind.TOAST
    covers = window.bounds.area_px >= width_px * height_px * _FULL_SCREEN_SHARE
    return DialogKind.ACTIVITY if covers else DialogKind.DIALOG


def _read(window: Node, kind: DialogKind, language: str, height_px: int) -> AskedWindow:
    buttons: list[Node] = []
    texts: list[Node] = []
    _sort(window, buttons, texts, limit_px=height_px * _MAX_BUTTON_SHARE, top=True)
    title = next((node for node in texts if node.short_id in _TITLE_IDS), None)
    if title is None and len(texts) > 1 and len(texts[0].text) <= 60:
        title = texts[0]
    message = "\n".join(node.text.strip() for node in texts if node is not title)
    pressed = _buttons(buttons, language)
    return AskedWindow(
        kind=kind,
        package_name=_owner(window),
        title=title.text.strip() if title else "",
        message=message,
        buttons=pressed,
        texts=tuple(_piece(node) for node in texts),
        bounds=window.bounds,
        shows_progress=_has_a_bar(window) and not _waits_for_consent(pressed),
    )


def _has_a_bar(window: Node) -> bool:
    return any(node.visible and "ProgressBar" in node.class_name for node in window.walk())


def _waits_for_consent(buttons: Sequence[Button]) -> bool:
    """The installer of Android 7.1 has a bar in the very screen that asks."""
    return any(button.enabled and button.role is ButtonRole.AFFIRMATIVE for button in buttons)


def _sort(
    node: Node, buttons: list[Node], texts: list[Node], *, limit_px: float, top: bool = False
) -> None:
    """Part what can be pressed from what is only read."""
    if not node.visible:
        return
    if not top and _is_button(node, limit_px):
        buttons.append(node)
        return
    if node.text.strip() and not node.editable:
        texts.append(node)
    for child in node.children:
        _sort(child, buttons, texts, limit_px=limit_px)


def _is_button(node: Node, limit_px: float) -> bool:
    if node.checkable or node.editable or not _words(node):
        return False
    named = node.class_name.endswith("Button")
    return named or (node.clickable and node.bounds.height_px <= limit_px)


def _words(node: Node) -> str:
    """The label of a button: its own, or that of a view in it."""
    return next((n.text.strip() for n in node.walk() if n.text.strip()), "")


def _buttons(nodes: Sequence[Node], language: str) -> tuple[Button, ...]:
    seen = [
        SeenButton(
            text=_words(node),
            resource_id=node.resource_id,
            class_name=node.class_name,
            bounds=node.bounds,
        )
        for node in nodes
    ]
    if not seen:
        return ()
    rtl = language.split("-", maxsplit=1)[0].lower() in _RIGHT_TO_LEFT
    roles = button_roles(seen, language=language, right_to_left=rtl)
    return tuple(
        Button(
            text=button.text,
            bounds=button.bounds,
            resource_id=button.resource_id,
            role=role,
            focused=node.focused,
            enabled=node.enabled,
        )
        for button, role, node in zip(seen, roles, nodes, strict=True)
    )


def _piece(node: Node) -> TextPiece:
    text = node.text.strip()
    return TextPiece(
        text=text,
        bounds=node.bounds,
        resource_id=node.resource_id,
        cut_off=text.endswith(("…", "...")),
    )


def _owner(window: Node) -> str:
    """The app that speaks: of a notification, the one that its views belong to if they say so."""
    inner = (node.package_name for node in window.walk())
    return next((name for name in inner if name not in ("", SYSTEM_UI)), window.package_name)

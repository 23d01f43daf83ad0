"""A surface: one window's content and what it does when it is touched."""

from __future__ import annotations

from abc import ABC, abstractmethod
from enum import StrEnum

from virtualdevice.system.screen.view import Frame, View

__all__ = ["Surface", "SurfaceKind"]


class SurfaceKind(StrEnum):
    ACTIVITY = "activity"
    DIALOG = "dialog"


class Surface(ABC):
    """`activity` is the full class name. Views are built anew each time they are looked at, so
    focus and typed text live here, by the views' keys."""

    kind = SurfaceKind.ACTIVITY
    over_lock_screen = False
    """Whether it can be seen and touched over the lock screen."""

    def __init__(self, *, package: str, activity: str) -> None:
        self.package = package
        self.activity = activity
        self.user_id = 0
        self.focus = ""
        self.texts: dict[str, str] = {}
        self.identity = id(self) & 0xFFFFFFF

    @abstractmethod
    def build(self, frame: Frame) -> View:
        """The tree as it is now, without focus marks."""

    def clicked(self, key: str) -> None:  # noqa: B027 - most surfaces heed nothing
        """The view of that key was clicked."""

    def entered(self, key: str) -> None:  # noqa: B027
        """The keyboard's action key, or Enter, in the editable view of that key."""

    def back(self) -> bool:
        """The Back key; true if the surface is to be closed."""
        return True

    def scroll(self, frame: Frame, by_px: int) -> bool:  # noqa: ARG002 - most have no list
        """Move what can be scrolled up by so many pixels; whether there is more that way."""
        return False

    def left(self) -> None:  # noqa: B027
        """The surface is no longer on the screen and will not come back."""

    @property
    def takes_orders_outside(self) -> bool:
        """Whether a touch outside of a dialog dismisses it."""
        return False

    def view(self, frame: Frame) -> View:
        """The tree with focus and typed text."""
        root = self.build(frame)
        for node in root.walk():
            if node.key and node.key == self.focus:
                node.focused = True
        return root

    @property
    def component(self) -> str:
        """package/class, shortened as Android does."""
        short = self.activity
        if short.startswith(self.package + "."):
            short = short[len(self.package) :]
        return f"{self.package}/{short}"

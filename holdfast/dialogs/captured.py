"""What was on the screen when the user was asked something: frozen values, no device."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

__all__ = [
    "Bounds",
    "Button",
    "ButtonRole",
    "CapturedDialog",
    "Destroyed",
    "DialogKind",
    "DialogText",
    "Gap",
    "ScreenState",
    "TextPiece",
]


class DialogKind(StrEnum):
    """How a window comes to the user."""

    DIALOG = "dialog"
    ACTIVITY = "activity"
    NOTIFICATION = "notification"
    TOAST = "toast"


class ButtonRole(StrEnum):
    """What a button does to the question asked, whatever its label says.

    AFFIRMATIVE goes on with what the dialog announces; NEGATIVE leaves everything as it is;
    NEUTRAL is neither (backup, details, settings).
    """

    AFFIRMATIVE = "affirmative"
    NEGATIVE = "negative"
    NEUTRAL = "neutral"


@dataclass(frozen=True, kw_only=True, slots=True)
class Bounds:
    """A rectangle of the screen in pixels; right and bottom are outside it."""

    left_px: int
    top_px: int
    right_px: int
    bottom_px: int

    @property
    def width_px(self) -> int:
        return max(0, self.right_px - self.left_px)

    @property
    def height_px(self) -> int:
        return max(0, self.bottom_px - self.top_px)

    @property
    def area_px(self) -> int:
        return self.width_px * self.height_px

    @property
    def centre_px(self) -> tuple[int, int]:
        return ((self.left_px + self.right_px) // 2, (self.top_px + self.bottom_px) // 2)

    def contains(self, x_px: int, y_px: int) -> bool:
        return self.left_px <= x_px < self.right_px and self.top_px <= y_px < self.bottom_px

    def overlaps(self, other: Bounds) -> bool:
        return (
            self.left_px < other.right_px
            and other.left_px < self.right_px
            and self.top_px < other.bottom_px
            and other.top_px < self.bottom_px
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Button:
    text: str
    bounds: Bounds
    resource_id: str
    role: ButtonRole
    focused: bool = False
    enabled: bool = True


@dataclass(frozen=True, kw_only=True, slots=True)
class TextPiece:
    """One text as it was drawn.

    `size_px` is the height of its letters, `colour` its commonest ink as `#rrggbb`, `weight` the
    share of its line that is ink; all three are None where no screenshot tells them. `cut_off`
    says that its end is not on the screen (an ellipsis, or lines outside its bounds).
    """

    text: str
    bounds: Bounds
    resource_id: str = ""
    size_px: int | None = None
    colour: str | None = None
    weight: float | None = None
    cut_off: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class ScreenState:
    """What else decides what a user could see. None: not known."""

    width_px: int
    height_px: int
    rotation: int = 0
    on: bool | None = None
    locked: bool | None = None
    user_id: int | None = None
    split: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class DialogText:
    """The words of a dialog, and nothing else: what the judge of wording reads.

    `language` is a BCP 47 tag (`zh-CN`, `pt-BR`); `app_name` is what the user calls the app,
    None where the dialog is about the whole device.
    """

    title: str = ""
    message: str = ""
    buttons: tuple[str, ...] = ()
    app_name: str | None = None
    language: str = "en"
    id: str = ""

    @property
    def whole(self) -> str:
        return "\n".join(part for part in (self.title, self.message) if part)


@dataclass(frozen=True, kw_only=True, slots=True)
class CapturedDialog:
    """One window that a user could see, from its first to its last sight.

    Times are milliseconds on the capture's clock (0 = capture began). `hierarchy` is uiautomator's
    XML, `screenshot` a PNG (empty if it was gone before one could be taken), `beneath` the package
    that was in front before it.
    """

    first_seen_ms: int
    last_seen_ms: int
    kind: DialogKind
    package_name: str
    activity: str
    title: str
    message: str
    buttons: tuple[Button, ...]
    texts: tuple[TextPiece, ...]
    bounds: Bounds
    screenshot: bytes
    hierarchy: str
    beneath: str | None
    language: str
    screen: ScreenState
    number: int = 0

    @property
    def stayed_ms(self) -> int:
        return self.last_seen_ms - self.first_seen_ms

    def button(self, role: ButtonRole) -> Button | None:
        """The first enabled button of that role."""
        return next((b for b in self.buttons if b.role is role and b.enabled), None)

    def wording(self, *, app_name: str | None = None) -> DialogText:
        """Its words for the judge. `app_name`: the app whose data is at stake."""
        return DialogText(
            id=f"dialog-{self.number}",
            title=self.title,
            message=self.message,
            buttons=tuple(b.text for b in self.buttons),
            app_name=app_name,
            language=self.language,
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Gap:
    """A time in which the screen was not seen: a verdict that needed it is inconclusive."""

    began_ms: int
    ended_ms: int
    why: str

    @property
    def lasted_ms(self) -> int:
        return self.ended_ms - self.began_ms


@dataclass(frozen=True, kw_only=True, slots=True)
class Destroyed:
    """When the app was destroyed: not before `after_ms`, and by `by_ms` (None: not at all so far).

    Milliseconds of the capture's clock.
    """

    after_ms: int
    by_ms: int | None = None

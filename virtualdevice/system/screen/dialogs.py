"""A dialog whose texts are data."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from virtualdevice.system.prompts import DialogText
from virtualdevice.system.screen.surface import Surface, SurfaceKind
from virtualdevice.system.screen.view import Frame, View
from virtualdevice.system.screen.widgets import AlertButton, Line, alert_dialog

__all__ = ["DataDialog", "MessageDialog"]

POSITIVE, NEGATIVE = "android:id/button1", "android:id/button2"
TICK = "tick"


class MessageDialog(Surface):
    """`answer` gets the key of the pressed button, or `cancel` for Back and for going away."""

    kind = SurfaceKind.DIALOG

    def __init__(
        self,
        *,
        package: str,
        activity: str,
        title: str,
        message: str,
        buttons: Sequence[AlertButton],
        answer: Callable[[str], None],
        focus: str = "",
        at_bottom: bool = False,
        cancelable: bool = True,
    ) -> None:
        super().__init__(package=package, activity=activity)
        self._title = title
        self._message = message
        self._buttons = buttons
        self._answer: Callable[[str], None] | None = answer
        self._at_bottom = at_bottom
        self._cancelable = cancelable
        self.focus = focus

    def build(self, frame: Frame) -> View:
        return alert_dialog(
            frame,
            title=self._title,
            body=self.lines(),
            buttons=self.buttons(),
            at_bottom=self._at_bottom,
        )

    def lines(self) -> Sequence[Line]:
        """The texts below the title."""
        return [Line(text=self._message, resource_id="android:id/message")]

    def buttons(self) -> Sequence[AlertButton]:
        return self._buttons

    def clicked(self, key: str) -> None:
        self.give(key)

    def back(self) -> bool:
        if self._cancelable:
            self.give("cancel")
        return self._cancelable

    def left(self) -> None:
        self.give("cancel")

    def give(self, key: str) -> None:
        """The answer; only the first one counts."""
        answer, self._answer = self._answer, None
        if answer is not None:
            answer(key)


class DataDialog(MessageDialog):
    """A dialog as a personality gives it; the answer is `confirm` or `cancel`."""

    def __init__(
        self,
        text: DialogText,
        *,
        package: str,
        activity: str,
        label: str,
        answer: Callable[[str], None],
        clock: Callable[[], float],
        over_lock_screen: bool = False,
    ) -> None:
        super().__init__(
            package=package,
            activity=activity,
            title=text.title.replace("{label}", label),
            message=text.message.replace("{label}", label),
            buttons=(),
            answer=answer,
            focus=next((b.does for b in text.buttons if b.text == text.default), ""),
            at_bottom=text.position == "bottom",
        )
        self._text = text
        self._risk = text.risk.replace("{label}", label)
        self._clock = clock
        self._deaf_until_s = clock() + text.ignores_input_ms / 1000
        self._ticked = not text.tick
        self.over_lock_screen = over_lock_screen

    def lines(self) -> Sequence[Line]:
        found = [
            Line(
                text=self._message,
                resource_id="android:id/message",
                room_dp=self._text.text_height_dp,
            )
        ]
        if self._risk:
            found.append(
                Line(text=self._risk, resource_id=f"{self.package}:id/risk", size_dp=22,
                     colour="#d93025", bold=True)
            )  # fmt: skip
        if self._text.tick:
            found.append(Line(text=self._text.tick, tick_key=TICK, ticked=self._ticked))
        return found

    def buttons(self) -> Sequence[AlertButton]:
        return [
            AlertButton(
                text=button.text,
                key=button.does,
                resource_id=POSITIVE if button.does == "confirm" else NEGATIVE,
                enabled=self._ticked or button.does != "confirm",
            )
            for button in self._text.buttons
        ]

    def clicked(self, key: str) -> None:
        if self._clock() < self._deaf_until_s:
            return
        if key == TICK:
            self._ticked = not self._ticked
        else:
            super().clicked(key)

    def run_out(self) -> None:
        """Its time on the screen is over."""
        self.give(self._text.then)

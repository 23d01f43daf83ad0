"""A dialog whose texts are data."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from virtualdevice.system.personality import DialogText
from virtualdevice.system.screen.surface import Surface, SurfaceKind
from virtualdevice.system.screen.view import Frame, View
from virtualdevice.system.screen.widgets import AlertButton, alert_dialog

__all__ = ["MessageDialog", "data_dialog"]

POSITIVE, NEGATIVE = "android:id/button1", "android:id/button2"


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
            body=[("android:id/message", self._message)],
            buttons=self._buttons,
            at_bottom=self._at_bottom,
        )

    def clicked(self, key: str) -> None:
        self._give(key)

    def back(self) -> bool:
        if self._cancelable:
            self._give("cancel")
        return self._cancelable

    def left(self) -> None:
        self._give("cancel")

    def _give(self, key: str) -> None:
        answer, self._answer = self._answer, None
        if answer is not None:
            answer(key)


def data_dialog(
    text: DialogText, *, package: str, activity: str, label: str, answer: Callable[[str], None]
) -> MessageDialog:
    """A dialog as a personality gives it; the answer is `confirm` or `cancel`."""
    buttons = [
        AlertButton(
            text=button.text,
            key=button.does,
            resource_id=POSITIVE if button.does == "confirm" else NEGATIVE,
        )
        for button in text.buttons
    ]
    focus = next((b.does for b in text.buttons if b.text == text.default), "")
    return MessageDialog(
        package=package,
        activity=activity,
        title=text.title.replace("{label}", label),
        message=text.message.replace("{label}", label),
        buttons=buttons,
        answer=answer,
        focus=focus,
        at_bottom=text.position == "bottom",
    )

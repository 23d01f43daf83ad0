"""What ordinary apps show: the launcher, a chat."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from virtualdevice.system.screen.keyboard import keyboard_bounds
from virtualdevice.system.screen.surface import Surface
from virtualdevice.system.screen.view import Bounds, Frame, Look, View, text_height_px
from virtualdevice.system.screen.widgets import group, label, push_button, title_bar, window

__all__ = ["ChatApp", "Launcher", "LauncherIcon"]

LauncherIcon = tuple[str, str]  # package name, label
COLUMNS = 4
CHAT_TEXTS = {
    "en": ("Message", "Send", "Where shall we meet?", "At the harbour, at six."),
    "zh": ("输入消息", "发送", "我们在哪里见面？", "六点，港口见。"),
}
WELCOME_TEXTS = {
    "en": ("Welcome. Please log in.", "Phone number", "Log in"),
    "zh": ("欢迎，请登录", "手机号", "登录"),
}


class Launcher(Surface):
    """The home screen: an icon for each app that can be opened."""

    def __init__(
        self,
        *,
        package: str,
        activity: str,
        icons: Callable[[], Sequence[LauncherIcon]],
        open_app: Callable[[str], None],
    ) -> None:
        super().__init__(package=package, activity=activity)
        self._icons = icons
        self._open_app = open_app

    def build(self, frame: Frame) -> View:
        content = frame.content
        cell_width, cell_height = content.width // COLUMNS, frame.dp(96)
        cells = []
        for number, (package, text) in enumerate(self._icons()):
            row, column = divmod(number, COLUMNS)
            left = content.left + column * cell_width
            top = content.top + frame.dp(48) + row * cell_height
            if top + cell_height > content.bottom:
                break
            cells.append(
                View(
                    kind="android.widget.TextView",
                    bounds=Bounds(left, top, left + cell_width, top + cell_height),
                    text=text,
                    description=text,
                    resource_id=f"{self.package}:id/icon",
                    key=package,
                    clickable=True,
                    long_clickable=True,
                    focusable=True,
                    look=Look(size_dp=12, colour="#ffffff", align="centre", icon=f"app:{package}"),
                )
            )
        workspace = group(content, cells, resource_id=f"{self.package}:id/workspace")
        return window(frame, [workspace], background="#37474f")

    def clicked(self, key: str) -> None:
        self._open_app(key)

    def back(self) -> bool:
        return False


class ChatApp(Surface):
    """An app with a text field that has the focus; Enter and the button send what is in it.

    Without data of its own it shows what such an app shows on its first day: a log-in.
    """

    def __init__(
        self, *, package: str, activity: str, title: str, language: str, has_data: bool
    ) -> None:
        super().__init__(package=package, activity=activity)
        self._title = title
        self._language = language
        self._has_data = has_data
        self.sent: list[str] = []
        self.focus = "entry"

    def build(self, frame: Frame) -> View:
        return self._chat(frame) if self._has_data else self._welcome(frame)

    def _chat(self, frame: Frame) -> View:
        hint, send, question, reply = CHAT_TEXTS[self._language]
        bottom = keyboard_bounds(frame).top
        y = frame.content.top + frame.dp(68)
        bubbles = []
        for number, text in enumerate([question, reply, *self.sent][-6:]):
            mine = number > 0
            width = frame.width_px * 2 // 3
            left = frame.width_px - width - frame.dp(12) if mine else frame.dp(12)
            height = text_height_px(text, frame.dp(16), width - frame.dp(20)) + frame.dp(16)
            bubbles.append(
                label(
                    text,
                    Bounds(left, y, left + width, y + height),
                    resource_id=f"{self.package}:id/message",
                    background="#95ec69" if mine else "#ffffff",
                    radius_dp=6,
                )
            )
            y += height + frame.dp(8)
        area = Bounds(0, frame.content.top + frame.dp(56), frame.width_px, bottom - frame.dp(52))
        history = View(
            kind="android.widget.ListView",
            bounds=area,
            resource_id=f"{self.package}:id/history",
            scrollable=True,
            children=bubbles,
            look=Look(background="#ededed"),
        )
        row = self._entry_row(frame, bottom - frame.dp(52), hint, send)
        return window(frame, [title_bar(frame, self._title), history, *row])

    def _entry_row(self, frame: Frame, top: int, hint: str, action: str) -> list[View]:
        typed = self.texts.get("entry", "")
        right = frame.width_px - frame.dp(88)
        field = View(
            kind="android.widget.EditText",
            bounds=Bounds(frame.dp(8), top, right, top + frame.dp(48)),
            text=typed or hint,
            resource_id=f"{self.package}:id/entry",
            key="entry",
            clickable=True,
            long_clickable=True,
            focusable=True,
            editable=True,
            hint=hint,
            look=Look(
                background="#ffffff",
                outline="#9aa0a6",
                radius_dp=4,
                colour="#202124" if typed else "#9aa0a6",
            ),
        )
        area = Bounds(right + frame.dp(4), top, frame.width_px - frame.dp(4), top + frame.dp(48))
        button = push_button(
            action, area, key="send", resource_id=f"{self.package}:id/send", filled=True
        )
        return [field, button]

    def _welcome(self, frame: Frame) -> View:
        text, hint, action = WELCOME_TEXTS[self._language]
        top = frame.content.top + frame.dp(96)
        line = Bounds(frame.dp(24), top, frame.width_px - frame.dp(24), top + frame.dp(32))
        heading = label(text, line, resource_id=f"{self.package}:id/welcome", size_dp=20)
        row = self._entry_row(frame, top + frame.dp(64), hint, action)
        return window(frame, [title_bar(frame, self._title), heading, *row])

    def clicked(self, key: str) -> None:
        if key == "send":
            self._send()

    def entered(self, key: str) -> None:
        if key == "entry":
            self._send()

    def _send(self) -> None:
        typed = self.texts.pop("entry", "")
        if typed:
            self.sent.append(typed)

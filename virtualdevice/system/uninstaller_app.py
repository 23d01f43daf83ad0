"""The other half of the package installer app: asking whether an app, or its updates, shall go.

Source: UninstallerActivity and UninstallAlertDialogFragment of 5.0 to 16; UninstallAppProgress
(to 7.1) or a notification and UninstallFinish (from 8) for what comes after the answer.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Sequence
from typing import Any, Protocol

from virtualdevice.system.activities import Intent
from virtualdevice.system.packages.records import PackageRecord
from virtualdevice.system.packages.removal import Remover
from virtualdevice.system.parts import Parts
from virtualdevice.system.screen.dialogs import MessageDialog
from virtualdevice.system.screen.installer_pages import PageButton, PageFacts, result_page
from virtualdevice.system.screen.overlays import Notification
from virtualdevice.system.screen.surface import Surface
from virtualdevice.system.screen.uninstaller_texts import UninstallerTexts, uninstaller_texts
from virtualdevice.system.screen.view import Frame, View
from virtualdevice.system.screen.widgets import AlertButton, Line
from virtualdevice.system.screen.windows import Screen
from virtualdevice.system.users.controller import UserController

__all__ = ["UninstallerHost", "open_with_uninstaller"]

ACTIONS = ("android.intent.action.DELETE", "android.intent.action.UNINSTALL_PACKAGE")
ALL_USERS = "android.intent.extra.UNINSTALL_ALL_USERS"
KEEP = "keep"
KEEP_DATA_SINCE = 29
UNITS = ("B", "kB", "MB", "GB", "TB")


class UninstallerHost(Protocol):
    """What the app needs of the phone."""

    @property
    def parts(self) -> Parts: ...
    @property
    def screen(self) -> Screen: ...
    @property
    def remover(self) -> Remover: ...
    @property
    def user_controller(self) -> UserController: ...
    def begin(self, work: Coroutine[Any, Any, None]) -> None: ...


class UninstallDialog(MessageDialog):
    """`keep_text` is the label of the box that keeps the data; empty: there is none."""

    def __init__(
        self,
        *,
        package: str,
        activity: str,
        title: str,
        message: str,
        keep_text: str,
        buttons: Sequence[AlertButton],
        answer: Callable[[str], None],
    ) -> None:
        super().__init__(
            package=package,
            activity=activity,
            title=title,
            message=message,
            buttons=buttons,
            answer=answer,
        )
        self._text = message
        self._keep_text = keep_text
        self.keeps_data = False

    def lines(self) -> Sequence[Line]:
        if not self._keep_text:
            return super().lines()
        return [
            Line(text=self._text, resource_id=f"{self.package}:id/message"),
            Line(
                text=self._keep_text,
                resource_id=f"{self.package}:id/keepData",
                tick_key=KEEP,
                ticked=self.keeps_data,
            ),
        ]

    def clicked(self, key: str) -> None:
        if key == KEEP:
            self.keeps_data = not self.keeps_data
        else:
            super().clicked(key)


class FailedPage(Surface):
    """UninstallAppProgress of 5.0 to 7.1 when it did not work."""

    def __init__(self, *, package: str, facts: PageFacts, on_close: Callable[[Surface], None]):
        super().__init__(
            package=package, activity="com.android.packageinstaller.UninstallAppProgress"
        )
        self._facts = facts
        self._on_close = on_close

    def build(self, frame: Frame) -> View:
        return result_page(frame, self._facts)

    def clicked(self, key: str) -> None:
        if key == "ok":
            self._on_close(self)


async def open_with_uninstaller(phone: UninstallerHost, intent: Intent) -> bool:
    """Show the question for the package of an intent; false if the intent is not for it."""
    if intent.action not in ACTIONS or not intent.data.startswith("package:"):
        return False
    name = intent.data.removeprefix("package:").partition("#")[0]
    record = phone.parts.registry.get(name)
    texts = uninstaller_texts(phone.parts.api, phone.parts.personality.language)
    if record is None:
        phone.screen.open(_not_found(phone, texts))
        return True
    all_users = intent.extras.get(ALL_USERS, "") == "true"
    phone.screen.open(await _question(phone, record, texts, all_users=all_users))
    return True


def _activity(parts: Parts) -> str:
    """From 15 on there is a second one, behind a switch."""
    second = parts.api >= 35 and parts.settings.get("system", "use_pia_v2") == "1"
    name = "v2.ui.UninstallLaunch" if second else "UninstallerActivity"
    return f"com.android.packageinstaller.{name}"


def _not_found(phone: UninstallerHost, texts: UninstallerTexts) -> UninstallDialog:
    ok = AlertButton(text=texts.ok, key="cancel", resource_id="android:id/button3")

    def answered(_: str) -> None:
        phone.screen.close(dialog)

    dialog = UninstallDialog(
        activity=_activity(phone.parts),
        package=phone.parts.personality.installer_package,
        title=texts.not_found_title,
        message=texts.not_found,
        keep_text="",
        buttons=[ok],
        answer=answered,
    )
    return dialog


async def _question(
    phone: UninstallerHost, record: PackageRecord, texts: UninstallerTexts, *, all_users: bool
) -> UninstallDialog:
    parts = phone.parts
    label = record.label_in(parts.personality.locale)
    several = len(parts.users.ids) > 1
    if record.preload is not None:
        message = texts.updates_multiuser if several else texts.updates
    else:
        message = texts.uninstall_all if all_users and several else texts.uninstall

    def answered(key: str) -> None:
        phone.screen.close(dialog)
        if key == "ok":
            user_id = phone.user_controller.current_id
            whose = None if all_users or record.is_system else user_id
            keep = dialog.keeps_data
            phone.begin(_uninstall(phone, record.name, label, texts, keep=keep, user_id=whose))

    dialog = UninstallDialog(
        activity=_activity(parts),
        package=parts.personality.installer_package,
        title=label,
        message=message,
        keep_text=await _keep_text(parts, record, texts),
        buttons=[
            AlertButton(text=texts.cancel, key="cancel", resource_id="android:id/button2"),
            AlertButton(text=texts.ok, key="ok", resource_id="android:id/button1"),
        ],
        answer=answered,
    )
    return dialog


async def _keep_text(parts: Parts, record: PackageRecord, texts: UninstallerTexts) -> str:
    """The box is there for an app that asks for it and has data (hasFragileUserData, from 10)."""
    if parts.api < KEEP_DATA_SINCE or not record.has_fragile_user_data:
        return ""
    places = [
        *parts.storage.private_directories(record.name),
        *parts.storage.external_directories(record.name)[:1],
    ]
    size_bytes = sum([await parts.files.size_bytes(path) for path in places])
    return texts.keep_data.replace("{size}", shown_size(size_bytes)) if size_bytes else ""


def shown_size(size_bytes: int) -> str:
    """Formatter.formatFileSize, whose units are of 1000 since 8."""
    value, unit = float(size_bytes), 0
    while value > 900 and unit < len(UNITS) - 1:
        value, unit = value / 1000, unit + 1
    if unit == 0 or value >= 100:
        return f"{value:.0f} {UNITS[unit]}"
    return f"{value:.2f} {UNITS[unit]}"


async def _uninstall(
    phone: UninstallerHost,
    name: str,
    label: str,
    texts: UninstallerTexts,
    *,
    keep: bool,
    user_id: int | None,
) -> None:
    """`user_id` None: for all users, or back to the factory version."""
    package = phone.parts.personality.installer_package
    answer = await phone.remover.uninstall(name, keep_data=keep, user_id=user_id)
    done, failed = (text.replace("{label}", label) for text in (texts.done, texts.failed))
    if answer == "Success":
        phone.screen.show_toast(package, done)
    elif phone.parts.api >= 26:
        phone.screen.notify(
            Notification(
                package=package,
                tag=f"uninstall {name}",
                title=failed,
                text="",
                posted_s=phone.parts.clock(),
                heads_up=True,
            )
        )
    else:
        ok = PageButton(text=texts.ok, key="ok", resource="ok_button")
        facts = PageFacts(
            package=package, label=label, text=failed, text_resource="status_text", buttons=[ok]
        )
        page = FailedPage(package=package, facts=facts, on_close=phone.screen.close)
        phone.screen.open(page)

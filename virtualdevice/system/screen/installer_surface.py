"""The package installer as one surface that goes from screen to screen."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from virtualdevice.system.packages.answers import InstallAnswer
from virtualdevice.system.screen.installer_pages import (
    PageButton,
    PageFacts,
    alert_page,
    confirm_page,
    result_page,
)
from virtualdevice.system.screen.installer_texts import installer_texts
from virtualdevice.system.screen.surface import Surface, SurfaceKind
from virtualdevice.system.screen.view import Frame, View

__all__ = ["InstallerStage", "InstallerSurface", "Update"]

CONFLICT, INCOMPATIBLE, INVALID, BLOCKED = 5, 7, 4, 2
CERTIFICATES_INCONSISTENT = -104


class InstallerStage(StrEnum):
    STAGING = "staging"
    CONFIRM = "confirm"
    INSTALLING = "installing"
    INSTALLED = "installed"
    FAILED = "failed"
    SOURCE_BLOCKED = "source_blocked"
    PARSE_ERROR = "parse_error"


ACTIVITIES_TO_25 = {
    InstallerStage.CONFIRM: "PackageInstallerActivity",
    InstallerStage.SOURCE_BLOCKED: "PackageInstallerActivity",
    InstallerStage.PARSE_ERROR: "PackageInstallerActivity",
    InstallerStage.INSTALLING: "InstallAppProgress",
    InstallerStage.INSTALLED: "InstallAppProgress",
    InstallerStage.FAILED: "InstallAppProgress",
}
SECOND_ACTIVITY = "v2.ui.InstallLaunch"
"""From 15 on, for all of it, where `settings put system use_pia_v2 1` asks for it."""
ACTIVITIES_FROM_26 = ACTIVITIES_TO_25 | {
    InstallerStage.STAGING: "InstallStaging",
    InstallerStage.INSTALLING: "InstallInstalling",
    InstallerStage.INSTALLED: "InstallSuccess",
    InstallerStage.FAILED: "InstallFailed",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Update:
    """What is there already. `owner` is the label of the store that has to be asked about, `source`
    that of the app that brings the update instead (14 and later); empty where nobody has."""

    of_system_app: bool = False
    source: str = ""
    owner: str = ""


class InstallerSurface(Surface):
    """`source` is the label of the app that wants the APK installed.

    `on_answer` gets true for Install and false for Cancel, Back or going away, once.

    With `confirm_only` (a session of a store) it ends with the answer and shows no result.
    """

    def __init__(
        self,
        *,
        package: str,
        api: int,
        language: str,
        label: str,
        source: str = "",
        update: Update | None,
        permissions: int,
        stage: InstallerStage,
        on_answer: Callable[[bool], None],
        on_close: Callable[[Surface], None],
        on_open: Callable[[], None],
        on_settings: Callable[[], None],
        confirm_only: bool = False,
        second_version: bool = False,
    ) -> None:
        super().__init__(package=package, activity="")
        self.kind = SurfaceKind.DIALOG if api >= 29 else SurfaceKind.ACTIVITY
        self._api = api
        self._texts = installer_texts(api, language)
        self.label = label
        self._source = source
        self._update = update
        self._second_version = second_version
        self._permissions = permissions
        self._answer: InstallAnswer | None = None
        self._on_answer: Callable[[bool], None] | None = on_answer
        self._on_close = on_close
        self._on_open = on_open
        self._on_settings = on_settings
        self._confirm_only = confirm_only
        self._stage = stage
        self._go_to(stage)

    @property
    def stage(self) -> InstallerStage:
        return self._stage

    def finish(self, answer: InstallAnswer) -> None:
        """The installation has ended."""
        self._answer = answer
        self._go_to(InstallerStage.INSTALLED if answer.succeeded else InstallerStage.FAILED)

    def _go_to(self, stage: InstallerStage) -> None:
        self._stage = stage
        names = ACTIVITIES_TO_25 if self._api <= 25 else ACTIVITIES_FROM_26
        name = SECOND_ACTIVITY if self._second_version else names[stage]
        self.activity = f"com.android.packageinstaller.{name}"
        self.focus = ""

    # What is shown.

    def build(self, frame: Frame) -> View:
        floating = self._stage in (InstallerStage.SOURCE_BLOCKED, InstallerStage.PARSE_ERROR)
        if self._api >= 29 or floating:
            return alert_page(frame, self._alert_facts())
        if self._stage is InstallerStage.CONFIRM:
            return confirm_page(frame, self._confirm_facts())
        return result_page(frame, self._result_facts())

    def _question(self) -> str:
        texts, update = self._texts, self._update
        if update is None:
            return texts.new if self._permissions else texts.new_without_permissions
        if update.owner:
            question = texts.update_owner.replace("{source}", update.source)
            return question.replace("{owner}", update.owner)
        if update.of_system_app:
            plain = texts.update_system_without_permissions
            return texts.update_system if self._permissions else plain
        return texts.update if self._permissions else texts.update_without_permissions

    def _question_resource(self) -> str:
        """One layout with a text for each question (from 10)."""
        name = "install_confirm_question"
        if self._update is None:
            return name
        of_system_app = self._update.of_system_app and self._api <= 30
        return f"{name}_update_system" if of_system_app else f"{name}_update"

    def _confirm_facts(self) -> PageFacts:
        texts = self._texts
        tabs = (texts.tab_new, texts.tab_all) if self._update and self._permissions else ()
        return PageFacts(
            package=self.package,
            label=self.label,
            text=self._question(),
            text_resource="install_confirm_question",
            tabs=tabs,
            details=texts.no_new_permissions if tabs else "",
            buttons=(
                PageButton(text=texts.cancel, key="cancel", resource="cancel_button"),
                PageButton(text=texts.install, key="install", resource="ok_button"),
            ),
        )

    def _result_facts(self) -> PageFacts:
        texts, old = self._texts, self._api <= 25
        resource = "center_text" if old else "simple_status"
        done = PageButton(text=texts.done, key="done", resource="done_button")
        if self._stage in (InstallerStage.INSTALLING, InstallerStage.STAGING):
            buttons: tuple[PageButton, ...] = ()
            staging = self._stage is InstallerStage.STAGING
            text = texts.staging if staging else texts.installing
            if staging:
                buttons = (PageButton(text=texts.cancel, key="cancel", resource="cancel_button"),)
            elif not old:
                buttons = (PageButton(text=texts.cancel, key="wait", resource="cancel_button"),)
        elif self._stage is InstallerStage.INSTALLED:
            text = texts.installed
            buttons = (done, PageButton(text=texts.open, key="open", resource="launch_button"))
        else:
            text, buttons = texts.failed, (done,)
        explanation = self._explanation()
        if explanation and not old:
            text, explanation = explanation, ""
        return PageFacts(
            package=self.package,
            label=self.label,
            text=text,
            text_resource=resource,
            explanation=explanation,
            buttons=buttons,
            progress=self._stage in (InstallerStage.INSTALLING, InstallerStage.STAGING),
        )

    def _explanation(self) -> str:
        """Why it failed, as far as this version tells the person."""
        answer, texts = self._answer, self._texts
        if answer is None or answer.succeeded:
            return ""
        if self._api <= 23:
            if answer.number == CERTIFICATES_INCONSISTENT:
                return texts.conflict
            return texts.invalid if answer.code == "INSTALL_FAILED_INVALID_APK" else ""
        by_status = {
            CONFLICT: texts.conflict,
            INCOMPATIBLE: texts.incompatible,
            INVALID: texts.invalid,
            BLOCKED: texts.blocked,
        }
        return by_status.get(answer.status, "")

    def _alert_facts(self) -> PageFacts:
        texts, stage = self._texts, self._stage
        cancel = PageButton(text=texts.cancel, key="cancel", resource="button2")
        done = PageButton(text=texts.done, key="done", resource="button1")
        if stage is InstallerStage.CONFIRM:
            text = texts.update_button if self._update else texts.install
            if self._update is not None and self._update.owner:
                text = texts.update_anyway
            return self._alert(
                self._question(),
                self._question_resource(),
                cancel,
                PageButton(text=text, key="install", resource="button1"),
            )
        if stage is InstallerStage.STAGING:
            return self._alert(texts.staging, "staging", cancel, progress=True)
        if stage is InstallerStage.INSTALLING:
            return self._alert(texts.installing, "installing", progress=True)
        if stage is InstallerStage.INSTALLED:
            launch = PageButton(text=texts.open, key="open", resource="button1")
            away = PageButton(text=texts.done, key="done", resource="button2")
            return self._alert(texts.installed, "install_success", away, launch)
        if stage is InstallerStage.SOURCE_BLOCKED:
            settings = PageButton(text=texts.settings, key="settings", resource="button1")
            title = texts.unknown_sources_title if self._api <= 25 else self._source
            return self._message(title, texts.unknown_sources, cancel, settings)
        if stage is InstallerStage.PARSE_ERROR:
            ok = PageButton(text=texts.ok, key="done", resource="button1")
            return self._message(texts.parse_error_title, texts.parse_error, ok)
        return self._failed_alert(done)

    def _failed_alert(self, done: PageButton) -> PageFacts:
        names = {
            CONFLICT: "install_failed_conflict",
            INCOMPATIBLE: "install_failed_incompatible",
            INVALID: "install_failed_invalid_apk",
            BLOCKED: "install_failed_blocked",
        }
        status = self._answer.status if self._answer else 1
        text = self._explanation() or self._texts.failed
        return self._alert(text, names.get(status, "install_failed"), done)

    def _message(self, title: str, text: str, *buttons: PageButton) -> PageFacts:
        """A plain AlertDialog, whose text is the system's own view."""
        return PageFacts(
            package="android", label=title, text=text, text_resource="message", buttons=buttons
        )

    def _alert(
        self, text: str, resource: str, *buttons: PageButton, progress: bool = False
    ) -> PageFacts:
        return PageFacts(
            package=self.package,
            label=self.label,
            text=text,
            text_resource=resource,
            buttons=buttons,
            progress=progress,
        )

    # What is pressed.

    def clicked(self, key: str) -> None:
        if key == "install" and self._stage is InstallerStage.CONFIRM:
            if not self._confirm_only:
                self._go_to(InstallerStage.INSTALLING)
            self._give(True)
            if self._confirm_only:
                self._on_close(self)
        elif key == "settings":
            self._on_close(self)
            self._on_settings()
        elif key == "open":
            self._on_close(self)
            self._on_open()
        elif key in ("cancel", "done"):
            self._on_close(self)

    def back(self) -> bool:
        return self._stage is not InstallerStage.INSTALLING

    def left(self) -> None:
        self._give(False)

    def _give(self, answer: bool) -> None:
        on_answer, self._on_answer = self._on_answer, None
        if on_answer is not None:
            on_answer(answer)

"""The package installer app: from an intent with an APK to an answer on the screen."""

from __future__ import annotations

import re
import urllib.parse
from collections.abc import Callable, Coroutine
from typing import Any, Protocol

from holdfast.apk.decision import Door
from virtualdevice.seams import Files
from virtualdevice.system.activities import Activities, Intent
from virtualdevice.system.media import media_path
from virtualdevice.system.packages.answers import InstallAnswer
from virtualdevice.system.packages.candidate import ApkFile, Parsed, parse_delivery
from virtualdevice.system.packages.installer import Installer
from virtualdevice.system.packages.records import PackageRecord
from virtualdevice.system.packages.rules import InstallOptions
from virtualdevice.system.parts import Parts
from virtualdevice.system.screen.dialogs import MessageDialog
from virtualdevice.system.screen.installer_surface import InstallerStage, InstallerSurface, Update
from virtualdevice.system.screen.installer_texts import installer_texts
from virtualdevice.system.screen.widgets import AlertButton
from virtualdevice.system.screen.windows import Screen
from virtualdevice.system.users.controller import UserController

__all__ = ["InstallerHost", "open_with_installer", "show_confirmation"]

APK_TYPE = "application/vnd.android.package-archive"
VIEW, INSTALL = "android.intent.action.VIEW", "android.intent.action.INSTALL_PACKAGE"
APK_LIMIT_BYTES = 2 << 30
INSTALLER_UID = 10001
LOCAL_FILE = 3  # PackageInstaller.PACKAGE_SOURCE_LOCAL_FILE
STAGING_SINCE, OWNERS_SINCE = 26, 34
STORAGE = 6
SHELL_PACKAGE = "com.android.shell"
DOCUMENTS = "content://com.android.externalstorage.documents/document/"
MEDIA = re.compile(r"content://media/external(?:_primary)?/(?:file|downloads)/(\d{1,18})")


class InstallerHost(Protocol):
    """What the app needs of the phone."""

    @property
    def parts(self) -> Parts: ...
    @property
    def screen(self) -> Screen: ...
    @property
    def activities(self) -> Activities: ...
    @property
    def installer(self) -> Installer: ...
    @property
    def user_controller(self) -> UserController: ...
    def begin(self, work: Coroutine[Any, Any, None]) -> None: ...


async def path_of(files: Files, uri: str, *, api: int) -> str | None:
    """The file that a URI means; None if this version's installer does not take such a URI.

    `file:` left the installer's manifest with Android 10.
    """
    if uri.startswith("file://"):
        taken = api <= 28
        return urllib.parse.unquote(uri.removeprefix("file://")) if taken else None
    row = MEDIA.fullmatch(uri)
    if row is not None:
        return await media_path(files, int(row[1]))
    if uri.startswith(DOCUMENTS):
        document = urllib.parse.unquote(uri.removeprefix(DOCUMENTS))
        volume, _, relative = document.partition(":")
        return f"/storage/emulated/0/{relative}" if volume == "primary" else None
    return None


async def open_with_installer(phone: InstallerHost, intent: Intent) -> bool:
    """Show the first screen for the APK of an intent; false if the intent is not for it."""
    if intent.action not in (VIEW, INSTALL) or not intent.data:
        return False
    if intent.action == VIEW and intent.type != APK_TYPE:
        return False
    path = await path_of(phone.parts.files, intent.data, api=phone.parts.api)
    if path is None:
        return False
    staging = _show_staging(phone, path) if intent.data.startswith("content:") else None
    try:
        data = await phone.parts.files.read(path, limit_bytes=APK_LIMIT_BYTES)
    except OSError:
        data = b""
    if staging is not None:
        if len(data) > (await phone.parts.machine.space()).free_bytes:
            data = b""  # the copy cannot be made, which the app takes for a broken file
        if staging not in phone.screen.surfaces:
            return True  # cancelled meanwhile
        phone.screen.close(staging)
    stage = (
        InstallerStage.CONFIRM if _source_allowed(phone.parts) else InstallerStage.SOURCE_BLOCKED
    )
    show_confirmation(
        phone, ApkFile(name="base.apk", data=data, path=path), stage=stage, installer=None
    )
    return True


def _show_staging(phone: InstallerHost, path: str) -> InstallerSurface | None:
    """From 8 on what comes by a content provider is copied first (InstallStaging)."""
    parts = phone.parts
    if parts.api < STAGING_SINCE:
        return None
    surface = InstallerSurface(
        package=parts.personality.installer_package,
        api=parts.api,
        language=parts.personality.language,
        label=path.rpartition("/")[2],
        update=None,
        permissions=0,
        stage=InstallerStage.STAGING,
        on_answer=lambda _: None,
        on_close=phone.screen.close,
        on_open=lambda: None,
        on_settings=lambda: None,
        second_version=_is_second(parts),
    )
    phone.screen.open(surface)
    return surface


def _is_second(parts: Parts) -> bool:
    return parts.api >= 35 and parts.settings.get("system", "use_pia_v2") == "1"


def _source_allowed(parts: Parts) -> bool:
    """The global switch to 7.1; since 8.0 an app-op of the app that sends the intent (shell)."""
    if parts.api <= 25:
        return parts.settings.get("secure", "install_non_market_apps") == "1"
    shell = parts.registry.get(SHELL_PACKAGE)
    mode = shell.user().app_ops.get("REQUEST_INSTALL_PACKAGES", "allow") if shell else "allow"
    return mode == "allow"


def show_confirmation(
    phone: InstallerHost,
    file: ApkFile,
    *,
    stage: InstallerStage,
    installer: str | None,
    on_end: Callable[[InstallAnswer | None], None] | None = None,
) -> InstallerSurface:
    """`on_end` (for a store's session) gets the answer, or None for a person's no."""
    parts = phone.parts
    parsed = parse_delivery([file], api=parts.api, by_session=True)
    if not isinstance(parsed, Parsed):
        stage = InstallerStage.PARSE_ERROR
    name = parsed.manifest.package_name if isinstance(parsed, Parsed) else ""
    existing = parts.registry.installed(name)
    label = _label(parts, parsed) or file.path.rpartition("/")[2]

    def answered(yes: bool) -> None:
        if yes:
            phone.begin(_install(phone, surface, file, installer, on_end))
        elif on_end is not None:
            on_end(None)

    def open_app() -> None:
        phone.begin(_open(phone, name))

    surface = InstallerSurface(
        package=parts.personality.installer_package,
        api=parts.api,
        language=parts.personality.language,
        label=label,
        source=_label_of(parts, SHELL_PACKAGE),
        update=_update(parts, existing, installer),
        permissions=len(parsed.manifest.permissions) if isinstance(parsed, Parsed) else 0,
        stage=stage,
        on_answer=answered,
        on_close=phone.screen.close,
        on_open=open_app,
        on_settings=lambda: phone.begin(_open(phone, "com.android.settings")),
        confirm_only=on_end is not None,
        second_version=_is_second(parts),
    )
    phone.screen.open(surface)
    return surface


def _update(parts: Parts, existing: PackageRecord | None, installer: str | None) -> Update | None:
    """What the question is about; whose updates they were matters from 14 on."""
    if existing is None:
        return None
    source, owner = installer or SHELL_PACKAGE, existing.update_owner
    if not owner or owner == source or parts.api < OWNERS_SINCE:
        return Update(of_system_app=existing.is_system)
    return Update(
        of_system_app=existing.is_system,
        source=_label_of(parts, source),
        owner=_label_of(parts, owner),
    )


def _label_of(parts: Parts, name: str) -> str:
    record = parts.registry.get(name)
    return record.label_in(parts.personality.locale) if record is not None else name


def _label(parts: Parts, parsed: Parsed | InstallAnswer) -> str:
    if not isinstance(parsed, Parsed):
        return ""
    manifest, locale = parsed.manifest, parts.personality.locale
    labels = manifest.labels
    language = locale.partition("-")[0]
    for wanted in (locale, language):
        if wanted in labels:
            return labels[wanted]
    near = (text for name, text in labels.items() if name.startswith(language))
    return next(near, manifest.label or manifest.package_name)


async def _install(
    phone: InstallerHost,
    surface: InstallerSurface,
    file: ApkFile,
    installer: str | None,
    on_end: Callable[[InstallAnswer | None], None] | None,
) -> None:
    own = phone.parts.personality.installer_package
    options = InstallOptions(
        replace=True,
        given=True,
        user_id=phone.user_controller.current_id,
        installer=installer or own,
        initiator=installer or own,
        package_source=LOCAL_FILE if installer is None and phone.parts.api >= 33 else 0,
    )
    door = Door.SESSION_APP if on_end is not None else Door.INSTALLER_UI
    answer = await phone.installer.install([file], options, door=door, caller_uid=INSTALLER_UID)
    if on_end is not None:
        on_end(answer)
        return
    if answer.status != STORAGE or phone.parts.api >= STAGING_SINCE:
        surface.finish(answer)
    if answer.status == STORAGE:
        _tell_of_space(phone, surface)


def _tell_of_space(phone: InstallerHost, surface: InstallerSurface) -> None:
    """Over the failed page; to 7.1 over the progress page, which ends with it."""
    parts = phone.parts
    texts = installer_texts(parts.api, parts.personality.language)

    def answered(key: str) -> None:
        phone.screen.close(dialog)
        phone.screen.close(surface)
        if key == "manage":
            phone.begin(_open(phone, "com.android.settings"))

    dialog = MessageDialog(
        package=surface.package,
        activity=surface.activity,
        title=texts.out_of_space_title,
        message=texts.out_of_space.replace("{label}", surface.label),
        buttons=[
            AlertButton(text=texts.cancel, key="cancel", resource_id="android:id/button2"),
            AlertButton(text=texts.manage_apps, key="manage", resource_id="android:id/button1"),
        ],
        answer=answered,
    )
    phone.screen.open(dialog)


async def _open(phone: InstallerHost, name: str) -> None:
    record = phone.parts.registry.installed(name)
    if record is not None and record.launcher_activity:
        await phone.activities.open_package(record, phone.user_controller.current_id)

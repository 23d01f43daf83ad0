"""How an update reaches a device. Each route delivers once, and reports the raw answer if any."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from holdfast.android.answers import InstallAnswer
from holdfast.deadline import Deadline, wait_until
from holdfast.device.device import Device
from holdfast.device.shell import quote
from holdfast.errors import DeviceRefused
from holdfast.journal import Declaration, DestructionKind
from holdfast.scenario.result import Route, UpdateKind
from holdfast.scenario.updates import Delivered

__all__ = ["Arrival", "Store", "clean_up", "deliver", "needs_somebody"]

_UPLOAD = "/data/local/tmp/holdfast-update.apk"
_TYPE = "application/vnd.android.package-archive"
_VIEW = "android.intent.action.VIEW"
_SHARED_UPLOAD = "/sdcard/Download/holdfast-update.apk"
_REPLACE = ("-r",)


class Store(Protocol):
    """How a device's store is made to push an update; data of devices.yaml."""

    @property
    def package(self) -> str: ...

    @property
    def upload_to(self) -> str: ...

    @property
    def push(self) -> str:
        """A shell line in which `{apk}` stands for the quoted path of the uploaded file."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Arrival:
    """What delivering came to: `answer` is the package manager's, where a command waits for it."""

    sent: str
    answer: InstallAnswer | None = None


def needs_somebody(route: Route) -> bool:
    """Whether the route goes by way of the screen, so that its end is seen, not answered."""
    return route in (Route.INSTALLER_UI, Route.STORE_PUSH)


def deliver(
    device: Device,
    delivered: Delivered,
    *,
    kind: UpdateKind,
    route: Route,
    store: Store | None,
    deadline: Deadline,
) -> Arrival:
    """Deliver the update by the route."""
    if kind is UpdateKind.UNINSTALL_REINSTALL:
        _uninstall_by_declaration(device, delivered.base_manifest.package_name, deadline)
    if route is Route.STORE_PUSH:
        assert store is not None
        return _store_push(device, delivered, store, deadline)
    return _DIRECT[route](device, delivered, deadline)


def clean_up(device: Device, *, store: Store | None, deadline: Deadline) -> None:
    """Remove what the routes uploaded."""
    paths = [_UPLOAD, _SHARED_UPLOAD]
    if store:
        paths.append(store.upload_to)
    listed = device.shell.run(f"ls -d {' '.join(map(quote, paths))} 2>/dev/null", deadline=deadline)
    for path in dict.fromkeys(paths):
        if path in listed.text.split():
            declaration = Declaration(
                device=device.name,
                kind=DestructionKind.DELETE_FILES,
                target=path,
                reason="the harness's own upload",
            )
            with device.ledger.declared(declaration):
                device.shell.run(f"rm -f {quote(path)}", deadline=deadline)


def _uninstall_by_declaration(device: Device, package_name: str, deadline: Deadline) -> None:
    declaration = Declaration(
        device=device.name,
        kind=DestructionKind.UNINSTALL,
        target=package_name,
        reason="the control: the harness itself uninstalls, which must show as a loss",
    )
    with device.ledger.declared(declaration):
        answer = device.packages.uninstall(package_name, deadline=deadline)
    if not answer.success:
        raise DeviceRefused(f"pm uninstall {package_name}", answer=answer.shown, device=device.name)


def _adb(device: Device, delivered: Delivered, deadline: Deadline) -> Arrival:
    answer = device.packages.install(delivered.update, _REPLACE, deadline=deadline)
    return Arrival(sent="pm install -r FILE", answer=answer)


def _session(device: Device, delivered: Delivered, deadline: Deadline) -> Arrival:
    answer = device.packages.install_session(delivered.update, _REPLACE, deadline=deadline)
    return Arrival(sent="pm install-create -r, install-write, install-commit", answer=answer)


def _installer_ui(device: Device, delivered: Delivered, deadline: Deadline) -> Arrival:
    """Open the APK, as a file manager does when it is tapped: by `file:` where the installer still
    takes that (until Android 9), by its URI in the media index after."""
    _allow_unknown_sources(device, deadline)
    device.files.push(delivered.update, _UPLOAD, deadline=deadline)
    command = _view(f"file://{_UPLOAD}")
    text = device.shell.run(command, deadline=deadline).all_text
    if "unable to resolve" in text:
        device.files.push(delivered.update, _SHARED_UPLOAD, deadline=deadline)
        command = _view(f"content://media/external/file/{_media_id(device, deadline)}")
        text = device.shell.run(command, deadline=deadline).all_text
    if "Error" in text or "Exception" in text:
        raise DeviceRefused(command, answer=text.strip()[:300], device=device.name)
    return Arrival(sent=command)


def _view(uri: str) -> str:
    return f"am start -a {_VIEW} -d {quote(uri)} -t {_TYPE} --grant-read-uri-permission"


def _media_id(device: Device, deadline: Deadline) -> int:
    """The row of the uploaded file in the media index, which is brought up to date first."""
    scan = (
        "am broadcast -a android.intent.action.MEDIA_SCANNER_SCAN_FILE "
        f"-d file://{_SHARED_UPLOAD} >/dev/null"
    )
    device.shell.run(scan, deadline=deadline)
    name = _SHARED_UPLOAD.rpartition("/")[2]
    query = (
        "content query --uri content://media/external/file --projection _id "
        f"--where \"_data LIKE '%/{name}'\""
    )

    def found() -> re.Match[str] | None:
        return re.search(r"_id=(\d+)", device.shell.run(query, deadline=deadline).text)

    what = "the media index's entry of the uploaded APK"
    return int(wait_until(found, deadline.within(15), what=what, device=device.name)[1])


def _allow_unknown_sources(device: Device, deadline: Deadline) -> None:
    """What a user who opens APKs has allowed: one setting before API 26, then one for each app."""
    if device.api < 26:
        command = "settings put secure install_non_market_apps 1"
    else:
        command = "appops set com.android.shell REQUEST_INSTALL_PACKAGES allow"
    device.shell.run(command, deadline=deadline)


def _store_push(device: Device, delivered: Delivered, store: Store, deadline: Deadline) -> Arrival:
    device.files.push(delivered.update, store.upload_to, deadline=deadline)
    command = store.push.format(apk=quote(store.upload_to))
    result = device.shell.run(command, deadline=deadline)
    if result.exit_status != 0 or "Exception" in result.all_text:
        raise DeviceRefused(command, answer=result.all_text.strip()[:300], device=device.name)
    return Arrival(sent=command)


_DIRECT: Mapping[Route, Callable[[Device, Delivered, Deadline], Arrival]] = {
    Route.ADB: _adb,
    Route.SESSION: _session,
    Route.INSTALLER_UI: _installer_ui,
}

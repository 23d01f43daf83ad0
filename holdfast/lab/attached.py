"""A device that is there already: over USB, or over TCP as host:port, behind some adb server."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import adbutils

from holdfast.deadline import Deadline, wait_until
from holdfast.errors import DeviceLost, DeviceUnauthorized, HostToolMissing, LabError
from holdfast.lab.adb_host import AdbHost, AdbServerSilent
from holdfast.lab.inventory import AttachedSpec
from holdfast.lab.provider import Endpoint, Say

__all__ = ["AttachedProvider", "is_over_tcp", "require_adb_server", "wait_for_device"]

_LOCAL = ("127.0.0.1", "localhost", "::1")
_POLL_S = 0.25
_RECONNECT_AFTER_S = 3.0


def is_over_tcp(serial: str) -> bool:
    """Whether adb must be told to connect: `host:port`, and no name that USB or mDNS gave."""
    return re.fullmatch(r"(\[[0-9a-fA-F:]+\]|[A-Za-z0-9.-]+):\d{1,5}", serial) is not None


class AttachedProvider:
    """Finds the device, connects if it is over TCP, and refuses one that is not authorised."""

    def __init__(self, spec: AttachedSpec) -> None:
        self._spec = spec
        self._adb = AdbHost(host=spec.adb_host, port=spec.adb_port, device=spec.name)
        self._connected_by_us = False

    @property
    def resource(self) -> str:
        """The same device behind two names of one server is one resource."""
        host = "127.0.0.1" if self._spec.adb_host in _LOCAL else self._spec.adb_host
        return f"adb/{host}:{self._spec.adb_port}/{self._spec.serial}"

    def start(self, deadline: Deadline, *, say: Say) -> Endpoint:
        spec = self._spec
        require_adb_server(spec, deadline)
        if is_over_tcp(spec.serial) and self._adb.state_of(spec.serial, deadline) is None:
            self._connected_by_us = True
        try:
            wait_for_device(
                self._adb,
                spec.serial,
                deadline,
                authorise=deadline.within(spec.authorise_within_s),
                say=say,
            )
        except LabError:
            self.stop(Deadline.after(5.0, clock=deadline.clock))
            raise
        return Endpoint(serial=spec.serial, adb_host=spec.adb_host, adb_port=spec.adb_port)

    def stop(self, deadline: Deadline) -> None:
        """Disconnect what we connected; the user's adb server stays as it is."""
        if self._connected_by_us:
            self._connected_by_us = False
            try:
                self._adb.disconnect(self._spec.serial, deadline)
            except AdbServerSilent:
                return


def require_adb_server(spec: AttachedSpec, deadline: Deadline) -> None:
    """The user's own adb server is started if it does not run; a remote one cannot be. LabError."""
    adb = AdbHost(host=spec.adb_host, port=spec.adb_port, device=spec.name)
    try:
        adb.version(deadline.within(5.0))
    except AdbServerSilent:
        if spec.adb_host not in _LOCAL:
            raise
    else:
        return
    program = _own_adb()
    command = [program, "-P", str(spec.adb_port), "start-server"]
    try:
        subprocess.run(
            command,
            check=True,
            capture_output=True,
            stdin=subprocess.DEVNULL,
            timeout=max(deadline.within(30.0).remaining_s, 0.1),
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise HostToolMissing(
            f"no adb server runs on port {spec.adb_port}, and {program} could not "
            f"start one: {error}; run 'adb start-server' and see what it says",
            device=spec.name,
        ) from error


def _own_adb() -> str:
    """The user's adb if there is one, so that its version fits their server; else the bundled."""
    for folder in os.environ.get("PATH", "").split(os.pathsep):
        candidate = Path(folder) / "adb"
        if folder and os.access(candidate, os.X_OK):
            return str(candidate)
    return str(adbutils.adb_path())


def wait_for_device(
    adb: AdbHost,
    serial: str,
    deadline: Deadline,
    *,
    authorise: Deadline,
    say: Say,
    accept_key: Callable[[Deadline], None] | None = None,
) -> None:
    """Wait until adb lists `serial` as `device`, connecting as often as that takes. `accept_key`
    taps OK in the dialog about this computer's key; None: somebody has to.

    DeviceUnauthorized if nobody accepts the key by `authorise`, DeviceLost with what adb lists
    instead if the device does not appear by `deadline`.
    """
    over_tcp = is_over_tcp(serial)
    told = False
    last_answer = ""
    last_connect = -_RECONNECT_AFTER_S

    def ready() -> bool:
        nonlocal told, last_answer, last_connect
        state = adb.state_of(serial, deadline)
        if state == "unauthorized":
            if not told and accept_key is not None:
                accept_key(authorise)
                told = True
            if not told:
                say(f"waiting for somebody to accept this computer's adb key on {serial}")
                told = True
            if authorise.passed:
                raise DeviceUnauthorized(_UNAUTHORISED.format(serial=serial), device=adb.device)
        elif state is not None and "permissions" in state:
            raise LabError(_NO_PERMISSION.format(serial=serial), device=adb.device)
        elif state in ("recovery", "sideload", "rescue", "bootloader"):
            raise DeviceLost(
                f"{serial} is in mode {state!r}, and not booted into Android; boot it "
                f"(adb -s {serial} reboot)",
                device=adb.device,
            )
        elif state != "device" and over_tcp:
            now = deadline.clock.monotonic()
            if now - last_connect >= _RECONNECT_AFTER_S:
                if state is not None:  # adb says "already connected" to what is offline
                    adb.disconnect(serial, deadline)
                last_answer = adb.connect(serial, deadline)
                last_connect = deadline.clock.monotonic()
        return state == "device"

    try:
        wait_until(ready, deadline, what=f"adb device {serial}", every_s=_POLL_S)
    except (DeviceUnauthorized, AdbServerSilent, DeviceLost):
        raise
    except LabError as error:
        seen = adb.listed(Deadline.after(5.0, clock=deadline.clock))
        listed = ", ".join(f"{d.serial} ({d.state})" for d in seen) or "no device at all"
        answer = f" Its last answer to connecting: {last_answer}." if last_answer else ""
        raise DeviceLost(
            f"adb at {adb.host}:{adb.port} does not list {serial} as ready within "
            f"{deadline.allowed_s:g} s; it lists {listed}.{answer} Check cable, USB debugging and "
            "the serial in devices.yaml",
            device=adb.device,
        ) from error


_UNAUTHORISED = (
    "{serial} has not accepted this computer's adb key: unlock its screen, tick 'Always allow from "
    "this computer' in the dialog 'Allow USB debugging?' and tap OK (no dialog: take the cable out "
    "and put it back, or revoke USB debugging authorisations in the developer options)"
)
_NO_PERMISSION = (
    "{serial} is on USB, but this user may not open it: install the udev rules for Android "
    "devices (Debian, Ubuntu: android-sdk-platform-tools-common) and plug it in again"
)

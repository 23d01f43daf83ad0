"""Connecting to a device that an adb server knows."""

from __future__ import annotations

from collections.abc import Callable

from holdfast.deadline import Clock, Deadline, SystemClock
from holdfast.device.adb import AdbLink
from holdfast.device.adb_files import AdbFiles
from holdfast.device.adb_shell import AdbShell
from holdfast.device.device import Device
from holdfast.device.guard import GuardedShell
from holdfast.device.packages import Packages
from holdfast.device.power import Power
from holdfast.device.ui import AdbUi
from holdfast.device.ui_server import UiServer
from holdfast.errors import DeviceLost, DeviceUnauthorized, LabError
from holdfast.journal import Journal, Ledger

__all__ = ["connect"]

MIN_API = 21


def connect(
    *,
    name: str,
    serial: str,
    adb_server_port: int,
    journal: Journal,
    ledger: Ledger,
    deadline: Deadline,
    adb_server_host: str = "127.0.0.1",
    clock: Clock | None = None,
    permit: Callable[[], None] | None = None,
) -> Device:
    """Connect to a device, wait until it is ready, and read which build it runs.

    `name` is the device's in devices.yaml; `permit` is asked before each use. DeviceUnauthorized,
    DeviceLost or DeadlineExceeded if
    it cannot be used.
    """
    used = clock or SystemClock()
    link = AdbLink(
        device=name,
        serial=serial,
        server_port=adb_server_port,
        server_host=adb_server_host,
        permit=permit or (lambda: None),
    )
    if link.state(deadline=deadline) == "unauthorized":
        raise DeviceUnauthorized(
            f"serial {serial} has not accepted this lab's adb key: unlock it, and confirm the "
            "question about USB debugging",
            device=name,
        )
    files = AdbFiles(link)
    features = _features(link, deadline)
    plain = AdbShell(link, files, shell_v2="shell_v2" in features)
    shell = GuardedShell(plain, device=name, ledger=ledger)
    power = Power(link, shell, clock=used)
    power.wait_ready(deadline=deadline)
    build = power.read_build(deadline=deadline)
    if build.api < MIN_API:
        raise LabError(f"it runs API {build.api}; {MIN_API} and up is supported", device=name)
    server = UiServer(link, shell, files, clock=used)
    return Device(
        name=name,
        serial=serial,
        shell=shell,
        files=files,
        packages=Packages(shell, files, api=build.api),
        ui=AdbUi(server, shell),
        new_ui=lambda: AdbUi(server, shell),
        boots=power,
        build=build,
        journal=journal,
        ledger=ledger,
        clock=used,
    )


def _features(link: AdbLink, deadline: Deadline) -> frozenset[str]:
    """What both adb and the device can do; nothing below API 24."""
    try:
        return frozenset(link.host("features", deadline=deadline).split(","))
    except DeviceLost:
        # The device may be on its way up: ask again when it is there.
        Power(
            link, AdbShell(link, AdbFiles(link), shell_v2=False), clock=deadline.clock
        ).wait_ready(deadline=deadline)
        return frozenset(link.host("features", deadline=deadline).split(","))

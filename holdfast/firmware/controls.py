"""Moving one device between its modes: by adb, by fastboot, by a power switch.

One device answers under several names: its adb serial, its fastboot serial, and none while it is
off. Whoever builds this says that they are one.
"""

from __future__ import annotations

import re
import socket
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Protocol

from holdfast.deadline import Deadline
from holdfast.device.adb import AdbLink
from holdfast.device.bootloader import Fastboot
from holdfast.device.shell import Shell
from holdfast.errors import DeviceLost, DeviceRefused, HostToolMissing, LabError
from holdfast.firmware.boot_watch import BOOT_QUESTION, BootWatch, read_incarnation
from holdfast.firmware.states import Action, Mode

__all__ = ["DeviceControls", "FastbootPort", "PowerSwitch"]

_LOOK_S = 10.0
_RECONNECT_EVERY_S = 2.0
_OFFLINE_S = 3.0
_BY_ADB_STATE: Mapping[str, Mode] = {
    "recovery": Mode.RECOVERY,
    "rescue": Mode.RECOVERY,
    "sideload": Mode.SIDELOAD,
    "bootloader": Mode.BOOTLOADER,
    "unauthorized": Mode.UNAUTHORIZED,
}
_ADB_REBOOTS: Mapping[Action, str] = {
    Action.ADB_REBOOT: "reboot:",
    Action.ADB_REBOOT_BOOTLOADER: "reboot:bootloader",
    Action.ADB_REBOOT_FASTBOOTD: "reboot:fastboot",
    Action.ADB_REBOOT_RECOVERY: "reboot:recovery",
    Action.ADB_REBOOT_SIDELOAD: "reboot:sideload",
}
_FASTBOOT_REBOOTS: Mapping[Action, str] = {
    Action.FASTBOOT_REBOOT: "",
    Action.FASTBOOT_REBOOT_BOOTLOADER: "bootloader",
    Action.FASTBOOT_REBOOT_FASTBOOTD: "fastboot",
    Action.FASTBOOT_REBOOT_RECOVERY: "recovery",
}
# Behind these, the starts that came to nothing before say nothing of those that come.
_START_ANDROID = frozenset({Action.ADB_REBOOT, Action.FASTBOOT_REBOOT, Action.POWER_CYCLE})


class PowerSwitch(Protocol):
    """Switches a device's power."""

    def cycle(self, deadline: Deadline, *, to_bootloader: bool) -> None:
        """Off and on again. LabError if it did not go away, or if it cannot be led there."""


class FastbootPort:
    """A device's fastboot, and whether it is there now. `serial` is as `fastboot -s` takes it."""

    def __init__(self, driver: Fastboot, *, serial: str) -> None:
        self.driver = driver
        self._tcp = re.fullmatch(r"tcp:(.+):(\d{1,5})", serial)
        self._serial = serial

    def there(self, deadline: Deadline) -> bool:
        """A quick look: `fastboot` itself waits for ever for what is not there."""
        if self._tcp:
            address = (self._tcp[1].strip("[]"), int(self._tcp[2]))
            try:
                socket.create_connection(address, timeout=deadline.within(2).remaining_s).close()
            except OSError:
                return False
            return True
        listed = self.driver.run(["devices"], deadline=deadline)
        return any(line.split()[:1] == [self._serial] for line in listed.splitlines())

    def mode(self, deadline: Deadline) -> Mode | None:
        """None if it is not there, or goes away while it is asked."""
        try:
            if not self.there(deadline):
                return None
            userspace = self.driver.in_fastbootd(deadline=deadline)
        except HostToolMissing:
            raise
        except LabError:
            return None
        return Mode.FASTBOOTD if userspace else Mode.BOOTLOADER


class DeviceControls:
    """The `Controls` of a device. `shell` reaches it in Android; `say` tells a person what to do;
    `accept_key` accepts the lab's adb key on its screen, where no person has to.

    Without `fastboot`, its bootloader is nothing that this lab sees.
    """

    def __init__(
        self,
        *,
        link: AdbLink,
        shell: Shell,
        fastboot: FastbootPort | None,
        switch: PowerSwitch | None,
        say: Callable[[str], None],
        accept_key: Callable[[Deadline], None] | None = None,
    ) -> None:
        self._link = link
        self._shell = shell
        self._fastboot = fastboot
        self._switch = switch
        self._say = say
        self._accept_key = accept_key
        self._watch = BootWatch()
        self._connected_at = float("-inf")
        self._offline_since: float | None = None

    @property
    def name(self) -> str:
        return self._link.device

    @property
    def power(self) -> bool:
        return self._switch is not None

    def mode(self, deadline: Deadline) -> Mode:
        step = deadline.within(_LOOK_S)
        state = self._link.state(deadline=step)
        if state != "offline":
            self._offline_since = None
        if state == "device":
            return self._in_android(step)
        if state in _BY_ADB_STATE:
            return _BY_ADB_STATE[state]
        found = self._fastboot.mode(step) if self._fastboot else None
        if found is not None:
            return found
        self._look_for_it(step, offline=state == "offline")
        return Mode.OFFLINE if state == "offline" else Mode.ABSENT

    def carry_out(self, action: Action, deadline: Deadline) -> None:
        self._begin(action, deadline)
        if action in _START_ANDROID:
            self._watch.failed.clear()

    def _begin(self, action: Action, deadline: Deadline) -> None:
        if action in _ADB_REBOOTS:
            self._adb_reboot(_ADB_REBOOTS[action], deadline)
        elif action in _FASTBOOT_REBOOTS:
            self._bootloader().reboot(_FASTBOOT_REBOOTS[action], deadline=deadline)
        elif action is Action.ADB_RECONNECT:
            self._reconnect(deadline)
        elif action is Action.ACCEPT_KEY and self._accept_key is not None:
            self._accept_key(deadline)
        elif action is Action.ACCEPT_KEY:
            self._say(
                f"{self.name} waits for somebody to accept this lab's adb key: unlock it, tick "
                "'Always allow from this computer' and tap OK"
            )
        elif action in (Action.POWER_CYCLE, Action.POWER_CYCLE_TO_BOOTLOADER):
            self._cycle(deadline, to_bootloader=action is Action.POWER_CYCLE_TO_BOOTLOADER)

    def restart_adbd(self, deadline: Deadline) -> None:
        """Tell adbd to listen as it does now: it restarts for that. LabError, DeviceRefused."""
        port = self._link.serial.rpartition(":")[2] if ":" in self._link.serial else ""
        self._adb_reboot(f"tcpip:{port}" if port else "usb:", deadline)

    def _in_android(self, deadline: Deadline) -> Mode:
        try:
            answer = self._shell.run(BOOT_QUESTION, deadline=deadline).text
        except (LabError, DeviceRefused):
            return Mode.OFFLINE  # it is going down, or adbd has only just come up
        return self._watch.mode(read_incarnation(answer))

    def _adb_reboot(self, service: str, deadline: Deadline) -> None:
        step = deadline.within(_LOOK_S)
        opened = self._link.open(service, deadline=step)
        try:
            opened.receive(deadline=step, what=f"asking for {service}")
        except DeviceLost:
            pass  # the connection may end before an answer
        finally:
            opened.close()

    def _bootloader(self) -> Fastboot:
        if self._fastboot is None:
            raise LabError("no fastboot serial is known for it", device=self.name)
        return self._fastboot.driver

    def _cycle(self, deadline: Deadline, *, to_bootloader: bool) -> None:
        if self._switch is None:
            raise LabError("this lab cannot switch its power", device=self.name)
        self._switch.cycle(deadline, to_bootloader=to_bootloader)

    def _reconnect(self, deadline: Deadline) -> None:
        step = deadline.within(_LOOK_S)
        if ":" in self._link.serial:
            self._connect_anew(step)
        else:
            self._link.host("reconnect", deadline=step)

    def _look_for_it(self, deadline: Deadline, *, offline: bool) -> None:
        """A device on the network: adb itself tries again only every few seconds. A short time
        offline is a boot, which adb ends by itself."""
        now = deadline.clock.monotonic()
        if ":" not in self._link.serial or now - self._connected_at < _RECONNECT_EVERY_S:
            return
        if not offline:
            self._connect(deadline)
        elif self._offline_since is None:
            self._offline_since = now
        elif now - self._offline_since > _OFFLINE_S:
            self._offline_since = now
            self._connect_anew(deadline)

    def _connect_anew(self, deadline: Deadline) -> None:
        """adb calls what is offline "already connected": it must forget it first."""
        with suppress(DeviceLost):  # adb does not know it
            self._link.server(f"host:disconnect:{self._link.serial}", deadline=deadline)
        self._connect(deadline)

    def _connect(self, deadline: Deadline) -> None:
        self._connected_at = deadline.clock.monotonic()
        with suppress(LabError):  # the next look says what state it is in
            self._link.server(f"host:connect:{self._link.serial}", deadline=deadline)

"""Rebooting a device, and knowing that it is really up again.

Ready means: its services answer, and the user's storage was given time to unlock. That
`sys.boot_completed` is set is not enough: on slow devices the package manager answers later.
"""

from __future__ import annotations

import secrets

from holdfast.android.build import Build, config_locale, parse_getprop, read_build
from holdfast.deadline import Clock, Deadline, wait_until
from holdfast.device.adb import AdbLink
from holdfast.device.shell import Shell
from holdfast.errors import DeadlineExceeded, DeviceLost, DeviceRefused, LabError

__all__ = ["Power"]

# A property that does not outlive a boot and that adb's shell may set: it tells the old boot from
# the new one on every version, which no file readable by the shell does.
_MARK = "debug.holdfast.boot"
_RECONNECT_EVERY_S = 2.0
_UNLOCK_S = 5.0
_OFFLINE_S = 8.0
_ASKING_S = 10.0
# So often in a row a command may hang before the connection is taken for dead: a machine that is
# reset says no goodbye, and adb goes on believing in it.
_HANGS = 2
# Nothing answers at the address of a phone that is down, and it has the whole deadline. What
# refuses has a kernel that runs, and no adbd: until that starts, which even in slow emulators takes
# some 30 s and comes long before Android; or for good, where an emulator's program has ended.
_REFUSED_S = 45.0


class Power:
    """Reboots, and waits for the services of a boot."""

    def __init__(self, link: AdbLink, shell: Shell, *, clock: Clock) -> None:
        self._link = link
        self._shell = shell
        self._clock = clock
        self._connected_at = 0.0
        self._offline_since: float | None = None
        self._refused_since: float | None = None
        self._hangs = 0
        self._services_since: float | None = None

    def reboot(self, *, deadline: Deadline, ready_by: Deadline | None = None) -> None:
        """Reboot into Android and wait until it is ready. DeviceLost or DeadlineExceeded else."""
        mark = self.mark_boot(deadline=deadline.within(20))
        step = deadline.within(_ASKING_S)
        try:
            with self._link.stream("reboot:", deadline=step) as stream:
                stream.receive(deadline=step, what="asking for a reboot")
        except (DeviceLost, DeviceRefused, DeadlineExceeded):
            pass  # the connection may end before its answer, or hear nothing of its end
        self.wait_ready(deadline=ready_by or deadline, not_boot=mark)

    def mark_boot(self, *, deadline: Deadline) -> str:
        """Mark the boot that is now, for `wait_ready(not_boot=…)` after whatever restarts it."""
        mark = secrets.token_hex(4)
        command = f"setprop {_MARK} {mark}; getprop {_MARK}"
        if mark not in self._shell.run(command, deadline=deadline).text:
            raise LabError(
                f"the property {_MARK} cannot be set, so one boot cannot be told from the next",
                device=self._link.device,
            )
        return mark

    def wait_ready(self, *, deadline: Deadline, not_boot: str = "") -> None:
        """Wait until Android's services answer. `not_boot`: the mark of a boot that must be over.

        LabError names what was seen last; DeviceLost: its address refuses, and it is not coming.
        """
        last = {"seen": "nothing"}
        self._services_since = None

        def ready() -> bool:
            last["seen"] = self._look(deadline, not_boot) or last["seen"]
            return last["seen"] == "ready"

        try:
            wait_until(ready, deadline, what="ready", every_s=0.05, device=self._link.device)
        except LabError as error:
            kind = DeviceLost if isinstance(error, DeviceLost) else LabError
            raise kind(
                f"not ready for use ({last['seen']}): {error}", device=self._link.device
            ) from error

    def read_build(self, *, deadline: Deadline) -> Build:
        """The build that runs, and the language that Android speaks: from 7 on it is a setting, and
        the properties may tell another."""
        said = self._shell.run(
            "getprop; echo; [ $(getprop ro.build.version.sdk) -lt 24 ] || am get-config",
            deadline=deadline,
        ).text
        return read_build(parse_getprop(said), locale=config_locale(said))

    def _look(self, deadline: Deadline, not_boot: str) -> str:
        """`ready`, or what is missing; nothing if the deadline cut the look short."""
        step = deadline.within(_ASKING_S)
        try:
            state = self._link.state(deadline=step)
        except DeadlineExceeded as error:
            return "" if step is deadline else str(error)
        if state != "device":
            self._connect_again(step, state)
            return f"adb sees it as {state}"
        self._offline_since = self._refused_since = None
        try:
            text = self._shell.run(
                f"getprop {_MARK}; echo; getprop sys.boot_completed; echo; service check package; "
                "service check activity; pm path android; echo; "
                "echo crypto=$(getprop ro.crypto.type) open=$(getprop sys.user.0.ce_available)",
                deadline=step,
            ).text
        except DeadlineExceeded as error:
            self._hangs += 1
            if self._hangs >= _HANGS:
                self._connect_anew(deadline.within(_ASKING_S))
            return str(error)
        except LabError as error:
            return str(error)
        self._hangs = 0
        lines = text.splitlines()
        if not_boot and lines and lines[0].strip() == not_boot:
            return "it has not gone down yet"
        wanted = {"1", "Service package: found", "Service activity: found"}
        missing = wanted - {line.strip() for line in lines}
        if missing:
            return f"still missing: {', '.join(sorted(missing))}"
        if not any(line.startswith("package:/") for line in lines):
            return "the package manager does not answer yet"
        return self._unlocked(text)

    def _unlocked(self, text: str) -> str:
        """A user's storage that is encrypted by file opens a little after the services are up. It
        is not waited for without end: that it stays locked is a finding, not a lack of the lab."""
        now = self._clock.monotonic()
        if self._services_since is None:
            self._services_since = now
        locked = "crypto=file" in text and "open=true" not in text
        if locked and now - self._services_since < _UNLOCK_S:
            return "the user's storage is locked"
        return "ready"

    def _connect_again(self, deadline: Deadline, state: str) -> None:
        """A device on the network: adb itself tries again only every few seconds, and gives up
        after a while. One that stays offline has a dead connection (a port forward that accepts
        for a device which is down); only taking it away makes adb greet the device anew."""
        now = self._clock.monotonic()
        if ":" not in self._link.serial or now - self._connected_at < _RECONNECT_EVERY_S:
            return
        self._connected_at = now
        if state == "offline":
            self._offline_since = now if self._offline_since is None else self._offline_since
            if now - self._offline_since >= _OFFLINE_S:
                self._connect_anew(deadline)
                return
        self._require_not_refused(self._ask_server("connect", deadline))

    def _connect_anew(self, deadline: Deadline) -> None:
        """Take a dead connection away: only then does adb greet the device again."""
        self._hangs, self._offline_since = 0, None
        if ":" in self._link.serial:
            self._ask_server("disconnect", deadline)
            self._ask_server("connect", deadline)

    def _ask_server(self, verb: str, deadline: Deadline) -> str:
        try:
            return self._link.server(f"host:{verb}:{self._link.serial}", deadline=deadline)
        except LabError as error:
            return str(error)  # the next look says what state it is in

    def _require_not_refused(self, answer: str) -> None:
        now = self._clock.monotonic()
        if "refused" not in answer:
            self._refused_since = None
            return
        self._refused_since = now if self._refused_since is None else self._refused_since
        if now - self._refused_since >= _REFUSED_S:
            raise DeviceLost(
                f"nothing listens at {self._link.serial} any more: {answer.strip()}",
                device=self._link.device,
            )

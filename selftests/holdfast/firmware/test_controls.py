"""What adb shows of a device, as modes; and a device whose key was not accepted."""

from __future__ import annotations

import pytest

from holdfast.deadline import Deadline
from holdfast.device.adb import AdbLink
from holdfast.device.shell import ShellResult
from holdfast.errors import DeviceLost, LabError
from holdfast.firmware.controls import DeviceControls
from holdfast.firmware.reach import reach_mode
from holdfast.firmware.states import Action, Mode
from holdfast.journal import Journal
from selftests.holdfast.device.adb_server import AdbServer, running
from selftests.holdfast.device.fakes import FakeClock, FakeShell

UP = "booted=1\npackage=Service package: found\nboot=b\nserver=1\n"


class Starting:
    """A device that starts anew at each look, and never comes up."""

    def __init__(self) -> None:
        self.starts = 0

    def answer(self, command: str) -> ShellResult:
        self.starts += 1
        return ShellResult(stdout=f"booted=\npackage=\nboot={self.starts}\nserver=\n".encode())


def controls(server: AdbServer, shell: FakeShell, said: list[str]) -> DeviceControls:
    link = AdbLink(device="phone", serial="usb", server_port=server.port)
    return DeviceControls(link=link, shell=shell, fastboot=None, switch=None, say=said.append)


@pytest.mark.parametrize(
    ("state", "answer", "mode"),
    [
        ("device", UP, Mode.SYSTEM),
        ("device", "booted=\n", Mode.BOOTING),
        ("unauthorized", UP, Mode.UNAUTHORIZED),
        ("offline", UP, Mode.ABSENT),
        ("gone", UP, Mode.ABSENT),
    ],
)
def test_what_adb_shows_is_a_mode(state: str, answer: str, mode: Mode) -> None:
    with running(AdbServer(state=state)) as server:
        made = controls(server, FakeShell(replies=[("", answer)]), [])
        assert made.mode(Deadline.after(10)) is mode


def test_a_device_that_starts_again_and_again_is_in_a_boot_loop() -> None:
    with running(AdbServer()) as server:
        made = controls(server, FakeShell(replies=[("", Starting().answer)]), [])
        seen = [made.mode(Deadline.after(10)) for _ in range(3)]
    assert seen == [Mode.BOOTING, Mode.BOOTING, Mode.BOOT_LOOP]


def test_somebody_is_asked_to_accept_the_key_and_its_lack_is_named() -> None:
    said: list[str] = []
    clock = FakeClock()
    with running(AdbServer(state="unauthorized")) as server:
        made = controls(server, FakeShell(), said)
        with pytest.raises(
            DeviceLost, match=r"in mode unauthorized .*accept_key: .*did not happen"
        ):
            reach_mode(made, Mode.SYSTEM, Deadline.after(600, clock=clock), Journal())
    assert "tick 'Always allow from this computer' and tap OK" in said[0]


def test_what_the_lab_has_not_is_an_error_of_the_lab() -> None:
    with running(AdbServer()) as server:
        made = controls(server, FakeShell(), [])
        for action, words in (
            (Action.FASTBOOT_REBOOT, "no fastboot serial is known"),
            (Action.POWER_CYCLE, "cannot switch its power"),
        ):
            with pytest.raises(LabError, match=words):
                made.carry_out(action, Deadline.after(10))

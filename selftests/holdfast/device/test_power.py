"""Rebooting, and knowing that a device is really up again."""

from __future__ import annotations

import socket
import threading
import time
from dataclasses import dataclass, field

import pytest

from holdfast.deadline import Deadline
from holdfast.device import power as power_module
from holdfast.device.adb import AdbLink
from holdfast.device.power import Power
from holdfast.device.shell import ShellResult
from holdfast.errors import DeadlineExceeded, DeviceLost, LabError
from selftests.holdfast.device.adb_server import AdbServer, running
from selftests.holdfast.device.fakes import FakeClock, FakeShell

UP = """\
{mark}

1

Service package: found
Service activity: found
package:/system/framework/framework-res.apk

crypto={crypto} open={opened}
"""


@dataclass
class Phone:
    """Answers the readiness question from a list, the last answer for ever."""

    answers: list[str] = field(default_factory=list)
    mark: str = ""
    crypto: str = ""
    opened: str = ""
    reboots: int = 0
    clears_mark: bool = True
    takes_mark: bool = True

    def answer(self, command: str) -> ShellResult:
        if command.startswith("setprop"):
            self.mark = command.split()[2].rstrip(";") if self.takes_mark else ""
            return ShellResult(stdout=self.mark.encode() + b"\n")
        template = self.answers.pop(0) if len(self.answers) > 1 else (self.answers or [UP])[0]
        shown = template.format(mark=self.mark, crypto=self.crypto, opened=self.opened)
        return ShellResult(stdout=shown.encode())

    def reboot(self, sock: socket.socket, _: str) -> None:
        self.reboots += 1
        if self.clears_mark:
            self.mark = ""


def bench(phone: Phone, server: AdbServer, clock: FakeClock, *, serial: str = "usb") -> Power:
    server.services["reboot:"] = phone.reboot
    link = AdbLink(device="phone", serial=serial, server_port=server.port)
    return Power(link, FakeShell(replies=[("", phone.answer)]), clock=clock)


def test_a_reboot_returns_when_the_new_boot_is_ready() -> None:
    phone, clock = Phone(), FakeClock()
    with running(AdbServer()) as server:
        bench(phone, server, clock).reboot(deadline=Deadline.after(300, clock=clock))
    assert phone.reboots == 1


def test_a_boot_that_cannot_be_told_from_the_next_is_not_ended() -> None:
    phone, clock = Phone(takes_mark=False), FakeClock()
    with running(AdbServer()) as server, pytest.raises(LabError, match="cannot be told"):
        bench(phone, server, clock).reboot(deadline=Deadline.after(5, clock=clock))
    assert phone.reboots == 0


def test_a_device_that_never_went_down_is_not_taken_for_rebooted() -> None:
    phone, clock = Phone(clears_mark=False), FakeClock()
    with running(AdbServer()) as server, pytest.raises(LabError, match="not gone down"):
        bench(phone, server, clock).reboot(deadline=Deadline.after(5, clock=clock))


@pytest.mark.parametrize(
    ("answer", "missing"),
    [
        ("{mark}\n\n\n\n", "Service activity: found"),
        (UP.replace("package:/system", "Error: /system"), "package manager"),
    ],
)
def test_what_is_missing_is_named(answer: str, missing: str) -> None:
    phone, clock = Phone(answers=[answer]), FakeClock()
    with running(AdbServer()) as server, pytest.raises(LabError, match=missing):
        bench(phone, server, clock).wait_ready(deadline=Deadline.after(3, clock=clock))


class AtLastSilent(AdbServer):
    """Answers one question to the server, and is too late with all that follow."""

    def _host(self, sock: socket.socket, question: str) -> bool:
        if question == "get-state" and self.asked:
            time.sleep(0.5)
        self.asked.append(question)
        return super()._host(sock, question)


def test_a_look_that_the_deadline_cut_short_does_not_hide_what_was_missing() -> None:
    phone, clock = Phone(answers=["{mark}\n\n\n\n"]), FakeClock()
    with running(AtLastSilent()) as server, pytest.raises(LabError, match="activity: found"):
        bench(phone, server, clock).wait_ready(deadline=Deadline.after(0.3, clock=clock))


def test_services_that_come_late_are_waited_for() -> None:
    phone, clock = Phone(answers=["", "", UP]), FakeClock()
    with running(AdbServer()) as server:
        bench(phone, server, clock).wait_ready(deadline=Deadline.after(30, clock=clock))


def test_storage_that_stays_locked_is_waited_for_but_not_for_ever() -> None:
    phone, clock = Phone(crypto="file"), FakeClock()
    began = clock.now
    with running(AdbServer()) as server:
        bench(phone, server, clock).wait_ready(deadline=Deadline.after(60, clock=clock))
    assert 5 <= clock.now - began < 10


def test_a_device_that_is_gone_is_named_with_its_state() -> None:
    clock = FakeClock()
    with running(AdbServer(state="gone")) as server, pytest.raises(LabError, match="absent"):
        bench(Phone(), server, clock).wait_ready(deadline=Deadline.after(1, clock=clock))


def test_a_device_whose_connection_does_not_notice_its_reset_is_connected_anew() -> None:
    phone, clock = Phone(), FakeClock()
    hangs = iter([True, True])

    def answer(command: str) -> ShellResult:
        if not command.startswith("setprop") and next(hangs, False):
            clock.advance(10)
            raise DeadlineExceeded(command, allowed_s=10)
        return phone.answer(command)

    with running(AdbServer()) as server:
        power = bench(phone, server, clock, serial="10.0.0.1:5555")
        power._shell = FakeShell(replies=[("", answer)])
        power.reboot(deadline=Deadline.after(300, clock=clock))
    assert server.asked == ["host:disconnect:10.0.0.1:5555", "host:connect:10.0.0.1:5555"]


def test_a_reboot_that_is_never_answered_is_looked_for_all_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(power_module, "_ASKING_S", 0.2)
    phone, ended = Phone(), threading.Event()

    def never_answers(sock: socket.socket, rest: str) -> None:
        phone.reboot(sock, rest)
        assert ended.wait(20)

    with running(AdbServer()) as server:
        power = bench(phone, server, FakeClock())
        server.services["reboot:"] = never_answers
        power.reboot(deadline=Deadline.after(20))
        ended.set()
    assert phone.reboots == 1


def test_an_address_that_refuses_for_long_is_given_up_before_the_deadline() -> None:
    clock = FakeClock()
    began = clock.now
    refusing = AdbServer(state="gone", connecting="failed to connect to '…': Connection refused")
    with running(refusing) as server:
        power = bench(Phone(), server, clock, serial="127.0.0.1:9")
        with pytest.raises(DeviceLost, match="nothing listens at"):
            power.wait_ready(deadline=Deadline.after(480, clock=clock))
    assert 40 < clock.now - began < 60


def test_an_address_at_which_nothing_answers_is_waited_for_as_long_as_a_slow_phone_may_take() -> (
    None
):
    clock = FakeClock()
    began = clock.now
    silent = AdbServer(state="gone", connecting="failed to connect to '…': No route to host")
    with running(silent) as server:
        power = bench(Phone(), server, clock, serial="10.0.0.1:5555")
        with pytest.raises(LabError, match="absent"):
            power.wait_ready(deadline=Deadline.after(100, clock=clock))
    assert clock.now - began >= 100

from __future__ import annotations

from collections.abc import Iterator

import pytest

from holdfast.deadline import Deadline
from holdfast.errors import DeviceLost, DeviceUnauthorized, LabError
from holdfast.lab.adb_host import AdbHost, AdbServerSilent
from holdfast.lab.attached import AttachedProvider, is_over_tcp
from holdfast.lab.inventory import AttachedSpec
from selftests.holdfast.lab.fake_adb_server import FakeAdbServer, fake_adb_server

USB, TCP = "0123456789ABCDEF", "192.168.1.20:5555"


class FakeClock:
    """Time passes when somebody sleeps."""

    def __init__(self) -> None:
        self.now = 1000.0

    def monotonic(self) -> float:
        return self.now

    def time(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture
def adb() -> Iterator[FakeAdbServer]:
    with fake_adb_server() as server:
        yield server


def provider(adb: FakeAdbServer, serial: str) -> AttachedProvider:
    return AttachedProvider(
        AttachedSpec(
            name="phone", kind="attached", serial=serial, adb_port=adb.port, authorise_within_s=5
        )
    )


def start(made: AttachedProvider, *, said: list[str] | None = None) -> str:
    heard: list[str] = [] if said is None else said
    return made.start(Deadline.after(20.0, clock=FakeClock()), say=heard.append).serial


def test_a_device_on_usb_that_adb_lists_is_ready(adb: FakeAdbServer) -> None:
    adb.states[USB] = "device"
    made = provider(adb, USB)
    assert start(made) == USB
    made.stop(Deadline.after(5))
    assert not any("connect" in request for request in adb.requests)


def test_a_device_over_tcp_is_connected_and_disconnected_again(adb: FakeAdbServer) -> None:
    adb.on_connect = ["device"]
    made = provider(adb, TCP)
    assert start(made) == TCP
    made.stop(Deadline.after(5))
    assert TCP not in adb.states


def test_a_connection_that_was_there_before_is_left_to_its_owner(adb: FakeAdbServer) -> None:
    adb.states[TCP] = "device"
    made = provider(adb, TCP)
    start(made)
    made.stop(Deadline.after(5))
    assert adb.states == {TCP: "device"}


def test_a_device_that_nobody_authorises_is_refused_and_the_error_says_what_to_do(
    adb: FakeAdbServer,
) -> None:
    adb.states[USB] = "unauthorized"
    said: list[str] = []
    with pytest.raises(
        DeviceUnauthorized, match=r"phone: .* tick 'Always allow from this computer"
    ):
        start(provider(adb, USB), said=said)
    assert said == [f"waiting for somebody to accept this computer's adb key on {USB}"]


def test_a_device_that_somebody_authorises_meanwhile_is_ready(adb: FakeAdbServer) -> None:
    adb.on_connect = ["unauthorized"]

    def nothing() -> None:
        return

    def accept() -> None:
        adb.states[TCP] = "device"

    adb.looks = [nothing, nothing, nothing, nothing, accept]
    said: list[str] = []
    assert start(provider(adb, TCP), said=said) == TCP
    assert len(said) == 1


def test_an_offline_device_over_tcp_is_disconnected_and_connected_anew(adb: FakeAdbServer) -> None:
    adb.on_connect = ["offline", "device"]
    assert start(provider(adb, TCP)) == TCP
    assert f"host:disconnect:{TCP}" in adb.requests


@pytest.mark.parametrize("serial", [USB, TCP])
def test_a_device_that_does_not_appear_is_lost_and_the_error_lists_what_is_there(
    adb: FakeAdbServer, serial: str
) -> None:
    adb.states["other"] = "device"
    with pytest.raises(DeviceLost, match=r"phone: .* it lists other \(device\)") as caught:
        start(provider(adb, serial))
    assert ("Connection refused" in str(caught.value)) is (serial == TCP)


def test_a_device_in_recovery_is_named_as_such(adb: FakeAdbServer) -> None:
    adb.states[USB] = "recovery"
    with pytest.raises(DeviceLost, match="in mode 'recovery'"):
        start(provider(adb, USB))


def test_a_device_without_permission_names_the_udev_rules(adb: FakeAdbServer) -> None:
    adb.states[USB] = "no permissions (user in plugdev group; are your udev rules wrong?)"
    with pytest.raises(LabError, match="udev rules"):
        start(provider(adb, USB))


def test_a_remote_adb_server_that_does_not_answer_is_not_started_here() -> None:
    with fake_adb_server() as gone:
        port = gone.port
    spec = AttachedSpec(
        name="phone", kind="attached", serial=USB, adb_host="127.0.0.2", adb_port=port
    )
    with pytest.raises(AdbServerSilent, match=rf"phone: no adb server answers at 127.0.0.2:{port}"):
        start(AttachedProvider(spec))


def test_the_same_device_behind_two_names_of_this_computer_is_one_resource() -> None:
    specs = [
        AttachedSpec(name=name, kind="attached", serial=USB, adb_host=host)
        for name, host in (("a", "127.0.0.1"), ("b", "localhost"))
    ]
    first, second = (AttachedProvider(spec).resource for spec in specs)
    assert first == second


@pytest.mark.parametrize(
    ("serial", "over_tcp"),
    [
        ("192.168.1.20:5555", True),
        ("[fe80::1]:5555", True),
        ("lab-7.example.org:5555", True),
        ("0123456789ABCDEF", False),
        ("emulator-5554", False),
        ("adb-0123-x._adb-tls-connect._tcp", False),
    ],
)
def test_only_host_and_port_need_connecting(serial: str, over_tcp: bool) -> None:
    assert is_over_tcp(serial) is over_tcp


def test_a_refused_question_carries_adbs_own_words(adb: FakeAdbServer) -> None:
    host = AdbHost(host="127.0.0.1", port=adb.port, device="phone")
    host.disconnect("nobody", Deadline.after(5))
    assert adb.requests == ["host:disconnect:nobody"]

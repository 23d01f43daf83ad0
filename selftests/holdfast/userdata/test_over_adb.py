"""Seeding, snapshots and diffs of a virtual device, by the real adb."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from holdfast.deadline import Clock, Deadline
from holdfast.device.shell import Shell, ShellResult
from holdfast.errors import LabError
from holdfast.journal import Declaration, DestructionKind
from holdfast.userdata.collect import collect
from holdfast.userdata.detectors import detect
from holdfast.userdata.diff import diff
from holdfast.userdata.plant import plant
from holdfast.userdata.seed import ODD_NAMES
from holdfast.userdata.values import Area, Reach, path_of_bytes
from selftests.holdfast.userdata.rehearsal import CAMERA, PACKAGE, Rehearsal, probe_apk, rehearsal


def soon() -> Deadline:
    return Deadline.after(60.0)


@pytest.fixture(scope="module", params=["aosp-22", "nut-pro-2-4.2.5.1", "aosp-28", "aosp-36"])
def phone(request: pytest.FixtureRequest) -> Iterator[Rehearsal]:
    with rehearsal(request.param) as running:
        yield running


def test_data_survives_a_good_update_and_a_reboot(phone: Rehearsal) -> None:
    planted = plant(phone.device, PACKAGE, deadline=soon())
    none_there = ("device-protected data: this Android has none",)
    assert planted.not_covered == (none_there if phone.device.api < 24 else ())
    before = collect(phone.device, PACKAGE, deadline=soon())
    assert before.access is Reach.RUN_AS
    if phone.device.api >= 23:
        assert CAMERA in before.identity.permissions
        assert before.facts.app_ops
    assert before.facts.counts["pictures"] == 3
    paths = {e.path for e in before.entries(Area.CREDENTIAL)}
    assert {"files/odd/" + path_of_bytes(name) for name in ODD_NAMES} <= paths
    chat = next(d for d in before.databases if d.name == "EnMicroMsg.db")
    assert sum(t.row_count for t in chat.tables if t.name == "message") == 1204
    answer = phone.device.packages.install(probe_apk(2), flags=["-r"], deadline=soon())
    assert answer.success
    updated = collect(phone.device, PACKAGE, deadline=soon())
    assert diff(before, updated).changes == ()
    assert detect(before, updated) == ()
    phone.device.reboot(deadline=soon())
    rebooted = collect(phone.device, PACKAGE, deadline=soon())
    assert diff(before, rebooted).changes == ()
    assert detect(before, rebooted) == ()


def test_uninstalling_and_installing_loses_everything_in_so_many_words(phone: Rehearsal) -> None:
    plant(phone.device, PACKAGE, deadline=soon())
    before = collect(phone.device, PACKAGE, deadline=soon())
    allowed = Declaration(
        device=phone.device.name,
        kind=DestructionKind.UNINSTALL,
        target=PACKAGE,
        reason="the test asks for it",
    )
    with phone.ledger.declared(allowed):
        phone.device.packages.uninstall(PACKAGE, deadline=soon())
    gone = diff(before, collect(phone.device, PACKAGE, deadline=soon()))
    assert gone.lines()[:2] == (
        f"{PACKAGE} is no longer installed (nothing of it is left)",
        "1 204 of 1 204 messages in EnMicroMsg.db are gone",
    )
    phone.device.packages.install(probe_apk(3, "second"), flags=["-r"], deadline=soon())
    after = collect(phone.device, PACKAGE, deadline=soon())
    assert diff(before, after).lines()[0].startswith(f"{PACKAGE} was uninstalled and installed")
    assert 1 in {detection.number for detection in detect(before, after)}


class Interrupted:
    """A device whose stream is disturbed after so many bytes."""

    def __init__(self, phone: Rehearsal, *, after_bytes: int, act: Callable[[], None]) -> None:
        self.name, self.api = phone.device.name, phone.device.api
        self.clock: Clock = phone.device.clock
        self.shell: Shell = self
        self._inner = phone.device.shell
        self._left_bytes = after_bytes
        self._act = act

    def run(self, command: str, *, deadline: Deadline, stdin: bytes | None = None) -> ShellResult:
        return self._inner.run(command, deadline=deadline, stdin=stdin)

    def stream(self, command: str, *, deadline: Deadline) -> Iterator[bytes]:
        for chunk in self._inner.stream(command, deadline=deadline):
            yield chunk
            self._left_bytes -= len(chunk)
            if self._left_bytes <= 0 < self._left_bytes + len(chunk):
                self._act()


@pytest.mark.parametrize(
    ("personality", "disturb"),
    [
        ("aosp-22", Rehearsal.kill_adb_server),
        ("aosp-25", Rehearsal.kill_device),
        ("aosp-30", Rehearsal.start_reboot),
    ],
)
def test_an_interrupted_snapshot_is_an_error(
    personality: str, disturb: Callable[[Rehearsal], None]
) -> None:
    """One of each script: for toolbox, for stat, for find's -printf."""
    with rehearsal(personality) as phone:
        fill = "dd if=/dev/zero of=filler.db bs=1000000 count=60"
        phone.device.shell.run(f"run-as {PACKAGE} {fill}", deadline=soon())
        torn = Interrupted(phone, after_bytes=1_000_000, act=lambda: disturb(phone))
        with pytest.raises(LabError):
            collect(torn, PACKAGE, deadline=soon())

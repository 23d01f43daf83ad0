"""Every fault at every place: what the device does then, and which build and app it ends with.

Each cell is run on a quick device (quick_device.py), struck at that place. In every cell the user's
files are as before, and a device that is then started anew without the fault boots the build, and
has the version of the app, that the cell names. Real devices in test_faults_in_updates.py.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from holdfast.firmware.ota_package import read_ota_package
from holdfast.firmware.update_engine import update_arguments
from selftests.virtualdevice.fault_table import BOOTS, IDLE, NO_SENSE, PLACES, ROWS, UPDATES
from selftests.virtualdevice.ota.phones import package_file
from selftests.virtualdevice.ota.test_update_engine import BASE, REMOTE, newer
from selftests.virtualdevice.quick_device import QuickDevice, power_on
from selftests.virtualdevice.system.apks import NAME, apk
from selftests.virtualdevice.system.fake_machine import FakeFiles
from virtualdevice import process
from virtualdevice.faults import FaultError, FaultKind, Phase, parse_fault
from virtualdevice.ota.package import PackagePlan
from virtualdevice.seams import BootMode
from virtualdevice.system.packages.code import code_directories
from virtualdevice.system.phone import Phone

GO_ON = tuple(kind for kind, row in ROWS.items() if row[IDLE] == "on")
"""They do not get into each other's way: on the way somewhere a phone may have all of them."""
CELLS = [
    *(
        pytest.param((kind,), place, id=f"{kind}-{place}")
        for kind, row in ROWS.items()
        for place, word in row.items()
        if word != "-" and (place == IDLE or kind not in GO_ON)
    ),
    *(pytest.param(GO_ON, place, id=f"those that go on-{place}") for place in PLACES[1:]),
]
OLD_APK, NEW_APK = "/data/local/tmp/old.apk", "/data/local/tmp/new.apk"
NOTE = "/data/media/0/note"
LETTER = f"/data/data/{NAME}/letter"
HALF = {FaultKind.BOOT_NEVER_COMPLETES, FaultKind.SECOND_BOOT_NEVER_COMPLETES}


class PowerCut(BaseException):
    """As little can be caught as of a power cut."""


@dataclass(frozen=True, kw_only=True)
class Update:
    package: Path
    words: tuple[str, ...]
    old_app: bytes
    new_app: bytes


@pytest.fixture(scope="module")
def update(tmp_path_factory: pytest.TempPathFactory) -> Update:
    folder = tmp_path_factory.mktemp("update")
    package = package_file(folder / "ota.zip", PackagePlan(target=newer(folder)))
    payload = read_ota_package(package).payload
    assert payload is not None
    words = update_arguments(payload, uri=f"file://{REMOTE}")
    return Update(
        package=package,
        words=("update_engine_client", *words),
        old_app=apk(),
        new_app=apk(version_code=2),
    )


def text_of(kind: FaultKind, place: str = "") -> str:
    """As on the command line."""
    if kind is FaultKind.SLOW_DISK:
        return f"{kind}=1,{place}".rstrip(",")
    return f"{kind}={place}" if place else str(kind)


@dataclass(kw_only=True)
class Journey:
    """A phone with an app, its user's files, and an update of each at hand."""

    phone: QuickDevice
    state: Path
    disk: FakeFiles
    update: Update
    dead: asyncio.Event
    link: asyncio.Future[bytes]
    """Ends when adb loses it."""
    work: asyncio.Future[object] | None = None

    async def strike(self, kinds: Sequence[FaultKind], place: str, *, way: str = "") -> None:
        """Go to that place, where it is struck; returns when nothing moves any more. `way`: the
        phase that the place is in."""
        boots, kind = len(self.serials), kinds[0]
        if place == IDLE:
            self._begin(self.phone.device.strike(text_of(kind)))
        else:
            for one in kinds:
                await self.phone.device.strike(text_of(one, place))
            self._begin(self._go_to(way or place, whole=kind not in HALF))
        if kind is FaultKind.HANG:
            for _ in range(500):
                if not await self.phone.hears():
                    break
        elif kind is FaultKind.DIE:
            await self.dead.wait()
        elif kind is FaultKind.REBOOT and place not in BOOTS:
            assert await self.until(lambda: len(self.serials) > boots and self.phone.booted)
        elif kind is FaultKind.BOOT_LOOP and place in BOOTS:
            assert await self.until(lambda: len(self.serials) > boots + 2)
        elif self.work is not None:
            await self.work

    @property
    def serials(self) -> Sequence[str]:
        """That of each boot."""
        return self.phone.machine.serials

    def _begin(self, work: Coroutine[None, None, object]) -> None:
        self.work = asyncio.ensure_future(work)

    async def _go_to(self, place: str, *, whole: bool) -> None:
        call = self.phone.machine.call
        if place == Phase.INSTALL:
            await call("pm", "install", "-r", NEW_APK)
            return
        await call(*self.update.words)
        if place in BOOTS:
            self.restart()
            assert await self.until(
                lambda: self.phone.slot == "_b" and (self.phone.booted or not whole)
            )

    def restart(self) -> None:
        self.phone.machine.request_reboot(BootMode.SYSTEM)

    async def until(self, seen: Callable[[], bool], *, give_up_s: float = 8.0) -> bool:
        """Whether it was seen."""
        for _ in range(int(give_up_s * 500)):
            if seen():
                return True
            await asyncio.sleep(0.002)
        return False

    async def start_anew(self) -> None:
        """Another process with the same disk, and without the fault."""
        await self.end()
        self.phone = await power_on(BASE, self.state, self.disk)
        assert await self.until(lambda: self.phone.booted)

    async def end(self) -> None:
        for task in (self.work, self.link):
            if task is not None:
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)
        await self.phone.device.stop()

    @property
    def android(self) -> Phone:
        assert self.phone.server.phone is not None
        return self.phone.server.phone

    @property
    def app_version(self) -> int:
        record = self.android.parts.registry.get(NAME)
        assert record is not None
        return record.version_code

    @property
    def files_are_as_before(self) -> bool:
        return all(self.disk.host(path).read_bytes() == b"mine" for path in (NOTE, LETTER))


@asynccontextmanager
async def journey(
    state: Path, update: Update, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Journey]:
    dead = asyncio.Event()

    def cut(_pid: int, _number: int) -> None:
        dead.set()
        raise PowerCut

    monkeypatch.setattr(process, "CRASH_PAUSE_S", 0.0)
    monkeypatch.setattr(os, "kill", cut)
    (state / "disk").mkdir()
    disk = FakeFiles(state / "disk")
    for path, content in (
        (REMOTE, update.package.read_bytes()),
        (NOTE, b"mine"),
        (OLD_APK, update.old_app),
        (NEW_APK, update.new_app),
    ):
        disk.host(path).parent.mkdir(parents=True, exist_ok=True)
        disk.host(path).write_bytes(content)
    phone = await power_on(BASE, state, disk)
    await phone.machine.call("pm", "install", OLD_APK)
    disk.host(LETTER).write_bytes(b"mine")
    link = asyncio.ensure_future(phone.link())
    await asyncio.sleep(0.01)
    made = Journey(phone=phone, state=state, disk=disk, update=update, dead=dead, link=link)
    try:
        yield made
    finally:
        await made.end()


async def _link(one: Journey) -> bool:
    return await one.until(one.link.done) and await one.phone.hears()


async def _silent(one: Journey) -> bool:
    return not await one.phone.hears()


async def _gone(one: Journey) -> bool:
    return one.dead.is_set()


async def _restarts(one: Journey) -> bool:
    return len(one.serials) > 1 and await one.phone.hears()


async def _refuses(one: Journey) -> bool:
    return await one.phone.hears() and not await one.phone.hears("track-jdwp")


async def _no_shell(one: Journey) -> bool:
    return await one.phone.hears("track-jdwp") and not await one.phone.hears("shell:true")


async def _dark(one: Journey) -> bool:
    one.restart()
    return await one.until(lambda: not one.phone.booted) and not await one.phone.hears()


async def _loops(one: Journey) -> bool:
    one.restart()
    boots = len(one.serials)
    return await one.until(lambda: len(one.serials) > boots + 2)


async def _another(one: Journey) -> bool:
    one.restart()
    return await one.until(lambda: one.serials[-1] == one.serials[0][::-1])


async def _stuck(one: Journey) -> bool:
    return await _hangs(one, "pm", "list", "packages") and await one.phone.hears()


async def _hangs(one: Journey, *words: str) -> bool:
    asked = asyncio.ensure_future(one.phone.machine.call(*words))
    done, _ = await asyncio.wait({asked}, timeout=0.05)
    asked.cancel()
    await asyncio.gather(asked, return_exceptions=True)
    return not done


async def _half(one: Journey) -> bool:
    if one.phone.booted:
        one.restart()
        await one.until(lambda: not one.phone.booted)
    return not await one.until(lambda: one.phone.booted, give_up_s=0.4) and await one.phone.hears()


async def _on(one: Journey) -> bool:
    return await one.phone.hears("track-jdwp") and one.phone.booted


SEEN = {
    "link": _link,
    "silent": _silent,
    "gone": _gone,
    "restarts": _restarts,
    "refuses": _refuses,
    "no shell": _no_shell,
    "dark": _dark,
    "loops": _loops,
    "another": _another,
    "stuck": _stuck,
    "half": _half,
    "on": _on,
}


async def _said(one: Journey, *words: str) -> str:
    return (await one.phone.machine.call(*words)).text


async def _installs_nothing_for_want_of_room(one: Journey) -> bool:
    return "not enough space" in await _said(one, "pm", "install", "-r", OLD_APK)


async def _verifies_nothing(one: Journey) -> bool:
    return "VERIFICATION_TIMEOUT" in await _said(one, "pm", "install", "-r", OLD_APK)


SIGNS: Mapping[FaultKind, Callable[[Journey], Awaitable[bool]]] = {
    FaultKind.FULL_DISK: _installs_nothing_for_want_of_room,
    FaultKind.VERIFICATION_TIMES_OUT: _verifies_nothing,
    FaultKind.INSTALLING_HANGS: lambda one: _hangs(one, "pm", "install", "-r", OLD_APK),
}
"""What each of them alone makes of an installation."""


async def _shows(one: Journey, kind: FaultKind) -> bool:
    """What it has, once the fault is there and it goes on."""
    battery = await _said(one, "dumpsys", "battery")
    match kind:
        case FaultKind.FULL_DISK:
            return (await one.phone.machine.space()).free_bytes == 0
        case FaultKind.SLOW_DISK:
            return one.phone.machine.ms_per_mib == 1
        case FaultKind.CLOCK_JUMPS:
            return one.android.parts.clock() > time.time() + 399 * 86400
        case FaultKind.LOW_BATTERY:
            return "level: 5\n" in battery
        case FaultKind.OVERHEATED:
            return "temperature: 680\n" in battery
    return kind in {defect.name for defect in one.android.defects}


@pytest.mark.parametrize(("kinds", "place"), CELLS)
def test_the_device_does_and_ends_as_the_table_says(
    kinds: Sequence[FaultKind],
    place: str,
    update: Update,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asyncio.run(_go_through(kinds, place, journey(tmp_path, update, monkeypatch)))


async def _go_through(
    kinds: Sequence[FaultKind], place: str, on_the_way: AbstractAsyncContextManager[Journey]
) -> None:
    (seen,) = {ROWS[kind][IDLE] for kind in kinds}
    (ends,) = {ROWS[kind][place] for kind in kinds}
    async with on_the_way as one:
        await one.strike(kinds, place)
        assert one.files_are_as_before
        assert await SEEN[seen](one)
        if seen == "on":
            assert [kind for kind in kinds if not await _shows(one, kind)] == []
        if place == IDLE:
            assert all([await SIGNS[kind](one) for kind in kinds if kind in SIGNS])
        await one.start_anew()
        updated = place in UPDATES and ends == "new"
        assert one.phone.slot == ("_b" if updated else "_a")
        assert one.app_version == (2 if place == Phase.INSTALL and ends == "new" else 1)
        assert one.files_are_as_before


def test_what_came_during_an_update_is_still_there_under_the_new_build(
    update: Update, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def go() -> None:
        async with journey(tmp_path, update, monkeypatch) as one:
            await one.strike(GO_ON, Phase.DOWNLOAD, way=Phase.FIRST_BOOT)
            assert one.phone.slot == "_b"
            assert [kind for kind in GO_ON if not await _shows(one, kind)] == []

    asyncio.run(go())


@pytest.mark.parametrize(("percent", "version"), [(0, 1), (50, 1), (100, 2)])
def test_power_lost_within_an_installation_leaves_one_version_whole(
    percent: int, version: int, update: Update, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def go() -> None:
        async with journey(tmp_path, update, monkeypatch) as one:
            await one.strike([FaultKind.DIE], f"install:{percent}%", way=Phase.INSTALL)
            await one.start_anew()
            assert one.app_version == version
            assert one.files_are_as_before
            code = [path async for path in code_directories(one.disk) if NAME in path]
            record = one.android.parts.registry.get(NAME)
            assert record is not None
            assert code == [record.code_path]

    asyncio.run(go())


def test_the_table_has_every_fault_and_says_which_cells_make_no_sense() -> None:
    assert set(ROWS) == set(FaultKind)
    for kind, row in ROWS.items():
        assert (row[IDLE] == "-") == (kind in NO_SENSE)
        for place in PLACES[1:]:
            text = text_of(kind, place)
            if kind in NO_SENSE:
                with pytest.raises(FaultError):
                    parse_fault(text)
            else:
                assert parse_fault(text).phase == place

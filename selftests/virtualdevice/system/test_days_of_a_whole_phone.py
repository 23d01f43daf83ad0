"""The random days of test_days_of_life on a whole phone: the real adb, a shell, real OTA packages
into the other slot, reboots; and nothing of it is left on the host when the phone is gone.

`HOLDFAST_WHOLE_LIFE_STEPS` makes it longer (`make life`); the default is quick.
"""

from __future__ import annotations

import os
import re
import shutil
from contextlib import ExitStack
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import assume
from hypothesis import strategies as st
from hypothesis.stateful import initialize

from holdfast.firmware.ota_package import read_ota_package
from holdfast.firmware.update_engine import update_arguments
from selftests.virtualdevice.ota.phones import OtaPhone, ota_phone, package_file
from selftests.virtualdevice.system.fake_machine import Answer
from selftests.virtualdevice.system.real_phone import Phone, one_adb
from selftests.virtualdevice.system.test_days_of_life import Life, firmware, live_long
from virtualdevice.ota.package import PackagePlan

STEPS = int(os.environ.get("HOLDFAST_WHOLE_LIFE_STEPS", "20"))
BASE = "aosp-34-userdebug"
REMOTE = "/data/ota_package/update.zip"
SYSTEM_UID = 1000
NOT_SENT = re.compile(r"^(adb|error): device .*(offline|not found)", re.MULTILINE)
"""adb's words for a command that no device has seen."""


class WholeRig:
    """What Life asks of a rig, done by adb and by the machine's own hands."""

    def __init__(self, phone: OtaPhone | Phone) -> None:
        self._phone = phone
        self.server = SimpleNamespace()

    @property
    def phone(self) -> Any:
        """The system server's phone of this boot."""
        found: Any = self._phone.device.system
        return found.phone

    async def run(self, *words: str) -> Answer:
        result = self._phone.adb("shell", *words)
        if NOT_SENT.search(result.errors):  # the link was still coming back
            self._phone.client("connect", self._phone.device.serial)
            self._phone.adb("wait-for-device")
            result = self._phone.adb("shell", *words)
        return Answer(status=result.status, out=result.text, error=result.errors)

    async def put(self, path: str, data: bytes) -> str:
        files = self._phone.device.device.machine.files
        uid = gid = SYSTEM_UID
        parent = path.rpartition("/")[0]
        if parent != "/data/local/tmp":
            self._phone.device.do(files.make_directory(parent, mode=0o771, uid=uid, gid=gid))
        self._phone.device.do(files.write(path, data, mode=0o644, uid=uid, gid=gid))
        return path

    async def reboot(self) -> None:
        before = self._boot_id()
        self._phone.reboot()
        # A slow phone may still answer from the boot that is ending.
        while self._boot_id() in ("", before) or not self._is_up():
            self._phone.client("connect", self._phone.device.serial)

    def _boot_id(self) -> str:
        return self._phone.shell("cat /proc/sys/kernel/random/boot_id").strip()

    def _is_up(self) -> bool:
        return self._phone.shell("getprop sys.boot_completed").strip() == "1"


class OtaRig(WholeRig):
    """A rig whose firmware changes."""

    def __init__(self, phone: OtaPhone, folder: Path) -> None:
        super().__init__(phone)
        self._phone: OtaPhone = phone
        self._folder = folder
        self._packages: dict[tuple[str, str], Path] = {}

    async def ota(self, build: str, crash: str) -> None:
        """By update_engine, as root; the shell is the shell's again when the phone is up."""
        package = self._packages.get((build, crash))
        if package is None:
            target = firmware(self._folder / "fw", BASE, build, crash)
            file = self._folder / f"{build}{crash}.zip"
            package = package_file(file, PackagePlan(target=target))
            self._packages[build, crash] = package
        payload = read_ota_package(package).payload
        assert payload is not None
        words = " ".join(f"'{w}'" for w in update_arguments(payload, uri=f"file://{REMOTE}"))
        self._phone.adb("root")
        self._phone.wait_for("device")
        self._phone.adb("push", str(package), REMOTE)
        said = self._phone.shell(f"update_engine_client {words} 2>&1; echo rc=$?")
        assert said.endswith("rc=0"), said
        self._phone.shell(f"rm {REMOTE}")
        await self.reboot()

    async def close(self) -> None:
        """The stack ends the phone."""


class WholeLife(Life):
    @initialize(lives=st.booleans(), base=st.just(BASE))
    def begin(self, lives: bool, base: str) -> None:
        self.stack = ExitStack()
        assume(lives)
        for name in ("home", "state"):
            (self.root / name).mkdir()
        client = self.stack.enter_context(one_adb(self.root / "home"))
        plain = firmware(self.root / "fw", base, "plain", "")
        state = self.root / "state"
        phone = self.stack.enter_context(ota_phone(client, plain, state))
        self.rig: Any = OtaRig(phone, self.root)
        self.live()

    def teardown(self) -> None:
        self.stack.close()
        self.runner.close()
        shutil.rmtree(self.root, ignore_errors=False)

    def disk(self, path: str) -> Path:
        return self.root / "state" / "disk" / "layers" / "0" / "user" / path.strip("/")


def left_on_the_host() -> dict[str, object]:
    """What a phone must not leave behind: children of ours, mounts, listening ports of ours."""
    me = str(os.getpid())
    children = Path(f"/proc/{me}/task/{me}/children").read_text(encoding="ascii").split()
    mounts = Path("/proc/self/mounts").read_text(encoding="utf-8", errors="replace")
    sockets = set()
    for descriptor in Path("/proc/self/fd").iterdir():
        try:
            found = re.fullmatch(r"socket:\[(\d+)\]", str(descriptor.readlink()))
        except OSError:
            continue
        sockets |= {found[1]} if found else set()
    table = Path("/proc/net/tcp").read_text(encoding="ascii").splitlines()[1:]
    rows = [line.split() for line in table]
    listening = {row[1] for row in rows if row[3] == "0A" and row[9] in sockets}
    return {"children": set(children), "mounts": mounts, "listening": listening}


@pytest.mark.skipif(os.getuid() != 0, reason="looks into the device's disk from outside, as root")
def test_the_promises_hold_over_random_days_of_a_whole_phone() -> None:
    before = left_on_the_host()
    live_long(WholeLife, STEPS, lives=1)
    assert left_on_the_host() == before

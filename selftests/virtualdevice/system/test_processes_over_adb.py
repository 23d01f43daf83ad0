"""Which apps' processes adb shows to a debugger: jdwp, track-jdwp, track-app."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import pytest

from selftests.virtualdevice.system.apks import apk
from selftests.virtualdevice.system.real_phone import Phone, connected_phone, one_adb

DEBUGGABLE, OTHER = "org.example.debuggable", "org.example.other"


@contextmanager
def tracking(phone: Phone, service: str) -> Iterator[IO[bytes]]:
    command = [phone.client.program, "-s", phone.device.serial, "raw", service]
    process = subprocess.Popen(
        command,
        env=phone.client.environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        bufsize=0,
    )
    assert process.stdout is not None
    with process:
        yield process.stdout
        process.kill()


def told(stream: IO[bytes]) -> bytes:
    """The next list."""
    size = int(_exactly(stream, 4), 16)
    return _exactly(stream, size)


def _exactly(stream: IO[bytes], size: int) -> bytes:
    data = b""
    while len(data) < size:
        more = stream.read(size - len(data))
        assert more
        data += more
    return data


@pytest.mark.parametrize(
    ("personality", "shown"),
    [("aosp-34", {DEBUGGABLE}), ("aosp-34-userdebug", {DEBUGGABLE, OTHER})],
    ids=["user build", "userdebug build"],
)
def test_running_debuggable_apps_are_tracked(
    tmp_path: Path, personality: str, shown: set[str]
) -> None:
    with one_adb(tmp_path) as client, connected_phone(client, personality, tmp_path) as phone:
        for name in (DEBUGGABLE, OTHER):
            file = tmp_path / f"{name}.apk"
            file.write_bytes(apk(package_name=name, debuggable=name == DEBUGGABLE))
            assert "Success" in phone.install(file)
        with tracking(phone, "track-jdwp") as pids, tracking(phone, "track-app") as apps:
            assert (told(pids), told(apps)) == (b"", b"")
            for name in (OTHER, DEBUGGABLE):
                phone.shell(f"monkey -p {name} -c android.intent.category.LAUNCHER 1")
            expected = {phone.shell(f"pidof {name}").strip() for name in shown}
            while set(found := told(pids).decode().split()) != expected:
                assert set(found) < expected
            while (listed := told(apps)).count(b"arm64") != len(shown):
                assert len(listed) < 64
            phone.shell(f"am force-stop {DEBUGGABLE}")
            while (found := told(pids).decode().split()) and len(found) >= len(expected):
                assert set(found) <= expected

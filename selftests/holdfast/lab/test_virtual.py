"""The provider of rehearsal devices: with stand-ins for the program, and the real adb server."""

from __future__ import annotations

import json
import os
import socket
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from holdfast.deadline import Deadline, SystemClock, wait_until
from holdfast.device.adb import AdbLink
from holdfast.device.adb_files import AdbFiles
from holdfast.device.adb_shell import AdbShell
from holdfast.device.power import Power
from holdfast.errors import ConfigurationError, DeadlineExceeded, HostToolMissing, LabError
from holdfast.lab.inventory import VirtualSpec
from holdfast.lab.virtual import PrivateAdbServer, VirtualProvider


def stand_in(script: str) -> Sequence[str]:
    """A program that gets the provider's arguments and does this."""
    return (sys.executable, "-c", script)


def provider(script: str, tmp_path: Path, *, personality: str = "phone") -> VirtualProvider:
    spec = VirtualSpec(
        name="rehearsal",
        kind="virtual",
        personality=personality,
        defects=("loses_data",),
        settings={"locale": "zh-CN"},
    )
    return VirtualProvider(spec, folder=tmp_path, program=stand_in(script))


def start(made: VirtualProvider, allowed_s: float = 20.0) -> None:
    try:
        made.start(Deadline.after(allowed_s), say=print)
    finally:
        made.stop(Deadline.after(10.0))


def children() -> set[str]:
    """Process groups whose guardian is a child of this process."""
    pid = os.getpid()
    return set(Path(f"/proc/{pid}/task/{pid}/children").read_text().split())


@pytest.mark.parametrize(
    ("script", "error", "words"),
    [
        (
            "import sys; print('virtualdevice: no mksh: install it', file=sys.stderr); sys.exit(3)",
            HostToolMissing,
            "rehearsal: no mksh: install it",
        ),
        (
            "import sys; print('virtualdevice: no such phone', file=sys.stderr); sys.exit(4)",
            ConfigurationError,
            "device rehearsal: no such phone",
        ),
        ("raise SystemExit(7)", LabError, "ended with exit status 7 and said nothing"),
        ("print('hello', flush=True); input()", LabError, "said 'hello', which nobody understands"),
        (
            "print('{}', flush=True); input()",
            LabError,
            "said {} instead of",
        ),
    ],
)
def test_a_program_that_cannot_start_is_blamed_rightly_and_nothing_is_left(
    tmp_path: Path, script: str, error: type[Exception], words: str
) -> None:
    before = children()
    with pytest.raises(error, match=words.replace("{", r"\{")):
        start(provider(script, tmp_path))
    assert children() == before


def test_a_device_that_never_boots_ends_at_the_deadline(tmp_path: Path) -> None:
    before = children()
    with pytest.raises(DeadlineExceeded, match="a word of the virtual device"):
        start(provider("input()", tmp_path), allowed_s=1.0)
    assert children() == before


def test_the_program_is_told_what_the_file_says(tmp_path: Path) -> None:
    told = tmp_path / "told.json"
    script = f"import json, sys; json.dump(sys.argv[1:], open({str(told)!r}, 'w'))"
    with pytest.raises(LabError):
        start(provider(script, tmp_path, personality="mine.yaml"))
    assert json.loads(told.read_text()) == [
        "run",
        str(tmp_path / "mine.yaml"),
        "--defect",
        "loses_data",
        "--set",
        "locale=zh-CN",
        "--json",
        "--until-stdin-closes",
    ]


def test_the_private_adb_server_has_its_own_port_and_keys_and_leaves_nothing() -> None:
    before = children()
    server = PrivateAdbServer(device="rehearsal")
    adb = server.start(Deadline.after(20.0))
    try:
        assert adb.port != 5037
        assert adb.listed(Deadline.after(5.0)) == ()
        home = server.home
        wait_until(
            (home / ".android" / "adbkey").exists,
            Deadline.after(10.0),
            what="the private key",
        )
    finally:
        server.stop(Deadline.after(10.0))
    assert not home.exists()
    assert children() == before
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", adb.port)) != 0


def test_what_adb_reads_of_its_users_settings_does_not_reach_the_private_server(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("ADB_SERVER_SOCKET", "tcp:localhost:1")
    monkeypatch.setenv("ANDROID_SERIAL", "somebody-elses-phone")
    monkeypatch.setenv("ADB_VENDOR_KEYS", "/nowhere")
    server = PrivateAdbServer(device="rehearsal")
    adb = server.start(Deadline.after(20.0))
    assert adb.version(Deadline.after(5.0)) > 0
    server.stop(Deadline.after(10.0))


def test_a_device_that_asks_for_the_key_gets_it_and_its_snapshot_brings_user_data_back(
    tmp_path: Path,
) -> None:
    tmp_path.chmod(0o755)
    spec = VirtualSpec(
        name="rehearsal",
        kind="virtual",
        personality="aosp-34",
        settings={"ro.adb.secure": "1"},
        state="disk",
    )
    made = VirtualProvider(spec, folder=tmp_path)
    assert made.resource == f"virtual/{tmp_path / 'disk'}"
    soon = Deadline.after(60.0)
    try:
        try:
            endpoint = made.start(soon, say=print)
        except HostToolMissing as reason:
            pytest.skip(f"no virtual device on this host: {reason}")
        link = AdbLink(device="rehearsal", serial=endpoint.serial, server_port=endpoint.adb_port)
        shell = AdbShell(link, AdbFiles(link), shell_v2=False)
        power = Power(link, shell, clock=SystemClock())
        made.save("clean", soon)
        power.wait_ready(deadline=soon)
        shell.run("echo mine > /sdcard/note", deadline=soon)
        assert endpoint.restore is not None
        endpoint.restore("clean", soon)
        power.wait_ready(deadline=soon)
        assert shell.run("cat /sdcard/note 2>/dev/null; echo .", deadline=soon).text == ".\n"
        with pytest.raises(LabError, match="restore other: there is no snapshot 'other'"):
            endpoint.restore("other", soon)
    finally:
        made.stop(Deadline.after(20.0))

from __future__ import annotations

import io
import zipfile

from holdfast.deadline import Deadline
from holdfast.device.evidence import Piece, collect_evidence, device_time, pieces_for
from holdfast.device.shell import ShellResult
from holdfast.errors import DeviceLost
from holdfast.journal import Attachment, Journal
from selftests.holdfast.device.fakes import FakeClock, FakeFiles, FakeShell, Reply

REFUSED = ShellResult(stdout=b"dmesg: klogctl: Permission denied\n", exit_status=1)


def collect(
    *replies: tuple[str, Reply],
    files: FakeFiles | None = None,
    pieces: tuple[Piece, ...] = (),
    bugreport: bool = False,
    api: int = 34,
) -> tuple[dict[str, str], tuple[str, ...]]:
    journal = Journal()
    missing = collect_evidence(
        FakeShell(replies=list(replies)),
        files or FakeFiles(),
        pieces,
        api=api,
        bugreport=bugreport,
        journal=journal,
        deadline=Deadline.after(60, clock=FakeClock()),
    )
    kept = {e.name: e.data.decode() for e in journal.events if isinstance(e, Attachment)}
    told = kept.pop("missing.txt", "")
    assert told.splitlines() == list(missing)
    return kept, missing


def test_logs_since_the_test_began_are_asked_for_in_the_devices_own_time() -> None:
    shell = FakeShell(replies=[("^date", "11-25 01:02:03\n")])
    since = device_time(shell, deadline=Deadline.after(5, clock=FakeClock()))
    commands = [piece.command for piece in pieces_for(["com.example"], since=since)]
    assert commands[0] == "logcat -d -b all -v threadtime -T '11-25 01:02:03.000'"
    assert "dumpsys package com.example" in commands


def test_what_cannot_be_had_is_named_and_the_rest_is_kept() -> None:
    pieces = (Piece(name="kernel.txt", command="dmesg"), Piece(name="a.txt", command="getprop"))
    kept, missing = collect(("dmesg", REFUSED), ("getprop", "[a]: [b]\n"), pieces=pieces)
    assert list(kept) == ["a.txt"]
    assert len(missing) == 1
    assert "kernel.txt" in missing[0]
    assert "Permission denied" in missing[0]


def test_a_device_that_does_not_answer_is_asked_no_more() -> None:
    asked: list[str] = []

    def silent(command: str) -> ShellResult:
        asked.append(command)
        raise DeviceLost("adb does not reach it", device="phone")

    kept, missing = collect(("", silent), pieces=pieces_for([], since=""), bugreport=True)
    assert kept == {}
    assert len(asked) == 2
    assert missing[-1] == "all else was not asked for: the device does not answer"


def test_the_end_of_a_long_output_is_kept_and_the_cut_is_said() -> None:
    kept, _ = collect(("x", "0123456789"), pieces=(Piece(name="x", command="x", limit_bytes=4),))
    assert kept["x"] == "[the first 6 bytes were left out]\n6789"


def bugreport_zip() -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr("version.txt", "2.0")
        archive.writestr("bugreport-x.txt", "account someone@example.com " * 10)
    return made.getvalue()


def test_a_bugreport_is_kept_as_its_main_text() -> None:
    path = "/data/user_de/0/com.android.shell/files/bugreports/b.zip"
    kept, missing = collect(
        ("bugreportz", f"OK:{path}\n"),
        files=FakeFiles(files={path: bugreport_zip()}),
        bugreport=True,
    )
    assert missing == ()
    assert kept["bugreport.txt"].startswith("account someone@example.com")


def test_a_bugreport_that_fails_is_named() -> None:
    _, missing = collect(("bugreportz", "FAIL:no space\n"), bugreport=True)
    assert "FAIL:no space" in missing[0]
    _, missing = collect(
        ("bugreportz", "OK:/data/b.zip\n"),
        files=FakeFiles(files={"/data/b.zip": b"no zip"}),
        bugreport=True,
    )
    assert "no ZIP" in missing[0]


def test_before_android_7_a_bugreport_is_plain_text() -> None:
    kept, _ = collect(("^bugreport ", "== dumpstate\n"), bugreport=True, api=22)
    assert kept["bugreport.txt"] == "== dumpstate\n"

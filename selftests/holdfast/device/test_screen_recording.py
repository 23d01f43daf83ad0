from __future__ import annotations

import struct
import threading
from collections.abc import Iterator

from holdfast.deadline import Deadline, wait_until
from holdfast.device.screen_recording import SEGMENT_S, ScreenRecording
from holdfast.device.shell import ShellResult
from holdfast.errors import DeviceLost
from holdfast.journal import Attachment, Journal
from selftests.holdfast.device.fakes import FakeClock, FakeFiles


def film(seconds: float) -> bytes:
    """A header is enough to say how long a film is."""
    header = b"\0\0\0\0" + struct.pack(">IIII", 0, 0, 1000, int(seconds * 1000))
    mvhd = struct.pack(">I4s", 8 + len(header), b"mvhd") + header
    return struct.pack(">I4s", 8 + len(mvhd), b"moov") + mvhd


class Phone:
    """A phone whose `screenrecord` stops after its time limit, and at a signal. `lasts` says how
    long each segment is; "lost" is one under which it restarts."""

    def __init__(self, *lasts: float | str) -> None:
        self.clock = FakeClock()
        self.files = FakeFiles()
        self.lasts = list(lasts)
        self.commands: list[str] = []
        self.told_to_end = threading.Event()
        self.at_the_last = threading.Event()
        self.waits_at_each = False

    def run(self, command: str, *, deadline: Deadline, stdin: bytes | None = None) -> ShellResult:
        self.commands.append(command)
        if command in ("kill -2 4711", "kill -9 4711"):
            self.told_to_end.set()
        for path in command.split()[2:] if command.startswith("rm -f ") else ():
            self.files.files.pop(path, None)
        return ShellResult(stdout=b"")

    def stream(self, command: str, *, deadline: Deadline) -> Iterator[bytes]:
        self.commands.append(command)
        path = command.split(" 2>&1", maxsplit=1)[0].rsplit(maxsplit=1)[-1]
        yield b"4711\n"
        lasts = self.lasts.pop(0)
        if lasts == "refused":
            yield b"ERROR: unable to create video/avc codec instance\n"
            return
        if lasts == "lost":
            self.clock.advance(20)
            raise DeviceLost("it restarts", device="phone")
        if not self.lasts:
            self.at_the_last.set()
        if not self.lasts or self.waits_at_each:
            assert self.told_to_end.wait(10)
            self.told_to_end.clear()
        assert isinstance(lasts, float)
        self.clock.advance(lasts)
        self.files.files[path] = film(lasts)


def recorded(phone: Phone, *, after_s: float = 0.0) -> tuple[str, dict[str, bytes]]:
    recording = ScreenRecording(phone, phone.files, clock=phone.clock)
    recording.start()
    assert phone.at_the_last.wait(10)
    phone.clock.advance(after_s)
    journal = Journal()
    said = recording.keep(journal, deadline=Deadline.after(60, clock=phone.clock))
    return said, {e.name: e.data for e in journal.events if isinstance(e, Attachment)}


def test_a_test_of_more_than_three_minutes_is_recorded_in_segments_whose_length_is_verified() -> (
    None
):
    phone = Phone(170.0, 170.0, 60.0)
    said, kept = recorded(phone, after_s=60.0)
    assert said == "the films cover 400 s of 400 s: all of it"
    assert [name for name in kept if name.endswith(".mp4")] == [
        "screen-1.mp4", "screen-2.mp4", "screen-3.mp4",
    ]  # fmt: skip
    assert b"segment 2: 170.0 s" in kept["screen-recording.txt"]
    assert any(f"--time-limit {SEGMENT_S} " in command for command in phone.commands)
    assert SEGMENT_S < 180
    assert phone.files.files == {}


def test_a_film_that_is_shorter_than_the_test_is_not_taken_for_the_whole() -> None:
    said, _ = recorded(Phone(170.0, 5.0), after_s=200.0)
    assert said == "the films cover 175 s of 370 s: NOT all of it"


def test_a_segment_under_which_the_device_restarted_is_told_and_the_next_goes_on() -> None:
    said, kept = recorded(Phone("lost", 50.0), after_s=50.0)
    assert said == "the films cover 50 s of 70 s: NOT all of it"
    assert b"segment 1: it was never finished" in kept["screen-recording.txt"]


def test_a_segment_that_is_broken_off_before_a_restart_is_kept_whole() -> None:
    phone = Phone(1.0, 50.0)
    phone.waits_at_each = True
    recording = ScreenRecording(phone, phone.files, clock=phone.clock)
    recording.start()
    recording.break_off()
    assert phone.at_the_last.wait(10)
    phone.clock.advance(50)
    journal = Journal()
    said = recording.keep(journal, deadline=Deadline.after(60, clock=phone.clock))
    assert (recording.refusal, said) == ("", "the films cover 51 s of 51 s: all of it")


def test_a_device_that_cannot_record_is_quoted() -> None:
    phone = Phone("refused")
    recording = ScreenRecording(phone, phone.files, clock=phone.clock)
    recording.start()
    wait_until(lambda: recording.refusal, Deadline.after(10), what="the refusal")
    said = recording.keep(Journal(), deadline=Deadline.after(60, clock=phone.clock))
    assert said == "not recorded: ERROR: unable to create video/avc codec instance"


def test_a_recording_that_nobody_needs_leaves_nothing_on_the_device() -> None:
    phone = Phone(30.0)
    recording = ScreenRecording(phone, phone.files, clock=phone.clock)
    recording.start()
    assert phone.at_the_last.wait(10)
    recording.discard()
    assert phone.files.files == {}

"""What was on the screen during a test, as films: `screenrecord`, segment after segment.

Android's own program stops after 180 seconds without a word, so that a long test would be taken for
recorded: segments are chained, and the length of each is read from its own header. It writes that
header when it ends; a segment under which the device restarted has none, and counts for nothing.

On the device are meanwhile files named `.holdfast-screen-*` in /data/local/tmp.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from contextlib import suppress

from holdfast.android.mp4 import film_length_s
from holdfast.deadline import Clock, Deadline
from holdfast.device.shell import Files, Shell
from holdfast.errors import DeviceRefused, LabError
from holdfast.journal import Journal

__all__ = ["ScreenRecording"]

SEGMENT_S = 170
_BITS_A_SECOND = 1_000_000
_PATH = "/data/local/tmp/.holdfast-screen-{number}.mp4"
_SEGMENT_LIMIT_BYTES = 32 << 20
_REFUSED_S = 3.0
_AGAIN_S = 2.0
_FINISH_S = 8.0
_INTERRUPT, _KILL = 2, 9
# Between two segments, and at a segment's ends, some of the screen is not recorded.
_LOST_A_SEGMENT_S = 4.0


class ScreenRecording:
    """From `start` to `stop`. `refusal` is what a device said that cannot record."""

    def __init__(self, shell: Shell, files: Files, *, clock: Clock) -> None:
        self._shell = shell
        self._files = files
        self._clock = clock
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._record, name="screen recording", daemon=True)
        self._paths: list[str] = []
        self._pid = ""
        self._told = threading.Event()  # the process, or that there will be none
        self._over = threading.Event()  # the segment under way; each has its own
        self._was_broken_off = False
        self._began = self._ended = 0.0
        self.refusal = ""

    def start(self) -> None:
        self._began = self._clock.monotonic()
        self._thread.start()

    def stop(self) -> None:
        """End the segment that is under way, so that it gets its header. Raises nothing."""
        self._end(_INTERRUPT)

    def break_off(self) -> None:
        """Let another segment begin: one under which the device restarts is lost."""
        over = self._over
        self._was_broken_off = True
        self._signal(_INTERRUPT)
        if not self.refusal:
            over.wait(_FINISH_S)

    def _end(self, signal: int) -> None:
        if self._ending.is_set():
            return
        self._ending.set()
        self._ended = self._clock.monotonic()
        self._signal(signal)
        self._thread.join(_FINISH_S)

    def _signal(self, signal: int) -> None:
        self._told.wait(_REFUSED_S)
        if self._pid and not self.refusal:
            with suppress(LabError):
                self._shell.run(f"kill -{signal} {self._pid}", deadline=self._soon())

    def discard(self) -> None:
        """Stop, without a film that nobody wants, and take what was recorded off the device."""
        self._end(_KILL)
        if self._paths and not self.refusal:
            with suppress(LabError):
                self._shell.run(f"rm -f {' '.join(self._paths)}", deadline=self._soon())

    def keep(self, journal: Journal, *, deadline: Deadline) -> str:
        """Stop, attach the films, and say how much of the time they cover."""
        self.stop()
        if self.refusal:
            said = f"not recorded: {self.refusal}"
            journal.attach("screen-recording.txt", f"{said}\n")
            return said
        lengths = [self._kept(number, journal, deadline) for number in range(len(self._paths))]
        self.discard()
        said = self._verified([length for length in lengths if length is not None])
        lines = [f"segment {n}: {_length(length)}" for n, length in enumerate(lengths, start=1)]
        journal.attach("screen-recording.txt", "\n".join([*lines, said, ""]))
        return said

    def _kept(self, number: int, journal: Journal, deadline: Deadline) -> float | None:
        try:
            film = self._files.pull(
                self._paths[number], deadline=deadline, limit_bytes=_SEGMENT_LIMIT_BYTES
            )
        except (LabError, DeviceRefused):
            return None
        length_s = film_length_s(film)
        if length_s is not None:
            journal.attach(f"screen-{number + 1}.mp4", film, media_type="video/mp4")
        return length_s

    def _verified(self, lengths_s: Sequence[float]) -> str:
        wanted_s, covered_s = self._ended - self._began, sum(lengths_s)
        whole = covered_s >= wanted_s - _LOST_A_SEGMENT_S * max(1, len(self._paths))
        much = "all of it" if whole else "NOT all of it"
        return f"the films cover {covered_s:.0f} s of {wanted_s:.0f} s: {much}"

    def _record(self) -> None:
        while not self._ending.is_set():
            began = self._clock.monotonic()
            path = _PATH.format(number=len(self._paths) + 1)
            self._paths.append(path)
            self._told.clear()
            self._over, self._was_broken_off = threading.Event(), False
            try:
                said = self._one(path)
            except (LabError, DeviceRefused):
                self._ending.wait(_AGAIN_S)  # it restarts, or its link is gone
                continue
            was_meant = self._was_broken_off or self._ending.is_set()
            if self._clock.monotonic() - began < _REFUSED_S and not was_meant:
                self.refusal = said or "screenrecord ended at once, and said nothing"
                return

    def _one(self, path: str) -> str:
        """A segment; what was said about it. Its process is known by its first line."""
        words = f"--bit-rate {_BITS_A_SECOND} --time-limit {SEGMENT_S} {path}"
        deadline = Deadline.after(SEGMENT_S + 2 * _FINISH_S, clock=self._clock)
        said = b""
        try:
            for chunk in self._shell.stream(
                f"echo $$; exec screenrecord {words} 2>&1", deadline=deadline
            ):
                said += chunk
                first, newline, _ = said.partition(b"\n")
                if newline and first.strip().isdigit():
                    self._pid = first.strip().decode()
                    self._told.set()
        finally:
            self._pid = ""  # it may be another's by now
            self._told.set()
            self._over.set()
        return said.partition(b"\n")[2].decode("utf-8", "replace").strip()[-300:]

    def _soon(self) -> Deadline:
        return Deadline.after(_FINISH_S, clock=self._clock)


def _length(length_s: float | None) -> str:
    return "it was never finished" if length_s is None else f"{length_s:.1f} s"

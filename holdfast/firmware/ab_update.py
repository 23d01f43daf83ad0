"""Applying an A/B update on a device that runs, through its own `update_engine_client`.

update_engine works on by itself when the link is lost: whoever reconnects follows it again.
Source: AOSP system/update_engine, scripts/update_device.py and update_engine_client_android.cc.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from holdfast.deadline import Deadline
from holdfast.device.shell import Shell, quote
from holdfast.errors import DeviceLost, DeviceRefused
from holdfast.firmware.ota_package import Payload
from holdfast.firmware.update_engine import (
    ErrorCode,
    Finished,
    Progress,
    Status,
    read_line,
    update_arguments,
)

__all__ = ["UpdateEngine"]

CLIENT = "update_engine_client"
_CONTROL_S = 30.0
_END = "holdfast-end="
_LINE_LIMIT_BYTES = 1 << 16
_NAMES = {int(code): code.name.lower() for code in ErrorCode}

Follower = Callable[[Progress], None]


class UpdateEngine:
    """The device's update_engine. Its shell must be root's: `shell` user may not speak to it."""

    def __init__(self, shell: Shell, *, device: str) -> None:
        self._shell = shell
        self._device = device

    def apply(
        self, payload: Payload, *, uri: str, deadline: Deadline, progress: Follower
    ) -> Finished:
        """Apply what lies at `uri` (`file://…` on the device, `http://…` from it), and follow it.

        DeviceRefused names update_engine's error; DeviceLost says how far it was. After it, the new
        build waits in the other slot for a reboot.
        """
        words = " ".join(map(quote, update_arguments(payload, uri=uri)))
        finished = self._followed(f"{CLIENT} {words}", deadline, progress, begun=True)
        assert finished is not None
        return finished

    def follow(self, *, deadline: Deadline, progress: Follower) -> Finished | None:
        """Follow an update that is under way, after the link was lost. None if there is none: it
        ended with the boot that it was in."""
        return self._followed(f"{CLIENT} --follow", deadline, progress, begun=False)

    def suspend(self, *, deadline: Deadline) -> None:
        self._control("--suspend", deadline)

    def resume(self, *, deadline: Deadline) -> None:
        self._control("--resume", deadline)

    def cancel(self, *, deadline: Deadline) -> None:
        self._control("--cancel", deadline)

    def reset(self, *, deadline: Deadline) -> None:
        """Forget an update that was applied and not booted."""
        self._control("--reset_status", deadline)

    def _control(self, option: str, deadline: Deadline) -> None:
        step = deadline.within(_CONTROL_S)
        answer = self._shell.run(f"{CLIENT} {option}", deadline=step)
        if answer.exit_status != 0:
            said = answer.all_text.strip()[-300:] or f"exit status {answer.exit_status}"
            raise DeviceRefused(f"{CLIENT} {option}", answer=said, device=self._device)

    def _followed(
        self, command: str, deadline: Deadline, progress: Follower, *, begun: bool
    ) -> Finished | None:
        """`begun`: this command begins an update, so that it may say that it was idle before."""
        last: Progress | None = None
        words: list[str] = []
        # It logs to stderr, which a stream does not carry; and the end of a stream may be that of
        # the program or of the link.
        stream = self._shell.stream(f"{command} 2>&1; echo {_END}$?", deadline=deadline)
        try:
            for line in _lines(stream):
                if line.startswith(_END):
                    return self._judged(_unsaid(last, words, device=self._device))
                words = [*words[-4:], line.strip()]
                told = read_line(line)
                if isinstance(told, Finished):
                    return self._judged(told)
                if told is None:
                    continue
                if told.status is Status.UPDATED_NEED_REBOOT:
                    return Finished(number=ErrorCode.SUCCESS, name="Success")
                if not begun and last is None and told.status is Status.IDLE:
                    return None
                last = told
                progress(told)
        except DeviceLost as error:
            raise self._lost(last, str(error)) from error
        raise self._lost(last, "the connection ended")

    def _lost(self, last: Progress | None, why: str) -> DeviceLost:
        return DeviceLost(f"the link was lost during {_shown(last)}: {why}", device=self._device)

    def _judged(self, finished: Finished) -> Finished:
        if finished.succeeded:
            return finished
        name = _NAMES.get(finished.number, finished.name)
        raise DeviceRefused(
            "applying the update",
            answer=f"update_engine error {finished.number} ({name})",
            device=self._device,
        )


def _unsaid(last: Progress | None, words: list[str], *, device: str) -> Finished:
    """The result of a client that ended and said none: update_engine goes idle when it fails."""
    if last is not None and last.status is Status.IDLE:
        return Finished(number=ErrorCode.ERROR, name="Error")
    said = "; ".join(words) or "nothing"
    raise DeviceRefused(
        f"{CLIENT} to apply and follow an update",
        answer=f"it ended without a result; its last words: {said[-400:]}",
        device=device,
    )


def _shown(last: Progress | None) -> str:
    return f"{last.name} at {last.share:.0%}" if last else "the start of the update"


def _lines(chunks: Iterator[bytes]) -> Iterator[str]:
    rest = b""
    for chunk in chunks:
        *whole, rest = (rest + chunk).split(b"\n")
        rest = rest[-_LINE_LIMIT_BYTES:]
        yield from (line.decode("utf-8", "replace") for line in whole)
    if rest:
        yield rest.decode("utf-8", "replace")

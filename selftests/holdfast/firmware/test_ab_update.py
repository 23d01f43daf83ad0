"""A/B updates by update_engine_client, as its log tells them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pytest

from holdfast.deadline import Deadline
from holdfast.device.shell import ShellResult
from holdfast.errors import DeviceLost, DeviceRefused
from holdfast.firmware.ab_update import UpdateEngine
from holdfast.firmware.ota_package import Payload
from holdfast.firmware.update_engine import Progress

PAYLOAD = Payload(offset_bytes=1024, size_bytes=9000, headers=("FILE_HASH=x", "FILE_SIZE=9000"))


def status(name: str, number: int, share: float) -> str:
    return f"[INFO:client.cc(1)] onStatusUpdate(UPDATE_STATUS_{name} ({number}), {share})"


def complete(name: str, number: int) -> str:
    return f"[INFO:client.cc(2)] onPayloadApplicationComplete(ErrorCode::k{name} ({number}))"


END = "holdfast-end=1"
DOWNLOADING = [status("DOWNLOADING", 3, share) for share in (0.0, 0.5, 0.9)]


class Talking:
    """A shell whose stream says `lines`, and then ends, or loses the link where `lost`."""

    def __init__(
        self, lines: Sequence[str], *, lost: bool = False, control: ShellResult | None = None
    ) -> None:
        self.lines, self.lost = lines, lost
        self.control = control or ShellResult(stdout=b"")
        self.asked: list[str] = []

    def stream(self, command: str, *, deadline: Deadline) -> Iterator[bytes]:
        self.asked.append(command)
        raw = "".join(f"{line}\n" for line in self.lines).encode()
        yield from (raw[n : n + 7] for n in range(0, len(raw), 7))
        if self.lost:
            raise DeviceLost("the connection ended", device="phone")

    def run(self, command: str, *, deadline: Deadline, stdin: bytes | None = None) -> ShellResult:
        self.asked.append(command)
        return self.control


def apply(shell: Talking) -> list[Progress]:
    seen: list[Progress] = []
    engine = UpdateEngine(shell, device="phone")
    engine.apply(
        PAYLOAD, uri="file:///data/x.zip", deadline=Deadline.after(60), progress=seen.append
    )
    return seen


def test_an_update_is_followed_to_its_end() -> None:
    shell = Talking([*DOWNLOADING, status("FINALIZING", 5, 1.0), complete("Success", 0)])
    seen = apply(shell)
    assert [round(p.share, 1) for p in seen] == [0.0, 0.5, 0.9, 1.0]
    (asked,) = shell.asked
    assert asked == (
        "update_engine_client --update --follow --payload=file:///data/x.zip --offset=1024 "
        "--size=9000 '--headers=FILE_HASH=x\nFILE_SIZE=9000' 2>&1; echo holdfast-end=$?"
    )


@pytest.mark.parametrize(
    ("name", "number", "words"),
    [
        ("NotEnoughSpace", 60, "60 .not_enough_space"),
        ("DownloadPayloadPubKeyVerificationError", 18, "18 .download_payload_pub_key_verification"),
        ("PayloadTimestampError", 51, "51 .payload_timestamp_error"),
        ("SomethingNew", 99, "99 .SomethingNew"),
    ],
)
def test_an_error_is_named(name: str, number: int, words: str) -> None:
    with pytest.raises(DeviceRefused, match=f"update_engine error {words}"):
        apply(Talking([*DOWNLOADING, complete(name, number)]))


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_a_link_that_is_lost_says_how_far_it_was(share: float) -> None:
    lines = [status("DOWNLOADING", 3, share)]
    with pytest.raises(DeviceLost, match=f"lost during DOWNLOADING at {share:.0%}"):
        apply(Talking(lines, lost=True))


def test_a_client_that_ends_without_a_result_is_no_success() -> None:
    with pytest.raises(DeviceRefused, match=r"without a result; its last words: .*not found"):
        apply(Talking(["sh: update_engine_client: not found", END]))


def test_a_stream_that_ends_before_the_client_is_a_lost_link_and_no_refusal() -> None:
    with pytest.raises(DeviceLost, match="lost during DOWNLOADING at 90%: the connection ended"):
        apply(Talking(DOWNLOADING))


def test_a_failure_is_told_after_update_engine_went_idle() -> None:
    lines = [*DOWNLOADING, status("IDLE", 0, 0.0), complete("NotEnoughSpace", 60)]
    with pytest.raises(DeviceRefused, match="update_engine error 60"):
        apply(Talking(lines))


def test_after_a_reconnect_an_update_that_ended_meanwhile_is_known_by_its_state() -> None:
    engine = UpdateEngine(Talking([status("UPDATED_NEED_REBOOT", 6, 1.0)]), device="phone")
    finished = engine.follow(deadline=Deadline.after(9), progress=lambda _: None)
    assert finished is not None
    assert finished.succeeded
    lines = [status("DOWNLOADING", 3, 0.9), status("IDLE", 0, 0.0), END]
    engine = UpdateEngine(Talking(lines), device="phone")
    with pytest.raises(DeviceRefused, match="update_engine error 1"):
        engine.follow(deadline=Deadline.after(9), progress=lambda _: None)


def test_an_update_that_ended_with_its_boot_is_not_waited_for() -> None:
    engine = UpdateEngine(Talking([status("IDLE", 0, 0.0)]), device="phone")
    assert engine.follow(deadline=Deadline.after(9), progress=lambda _: None) is None


def test_suspend_resume_cancel_and_reset_are_sent_and_a_refusal_is_told() -> None:
    shell = Talking([])
    engine = UpdateEngine(shell, device="phone")
    for act in (engine.suspend, engine.resume, engine.cancel, engine.reset):
        act(deadline=Deadline.after(9))
    options = [command.split()[-1] for command in shell.asked]
    assert options == ["--suspend", "--resume", "--cancel", "--reset_status"]
    refusing = Talking([], control=ShellResult(stdout=b"No ongoing update", exit_status=1))
    with pytest.raises(DeviceRefused, match="No ongoing update"):
        UpdateEngine(refusing, device="phone").suspend(deadline=Deadline.after(9))

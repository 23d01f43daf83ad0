"""Films of the screen: by the command itself, by adb with Ctrl-C, and as a lab takes them."""

from __future__ import annotations

import io
import subprocess
from collections.abc import Sequence
from pathlib import Path

import av
import pytest

from holdfast.android.mp4 import film_length_s
from holdfast.deadline import Deadline, SystemClock, wait_until
from holdfast.device.connect import connect
from holdfast.device.screen_recording import ScreenRecording
from holdfast.journal import Attachment, Journal, Ledger
from selftests.virtualdevice.system.fake_machine import booted
from selftests.virtualdevice.system.real_phone import Phone, connected_phone, one_adb

FOLDER = "/data/local/tmp"
FILE = f"{FOLDER}/film.mp4"


def shown(film: bytes) -> Sequence[tuple[float, bytes]]:
    """When each picture is shown, and what is on it, small and without its colours."""
    with av.open(io.BytesIO(film), "r") as read:
        assert read.streams.video[0].codec_context.name == "h264"
        pictures = [(p.time or 0.0, p.to_image()) for p in read.decode(video=0)]  # type: ignore[no-untyped-call]
    return [(at_s, image.convert("L").resize((8, 16)).tobytes()) for at_s, image in pictures]


def soon() -> Deadline:
    return Deadline.after(20)


def start_film(phone: Phone, *words: str) -> subprocess.Popen[bytes]:
    """Under way when this returns."""
    serial = phone.device.serial
    command = [phone.client.program, "-s", serial, "shell", "-t", "-t", "screenrecord", *words]
    running = subprocess.Popen(
        command, env=phone.client.environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    wait_until(lambda: "film" in phone.shell("ls /data/local/tmp"), soon(), what="a film begun")
    return running


def test_a_film_shows_what_was_on_the_screen_until_it_was_interrupted(tmp_path: Path) -> None:
    with one_adb(tmp_path) as client, connected_phone(client, "aosp-34", tmp_path) as phone:
        recorder = start_film(phone, "--size", "360x800", FILE)
        phone.shell("am start -a android.settings.SETTINGS")
        phone.shell("input keyevent HOME")
        said, _ = recorder.communicate(b"\x03", timeout=30)
        film = tmp_path / "film.mp4"
        phone.adb("pull", FILE, str(film))
    assert said in {b"^C", b""}
    pictures = shown(film.read_bytes())
    assert pictures[0][0] == 0
    assert film_length_s(film.read_bytes()) == pytest.approx(pictures[-1][0], abs=0.1)


def test_a_lab_has_the_whole_film_and_leaves_nothing_behind(tmp_path: Path) -> None:
    with one_adb(tmp_path) as client, connected_phone(client, "aosp-34", tmp_path) as phone:
        journal = Journal()
        device = connect(
            name="phone",
            serial=phone.device.serial,
            adb_server_host="127.0.0.1",
            adb_server_port=client.port,
            journal=journal,
            ledger=Ledger(journal),
            deadline=Deadline.after(30),
        )
        recording = ScreenRecording(device.shell, device.files, clock=SystemClock())
        recording.start()
        wait_until(lambda: "-screen-" in phone.shell(f"ls -a {FOLDER}"), soon(), what="a film")
        phone.shell("input keyevent POWER")
        said = recording.keep(journal, deadline=Deadline.after(30))
        assert "screen" not in phone.shell("ls -a /data/local/tmp")
    films = [e for e in journal.events if isinstance(e, Attachment) and e.name.endswith(".mp4")]
    assert said.endswith(": all of it"), said
    pictures = shown(films[0].data)
    assert len({picture for _, picture in pictures}) > 1


async def test_a_film_ends_with_its_time(tmp_path: Path) -> None:
    rig = await booted(tmp_path, "aosp-30")
    path = "/data/film.mp4"
    answer = await rig.run("screenrecord", "--time-limit=1", "--bit-rate", "4M", path)
    assert (answer.status, answer.text) == (0, "")
    film = rig.machine.files.host(path).read_bytes()
    assert film_length_s(film) == pytest.approx(1, abs=0.05)


@pytest.mark.parametrize(
    ("personality", "words", "complaint"),
    [
        ("aosp-30", "", "Must specify output file (see --help)."),
        ("aosp-30", "--time-limit 181 x", "Time limit 181s outside acceptable range [1,180]"),
        ("aosp-30", "--time-limit 0 x", "Time limit 0s outside acceptable range [1,180]"),
        ("aosp-30", "--size 0x3 x", "Invalid size 0x3, width and height may not be zero"),
        ("aosp-34", "--size big x", "Invalid size 'big', must be width x height"),
        ("aosp-34", "--bit-rate 9 x", "Bit rate 9bps outside acceptable range [100000,200000000]"),
        ("aosp-34", "/none/x", "Unable to open '/none/x': No such file or directory"),
    ],
)
async def test_what_it_cannot_do_it_says(
    tmp_path: Path, personality: str, words: str, complaint: str
) -> None:
    rig = await booted(tmp_path, personality)
    answer = await rig.run("screenrecord", *words.split())
    assert answer.status in (1, 2)
    assert answer.error == f"{complaint}\n"

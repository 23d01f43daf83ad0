"""logcat's formats and filters; reading and writing a caller's own descriptors."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest

from selftests.virtualdevice.system.fake_machine import booted
from virtualdevice.system.log_buffer import LogBuffer, LogFormat, Priorities, format_line
from virtualdevice.system.streams import peer_is_gone, read_exactly, write_all


@pytest.mark.parametrize(
    ("how", "line"),
    [
        (LogFormat.BRIEF, "W/Tag     (   42): hello"),
        (LogFormat.TIME, "01-01 00:00:01.500 W/Tag     (   42): hello"),
        (LogFormat.THREADTIME, "01-01 00:00:01.500    42    42 W Tag     : hello"),
        (LogFormat.TAG, "W/Tag     : hello"),
        (LogFormat.RAW, "hello"),
    ],
)
def test_a_line_has_the_form_that_was_asked_for(how: LogFormat, line: str) -> None:
    buffer = LogBuffer(clock=lambda: 1.5)
    buffer.write("Tag", "hello", level="W", pid=42)
    assert format_line(buffer.lines(("main",))[0], how) == line


def test_filters_go_by_tag_and_level() -> None:
    buffer = LogBuffer(clock=lambda: 1.0)
    for tag, level in (("A", "D"), ("A", "E"), ("B", "E")):
        buffer.write(tag, "x", level=level)
    wanted = Priorities(["A:W", "*:S"])
    assert [(line.tag, line.level) for line in buffer.lines(("main",)) if wanted.admit(line)] == [
        ("A", "E")
    ]


async def test_logcat_prints_only_the_asked_buffers(tmp_path: Path) -> None:
    rig = await booted(tmp_path, "aosp-30")
    await rig.run("log", "-p", "w", "-t", "Mine", "a", "line")
    await rig.run("logcat", "-c", "-b", "system")
    answer = await rig.run("logcat", "-d", "-v", "brief", "Mine:I", "*:S")
    assert answer.out == "--------- beginning of main\nW/Mine    ( 1234): a line\n"


async def test_a_writer_waits_for_a_slow_reader_without_stopping_the_loop() -> None:
    reader, writer = os.pipe()
    data = os.urandom(1 << 20)
    writing = asyncio.ensure_future(write_all(writer, data))
    received = await read_exactly(reader, len(data))
    await writing
    assert received == data
    os.close(reader)
    os.close(writer)


async def test_a_reader_that_left_is_noticed() -> None:
    reader, writer = os.pipe()
    assert not peer_is_gone(writer)
    os.close(reader)
    assert peer_is_gone(writer)
    with pytest.raises(BrokenPipeError):
        await write_all(writer, b"x")
    os.close(writer)


async def test_a_stream_that_ends_early_gives_what_came() -> None:
    reader, writer = os.pipe()
    os.write(writer, b"abc")
    os.close(writer)
    assert await read_exactly(reader, 10) == b"abc"
    os.close(reader)

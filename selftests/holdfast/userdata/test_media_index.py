from __future__ import annotations

from collections.abc import Iterator

from holdfast.deadline import Deadline
from holdfast.device.shell import ShellResult
from holdfast.userdata.media_index import index_files

PICTURE = "/sdcard/DCIM/a dog's.jpg"
DONE = "Broadcasting: Intent { … }\nBroadcast completed: result=0\n"


class Answering:
    """A shell that says the same to everything."""

    def __init__(self, text: str, exit_status: int = 0) -> None:
        self.answer = ShellResult(stdout=text.encode(), stderr=b"", exit_status=exit_status)
        self.asked: list[str] = []

    def run(self, command: str, *, deadline: Deadline, stdin: bytes | None = None) -> ShellResult:
        self.asked.append(command)
        return self.answer

    def stream(self, command: str, *, deadline: Deadline) -> Iterator[bytes]:
        raise AssertionError("not asked for")


def indexed(shell: Answering, *paths: str, api: int) -> tuple[str, ...]:
    return index_files(shell, paths, api=api, deadline=Deadline.after(5.0))


def test_an_android_11_is_asked_once_for_all_files() -> None:
    shell = Answering("Result: Bundle[{}]")
    assert indexed(shell, PICTURE, "/sdcard/b.jpg", api=30) == ()
    assert len(shell.asked) == 1


def test_an_older_android_is_told_of_each_file_by_a_quoted_uri() -> None:
    shell = Answering(DONE)
    assert indexed(shell, PICTURE, api=28) == ()
    assert "file:///sdcard/DCIM/a%20dog%27s.jpg" in shell.asked[0]


def test_what_was_refused_is_said() -> None:
    assert indexed(Answering("[ERROR] Unsupported operation", 1), PICTURE, api=33) == (
        "the media index: [ERROR] Unsupported operation",
    )
    many = tuple(f"/sdcard/{n}.jpg" for n in range(30))
    assert indexed(Answering(DONE * 20), *many, api=25) == (
        "the media index was not told of 10 files",
    )


def test_where_nothing_is_shared_nothing_is_asked() -> None:
    shell = Answering("")
    assert indexed(shell, api=30) == ()
    assert shell.asked == []

from __future__ import annotations

import pytest

from holdfast.userdata.changes import Change, ChangeKind, Subject
from holdfast.userdata.values import Area
from holdfast.userdata.words import count_of, describe, shown_name, size_of


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (0, "0 bytes"),
        (1, "1 byte"),
        (999, "999 bytes"),
        (1000, "1.0 kB"),
        (999_960, "1.0 MB"),
        (11_000_000_000, "11.0 GB"),
        (5_000_000_000_000_000, "5000.0 TB"),
    ],
)
def test_sizes_are_written_as_on_a_phone(size: int, text: str) -> None:
    assert size_of(size) == text


def test_thousands_are_set_apart() -> None:
    assert count_of(48211) == "48 211"


def test_the_loss_of_2018_reads_as_a_person_would_say_it() -> None:
    chats = Change(
        kind=ChangeKind.LOST,
        subject=Subject.ROWS,
        area=Area.CREDENTIAL,
        path="databases/EnMicroMsg.db",
        item="message",
        count=1204,
        total=1204,
    )
    lost = [
        Change(
            kind=ChangeKind.LOST,
            subject=Subject.FILE,
            area=Area.CREDENTIAL,
            path=f"files/{number}",
            size_bytes=228_163,
        )
        for number in range(48211)
    ]
    lines = describe("com.tencent.mm", [*lost, chats])
    assert lines == (
        "1 204 of 1 204 messages in EnMicroMsg.db are gone",
        (
            "48 211 files (11.0 GB) in private data are gone:"
            " files/0, files/1, files/10 and 48 208 more"
        ),
    )


def test_names_from_a_device_cannot_steer_a_terminal() -> None:
    assert shown_name("a\x1b[2Jb\n\u202e\udcff") == "a\\x1b[2Jb\\n\\u202e\\udcff"
    assert len(shown_name("x" * 500)) == 80

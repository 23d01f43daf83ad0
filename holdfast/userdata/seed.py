"""What to write into an app before an update: a realistic stock of data, as a table.

Everything follows from a size and a seed number: the same plan gives the same names and contents
on every host (only the bytes of a write-ahead log differ, because SQLite salts them).
"""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from holdfast.userdata.preferences import PreferenceValue, write_preferences
from holdfast.userdata.values import Area

__all__ = [
    "LINKS",
    "ODD_NAMES",
    "FileGroup",
    "SeedFile",
    "SeedPlan",
    "SeedSize",
    "database_files",
    "file_content",
    "group_files",
    "groups_of",
    "preference_files",
]


class SeedSize(StrEnum):
    """`small` takes seconds; `large` is 2 GB in 100 000 files; `huge` 11 GB in 48 211 files."""

    SMALL = "small"
    LARGE = "large"
    HUGE = "huge"


@dataclass(frozen=True, kw_only=True, slots=True)
class SeedPlan:
    size: SeedSize = SeedSize.SMALL
    number: int = 1


@dataclass(frozen=True, kw_only=True, slots=True)
class FileGroup:
    """`count` files like `folder/00/stem-7.suffix`, of sizes between the two.

    `fan_out` is how many subfolders they are spread over; 0 is none.
    """

    area: Area
    folder: str
    stem: str
    suffix: str
    count: int
    smallest_bytes: int
    largest_bytes: int
    fan_out: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class SeedFile:
    """One file to write. `path` is as in snapshots: relative, with surrogate escapes."""

    area: Area
    path: str
    size_bytes: int


_PRIVATE, _MEBI = Area.CREDENTIAL, 1 << 20

_SMALL = (
    FileGroup(
        area=_PRIVATE, folder="files/image2", stem="img", suffix=".jpg", count=12,
        smallest_bytes=2_000, largest_bytes=40_000, fan_out=4,
    ),
    FileGroup(
        area=_PRIVATE, folder="files/video", stem="film", suffix=".mp4", count=1,
        smallest_bytes=_MEBI, largest_bytes=2 * _MEBI,
    ),
    FileGroup(
        area=_PRIVATE, folder="files/.vault", stem=".secret", suffix="", count=2,
        smallest_bytes=100, largest_bytes=900,
    ),
    FileGroup(
        area=_PRIVATE, folder="files/voice", stem="msg", suffix=".amr", count=6,
        smallest_bytes=800, largest_bytes=8_000,
    ),
    FileGroup(
        area=_PRIVATE, folder="files", stem="draft", suffix="", count=2,
        smallest_bytes=1, largest_bytes=300,
    ),
    FileGroup(
        area=_PRIVATE, folder="no_backup", stem="key", suffix=".bin", count=2,
        smallest_bytes=32, largest_bytes=64,
    ),
    FileGroup(
        area=Area.DEVICE, folder="files", stem="alarm", suffix=".dat", count=3,
        smallest_bytes=100, largest_bytes=2_000,
    ),
    FileGroup(
        area=Area.EXTERNAL, folder="files/Download", stem="contract", suffix=".pdf", count=4,
        smallest_bytes=4_000, largest_bytes=30_000,
    ),
    FileGroup(
        area=Area.MEDIA, folder="Received", stem="clip", suffix=".mp4", count=2,
        smallest_bytes=10_000, largest_bytes=60_000,
    ),
    FileGroup(
        area=Area.OBB, folder="", stem="main", suffix=".obb", count=1,
        smallest_bytes=100_000, largest_bytes=100_000,
    ),
    FileGroup(
        area=Area.SHARED, folder="DCIM/Holdfast", stem="IMG", suffix=".jpg", count=3,
        smallest_bytes=4_000, largest_bytes=30_000,
    ),
    FileGroup(
        area=Area.SHARED, folder="Documents/Holdfast", stem="letter", suffix=".pdf", count=2,
        smallest_bytes=2_000, largest_bytes=9_000,
    ),
)  # fmt: skip

_LARGE = (
    *_SMALL,
    FileGroup(
        area=_PRIVATE, folder="files/history", stem="h", suffix=".jpg", count=99_840,
        smallest_bytes=1_000, largest_bytes=31_000, fan_out=256,
    ),
    FileGroup(
        area=_PRIVATE, folder="files/video", stem="v", suffix=".mp4", count=100,
        smallest_bytes=2 * _MEBI, largest_bytes=6 * _MEBI, fan_out=10,
    ),
)  # fmt: skip

_HUGE = (
    *_SMALL,
    FileGroup(
        area=_PRIVATE, folder="files/history", stem="h", suffix=".jpg", count=46_997,
        smallest_bytes=20_000, largest_bytes=220_000, fan_out=256,
    ),
    FileGroup(
        area=_PRIVATE, folder="files/video", stem="v", suffix=".mp4", count=1_154,
        smallest_bytes=2 * _MEBI, largest_bytes=7 * _MEBI, fan_out=16,
    ),
)  # fmt: skip

_GROUPS: Mapping[SeedSize, tuple[FileGroup, ...]] = {
    SeedSize.SMALL: _SMALL,
    SeedSize.LARGE: _LARGE,
    SeedSize.HUGE: _HUGE,
}

LINKS: Mapping[str, str] = {"files/newest": "voice/msg-5.amr", "files/album": "image2"}
"""Symlinks of the private area, and their targets."""

ODD_NAMES: tuple[bytes, ...] = (
    b"two words.txt",
    b"-rf",
    b'it\'s "quoted".txt',
    b"$(reboot)",
    b"`reboot`;&|*?[a]",
    b"line\nbreak.txt",
    b"back\\slash",
    b"not utf-8 \xff\xfe",
    "微信聊天记录.txt".encode(),
    b"~",
    b"...",
    b"x" * 255,
)
"""Names that a program writing down files is likely to stumble over."""

_MESSAGES, _CONTACTS = 1204, 87


def groups_of(plan: SeedPlan) -> tuple[FileGroup, ...]:
    return _GROUPS[plan.size]


def group_files(group: FileGroup, plan: SeedPlan) -> Iterator[SeedFile]:
    """The files of a group, in order."""
    sizes = random.Random(f"{plan.number}/{group.area}/{group.folder}/{group.stem}")
    for number in range(group.count):
        folder = f"{number % group.fan_out:02x}/" if group.fan_out else ""
        path = f"{group.folder}/{folder}{group.stem}-{number}{group.suffix}".lstrip("/")
        size = sizes.randint(group.smallest_bytes, group.largest_bytes)
        yield SeedFile(area=group.area, path=path, size_bytes=size)


def file_content(file: SeedFile, plan: SeedPlan) -> bytes:
    """What the file holds: noise, different for every path and seed number."""
    return random.Random(f"{plan.number}/{file.area}/{file.path!a}").randbytes(file.size_bytes)


def preference_files(plan: SeedPlan) -> Mapping[tuple[Area, str], bytes]:
    choose = random.Random(f"{plan.number}/preferences")
    account: dict[str, PreferenceValue] = {
        "account_name": f"wxid_{choose.randrange(10**9)}",
        "nickname": '小明 & "Ming" <m>',
        "last_login": choose.randrange(10**9),
        "logged_in": True,
        "pinned_chats": frozenset(f"chat-{choose.randrange(1000)}" for _ in range(5)),
    }
    settings: dict[str, PreferenceValue] = {
        "font_size": 3,
        "dark_mode": False,
        "ringtone": "content://media/7",
    }
    boot: dict[str, PreferenceValue] = {"wake_at": choose.randrange(10**9)}
    return {
        (Area.CREDENTIAL, "shared_prefs/account.xml"): write_preferences(account),
        (Area.CREDENTIAL, "shared_prefs/settings.xml"): write_preferences(settings),
        (Area.DEVICE, "shared_prefs/boot.xml"): write_preferences(boot),
    }


def database_files(plan: SeedPlan, scratch: Path) -> Mapping[tuple[Area, str], bytes]:
    """Databases and their write-ahead logs, made in `scratch`.

    Of the chat history the last rows stand only in the log, as after a crash or a quick kill.
    """
    chat = _chat_database(scratch / "chat", plan)
    notes = _notes_database(scratch / "notes", plan)
    return {
        (Area.CREDENTIAL, "databases/EnMicroMsg.db"): chat[0],
        (Area.CREDENTIAL, "databases/EnMicroMsg.db-wal"): chat[1],
        (Area.CREDENTIAL, "databases/notes.db"): notes,
        (Area.DEVICE, "databases/alarms.db"): notes,
    }


def _chat_database(file: Path, plan: SeedPlan) -> tuple[bytes, bytes]:
    choose = random.Random(f"{plan.number}/chat")
    with closing(sqlite3.connect(file)) as database:
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("PRAGMA wal_autocheckpoint = 0")
        database.executescript(
            "CREATE TABLE android_metadata (locale TEXT);"
            "CREATE TABLE message (msgId INTEGER PRIMARY KEY, talker TEXT, createTime INTEGER,"
            " content TEXT, reserved BLOB);"
            "CREATE TABLE rcontact (username TEXT PRIMARY KEY, nickname TEXT);"
            "CREATE TABLE conversation (talker TEXT, unread INTEGER);"
            "CREATE INDEX byTalker ON message (talker);"
        )
        database.execute("INSERT INTO android_metadata VALUES ('zh_CN')")
        people = [(f"wxid_{n:04d}", f"联系人 {n}") for n in range(_CONTACTS)]
        database.executemany("INSERT INTO rcontact VALUES (?, ?)", people)
        talkers = [(name, choose.randrange(9)) for name, _ in people[:20]]
        database.executemany("INSERT INTO conversation VALUES (?, ?)", talkers)
        database.executemany(_MESSAGE, [_message(choose, n) for n in range(_MESSAGES - 4)])
        database.commit()
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        database.executemany(
            _MESSAGE, [_message(choose, n) for n in range(_MESSAGES - 4, _MESSAGES)]
        )
        database.commit()
        wal = file.with_name(file.name + "-wal")
        return file.read_bytes(), wal.read_bytes()


_MESSAGE = "INSERT INTO message VALUES (?, ?, ?, ?, ?)"


def _message(choose: random.Random, number: int) -> tuple[int, str, int, str, bytes]:
    text = f"第 {number} 条 {choose.randrange(10**12):x} " * choose.randint(1, 4)
    talker = f"wxid_{choose.randrange(_CONTACTS):04d}"
    return number + 1, talker, 1_400_000_000 + 60 * number, text, choose.randbytes(8)


def _notes_database(file: Path, plan: SeedPlan) -> bytes:
    choose = random.Random(f"{plan.number}/notes")
    with closing(sqlite3.connect(file)) as database:
        database.execute("CREATE TABLE notes (body TEXT)")
        rows = [(f"note {n} {choose.randrange(10**9)}",) for n in range(25)]
        database.executemany("INSERT INTO notes VALUES (?)", rows)
        database.execute("PRAGMA user_version = 3")
        database.commit()
    return file.read_bytes()

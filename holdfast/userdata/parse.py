"""What `script.area_script` writes, read as a stream into values.

The reader holds no more than one record in memory; the contents of databases and preferences go to
files of a scratch directory, named by number, never by what the device said.
"""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path

from holdfast.errors import LabError
from holdfast.userdata.framing import Piece, frames
from holdfast.userdata.toolbox import label_line, listed_entry, mode_of, path_of
from holdfast.userdata.values import Area, AreaContent, AreaState, Entry, EntryKind, path_of_bytes

__all__ = ["Recorded", "SnapshotCut", "is_cache", "read_recording"]

_STATES = {b"seen": AreaState.SEEN, b"absent": AreaState.ABSENT, b"denied": AreaState.NOT_SEEN}
_CACHES = ("cache", "code_cache")
_FULL_COMPLAINTS = 60_000


Look = tuple[int, int, str]


class SnapshotCut(LabError):
    """The recording ended before its end, or a program on the device died: nothing counts."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Recorded:
    """What one run of the script recorded. `contents` are files of the scratch directory.

    `restless` are areas in which something changed meanwhile: `settled` needs a second look at
    them. `looks` is what a second look saw: (size, inode, time) of each file.
    """

    areas: dict[Area, AreaContent]
    contents: dict[tuple[Area, str], Path]
    restless: frozenset[Area] = frozenset()
    looks: dict[Area, dict[str, Look]] = field(default_factory=dict)

    def settled(self, second: Recorded) -> dict[Area, AreaContent]:
        """The areas, with the files marked that a second look saw differently, or not at all."""
        areas = dict(self.areas)
        for area in self.restless:
            looks = second.looks.get(area, {})
            areas[area] = replace(
                areas[area], entries=tuple(_marked(e, looks) for e in areas[area].entries)
            )
        return areas


def _marked(entry: Entry, looks: dict[str, Look]) -> Entry:
    same = looks.get(entry.path) == (entry.size_bytes, entry.inode, entry.mtime)
    return entry if same or entry.kind is not EntryKind.FILE else replace(entry, unstable=True)


def is_cache(area: Area, path: str) -> bool:
    """Whether Android may empty it at any time, so that nobody misses it."""
    return area is not Area.SHARED and path.split("/", 1)[0] in _CACHES


def read_recording(
    chunks: Iterable[bytes], nonce: str, *, scratch: Path, device: str | None = None
) -> Recorded:
    """Read a whole recording. Raises SnapshotCut unless it is complete to the last record."""
    reader = _Reader(scratch=scratch)
    said = b""
    piece = Piece(b"?", b"", False)
    for piece in frames(chunks, nonce):
        if piece.kind == b"?":
            said += piece.data[:2000]
        else:
            try:
                reader.take(piece)
            except (KeyError, ValueError, IndexError) as error:
                shown = (piece.kind + b" " + piece.data)[:200]
                raise SnapshotCut(
                    f"the device's recording holds what does not belong there ({error}): {shown!r}",
                    device=device,
                ) from error
    if piece.kind != b"." or piece.data.strip() != b"done":
        words = said.decode("utf-8", "replace").strip()
        raise SnapshotCut(
            "the device stopped in the middle of recording the app's data"
            + (f"; it said: {words[:300]}" if words else ""),
            device=device,
        )
    return Recorded(
        areas=reader.areas,
        contents=reader.contents,
        restless=frozenset(reader.restless),
        looks=reader.looks,
    )


@dataclass(kw_only=True, slots=True)
class _Open:
    """An area that is being read.

    `waiting` are files by their raw name, with the fields of their line, until their checksum
    comes: while the device makes checksums the host has time to read lines. `again` is what a
    second look saw, at every file if `all_again`.
    """

    area: Area
    state: AreaState
    entries: dict[str, Entry] = field(default_factory=dict)
    waiting: dict[bytes, list[bytes]] = field(default_factory=dict)
    digests: dict[str, str] = field(default_factory=dict)
    targets: dict[str, str] = field(default_factory=dict)
    labels: dict[str, str] = field(default_factory=dict)
    again: dict[str, Look] = field(default_factory=dict)
    all_again: bool = False
    seal: hashlib._Hash = field(default_factory=hashlib.sha256)
    copies: dict[str, str] = field(default_factory=dict)
    complaints: str = ""

    def close(self) -> AreaContent:
        for fields in self.waiting.values():
            entry = _printed_entry(fields)
            self.entries[entry.path] = entry
        entries = tuple(self._finished(e) for _, e in sorted(self.entries.items()))
        why = self.complaints.strip()
        if self.state is AreaState.NOT_SEEN:
            why = "the device denied it"
        return AreaContent(state=self.state, entries=entries, why=why)

    def _finished(self, entry: Entry) -> Entry:
        path = entry.path
        if entry.kind is EntryKind.LINK:
            return replace(entry, target=self.targets.get(path, ""))
        label = entry.label or self.labels.get(path, "")
        digest = entry.digest or self.digests.get(path, "")
        unstable = False
        if entry.kind is EntryKind.FILE:
            unstable = self._changed_meanwhile(entry, digest)
            if not digest and not unstable:
                self._explain_missing_digest(entry)
        if (label, digest, unstable) == (entry.label, entry.digest, entry.unstable):
            return entry
        return replace(entry, label=label, digest=digest, unstable=unstable)

    def _changed_meanwhile(self, entry: Entry, digest: str) -> bool:
        copied = self.copies.get(entry.path)
        if copied and digest and copied != digest:
            return True
        look = self.again.get(entry.path)
        if look is None:
            return self.all_again
        return look != (entry.size_bytes, entry.inode, entry.mtime)

    def _explain_missing_digest(self, entry: Entry) -> None:
        """ValueError for a file whose checksum nobody failed to make: the program was killed."""
        explained = len(self.complaints) > _FULL_COMPLAINTS or entry.path in self.complaints
        if entry.inode and not explained and not is_cache(self.area, entry.path):
            raise ValueError(f"no checksum of {entry.path!r}, and nobody says why")


def _printed_entry(fields: list[bytes], *, digest: str = "") -> Entry:
    """Of a line of find's -printf. Raises ValueError if it is none."""
    mode, size, uid, gid, inode, label, mtime, name = fields
    return Entry(
        path=path_of(name),
        mode=mode_of(mode.decode()),
        uid=int(uid),
        gid=int(gid),
        size_bytes=int(size),
        mtime=mtime.decode(),
        inode=int(inode),
        label="" if label == b"?" else sys.intern(label.decode("utf-8", "replace")),
        digest=digest,
    )


def _sealed_line(fields: list[bytes]) -> bytes:
    """What the device's own checksum (R) is made of, for one file."""
    return b"%b %b %b %b\n" % (fields[1], fields[4], fields[6], fields[7])


class _Reader:
    def __init__(self, *, scratch: Path) -> None:
        self.areas: dict[Area, AreaContent] = {}
        self.contents: dict[tuple[Area, str], Path] = {}
        self.restless: set[Area] = set()
        self.looks: dict[Area, dict[str, Look]] = {}
        self._scratch = scratch
        self._open = _Open(area=Area.CREDENTIAL, state=AreaState.NOT_SEEN)
        self._name = b""
        self._algorithm = "sha256"
        self._within = False
        self._part = b""
        self._lines = b""
        self._digest = hashlib.sha256()
        self._handlers: dict[bytes, Callable[[bytes], None]] = {
            b"A": self._begin,
            b"E": self._entry,
            b"J": self._printed,
            b"K": self._listed,
            b"P": self._remember,
            b"Q": self._listed_oddly,
            b"N": self._remember,
            b"L": self._target,
            b"O": self._odd_checksum,
            b"S": self._sample,
            b"C": self._remember,
            b"G": self._second_look,
            b"Y": self._printed_again,
            b"R": self._sealed,
            b"V": self._labels,
            b"W": self._complaint,
            b"Z": self._end,
        }

    def take(self, piece: Piece) -> None:
        first, self._within = not self._within, not piece.last
        if piece.kind == b"D":
            self._content(piece, first=first)
        elif piece.kind == b"H":
            self._checksums(self._whole_lines(piece), first=first)
        elif piece.kind == b"I":
            self._printed_lines(self._whole_lines(piece))
        elif not piece.last:
            self._part = piece.data if first else self._part + piece.data
        elif piece.kind != b".":
            data = piece.data if first else self._part + piece.data
            self._handlers[piece.kind](data)

    def _begin(self, data: bytes) -> None:
        name, state = data.split()
        self._open = _Open(area=Area[name.decode()], state=_STATES[state])
        if self._open.state is not AreaState.SEEN:
            self.areas[self._open.area] = self._open.close()

    def _end(self, data: bytes) -> None:
        if data.strip().decode() != self._open.area.name:
            raise ValueError("another area ends than began")
        self.areas[self._open.area] = self._open.close()

    def _entry(self, data: bytes) -> None:
        self._open.all_again = True  # stat's entries are followed by a second look at each file
        mode, size, _, uid, gid, inode, label, day, time, zone, name = data.split(b" ", 10)
        path = path_of(name)
        self._open.entries[path] = Entry(
            path=path,
            mode=int(mode, 16),
            uid=int(uid),
            gid=int(gid),
            size_bytes=int(size),
            mtime=b" ".join((day, time, zone)).decode(),
            inode=int(inode),
            label="" if label in (b"?", b"-") else sys.intern(label.decode("utf-8", "replace")),
        )

    def _printed(self, data: bytes) -> None:
        fields = data.split(b" ", 7)
        entry = _printed_entry(fields)
        self._open.entries[entry.path] = entry
        self._name = fields[7]
        if entry.kind is EntryKind.FILE:
            self._open.seal.update(_sealed_line(fields))

    def _printed_lines(self, lines: list[bytes]) -> None:
        opened, sealed = self._open, []
        for fields in (line.split(b" ", 7) for line in lines if line):
            if fields[0][:1] == b"-":
                opened.waiting[fields[7]] = fields
                sealed.append(_sealed_line(fields))
            else:
                entry = _printed_entry(fields)
                opened.entries[entry.path] = entry
        opened.seal.update(b"".join(sealed))

    def _sealed(self, data: bytes) -> None:
        """The device's own checksum over sizes, inodes and times after everything was read."""
        if data.split()[0].decode() != self._open.seal.hexdigest():
            self.restless.add(self._open.area)

    def _second_look(self, data: bytes) -> None:
        size, inode, day, time, zone, name = data.split(b" ", 5)
        self._seen_again(name, size, inode, b" ".join((day, time, zone)))

    def _printed_again(self, data: bytes) -> None:
        size, inode, mtime, name = data.split(b" ", 3)
        self._seen_again(name, size, inode, mtime)
        self.looks[self._open.area] = self._open.again

    def _seen_again(self, name: bytes, size: bytes, inode: bytes, mtime: bytes) -> None:
        self._open.again[path_of(name)] = (int(size), int(inode), mtime.decode())

    def _remember(self, data: bytes) -> None:
        self._name = data

    def _listed(self, data: bytes) -> None:
        folder, *lines = data.split(b"\n")
        for line in filter(None, lines):
            entry = listed_entry(line, name=None, folder=folder, links=self._open.targets)
            self._open.entries[entry.path] = entry

    def _listed_oddly(self, data: bytes) -> None:
        entry = listed_entry(data, name=self._name, folder=b"", links=())
        self._open.entries[entry.path] = entry

    def _labels(self, data: bytes) -> None:
        folder, *lines = data.split(b"\n")
        labels = (label_line(line, folder=folder) for line in lines)
        self._open.labels.update(filter(None, labels))

    def _target(self, data: bytes) -> None:
        self._open.targets[path_of(self._name)] = path_of_bytes(data)

    def _whole_lines(self, piece: Piece) -> list[bytes]:
        lines = (self._lines + piece.data).split(b"\n")
        self._lines = b"" if piece.last else lines.pop()
        return lines

    def _checksums(self, lines: list[bytes], *, first: bool) -> None:
        if first:
            self._algorithm = lines.pop(0).decode().strip().removesuffix("sum")
        opened = self._open
        for line in lines:
            digest, space, name = line.partition(b"  ")
            if not space:
                continue
            shown = f"{self._algorithm}:{digest.decode()}"
            fields = opened.waiting.pop(name, None)
            if fields is None:
                opened.digests[path_of(name)] = shown
            else:
                entry = _printed_entry(fields, digest=shown)
                opened.entries[entry.path] = entry

    def _odd_checksum(self, data: bytes) -> None:
        digest, _, name = data.partition(b" ")
        if digest:
            self._open.digests[path_of(name)] = f"{self._algorithm}:{digest.decode()}"
        else:
            self._open.complaints += f"no checksum of {path_of(name)}\n"

    def _sample(self, data: bytes) -> None:
        head, tail, name = (part.decode("utf-8", "surrogateescape") for part in data.split(b" ", 2))
        self._open.digests[name.removeprefix("./")] = f"{self._algorithm}-of-ends:{head}{tail}"

    def _content(self, piece: Piece, *, first: bool) -> None:
        key = (self._open.area, path_of(self._name))
        data = piece.data
        if first:
            data = data.removeprefix(b"\n")
            self.contents[key] = self._scratch / f"content-{len(self.contents)}"
            self._digest = hashlib.new(self._algorithm)
        with self.contents[key].open("wb" if first else "ab") as file:
            file.write(data)
        self._digest.update(data)
        if piece.last:
            self._open.copies[key[1]] = f"{self._algorithm}:{self._digest.hexdigest()}"

    def _complaint(self, data: bytes) -> None:
        self._open.complaints += data.decode("utf-8", "surrogateescape") + "\n"

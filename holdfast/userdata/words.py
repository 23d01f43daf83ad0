"""Changes in plain words, ranked by what a person would miss. Pure text: no escaping for HTML."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

from holdfast.userdata.changes import Change, ChangeKind, Subject

__all__ = ["count_of", "describe", "rank", "shown_name", "shown_sentence", "size_of"]

_DEARNESS = {subject: at for at, subject in enumerate(Subject)}
_GRAVITY = {kind: at for at, kind in enumerate(ChangeKind)}
_NAMES_SHOWN = 3
_LONGEST_NAME = 80
_LONGEST_SENTENCE = 500
_SUBJECTS = {
    Subject.PICTURE: ("picture", "pictures"),
    Subject.DOCUMENT: ("document", "documents"),
    Subject.FILE: ("file", "files"),
    Subject.DIRECTORY: ("directory", "directories"),
}
_VERBS = {
    ChangeKind.LOST: ("is gone", "are gone"),
    ChangeKind.EMPTIED: ("was replaced by an empty file", "were replaced by empty files"),
    ChangeKind.TRUNCATED: ("was cut short", "were cut short"),
    ChangeKind.REVERTED: ("went back to an older state", "went back to an older state"),
    ChangeKind.CHANGED: ("was changed", "were changed"),
    ChangeKind.UNREADABLE: (
        "can no longer be read by the app",
        "can no longer be read by the app",
    ),
    ChangeKind.READ_ONLY: (
        "can no longer be written by the app",
        "can no longer be written by the app",
    ),
    ChangeKind.EXPOSED: ("can now be read by other apps", "can now be read by other apps"),
    ChangeKind.FOREIGN: ("now belongs to another app", "now belong to another app"),
    ChangeKind.NOT_SEEN: ("could not be looked at again", "could not be looked at again"),
    ChangeKind.MOVED: ("was moved", "were moved"),
    ChangeKind.MIGRATED: ("has another schema", "have another schema"),
    ChangeKind.ADDED: ("is new", "are new"),
}
_ROW_WORDS = {
    "message": ("message", "messages"),
    "messages": ("message", "messages"),
    "contact": ("contact", "contacts"),
    "contacts": ("contact", "contacts"),
    "rcontact": ("contact", "contacts"),
    "conversation": ("conversation", "conversations"),
    "note": ("note", "notes"),
    "notes": ("note", "notes"),
}


def rank(change: Change) -> tuple[int, int, int, int, int, str, str]:
    """A sort key: the dearest subject first, then the gravest kind, then the most and largest."""
    return (
        _DEARNESS[change.subject],
        _GRAVITY[change.kind],
        change.user_id,
        -change.count,
        -change.size_bytes,
        change.path,
        change.item,
    )


def describe(package_name: str, changes: Sequence[Change]) -> tuple[str, ...]:
    """One line for each thing that happened, files of one kind and place in one line."""
    groups: dict[tuple[int, Subject, ChangeKind, object, str], list[Change]] = defaultdict(list)
    for change in sorted(changes, key=rank):
        own_line = change.path + "/" + change.item if change.subject not in _SUBJECTS else ""
        key = (change.user_id, change.subject, change.kind, change.area, own_line)
        groups[key].append(change)
    return tuple(
        f"user {user_id}: {line}" if user_id else line
        for (user_id, *_), group in groups.items()
        for line in _lines(package_name, group)
    )


def _lines(package_name: str, group: list[Change]) -> Iterator[str]:
    first = group[0]
    if first.subject in _SUBJECTS:
        yield _files(group)
    elif first.subject is Subject.APP:
        yield from (_app(package_name, change) for change in group)
    elif first.subject is Subject.ROWS:
        yield from map(_rows, group)
    elif first.subject is Subject.PREFERENCE:
        yield from map(_keys, group)
    elif first.subject is Subject.DATABASE:
        yield from map(_database, group)
    else:
        yield from map(_area, group)


def _app(package_name: str, change: Change) -> str:
    what = {
        ChangeKind.GONE_APP: "is no longer installed",
        ChangeKind.REINSTALLED: "was uninstalled and installed anew",
        ChangeKind.RECREATED: "lost its data directory: it was destroyed and made anew",
    }[change.kind]
    return f"{package_name} {what} ({change.detail})"


def _rows(change: Change) -> str:
    one, many = _ROW_WORDS.get(change.item.lower(), ("", ""))
    noun = (one if change.total == 1 else many) or f"rows of {shown_name(change.item)}"
    verb = _VERBS[change.kind][change.count != 1]
    name = shown_name(change.path.rpartition("/")[2])
    detail = f" ({shown_name(change.detail)})" if change.detail else ""
    return f"{count_of(change.count)} of {count_of(change.total)} {noun} in {name} {verb}{detail}"


def _database(change: Change) -> str:
    name = shown_name(change.path.rpartition("/")[2])
    if change.kind is ChangeKind.REVERTED:
        return f"{name} {_VERBS[change.kind][0]} ({change.detail})"
    if change.kind is ChangeKind.MIGRATED:
        return f"{name} {_VERBS[change.kind][0]}"
    return (
        f"{name} with {count_of(change.count)} rows ({size_of(change.size_bytes)})"
        f" can no longer be read as a database: {change.detail}"
    )


def _keys(change: Change) -> str:
    name = shown_name(change.path.rpartition("/")[2].removesuffix(".xml"))
    verb = _VERBS[change.kind][change.count != 1]
    keys = change.item.split(", ")
    return (
        f"{count_of(change.count)} of {count_of(change.total)} settings in {name} {verb}:"
        f" {_listed([shown_name(k) for k in keys])}"
    )


def _area(change: Change) -> str:
    verb = _VERBS[change.kind][0]
    files = f"{count_of(change.count)} files, {size_of(change.size_bytes)}"
    return f"the app's {change.area} data ({files}) {verb}: {change.detail}"


def _files(group: list[Change]) -> str:
    first = group[0]
    one, many = _SUBJECTS[first.subject]
    verb = _VERBS[first.kind][len(group) != 1]
    size = sum(change.size_bytes for change in group)
    held = f" ({size_of(size)})" if first.subject is not Subject.DIRECTORY else ""
    place = f"in {first.area} data" if first.area and first.area.private else f"in {first.area}"
    if len(group) == 1:
        detail = f" ({first.detail})" if first.detail else f" (to {first.now})" if first.now else ""
        name = shown_name(first.path) or "the app's own directory"
        return f"{one} {name}{held} {place} {verb}{detail}"
    names = _listed([shown_name(change.path) or "." for change in group])
    details = {change.detail for change in group}
    detail = f" ({first.detail})" if len(details) == 1 and first.detail else ""
    return f"{count_of(len(group))} {many}{held} {place} {verb}{detail}: {names}"


def _listed(names: list[str]) -> str:
    shown = ", ".join(names[:_NAMES_SHOWN])
    more = len(names) - _NAMES_SHOWN
    return f"{shown} and {count_of(more)} more" if more > 0 else shown


def shown_name(name: str) -> str:
    """A name from the device, safe to print: control characters and broken UTF-8 as escapes."""
    safe = _printable(name)
    return safe if len(safe) <= _LONGEST_NAME else f"{safe[: _LONGEST_NAME - 1]}…"


def shown_sentence(words: str) -> str:
    """Words in which names from the device stand, safe to print, of a sentence's length."""
    safe = _printable(words)
    return safe if len(safe) <= _LONGEST_SENTENCE else f"{safe[: _LONGEST_SENTENCE - 1]}…"


def _printable(text: str) -> str:
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def count_of(number: int) -> str:
    """A whole number with its thousands set apart: `48 211`."""
    return f"{number:,}".replace(",", " ")


def size_of(size_bytes: int) -> str:
    """A size as shops and phones write it (powers of ten): `11.0 GB`."""
    if size_bytes < 1000:
        return f"{size_bytes} bytes" if size_bytes != 1 else "1 byte"
    size = float(size_bytes)
    for unit in ("kB", "MB", "GB", "TB"):
        size /= 1000
        if size < 999.95 or unit == "TB":
            break
    return f"{size:.1f} {unit}"

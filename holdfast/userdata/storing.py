"""Snapshots as JSON files, and back: `holdfast snapshot` writes them, `holdfast diff` reads them.

Paths that are no UTF-8 travel as escaped surrogates, which JSON allows.
"""

from __future__ import annotations

import json
import os
from dataclasses import asdict
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from holdfast.errors import ConfigurationError, Place
from holdfast.userdata.values import Snapshot

__all__ = [
    "FORMAT",
    "dump_snapshot",
    "load_snapshot",
    "read_snapshot_file",
    "write_snapshot_file",
]

FORMAT = "holdfast-snapshot-1"
_ADAPTER = TypeAdapter(Snapshot)


def dump_snapshot(snapshot: Snapshot) -> str:
    """One line of ASCII."""
    document = asdict(snapshot)
    for copy in (document, *document["others"]):
        for name in ("flags", "permissions", "requested"):
            copy["identity"][name] = sorted(copy["identity"][name])
    return json.dumps({"format": FORMAT, "snapshot": document}, separators=(",", ":"))


def load_snapshot(text: str) -> Snapshot:
    """Raises ValueError (also as pydantic's ValidationError) if `text` is no snapshot."""
    document = json.loads(text)
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        raise ValueError(f"not a snapshot of the form {FORMAT}")
    return _ADAPTER.validate_python(document["snapshot"])


def write_snapshot_file(file: Path, snapshot: Snapshot) -> None:
    """Either all of it is there behind this, or what was there before. Raises ConfigurationError
    that names the file if it cannot be written."""
    text = dump_snapshot(snapshot)
    part = file.with_name(f".{file.name}.{os.getpid()}.part")
    try:
        if file.exists() and not file.is_file():  # a pipe or /dev/stdout: nothing to keep whole
            file.write_text(text, encoding="ascii")
            return
        try:
            with part.open("x", encoding="ascii") as opened:
                opened.write(text)
                opened.flush()
                os.fsync(opened.fileno())
            part.replace(file)
        finally:
            part.unlink(missing_ok=True)
    except OSError as error:
        raise ConfigurationError(f"cannot be written: {error}", place=Place(file=file)) from error


def read_snapshot_file(file: Path) -> Snapshot:
    """Raises ConfigurationError that names the file."""
    try:
        return load_snapshot(file.read_text(encoding="ascii"))
    except OSError as error:
        what = f"it cannot be read: {error.strerror}"
        raise ConfigurationError(what, place=Place(file=file)) from error
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        what = "no file that `holdfast snapshot` wrote"
        raise ConfigurationError(what, place=Place(file=file)) from error
    except (ValueError, KeyError) as error:
        what = "not a snapshot of the user data: " + (
            f"{error.error_count()} fields are wrong"
            if isinstance(error, ValidationError)
            else str(error)
        )
        raise ConfigurationError(what, place=Place(file=file)) from error

"""`holdfast snapshot` and `holdfast diff`."""

from __future__ import annotations

import json
import os
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from holdfast.deadline import Deadline
from holdfast.device.connect import connect
from holdfast.errors import ConfigurationError, Place
from holdfast.journal import Journal, Ledger
from holdfast.userdata.collect import checked_name, collect
from holdfast.userdata.detectors import detect
from holdfast.userdata.diff import diff
from holdfast.userdata.html import render
from holdfast.userdata.storing import read_snapshot_file, write_snapshot_file
from holdfast.userdata.values import EntryKind, Snapshot
from holdfast.userdata.words import count_of, shown_sentence, size_of

__all__ = ["register"]

_DEFAULT_ADB_PORT = 5037


def register(app: typer.Typer) -> None:
    """Add the commands to the program."""
    app.command("snapshot")(snapshot)
    app.command("diff")(compare)


def snapshot(
    serial: Annotated[str, typer.Argument(help="as `adb devices` lists it")],
    package: Annotated[str, typer.Argument(help="the app whose data is recorded")],
    output: Annotated[Path, typer.Option("-o", "--output", help="the file to write")],
    timeout: Annotated[float, typer.Option(help="seconds that it may take")] = 3600.0,
) -> None:
    """Record everything that can be seen of an app's data. Changes nothing on the device."""
    try:
        package_name = checked_name(package)
    except ValueError as error:
        raise ConfigurationError(str(error)) from error
    _require_writable(output)
    deadline = Deadline.after(timeout)
    journal = Journal()
    device = connect(
        name=serial,
        serial=serial,
        adb_server_port=_adb_server_port(),
        journal=journal,
        ledger=Ledger(journal),
        deadline=deadline,
    )
    try:
        taken = collect(device, package_name, deadline=deadline)
    finally:
        device.close()
    write_snapshot_file(output, taken)
    for line in _summary(taken):
        typer.echo(line)


def _adb_server_port() -> int:
    named = os.environ.get("ANDROID_ADB_SERVER_PORT", str(_DEFAULT_ADB_PORT))
    if not (named.isascii() and named.isdecimal()):
        raise ConfigurationError(f"ANDROID_ADB_SERVER_PORT must be a port, not {named!r}")
    return int(named)


def _require_writable(file: Path) -> None:
    """Said before the work and not after it, which may take an hour. No file is left by this."""
    is_new = not file.exists()
    try:
        file.open("ab").close()
        if is_new:
            file.unlink()
    except OSError as error:
        what = f"it cannot be written: {error.strerror}"
        raise ConfigurationError(what, place=Place(file=file)) from error


def _summary(taken: Snapshot) -> list[str]:
    lines = [f"{taken.package_name}, by {taken.access}:"]
    for copy in (taken, *taken.others):
        whose = f"user {copy.user_id}: " if copy.user_id else ""
        for area in copy.areas:
            files = [e for e in copy.entries(area) if e.kind is EntryKind.FILE]
            held = f"{count_of(len(files))} files, {size_of(sum(e.size_bytes for e in files))}"
            lines.append(f"  {whose}{area}: {copy.state(area)}, {held}")
    lines += [f"  not seen: {shown_sentence(line)}" for line in taken.unseen]
    return lines


def compare(
    before: Annotated[Path, typer.Argument(help="a file that `holdfast snapshot` wrote")],
    after: Annotated[Path, typer.Argument(help="a later one of the same app")],
    json_output: Annotated[bool, typer.Option("--json", help="everything, as JSON")] = False,
    html: Annotated[Path | None, typer.Option(help="write an HTML page there, too")] = None,
) -> None:
    """Say what became of an app's data, and of the rights and settings that its user chose. Exit
    status 0: nothing was lost or changed; 1: something was; 3: nothing was seen, so nothing can be
    said."""
    was, now = read_snapshot_file(before), read_snapshot_file(after)
    try:
        found = diff(was, now)
    except ValueError as error:
        raise ConfigurationError(str(error)) from error
    detections = detect(was, now)
    missed = [d for d in detections if d.missed]
    if html is not None:
        _require_writable(html)
        html.write_text(render(found, detections=detections), encoding="utf-8")
    if json_output:
        typer.echo(json.dumps(found.document() | {"detections": [asdict(d) for d in detections]}))
    else:
        nothing = "nothing was seen" if found.nothing_seen else "nothing was lost or changed"
        others = [line for d in missed for line in d.lines()]
        for line in [*found.lines(), *map(shown_sentence, others)] or [nothing]:
            typer.echo(line)
        for line in found.unseen:
            typer.echo(f"not seen: {shown_sentence(line)}")
    if found.losses or missed:
        raise typer.Exit(1)
    if found.nothing_seen:
        raise typer.Exit(3)

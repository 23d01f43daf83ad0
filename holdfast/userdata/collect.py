"""Take a snapshot of an app's data from a device: what this module leaves there is nothing.

Three round trips: the questions, the app's own directories (as root or as the app's user), and the
shared storage; one more for each of the latter if something changed while it was read. The streams
are read as they come; only databases and preferences reach the host.
"""

from __future__ import annotations

import re
import secrets
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Protocol

from holdfast.deadline import Clock, Deadline
from holdfast.device.shell import Shell, quote
from holdfast.errors import LabError
from holdfast.userdata.databases import DatabaseUnreadable, main_database, read_database
from holdfast.userdata.facts import Answers, facts_script, read_answers, run_as
from holdfast.userdata.parse import Recorded, SnapshotCut, is_cache, read_recording
from holdfast.userdata.preferences import LIMIT_BYTES, PreferencesFormatError, read_preferences
from holdfast.userdata.scratch import scratch_folder
from holdfast.userdata.script import ScriptPlan, area_script, second_look_script
from holdfast.userdata.values import (
    Area,
    AreaContent,
    AreaState,
    Database,
    EntryKind,
    Preferences,
    Reach,
    Snapshot,
)

__all__ = ["DataDevice", "area_roots", "ask", "checked_name", "collect"]


class DataDevice(Protocol):
    """What a snapshot needs of a device; `holdfast.device.Device` has it."""

    @property
    def name(self) -> str: ...

    @property
    def shell(self) -> Shell: ...

    @property
    def api(self) -> int: ...

    @property
    def clock(self) -> Clock: ...


def checked_name(package_name: str) -> str:
    """The name of a package, as Android allows them; ValueError for anything else."""
    if not re.fullmatch(r"[A-Za-z]\w*(\.\w+)*", package_name, re.ASCII):
        raise ValueError(f"not the name of a package: {package_name!r}")
    return package_name


def area_roots(package_name: str, *, api: int, user_id: int = 0) -> Mapping[Area, str]:
    """Where a user's areas lie. Device-protected storage came with API 24."""
    home = f"/data/user/{user_id}" if user_id else "/data/data"
    shared = f"/storage/emulated/{user_id}" if user_id else "/sdcard"
    roots = {Area.CREDENTIAL: f"{home}/{package_name}"}
    if api >= 24:
        roots[Area.DEVICE] = f"/data/user_de/{user_id}/{package_name}"
    return roots | {
        Area.EXTERNAL: f"{shared}/Android/data/{package_name}",
        Area.MEDIA: f"{shared}/Android/media/{package_name}",
        Area.OBB: f"{shared}/Android/obb/{package_name}",
        Area.SHARED: shared,
    }


def collect(device: DataDevice, package_name: str, *, deadline: Deadline) -> Snapshot:
    """Record everything that this device lets us see of the app's data, of every user who has it.

    Raises LabError if it was interrupted anywhere: there are no partial snapshots.
    """
    answers = ask(device, checked_name(package_name), deadline)
    owner = _of_user(device, package_name, answers, deadline)
    others = tuple(
        _of_user(device, package_name, ask(device, package_name, deadline, user_id=n), deadline)
        for n in answers.other_users
    )
    unseen = [f"user {o.user_id}: {words}" for o in others for words in o.unseen]
    return replace(owner, others=others, unseen=(*owner.unseen, *unseen))


def _of_user(
    device: DataDevice, package_name: str, answers: Answers, deadline: Deadline
) -> Snapshot:
    taken_at = device.clock.time()
    roots = area_roots(package_name, api=device.api, user_id=answers.user_id)
    with scratch_folder("snapshot") as scratch:
        areas: dict[Area, AreaContent] = {}
        databases: list[Database] = []
        preferences: list[Preferences] = []
        for number, (prefix, chosen) in enumerate(_runs(answers, package_name, roots)):
            place = scratch / str(number)
            place.mkdir()
            recorded = _record(device, answers, prefix, chosen, scratch=place, deadline=deadline)
            areas |= recorded.areas
            databases += _databases(recorded, place)
            preferences += _preferences(recorded)
    for area in roots:
        areas.setdefault(area, AreaContent(state=AreaState.NOT_SEEN, why=_why(area, answers)))
    return Snapshot(
        package_name=package_name,
        taken_at=taken_at,
        access=answers.reach,
        identity=answers.identity,
        facts=answers.facts,
        areas=areas,
        databases=tuple(databases),
        preferences=tuple(preferences),
        unseen=tuple(_unseen(areas, databases)),
        access_error=answers.access_error,
        user_id=answers.user_id,
    )


def ask(device: DataDevice, package_name: str, deadline: Deadline, *, user_id: int = 0) -> Answers:
    """Put the questions about the app and the device. Raises LabError if they are cut short."""
    nonce = secrets.token_hex(8)
    script = facts_script(package_name, nonce=nonce, api=device.api, user_id=user_id)
    output = b"".join(device.shell.stream(script, deadline=deadline))
    answers = read_answers(
        output, package_name=package_name, nonce=nonce, api=device.api, user_id=user_id
    )
    if not answers.complete:
        raise SnapshotCut("the device stopped answering questions", device=device.name)
    return answers


def _runs(
    answers: Answers, package_name: str, roots: Mapping[Area, str]
) -> Iterator[tuple[str, Mapping[Area, str]]]:
    """What to record by which prefix of the command: as few commands as the access allows.

    Of another user's shared storage the shell may be shown nothing, and of a locked user's there
    are no names: that does not mean that it is empty.
    """
    outside = {a: r for a, r in roots.items() if not a.private}
    if answers.user_id and answers.facts.storage_error:
        outside = {}
    private = {a: r for a, r in roots.items() if a.private}
    if answers.locked:
        outside = {}
        private = {a: r for a, r in private.items() if a is Area.DEVICE}
    if answers.reach is Reach.ROOT:
        yield "", private | outside
        return
    if answers.reach is Reach.RUN_AS and private:
        yield f"{run_as(package_name, answers.user_id)} ", private
    if outside:
        yield "", outside


def _record(
    device: DataDevice,
    answers: Answers,
    prefix: str,
    roots: Mapping[Area, str],
    *,
    scratch: Path,
    deadline: Deadline,
) -> Recorded:
    plan = ScriptPlan(
        nonce=secrets.token_hex(8),
        flavour=answers.flavour,
        checksum=answers.checksum,
        labels=answers.shows_labels,
        roots=roots,
    )
    recorded = _read(device, f"{prefix}sh -c {quote(area_script(plan))}", plan, scratch, deadline)
    if set(recorded.areas) != set(roots):
        raise LabError("the recording lacks areas that were asked for", device=device.name)
    if not recorded.restless:
        return recorded
    again = replace(plan, roots={area: roots[area] for area in recorded.restless})
    command = f"{prefix}sh -c {quote(second_look_script(again))}"
    second = _read(device, command, again, scratch, deadline)
    return replace(recorded, areas=recorded.settled(second))


def _read(
    device: DataDevice, command: str, plan: ScriptPlan, scratch: Path, deadline: Deadline
) -> Recorded:
    chunks = device.shell.stream(command, deadline=deadline)
    return read_recording(chunks, plan.nonce, scratch=scratch, device=device.name)


def _databases(recorded: Recorded, scratch: Path) -> Iterator[Database]:
    """Every database read by meaning, from a copy that lies beside copies of its companions."""
    for number, ((area, path), file) in enumerate(sorted(recorded.contents.items())):
        if path != main_database(path) or path.endswith(".xml"):
            continue
        copy = scratch / f"database-{number}"
        shutil.copyfile(file, copy)
        for suffix in ("-wal", "-journal"):
            companion = recorded.contents.get((area, path + suffix))
            if companion:
                shutil.copyfile(companion, copy.with_name(copy.name + suffix))
        try:
            yield read_database(copy, area=area, path=path)
        except DatabaseUnreadable as error:
            yield Database(area=area, path=path, problem=str(error))


def _preferences(recorded: Recorded) -> Iterator[Preferences]:
    for (area, path), file in sorted(recorded.contents.items()):
        if not path.endswith(".xml"):
            continue
        with file.open("rb") as opened:
            data = opened.read(LIMIT_BYTES + 1)  # one byte more than is allowed tells
        try:
            yield Preferences(area=area, path=path, values=read_preferences(data))
        except PreferencesFormatError as error:
            yield Preferences(area=area, path=path, problem=str(error))


def _why(area: Area, answers: Answers) -> str:
    if answers.locked:
        return "the user's storage is locked"
    if not area.private:
        return answers.facts.storage_error
    if not answers.identity.installed:
        return "the app is not installed"
    return answers.access_error or "the device does not let us in"


def _unseen(areas: Mapping[Area, AreaContent], databases: list[Database]) -> Iterator[str]:
    """What was not seen, in words."""
    for area, content in areas.items():
        if content.state is AreaState.NOT_SEEN:
            yield f"{area} data: {content.why}"
            continue
        if content.why:
            yield f"{area} data: {content.why.splitlines()[0]}"
        files = [e for e in content.entries if e.kind is EntryKind.FILE]
        unread = [e for e in files if not e.digest and not is_cache(area, e.path)]
        if unread:
            yield f"{area} data: {len(unread)} files could not be read: {unread[0].path} …"
        for entry in files:
            if "-of-ends:" in entry.digest:
                yield f"{area} data: {entry.path} is so large that only its ends were compared"
            elif entry.unstable:
                yield f"{area} data: {entry.path} changed while it was read"
    for database in databases:
        if database.problem:
            yield f"{database.area} data: {database.path} as a database: {database.problem}"

"""Write seeded data into an app on a device, as the app's own user wherever that is possible.

Two files are pushed to /data/local/tmp (all contents in one pack, and the script that takes them
out again) and removed at the end; nothing else is left but the data. What could not be written is
reported by name, never passed over.

Not written, because no shell of a stock Android can: notification channels. `cmd notification` (8
and up) posts as the shell itself and lets or forbids listeners; only an app makes its own channels.
Nor default apps before Android 10: the settings that named them are put right by Android itself
when an app does not qualify. `cmd role` refuses such an app at once.
"""

from __future__ import annotations

import io
import re
import tarfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from holdfast.deadline import Clock, Deadline
from holdfast.device.shell import Files, Shell, command_bytes, quote
from holdfast.errors import LabError
from holdfast.userdata.collect import area_roots, ask, checked_name
from holdfast.userdata.facts import Answers, run_as
from holdfast.userdata.media_index import index_files
from holdfast.userdata.scratch import scratch_folder
from holdfast.userdata.seed import (
    LINKS,
    ODD_NAMES,
    SeedFile,
    SeedPlan,
    database_files,
    file_content,
    group_files,
    groups_of,
    preference_files,
)
from holdfast.userdata.values import Area, Reach, path_of_bytes

__all__ = ["PlantDevice", "Planted", "plant"]

_PACK = "/data/local/tmp/holdfast-seed.pack"
_SCRIPT = "/data/local/tmp/holdfast-seed.sh"
_BLOCK_BYTES = 512
_WRITTEN_AT = 1_780_000_000
_PACK_LIMIT_BYTES = 128 << 20
_SCRIPTED_FILES = 500
"""More files than these go by `tar` where there is one: two processes a file are too slow."""


_FIRST_RUNTIME_PERMISSIONS = 23
_FIRST_ROLES = 29
_ROLE = "android.app.role.SMS"
_GRANTED = frozenset(
    f"android.permission.{name}"
    for name in ("CAMERA", "RECORD_AUDIO", "READ_CONTACTS", "ACCESS_FINE_LOCATION")
)


class PlantDevice(Protocol):
    """What planting needs of a device; `holdfast.device.Device` has it."""

    @property
    def name(self) -> str: ...

    @property
    def shell(self) -> Shell: ...

    @property
    def files(self) -> Files: ...

    @property
    def api(self) -> int: ...

    @property
    def clock(self) -> Clock: ...


@dataclass(frozen=True, kw_only=True, slots=True)
class Planted:
    """What was written: file counts and bytes by area, and what could not be, in words."""

    files: Mapping[Area, int]
    size_bytes: int
    not_covered: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class _Item:
    """A file to write; its content comes from `content`, or else from the seed. A symlink has a
    `target`, and no content."""

    file: SeedFile
    content: bytes | None = None
    target: str = ""

    def data(self, plan: SeedPlan) -> bytes:
        return file_content(self.file, plan) if self.content is None else self.content


def plant(
    device: PlantDevice, package_name: str, *, seed: SeedPlan | None = None, deadline: Deadline
) -> Planted:
    """Write the seed's data into the app, for every user who has it. Raises LabError if the device
    was lost meanwhile.

    The app should not be running. Files of the same name are overwritten. Other users get the small
    stock, whatever the size.
    """
    plan = seed or SeedPlan()
    answers = ask(device, checked_name(package_name), deadline)
    planted = _plant_for(device, package_name, answers, plan, deadline)
    for user_id in answers.other_users:
        theirs = ask(device, package_name, deadline, user_id=user_id)
        small = SeedPlan(number=plan.number + user_id)
        planted = _together(planted, _plant_for(device, package_name, theirs, small, deadline))
    return planted


def _together(one: Planted, other: Planted) -> Planted:
    areas = one.files.keys() | other.files.keys()
    return Planted(
        files={a: one.files.get(a, 0) + other.files.get(a, 0) for a in areas},
        size_bytes=one.size_bytes + other.size_bytes,
        not_covered=one.not_covered + other.not_covered,
    )


def _plant_for(
    device: PlantDevice, package_name: str, answers: Answers, plan: SeedPlan, deadline: Deadline
) -> Planted:
    """For one user."""
    roots = area_roots(package_name, api=device.api, user_id=answers.user_id)
    with scratch_folder("seed") as scratch:
        items = list(_items(plan, scratch))
        written: dict[Area, int] = {}
        size_bytes, failed = 0, []
        reachable = [
            item
            for item in items
            if item.file.area in roots and _command(answers, package_name, item.file.area)
        ]
        for area, batch in _batches(reachable):
            planter = _Planter(device, deadline, root=roots[area], scratch=scratch)
            by_tar = answers.has_tar and len(batch) > _SCRIPTED_FILES
            write = planter.write_by_tar if by_tar else planter.write
            refused = write(batch, plan, command=_command(answers, package_name, area))
            failed += [batch[number].file for number in refused]
            written[area] = written.get(area, 0) + len(batch) - len(refused)
            size_bytes += sum(item.file.size_bytes for item in batch)
    size_bytes -= sum(file.size_bytes for file in failed)
    if answers.reach is Reach.ROOT and not answers.run_as:
        _give_to_app(device, answers, roots, deadline)
    not_set = _choose(device, package_name, answers, deadline)
    shared = [
        f"{roots[Area.SHARED]}/{item.file.path}"
        for item in reachable
        if item.file.area is Area.SHARED and item.file not in failed
    ]
    if not answers.user_id:
        not_set += index_files(device.shell, shared, api=device.api, deadline=deadline)
    unreachable = {item.file.area for item in items} - {item.file.area for item in reachable}
    not_covered = (*_not_covered(unreachable, failed, answers, roots), *not_set)
    whose = f"user {answers.user_id}: " if answers.user_id else ""
    return Planted(
        files=written,
        size_bytes=size_bytes,
        not_covered=tuple(whose + words for words in not_covered),
    )


def _items(plan: SeedPlan, scratch: Path) -> Iterator[_Item]:
    for group in groups_of(plan):
        for file in group_files(group, plan):
            yield _Item(file=file)
    for number, name in enumerate(ODD_NAMES):
        path = "files/odd/" + path_of_bytes(name)
        yield _Item(file=SeedFile(area=Area.CREDENTIAL, path=path, size_bytes=20 + number))
    ready = {**preference_files(plan), **database_files(plan, scratch)}
    for (area, path), content in ready.items():
        file = SeedFile(area=area, path=path, size_bytes=len(content))
        yield _Item(file=file, content=content)
    empty = SeedFile(area=Area.CREDENTIAL, path="files/.nomedia", size_bytes=0)
    yield _Item(file=empty, content=b"")
    for path, target in LINKS.items():
        link = SeedFile(area=Area.CREDENTIAL, path=path, size_bytes=0)
        yield _Item(file=link, content=b"", target=target)


def _command(answers: Answers, package_name: str, area: Area) -> str:
    """The prefix of a command that may write there; empty where none may."""
    if not area.private:
        return "" if answers.user_id and answers.facts.storage_error else "exec"
    if answers.run_as:
        return run_as(package_name, answers.user_id)
    return "exec" if answers.reach is Reach.ROOT else ""


def _batches(items: Sequence[_Item]) -> Iterator[tuple[Area, list[_Item]]]:
    """Items of one area, not more than a pack may hold."""
    for area in dict.fromkeys(item.file.area for item in items):
        batch: list[_Item] = []
        held = 0
        for item in (item for item in items if item.file.area is area):
            if batch and held + item.file.size_bytes > _PACK_LIMIT_BYTES:
                yield area, batch
                batch, held = [], 0
            batch.append(item)
            held += item.file.size_bytes
        yield area, batch


class _Planter:
    """Writes one batch of files of one area."""

    def __init__(
        self, device: PlantDevice, deadline: Deadline, *, root: str, scratch: Path
    ) -> None:
        self._device = device
        self._deadline = deadline
        self._root = root
        self._scratch = scratch

    def write(self, batch: Sequence[_Item], plan: SeedPlan, *, command: str) -> list[int]:
        """The numbers in `batch` of what could not be written."""
        pack = self._scratch / "pack"
        lines = list(self._pack(batch, plan, pack))
        script = _HEAD.replace("ROOT", self._root) + "\n".join(lines) + "\nprint -r -- done\n"
        self._device.files.push(pack, _PACK, deadline=self._deadline)
        self._device.files.push(command_bytes(script), _SCRIPT, deadline=self._deadline)
        try:
            run = f"{command} sh {_SCRIPT}"
            said = self._device.shell.run(run, deadline=self._deadline).all_text
        finally:
            self._device.shell.run(f"rm -f {_PACK} {_SCRIPT}", deadline=self._deadline)
        if not re.search(r"^done$", said, re.MULTILINE):
            raise LabError(
                f"planting data stopped half-way; the device said: {said.strip()[-300:]}",
                device=self._device.name,
            )
        return [int(number) for number in re.findall(r"^failed (\d+)$", said, re.MULTILINE)]

    def write_by_tar(self, batch: Sequence[_Item], plan: SeedPlan, *, command: str) -> list[int]:
        """Like `write`, for many files; what tar complains of is written one by one."""
        pack = self._scratch / "pack"
        with tarfile.open(pack, "w", format=tarfile.GNU_FORMAT, errors="surrogateescape") as tar:
            for item in batch:
                data = item.data(plan)
                about = tarfile.TarInfo(item.file.path)
                about.size, about.mode, about.mtime = len(data), 0o600, _WRITTEN_AT
                if item.target:
                    about.type, about.linkname = tarfile.SYMTYPE, item.target
                tar.addfile(about, io.BytesIO(data))
        self._device.files.push(pack, _PACK, deadline=self._deadline)
        unpack = f"umask 077; mkdir -p {self._root} && cd {self._root} && tar -xf {_PACK} 2>&1"
        try:
            done = self._device.shell.run(
                f"{command} sh -c {quote(unpack)}", deadline=self._deadline
            )
        finally:
            self._device.shell.run(f"rm -f {_PACK}", deadline=self._deadline)
        return [] if done.exit_status == 0 else self.write(batch, plan, command=command)

    @staticmethod
    def _pack(batch: Sequence[_Item], plan: SeedPlan, pack: Path) -> Iterator[str]:
        """Write the pack, and yield the script's lines: content begins at whole blocks."""
        block = 0
        with pack.open("wb") as out:
            for number, item in enumerate(batch):
                path = quote("./" + item.file.path)
                if item.target:
                    yield f"l {number} {quote(item.target)} {path}"
                    continue
                data = item.data(plan)
                whole, rest = divmod(len(data), _BLOCK_BYTES)
                out.write(data + bytes(-len(data) % _BLOCK_BYTES))
                yield f"w {number} {block} {whole} {rest} {path}"
                block += whole + bool(rest)


# `w NUMBER BLOCK WHOLE REST PATH`: take WHOLE blocks and REST bytes of the pack from BLOCK on.
# `l NUMBER TARGET PATH`: a symlink, made anew.
# dd alone cuts bytes out on every Android; `head -c` came with toybox.
_HEAD = f"""umask 077
cd "ROOT" 2>/dev/null || {{ mkdir -p "ROOT" && cd "ROOT"; }} 2>/dev/null || x=1
w() {{
[[ -n $x ]] && {{ print -r -- "failed $1"; return; }}
d=${{5%/*}}
[[ -d $d ]] || mkdir -p "$d" 2>/dev/null
{{
[[ $3 -eq 0 ]] || dd if={_PACK} bs=512 skip=$2 count=$3
[[ $4 -eq 0 ]] || dd if={_PACK} bs=1 skip=$((($2+$3)*512)) count=$4
}} 2>/dev/null > "$5" || print -r -- "failed $1"
}}
l() {{
[[ -z $x ]] && rm -f "$3" && ln -s "$2" "$3" || print -r -- "failed $1"
}}
"""


def _give_to_app(
    device: PlantDevice, answers: Answers, roots: Mapping[Area, str], deadline: Deadline
) -> None:
    """What root wrote belongs to root: hand it to the app, with the label that goes with it."""
    app_id = answers.identity.app_id
    uid = None if app_id is None else answers.user_id * 100_000 + app_id
    for area, root in roots.items():
        if area.private and uid is not None:
            command = f"chown -R {uid}:{uid} {root}/*; restorecon -R {root}"
            device.shell.run(command, deadline=deadline)


def _choose(
    device: PlantDevice, package_name: str, answers: Answers, deadline: Deadline
) -> tuple[str, ...]:
    """Make the choices that a user makes in Settings: grant some of the permissions that the app
    asks for, forbid it something, and make it a default app if it qualifies. API 23 and up.
    Returns what was refused, in words."""
    if device.api < _FIRST_RUNTIME_PERMISSIONS:
        return ()
    whose = f"--user {answers.user_id} {package_name}" if answers.user_id else package_name
    asked = [f"pm grant {whose} {p}" for p in sorted(answers.identity.requested & _GRANTED)]
    asked.append(f"appops set {whose} VIBRATE ignore")
    if device.api >= _FIRST_ROLES:
        user = f"--user {answers.user_id} " if answers.user_id else ""
        asked.append(f"cmd role add-role-holder {user}{_ROLE} {package_name}")
    script = "; ".join(
        f'[ -z "$({command} 2>&1)" ] || echo "refused {command}"' for command in asked
    )
    said = device.shell.run(script, deadline=deadline).text
    return tuple(line for line in said.splitlines() if line.startswith("refused "))


def _not_covered(
    unreachable: set[Area],
    failed: Sequence[SeedFile],
    answers: Answers,
    roots: Mapping[Area, str],
) -> Iterator[str]:
    for area in sorted(unreachable):
        refused = answers.access_error or "the device does not let us in"
        yield f"{area} data: {refused if area in roots else 'this Android has none'}"
    for area in sorted({file.area for file in failed}):
        names = [file.path for file in failed if file.area is area]
        yield f"{len(names)} files of {area} data: the device refused to write {names[0]!a} …"

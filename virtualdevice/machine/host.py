"""What the host must offer: programs, and ranges of ids; one sentence where it does not."""

from __future__ import annotations

import os
import pwd
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

__all__ = ["HostCannot", "HostPrograms", "IdMap", "IdRange", "choose_id_maps", "find_programs"]

ROOT_BASE = 100_000
"""First host id of a device when we are root: what Debian gives the first user as subids."""
ROOT_SPANS = (2_000_000, 65_536)
"""Ids a device gets when we are root: with Android's users 0 and 10 to 19, else as in
/etc/subuid."""
SMALLEST_SPAN = 20_000
"""Apps have ids from 10000 to 19999."""
FIRST_USERS_IDS = 30_000
"""What Android's user 0 needs: also the groups of caches, from 20000."""
NEXT_USERS = range(10, 18)
NEXT_USERS_SHARES = ((10_000, 2_000), (20_000, 2_000))
"""Of each next user's 100 000 ids those that are mapped where ids are scarce: 2000 apps, and the
groups of their caches; (first, count)."""


class HostCannot(Exception):
    """This host cannot run a virtual device; the text is one sentence with what to do."""


@dataclass(frozen=True, kw_only=True, slots=True)
class HostPrograms:
    """The distribution's programs that a device's root is made of."""

    mksh: Path
    toybox: Path
    busybox: Path


def find_programs(search_path: str | None = None) -> HostPrograms:
    """HostCannot names all packages that are missing."""
    path = search_path or os.environ.get("PATH", "") + ":/usr/bin:/bin:/usr/sbin:/sbin"
    packages = {"mksh": "mksh", "toybox": "toybox", "busybox": "busybox-static"}
    found = {name: shutil.which(name, path=path) for name in packages}
    missing = [packages[name] for name, where in found.items() if where is None]
    if missing:
        raise HostCannot(
            "the virtual device's shell is Android's own: install it as root with"
            f" 'apt-get install {' '.join(missing)}'"
        )
    return HostPrograms(**{name: Path(str(where)).resolve() for name, where in found.items()})


@dataclass(frozen=True, kw_only=True, slots=True)
class IdRange:
    """`count` ids: `device` on the device is `host` on the host, and so on upwards."""

    device: int
    host: int
    count: int


@dataclass(frozen=True, kw_only=True, slots=True)
class IdMap:
    """How the user (or group) ids of the device's namespace lie in the host's."""

    ranges: tuple[IdRange, ...]

    def to_device(self, host_id: int) -> int:
        """65534 (nobody) for an id that the device cannot have."""
        for part in self.ranges:
            if part.host <= host_id < part.host + part.count:
                return host_id - part.host + part.device
        return 65534

    def has(self, device_id: int) -> bool:
        """Whether the device can have a file or a process of that id."""
        return any(0 <= device_id - part.device < part.count for part in self.ranges)

    def lines(self) -> str:
        """As the kernel wants it in /proc/PID/uid_map."""
        return "".join(f"{part.device} {part.host} {part.count}\n" for part in self.ranges)

    def arguments(self) -> list[str]:
        """As newuidmap wants it."""
        return [str(n) for part in self.ranges for n in (part.device, part.host, part.count)]


def choose_id_maps(
    *,
    uid: int,
    gid: int,
    subordinate: Mapping[str, Path] | None = None,
) -> tuple[tuple[IdMap, IdMap], ...]:
    """Maps for users and for groups, best first. Root shifts everything by a base; anybody else is
    the device's root themselves, and has the subordinate ids of /etc/subuid above that."""
    if uid == 0:
        shifted = (IdMap(ranges=_spread(0, ROOT_BASE, span)) for span in ROOT_SPANS)
        return tuple((one, one) for one in shifted)
    files = subordinate or {"uid": Path("/etc/subuid"), "gid": Path("/etc/subgid")}
    if not shutil.which("newuidmap") or not shutil.which("newgidmap"):
        raise HostCannot(
            "without root the virtual device needs newuidmap: install it as root with"
            " 'apt-get install uidmap'"
        )
    users = _subordinate_ids(files["uid"], uid=uid)
    groups = _subordinate_ids(files["gid"], uid=uid)
    return ((_with_own_id(uid, users), _with_own_id(gid, groups)),)


def _with_own_id(own: int, subordinate: tuple[IdRange, ...]) -> IdMap:
    return IdMap(ranges=(IdRange(device=0, host=own, count=1), *subordinate))


def _spread(device: int, host: int, count: int) -> tuple[IdRange, ...]:
    """Ids from `device` on: all of them one after the other where they reach a next user so; where
    they are scarce, user 0's and then shares of as many next users as there are ids for."""
    whole = IdRange(device=device, host=host, count=count)
    if count >= NEXT_USERS[-1] * 100_000 or count <= FIRST_USERS_IDS:
        return (whole,)
    used = FIRST_USERS_IDS - device
    ranges = [IdRange(device=device, host=host, count=used)]
    for user in NEXT_USERS:
        for first, share in NEXT_USERS_SHARES:
            if used + share > count:
                return tuple(ranges)
            place = user * 100_000 + first
            ranges.append(IdRange(device=place, host=host + used, count=share))
            used += share
    return tuple(ranges)


def _subordinate_ids(file: Path, *, uid: int) -> tuple[IdRange, ...]:
    """The largest range that the file gives this user, placed from device id 1 on."""
    try:
        name = pwd.getpwuid(uid).pw_name
    except KeyError:
        name = str(uid)
    try:
        lines: Sequence[str] = file.read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = ()
    fields = (line.split(":") for line in lines if line.count(":") == 2)
    spans = [
        (int(count), int(first))
        for owner, first, count in fields
        if owner in {name, str(uid)} and first.isdigit() and count.strip().isdigit()
    ]
    count, first = max(spans, default=(0, 0))
    if count < SMALLEST_SPAN:
        raise HostCannot(
            f"{file} gives {name} no {SMALLEST_SPAN} ids of their own: run as root"
            f" 'usermod --add-subuids 100000-165535 --add-subgids 100000-165535 {name}'"
        )
    return _spread(1, first, count)

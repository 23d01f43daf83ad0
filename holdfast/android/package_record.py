"""`dumpsys package NAME`, read into what the package manager knows of one package.

Fields by version: PackageManagerService.dump / Settings.dumpPackageLPr, API 21 to 36.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

__all__ = ["PackageRecord", "PackageUser", "parse_dumpsys_package"]

_BLOCK = re.compile(r"^( *)Package \[(?P<name>[^\]\s]+)\] \([0-9a-f]+\):\s*$")
_PAIR = re.compile(r"(\w+)=(\[[^\]]*\]|\S+)")
_USER = re.compile(r"^ *User (\d+): *(.*)$")
_PERMISSION = re.compile(r"^ *(?P<name>[\w.]+): granted=(?P<granted>true|false)")
_HASHES_9 = re.compile(
    r"PackageSignatures\{[0-9a-f]+ version:(?P<version>\d+), signatures:\[(?P<now>[^\]]*)\]"
    r"(?:, past signatures:\[(?P<past>[^\]]*)\])?"
)
_HASHES_OLD = re.compile(r"PackageSignatures\{[0-9a-f]+ \[(?P<now>[^\]]*)\]\}")


@dataclass(frozen=True, kw_only=True, slots=True)
class PackageUser:
    """What is known for one user. None: this version does not say."""

    user_id: int
    installed: bool | None = None
    ce_data_inode: int | None = None
    first_install_time: str | None = None
    data_dir: str | None = None
    stopped: bool | None = None
    not_launched: bool | None = None
    hidden: bool | None = None
    suspended: bool | None = None
    granted: frozenset[str] = frozenset()


@dataclass(frozen=True, kw_only=True, slots=True)
class PackageRecord:
    """One package as the package manager records it. None: this version does not say.

    Times are as printed (device time, to the second). `signature_hashes` are Java's
    Arrays.hashCode of the certificates in hexadecimal; below API 24 Android prints identity hashes
    that mean nothing after a reboot, so the tuple is empty there if `api` was given.
    """

    package_name: str
    app_id: int | None
    version_code: int | None
    version_name: str | None
    target_sdk: int | None
    code_path: str | None
    data_dir: str | None
    first_install_time: str | None
    last_update_time: str | None
    signature_hashes: tuple[str, ...]
    past_signature_hashes: tuple[str, ...]
    signing_version: int | None
    installer: str | None
    flags: frozenset[str]
    granted: frozenset[str]
    users: tuple[PackageUser, ...]
    granted_to_all: frozenset[str] = frozenset()

    def granted_to(self, user_id: int) -> frozenset[str]:
        """What it holds when that user runs it."""
        user = self.user(user_id)
        return self.granted_to_all | user.granted if user else self.granted

    @property
    def debuggable(self) -> bool:
        return "DEBUGGABLE" in self.flags

    def user(self, user_id: int = 0) -> PackageUser | None:
        return next((u for u in self.users if u.user_id == user_id), None)


def parse_dumpsys_package(
    text: str, package_name: str, *, api: int | None = None
) -> PackageRecord | None:
    """The record of `package_name`; None if the dump has none.

    The first block of that name counts: a second one under `Hidden system packages:` is the
    preload that an update hides.
    """
    block = _block(text.replace("\r\n", "\n").splitlines(), package_name)
    return _record(block, package_name, api=api) if block is not None else None


def _block(lines: list[str], package_name: str) -> list[str] | None:
    """The lines that are indented deeper than the head of the block."""
    for number, line in enumerate(lines):
        head = _BLOCK.match(line)
        if not head or head["name"] != package_name:
            continue
        depth = len(head[1])
        block = []
        for inner in lines[number + 1 :]:
            if inner.strip() and len(inner) - len(inner.lstrip(" ")) <= depth:
                break
            block.append(inner)
        return block
    return None


def _record(block: list[str], package_name: str, *, api: int | None) -> PackageRecord:
    first_user = next((n for n, line in enumerate(block) if _USER.match(line)), len(block))
    head = _pairs(block[:first_user])
    users = _users(block[first_user:])
    owner = next((u for u in users if u.user_id == 0), None)
    now, past, version = _hashes(block, api=api)
    return PackageRecord(
        package_name=package_name,
        app_id=_number(head.get("appId") or head.get("userId")),
        version_code=_number(head.get("versionCode")),
        version_name=_rest(block, "versionName"),
        target_sdk=_number(head.get("targetSdk")),
        code_path=_rest(block, "codePath"),
        data_dir=_rest(block, "dataDir"),
        first_install_time=_rest(block[:first_user], "firstInstallTime")
        or (owner.first_install_time if owner else None),
        last_update_time=_rest(block, "lastUpdateTime"),
        signature_hashes=now,
        past_signature_hashes=past,
        signing_version=version,
        installer=_present(head.get("installerPackageName")),
        flags=_flags(block),
        granted=_granted(block),
        granted_to_all=_granted(block[:first_user] if len(users) > 1 else block),
        users=users,
    )


def _pairs(lines: list[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for line in lines:
        for key, value in _PAIR.findall(line):
            found.setdefault(key, value)
    return found


def _rest(lines: list[str], key: str) -> str | None:
    """The value of a `key=value with spaces` line."""
    prefix = f"{key}="
    for line in lines:
        if line.strip().startswith(prefix):
            return _present(line.strip()[len(prefix) :].strip())
    return None


def _present(value: str | None) -> str | None:
    return None if value in (None, "", "null") else value


def _number(value: str | None) -> int | None:
    return int(value) if value and value.isascii() and value.isdigit() else None


def _flags(lines: list[str]) -> frozenset[str]:
    for key in ("pkgFlags", "flags"):
        rest = _rest(lines, key)
        if rest and rest.startswith("["):
            return frozenset(rest.strip("[] ").split())
    return frozenset()


def _granted(lines: list[str]) -> frozenset[str]:
    """Permissions that the package holds, of every kind (for the first user that is listed)."""
    names = {m["name"] for m in map(_PERMISSION.match, lines) if m and m["granted"] == "true"}
    return frozenset(names | _granted_before_23(lines))


def _granted_before_23(lines: list[str]) -> set[str]:
    """API 21 and 22 list bare names below `grantedPermissions:`."""
    for number, line in enumerate(lines):
        if line.strip() == "grantedPermissions:":
            depth = len(line) - len(line.lstrip())
            names = set()
            for inner in lines[number + 1 :]:
                if len(inner) - len(inner.lstrip()) <= depth:
                    break
                names.add(inner.strip())
            return names
    return set()


def _users(lines: list[str]) -> tuple[PackageUser, ...]:
    starts = [n for n, line in enumerate(lines) if _USER.match(line)]
    ends = [*starts[1:], len(lines)]
    return tuple(_user(lines[start:end]) for start, end in zip(starts, ends, strict=False))


def _user(lines: list[str]) -> PackageUser:
    match = _USER.match(lines[0])
    assert match
    pairs = _pairs([match[2]])
    return PackageUser(
        user_id=int(match[1]),
        installed=_truth(pairs.get("installed")),
        ce_data_inode=_number(pairs.get("ceDataInode")),
        first_install_time=_rest(lines[1:], "firstInstallTime"),
        data_dir=_rest(lines[1:], "dataDir"),
        stopped=_truth(pairs.get("stopped")),
        not_launched=_truth(pairs.get("notLaunched")),
        hidden=_truth(pairs.get("hidden")),
        suspended=_truth(pairs.get("suspended")),
        granted=_granted(lines[1:]),
    )


def _truth(value: str | None) -> bool | None:
    return {"true": True, "false": False}.get(value or "")


def _hashes(
    lines: list[str], *, api: int | None
) -> tuple[tuple[str, ...], tuple[str, ...], int | None]:
    text = next((line for line in lines if "PackageSignatures{" in line), "")
    new = _HASHES_9.search(text)
    if new:
        past = tuple(entry.split()[0] for entry in _listed(new["past"] or ""))
        return _listed(new["now"]), past, int(new["version"])
    old = _HASHES_OLD.search(text)
    if not old or (api is not None and api < 24):
        return (), (), None
    return _listed(old["now"]), (), None


def _listed(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())

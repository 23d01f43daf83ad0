"""What lies where on the device, as data: files of /system, and directories with their owners.

Pure: the device process makes the plan, process 1 of the device carries it out (building.py).
Owners and modes are those of AOSP's fs_config.cpp and init.rc.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from virtualdevice.machine.accounts import accounts_files
from virtualdevice.machine.applets import FIRST_TOYBOX_API, Applets

__all__ = [
    "DATA_DIRECTORIES",
    "Directory",
    "SystemPlan",
    "plan_system",
    "root_links",
    "search_path",
]

ROOT, SYSTEM, CACHE_GROUP, SHELL, MEDIA_RW, SDCARD_RW, MISC = 0, 1000, 2001, 2000, 1023, 1015, 9998


@dataclass(frozen=True, kw_only=True, slots=True)
class Directory:
    path: str
    mode: int
    uid: int
    gid: int


def _directory(path: str, mode: int, uid: int = ROOT, gid: int = ROOT) -> Directory:
    return Directory(path=path, mode=mode, uid=uid, gid=gid)


DATA_DIRECTORIES = (
    _directory("data", 0o771, SYSTEM, SYSTEM),
    _directory("data/app", 0o771, SYSTEM, SYSTEM),
    _directory("data/app-lib", 0o771, SYSTEM, SYSTEM),
    _directory("data/data", 0o771, SYSTEM, SYSTEM),
    _directory("data/local", 0o751),
    _directory("data/local/tmp", 0o771, SHELL, SHELL),
    _directory("data/media", 0o770, MEDIA_RW, MEDIA_RW),
    _directory("data/media/0", 0o2771, ROOT, SDCARD_RW),
    _directory("data/misc", 0o1771, SYSTEM, MISC),
    _directory("data/misc/adb", 0o2750, SYSTEM, SHELL),
    _directory("data/ota_package", 0o770, SYSTEM, CACHE_GROUP),
    _directory("data/system", 0o775, SYSTEM, SYSTEM),
    _directory("data/user", 0o711, SYSTEM, SYSTEM),
    _directory("data/user_de", 0o711, SYSTEM, SYSTEM),
    _directory("data/user_de/0", 0o771, SYSTEM, SYSTEM),
    _directory("data/anr", 0o775, SYSTEM, SYSTEM),
    _directory("data/tombstones", 0o771, SYSTEM, SYSTEM),
    _directory("cache", 0o770, SYSTEM, CACHE_GROUP),
    _directory("metadata", 0o771, ROOT, SYSTEM),
)
"""Relative to the root directory. Made when absent; what exists is left as it is."""


def root_links(api: int) -> Mapping[str, str]:
    """Symbolic links in the root directory and in /storage, by path without the leading slash."""
    legacy = api < FIRST_TOYBOX_API
    links = {
        "etc": "/system/etc",
        "sdcard": "/storage/emulated/legacy" if legacy else "/storage/self/primary",
        "vendor": "/system/vendor",
        "d": "/sys/kernel/debug",
    }
    if legacy:
        links["storage/emulated/legacy"] = "/storage/emulated/0"
    else:
        links["bin"] = "/system/bin"
        links["storage/self/primary"] = "/storage/emulated/0"
    if api >= 28:
        links["product"] = "/system/product"
    return links


def search_path(api: int) -> str:
    """PATH of a shell: bionic's _PATH_DEFPATH of each release."""
    if api < 26:
        return "/sbin:/vendor/bin:/system/sbin:/system/bin:/system/xbin"
    if api < 29:
        return "/sbin:/system/sbin:/system/bin:/system/xbin:/vendor/bin:/vendor/xbin"
    return (
        "/product/bin:/apex/com.android.runtime/bin:/apex/com.android.art/bin:/system_ext/bin:"
        "/system/bin:/system/xbin:/odm/bin:/vendor/bin:/vendor/xbin"
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class SystemPlan:
    """Everything of /system that is ours; paths below it. `programs` are copied from the host:
    target → source. `patches` replace bytes by others of the same length in a program."""

    programs: Mapping[str, str]
    libraries: Sequence[str]
    locale: str
    interpreter: str
    hard_links: Mapping[str, str]
    symbolic_links: Mapping[str, str]
    texts: Mapping[str, str]
    executable_texts: Mapping[str, str]
    mksh_prefix: bool
    api: int

    @property
    def digest(self) -> str:
        """The same for the same content."""
        text = json.dumps(asdict(self), sort_keys=True, default=dict)
        return hashlib.sha256(text.encode()).hexdigest()


HIDDEN_TOYBOX = "lib64/toolchest/toybox"
"""Where it is before Android had it: behind the names of toolbox's commands."""

MKSHRC = """\
: ${TERM:=vt100} ${HOME:=/data} ${HOSTNAME:=$(getprop ro.product.device)} ${SHELL:=/system/bin/sh}
: ${HOSTNAME:=android} ${USER:=$(id -un)} ${LOGNAME:=$USER}
if (( USER_ID )); then PS1='$'; else PS1='#'; fi
PS4='[$EPOCHREALTIME] '; PS1='${|
\tlocal e=$?

\t(( e )) && REPLY+="$e|"

\treturn $e
}$HOSTNAME:${PWD:-?} '"$PS1 "
"""


def plan_system(
    *,
    api: int,
    applets: Applets,
    tool_names: Iterable[str],
    mksh: Path,
    toybox: Path,
    busybox: Path,
    client: Path,
    libraries: Sequence[Path],
    interpreter: Path,
    locale: Path | None,
) -> SystemPlan:
    tools = frozenset(tool_names) | applets.own
    programs = {
        "bin/sh": str(mksh),
        "bin/toybox" if applets.umbrella == "toybox" else HIDDEN_TOYBOX: str(toybox),
        "lib64/toolchest/busybox": str(busybox),
        "lib64/toolchest/client": str(client),
    }
    if applets.umbrella == "toolbox":
        tools |= {"toolbox"}
    hard_links = {f"bin/{name}": "lib64/toolchest/client" for name in tools}
    for name in applets.busybox - tools:
        hard_links[f"bin/{name}"] = "lib64/toolchest/busybox"
    hard_links["lib64/toolchest/dd"] = "lib64/toolchest/busybox"
    links = {}
    if applets.umbrella == "toybox":
        links["lib64/toolchest/ps"] = "../../bin/toybox"
    for name in applets.toybox - tools:
        if applets.umbrella == "toolbox":
            hard_links[f"bin/{name}"] = HIDDEN_TOYBOX
        else:
            links[f"bin/{name}"] = applets.umbrella
    scripts = {f"bin/{k}": v for k, v in applets.scripts.items() if k not in tools}
    return SystemPlan(
        programs=programs,
        libraries=[str(path) for path in libraries],
        locale=str(locale) if locale else "",
        interpreter=str(interpreter),
        hard_links=hard_links,
        symbolic_links=links,
        texts={"etc/mkshrc": MKSHRC, "etc/hosts": "127.0.0.1 localhost\n"} | accounts_files({}),
        executable_texts=scripts,
        mksh_prefix=False,
        api=api,
    )

"""The install primitive: exactly the flags that were given, and the package manager's own answer.

Nothing here retries, uninstalls or falls back: what the package manager says is the result. What
destroys data (uninstall, clear) goes through the guarded shell and so through the ledger.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from pathlib import Path

from holdfast.android.answers import InstallAnswer, created_session, read_answer
from holdfast.android.package_record import PackageRecord, parse_dumpsys_package
from holdfast.deadline import Deadline
from holdfast.device.shell import Files, Shell, quote
from holdfast.errors import ConfigurationError

__all__ = ["TEMPORARY", "Packages"]

TEMPORARY = "/data/local/tmp"
_PACKAGE_NAME = re.compile(r"[A-Za-z][\w]*(\.[A-Za-z]\w*)+|android")


class Packages:
    """The package manager of one device, by way of its shell."""

    def __init__(self, shell: Shell, files: Files, *, api: int) -> None:
        self._shell = shell
        self._files = files
        self._api = api
        self._numbers = itertools.count(1)

    def install(
        self, apk: bytes | Path, flags: Sequence[str] = (), *, deadline: Deadline
    ) -> InstallAnswer:
        """`pm install FLAGS FILE`: the door that every version has."""
        remote = self._upload(apk, deadline)
        words = [*flags, remote]
        return self._pm("install", words, deadline=deadline, remove=remote)

    def install_session(
        self, apk: bytes | Path, flags: Sequence[str] = (), *, deadline: Deadline
    ) -> InstallAnswer:
        """A session, as a store makes one: create, write, commit. A session that failed half way
        is abandoned."""
        remote = self._upload(apk, deadline)
        size = len(apk) if isinstance(apk, bytes) else apk.stat().st_size
        try:
            created = self._pm("install-create", flags, deadline=deadline)
            session = created_session(created.raw)
            if session is None:
                return created
            words = ["-S", str(size), str(session), "base.apk", remote]
            written = self._pm("install-write", words, deadline=deadline)
            if not written.success:
                self._pm("install-abandon", [str(session)], deadline=deadline)
                return written
            return self._pm("install-commit", [str(session)], deadline=deadline)
        finally:
            self._shell.run(f"rm -f {quote(remote)}", deadline=deadline)

    def uninstall(
        self, package_name: str, *, deadline: Deadline, keep_data: bool = False
    ) -> InstallAnswer:
        """Destroys the app's data unless `keep_data`; enters the ledger either way."""
        flags = ["-k"] if keep_data else []
        return self._pm("uninstall", [*flags, checked(package_name)], deadline=deadline)

    def clear(self, package_name: str, *, deadline: Deadline) -> InstallAnswer:
        """Destroys the app's data; enters the ledger."""
        return self._pm("clear", [checked(package_name)], deadline=deadline)

    def paths(self, package_name: str, *, deadline: Deadline) -> tuple[str, ...]:
        """The APK files of a package on the device, the base APK first; empty if absent."""
        result = self._shell.run(f"pm path {quote(checked(package_name))}", deadline=deadline)
        lines = (line.strip() for line in result.text.splitlines())
        return tuple(line[8:] for line in lines if line.startswith("package:"))

    def record(self, package_name: str, *, deadline: Deadline) -> PackageRecord | None:
        """What `dumpsys package` says of it; None if there is no record of it at all."""
        command = f"dumpsys package {quote(checked(package_name))}"
        result = self._shell.run(command, deadline=deadline)
        return parse_dumpsys_package(result.text, package_name, api=self._api)

    def names(self, *, deadline: Deadline, with_kept_data: bool = False) -> frozenset[str]:
        """The installed packages; `with_kept_data` adds those that `uninstall -k` left."""
        flag = " -u" if with_kept_data else ""
        result = self._shell.run(f"pm list packages{flag}", deadline=deadline)
        lines = (line.strip() for line in result.text.splitlines())
        return frozenset(line[8:] for line in lines if line.startswith("package:"))

    def _upload(self, apk: bytes | Path, deadline: Deadline) -> str:
        remote = f"{TEMPORARY}/holdfast-{next(self._numbers)}.apk"
        self._files.push(apk, remote, deadline=deadline)
        return remote

    def _pm(
        self, verb: str, words: Sequence[str], *, deadline: Deadline, remove: str = ""
    ) -> InstallAnswer:
        command = " ".join(["pm", verb, *map(quote, words)])
        if remove:
            command += f"; rm -f {quote(remove)}"
        return read_answer(self._shell.run(command, deadline=deadline).all_text)


def checked(package_name: str) -> str:
    """A package's name, if Android would take it for one."""
    if not _PACKAGE_NAME.fullmatch(package_name):
        raise ConfigurationError(f"{package_name!r} is no package name")
    return package_name

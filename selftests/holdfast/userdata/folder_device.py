"""A device in a folder: the scripts run in the real mksh with the real toybox, on the host.

Absolute paths of a device in a command are turned to the folder's; what system_server would answer
stands in small files. `run_as_works` and `identity` change what the device admits.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from holdfast.deadline import Clock, Deadline, SystemClock
from holdfast.device.shell import ShellResult, command_bytes

PACKAGE = "com.example.chat"
MKSH, TOYBOX, BUSYBOX = (shutil.which(name) for name in ("mksh", "toybox", "busybox"))
needs_mksh = pytest.mark.skipif(
    not (MKSH and TOYBOX and BUSYBOX), reason="needs the packages mksh, toybox and busybox-static"
)

_TOYBOX_TOOLS = (
    "find", "stat", "xargs", "sha256sum", "sha1sum", "md5sum", "readlink", "cat", "ls", "mkdir",
    "rm", "echo", "chmod", "ln", "mkfifo",
)  # fmt: skip
_MOVED = (b"/data/data", b"/data/user_de", b"/data/local/tmp", b"/sdcard")

_DUMPSYS = """Packages:
  Package [{package}] (1234abc):
    userId={app_id}
    codePath=/data/app/{package}-1
    versionCode={version} minSdk=21 targetSdk=30
    versionName=1.0
    pkgFlags=[ DEBUGGABLE HAS_CODE ALLOW_BACKUP ]
    firstInstallTime={installed_at}
    lastUpdateTime=2026-11-02 10:00:00
    signatures=PackageSignatures{{abc123 version:2, signatures:[{signer}], past signatures:[]}}
    User 0: ceDataInode={inode} installed=true hidden=false stopped=false
      runtime permissions:
        android.permission.CAMERA: granted=true, flags=[ USER_SET ]
"""


def moved(script: bytes, root: Path) -> bytes:
    """The script with the device's paths turned to the folder's."""
    for path in _MOVED:
        script = script.replace(path, os.fsencode(root) + path)
    return script


@dataclass(kw_only=True)
class FolderFiles:
    root: Path

    def push(
        self, content: bytes | Path, remote: str, *, deadline: Deadline, mode: int = 0o644
    ) -> None:
        target = self.root / remote.lstrip("/")
        data = content if isinstance(content, bytes) else content.read_bytes()
        target.write_bytes(moved(data, self.root) if remote.endswith(".sh") else data)
        target.chmod(mode)

    def pull(self, remote: str, *, deadline: Deadline, limit_bytes: int = 64 << 20) -> bytes:
        return (self.root / remote.lstrip("/")).read_bytes()


@dataclass(kw_only=True)
class FolderShell:
    """`cut_after_bytes` ends every stream there, as a lost link would that nobody noticed."""

    root: Path
    cut_after_bytes: int | None = None
    chunk_bytes: int = 65536
    commands: list[str] = field(default_factory=list)

    def run(self, command: str, *, deadline: Deadline, stdin: bytes | None = None) -> ShellResult:
        self.commands.append(command)
        done = subprocess.run(
            self._argv(command),
            env=self._environment(),
            input=stdin or b"",
            capture_output=True,
            check=False,
            timeout=60,
        )
        return ShellResult(stdout=done.stdout, stderr=done.stderr, exit_status=done.returncode)

    def stream(self, command: str, *, deadline: Deadline) -> Iterator[bytes]:
        output = self.run(command, deadline=deadline).stdout[: self.cut_after_bytes]
        for at in range(0, len(output), self.chunk_bytes):
            yield output[at : at + self.chunk_bytes]

    def _argv(self, command: str) -> list[bytes]:
        assert MKSH is not None
        return [os.fsencode(MKSH), b"-c", moved(command_bytes(command), self.root)]

    def _environment(self) -> dict[str, str]:
        return {"PATH": str(self.root / "bin"), "ROOT": str(self.root)}


@dataclass(kw_only=True)
class FolderDevice:
    root: Path
    api: int = 30
    name: str = "folder"
    clock: Clock = field(default_factory=SystemClock)
    app_id: int = os.getuid()
    answers: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.shell = FolderShell(root=self.root)
        self.files = FolderFiles(root=self.root)
        for folder in ("bin", "data/local/tmp", "sdcard/DCIM", "answers"):
            (self.root / folder).mkdir(parents=True)
        for tool in _TOYBOX_TOOLS:
            assert TOYBOX is not None
            (self.root / "bin" / tool).symlink_to(TOYBOX)
        assert BUSYBOX is not None
        assert MKSH is not None
        (self.root / "bin/dd").symlink_to(BUSYBOX)
        (self.root / "bin/sh").symlink_to(MKSH)
        self._script("id", 'echo "uid=${FAKE_UID:-2000(shell)} gid=2000(shell)"')
        self._script("getprop", "cat $ROOT/answers/getprop")
        self._script("dumpsys", '[ "$1" = package ] && cat $ROOT/answers/dumpsys')
        self._script("pm", '[ "$1" = path ] && cat $ROOT/answers/path')
        self._script("content", '[ "$1" = call ] || { echo "unknown command"; exit 1; }')
        self._script("am", 'echo "Broadcast completed: result=0"')
        for silent in ("settings", "sm"):
            self._script(silent, 'echo "unknown command"; exit 1')
        self._script("appops", '[ "$1" = set ]')
        self._script("cmd", '[ "$2" = add-role-holder ] || { echo "unknown command"; exit 1; }')
        self.answer("getprop", "[ro.build.fingerprint]: [maker/device:11/X/1:user/release-keys]\n")
        self.install()

    def become_android_9(self) -> None:
        """find has no -printf yet."""
        (self.root / "bin/find").unlink()
        self._script("find", f'case "$*" in *-printf*) exit 1;; esac; exec {TOYBOX} find "$@"')
        self.api = 28

    def disturb_checksums(self, body: str) -> None:
        """Do something on the device each time that checksums are made."""
        (self.root / "bin/sha256sum").unlink()
        self._script("sha256sum", f'{body}\nexec {TOYBOX} sha256sum "$@"')

    def become_android_5(self) -> None:
        """Only toolbox is left: no find, stat, xargs, nor checksums but md5."""
        for tool in _TOYBOX_TOOLS:
            if tool not in ("cat", "readlink", "mkdir", "rm", "ln"):
                (self.root / "bin" / tool).unlink()
        tools = Path(__file__).with_name("toolbox_tools.py")
        for tool in ("ls", "md5"):
            self._script(tool, f'exec {sys.executable} -I -S {tools} {tool} "$@"')
        self.api = 22

    @property
    def data(self) -> Path:
        return self.root / "data/data" / PACKAGE

    @property
    def device_protected(self) -> Path:
        return self.root / "data/user_de/0" / PACKAGE

    @property
    def shared(self) -> Path:
        return self.root / "sdcard"

    def answer(self, question: str, text: str) -> None:
        (self.root / "answers" / question).write_text(text)

    def install(self, **changed: object) -> None:
        """What the package manager says from now on; directories are made if they are absent."""
        facts = {
            "package": PACKAGE, "app_id": self.app_id, "version": 1, "inode": 4711,
            "installed_at": "2026-11-01 09:00:00", "signer": "f741199", **changed,
        }  # fmt: skip
        self.answer("dumpsys", _DUMPSYS.format_map(facts))
        self.answer("path", f"package:/data/app/{PACKAGE}-1/base.apk\n")
        for folder in (self.data, self.device_protected):
            folder.mkdir(parents=True, exist_ok=True)
        self.allow_run_as()

    def uninstall(self, *, keep: bool = False) -> None:
        self.answer("path", "")
        if not keep:
            self.answer("dumpsys", "")
            shutil.rmtree(self.data)
            shutil.rmtree(self.device_protected)
        self.refuse_run_as(f"run-as: unknown package: {PACKAGE}")

    def allow_run_as(self) -> None:
        self._script("run-as", f'shift; FAKE_UID="{self.app_id}(u0_a1)" exec "$@"')

    def refuse_run_as(self, words: str) -> None:
        self._script("run-as", f'echo "{words}" >&2; exit 1')

    def _script(self, name: str, body: str) -> None:
        file = self.root / "bin" / name
        file.write_text(f"#!{MKSH}\n{body}\n")
        file.chmod(0o755)


@pytest.fixture
def folder_device(tmp_path: Path) -> FolderDevice:
    return FolderDevice(root=tmp_path / "device")


def soon() -> Deadline:
    return Deadline.after(120.0)

"""Process 1 of the device, and how it comes to be: namespaces, mounts, then a loop of requests.

It runs on the standard library alone, with no site packages, in a process of its own that the
device process starts for each boot. Whatever is imported must be so before the root directory
changes: afterwards there is no Python to import from. It dies with the device process, and all of
the device's processes die with it.
"""

from __future__ import annotations

import contextlib
import encodings.latin_1
import gc
import importlib
import json
import os
import select
import signal
import socket
import sys
from collections.abc import Callable
from typing import Any, NoReturn

from virtualdevice.machine import file_worker, user_storage, zygote_children
from virtualdevice.machine.building import build_system, load_sources
from virtualdevice.machine.kernel import (
    MountFlag,
    Namespace,
    add_interface,
    bring_up_interface,
    die_with_parent,
    drop_from_bounding_set,
    give_back_free_memory,
    mount,
    name_this_process,
    pivot_into,
    receive_with_descriptors,
    send_with_descriptors,
    unshare,
)
from virtualdevice.machine.messages import MESSAGE_LIMIT_BYTES
from virtualdevice.machine.room import Room
from virtualdevice.machine.user_data import delete_what_was_set_aside, empty, mount_user_data

__all__ = ["main"]

KEPT_FOR_THE_ROOT = (encodings.latin_1, file_worker)
"""Used after the root has changed; named here so that no tidy mind takes the imports away."""

ALL_NAMESPACES = (
    Namespace.USER
    | Namespace.MOUNT
    | Namespace.PID
    | Namespace.NETWORK
    | Namespace.IPC
    | Namespace.UTS
)
CAPABILITIES_OF_NO_USE = (16, 17, 25, 27)
"""SYS_MODULE, SYS_RAWIO, SYS_TIME, MKNOD: the host's kernel refuses them here anyway."""
BIND = MountFlag.BIND
WLAN_ADDRESS = "10.0.2.16"
"""What Android's emulator has there."""
DEVICE_NODES = ("null", "zero", "full", "random", "urandom", "tty")


def main() -> NoReturn:
    """`argv[1]` is the number of the socket to the device process."""
    channel = socket.socket(fileno=int(sys.argv[1]))
    config = _receive(channel)
    for name in config["workers"]:
        importlib.import_module(name)
    sources = load_sources(config["system"], config["digest"])
    try:
        unshare(ALL_NAMESPACES)
    except OSError as error:
        _send(channel, {"failed": "namespaces", "errno": error.errno})
        os._exit(1)
    _send(channel, {"unshared": os.getpid()})
    _receive(channel)
    os.setgroups([])
    os.setresgid(0, 0, 0)
    os.setresuid(0, 0, 0)
    child = os.fork()
    if child:
        _send(channel, {"init": child})
        os._exit(0)
    _receive(channel)
    die_with_parent()
    _become_init(channel, config, sources)


def _send(channel: socket.socket, message: dict[str, Any], *descriptors: int) -> None:
    send_with_descriptors(channel, json.dumps(message).encode(), descriptors)


def _receive(channel: socket.socket) -> dict[str, Any]:
    data, _ = receive_with_descriptors(channel, MESSAGE_LIMIT_BYTES)
    if not data:
        os._exit(0)
    message: dict[str, Any] = json.loads(data)
    return message


def _become_init(
    channel: socket.socket, config: dict[str, Any], sources: dict[str, bytes]
) -> NoReturn:
    try:
        os.setsid()
        os.umask(0o022)
        build_system(config["system"], config["digest"], sources)
        sources.clear()
        copied = _mount_everything(config)
        _settle()
        init = Init(channel, config)
        tools = _listen_for_tools()
    except OSError as error:
        _send(channel, {"failed": f"{type(error).__name__}: {error}", "errno": error.errno})
        os._exit(1)
    gc.collect()
    give_back_free_memory()
    gc.freeze()
    _send(channel, {"ready": True, "copied": copied}, tools.fileno())
    tools.close()
    init.run()


def _mount_everything(config: dict[str, Any]) -> bool:
    """Whether /data had to be copied."""
    mount("none", "/", "", MountFlag.RECURSIVE | MountFlag.PRIVATE)
    os.makedirs("root", exist_ok=True)
    mount("rootfs", "root", "tmpfs", MountFlag.NO_SUID, options="mode=755")
    for directory in config["root_directories"]:
        os.makedirs(f"root/{directory}", mode=0o755, exist_ok=True)
    user_storage.prepare("root")
    for name, target in config["root_links"].items():
        os.symlink(target, f"root/{name}")
    mount("system", "root/system", "", BIND)
    copied = mount_user_data(config["layers"], config["directories"])
    for name in config["empty"]:
        empty(name)
    delete_what_was_set_aside()
    os.mkdir(f"root{user_storage.PLACE}/0")
    mount("root/data/media/0", f"root{user_storage.PLACE}/0", "", BIND)
    if not os.path.lexists("root/data/user/0"):
        os.symlink("/data/data", "root/data/user/0")
    _mount_devices()
    hide = "hidepid=2,gid=3009" if config["api"] >= 24 else ""
    flags = MountFlag.NO_SUID | MountFlag.NO_DEVICES | MountFlag.NO_EXEC
    mount("proc", "root/proc", "proc", flags, options=hide)
    _give_this_boot_an_id()
    pivot_into("root")
    for place in ("/system", "/"):
        mount("none", place, "", MountFlag.REMOUNT | BIND | MountFlag.READ_ONLY)
    return copied


def _mount_devices() -> None:
    flags = MountFlag.NO_SUID | MountFlag.NO_EXEC
    mount("tmpfs", "root/dev", "tmpfs", flags, options="mode=755")
    for name in DEVICE_NODES:
        with open(f"root/dev/{name}", "wb"):
            pass
        mount(f"/dev/{name}", f"root/dev/{name}", "", BIND)
    os.mkdir("root/dev/pts")
    mount("devpts", "root/dev/pts", "devpts", flags, options="newinstance,ptmxmode=0666,mode=600")
    os.symlink("pts/ptmx", "root/dev/ptmx")
    os.symlink("/proc/self/fd", "root/dev/fd")
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        os.symlink(f"/proc/self/fd/{number}", f"root/dev/{name}")
    os.mkdir("root/dev/socket", mode=0o755)


def _give_this_boot_an_id() -> None:
    """The kernel is the host's, and so would its boot id be, over all boots of this phone."""
    source, digits = "root/dev/boot_id", os.urandom(16).hex()
    parts = (digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:])
    with open(source, "wb") as file:
        file.write("-".join(parts).encode() + b"\n")
        os.fchmod(file.fileno(), 0o444)
    mount(source, "root/proc/sys/kernel/random/boot_id", "", BIND)
    os.unlink(source)


def _settle() -> None:
    """What init does besides mounting."""
    os.chdir("/")
    socket.sethostname("localhost")
    os.umask(0)
    bring_up_interface("lo")
    with contextlib.suppress(OSError):  # a host's kernel without bridges: a phone without Wi-Fi
        add_interface("wlan0", WLAN_ADDRESS)
    drop_from_bounding_set(*CAPABILITIES_OF_NO_USE)
    name_this_process(b"/init")
    try:
        with open("/proc/sys/net/ipv4/ping_group_range", "w") as file:
            file.write("0 65535")
    except OSError:
        pass  # `ping` will be refused to the shell; nothing else depends on it


def _listen_for_tools() -> socket.socket:
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listener.bind("/dev/socket/system_server")
    os.chmod("/dev/socket/system_server", 0o666)
    listener.listen(128)
    return listener


USERS_STORAGE: dict[str, Callable[[dict[str, Any]], None]] = {
    "attach_storage": lambda request: user_storage.attach(request["user"]),
    "detach_storage": lambda request: user_storage.detach(request["user"]),
    "cover": lambda request: user_storage.cover(request["path"], request["names"]),
    "uncover": lambda request: user_storage.uncover(request["path"]),
}


class Init:
    """The loop: requests from the device process, and children that end."""

    def __init__(self, channel: socket.socket, config: dict[str, Any]) -> None:
        self._channel = channel
        self._config = config
        self._wake_reader, self._wake_writer = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        self._poll = select.poll()
        self._room = Room(self._poll)

    def run(self) -> NoReturn:
        """Until the device process is gone."""
        signal.set_wakeup_fd(self._wake_writer, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        self._poll.register(self._channel, select.POLLIN)
        self._poll.register(self._wake_reader, select.POLLIN)
        while True:
            for descriptor, events in self._poll.poll():
                if descriptor == self._wake_reader:
                    os.read(self._wake_reader, 4096)
                elif not self._room.hears(descriptor, events):
                    self._serve()
            self._reap()

    def _reap(self) -> None:
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            code = os.waitstatus_to_exitcode(status)
            _send(self._channel, {"ended": pid, "status": code if code >= 0 else 128 - code})

    def _serve(self) -> None:
        data, descriptors = receive_with_descriptors(self._channel, MESSAGE_LIMIT_BYTES)
        if not data:
            os._exit(0)
        request = json.loads(data)
        try:
            answer, given = self._answer(request, descriptors)
        except OSError as error:
            answer, given = {"errno": error.errno}, ()
        _send(self._channel, {"id": request["id"], **answer}, *given)
        for descriptor in (*descriptors, *given):
            os.close(descriptor)

    def _answer(
        self, request: dict[str, Any], descriptors: list[int]
    ) -> tuple[dict[str, Any], tuple[int, ...]]:
        match request["op"]:
            case "spawn":
                pid, master = zygote_children.spawn(request, descriptors, self._room)
                return {"pid": pid}, (master,) if master is not None else ()
            case "worker":
                return {"pid": zygote_children.start_worker(request, descriptors, self._room)}, ()
            case "fill":
                return {"limit": self._room.fill(request["limit"])}, ()
            case "space":
                return dict(self._room.space()), ()
            case "socket":
                made = socket.socket(request["family"], request["type"])
                return {}, (made.detach(),)
            case "attach_storage" | "detach_storage" | "cover" | "uncover":
                USERS_STORAGE[request["op"]](request)
                return {}, ()
            case "kill":
                os.kill(request["pid"], request["signal"])
                return {}, ()
            case "remount":
                flags = MountFlag.REMOUNT | BIND
                if not request["writable"]:
                    flags |= MountFlag.READ_ONLY
                for place in ("/", "/system"):
                    mount("none", place, "", flags)
                return {}, ()
        raise OSError(38, "no such request")

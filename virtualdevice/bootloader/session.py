"""One fastboot connection's commands, as a table. No I/O but what flash.py does.

Replies are whole messages: INFO… any number, then OKAY… or FAIL…; DATA… asks for a download.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import ClassVar

from virtualdevice.bootloader.flash import Flash
from virtualdevice.bootloader.refusal import FlashRefused
from virtualdevice.bootloader.sparse import SparseError, image_size_bytes
from virtualdevice.bootloader.super_partition import read_metadata_image
from virtualdevice.bootloader.variables import Variables
from virtualdevice.seams import BootMode

__all__ = ["Reply", "Session"]

COMMAND_LIMIT_BYTES = 4096
SYSTEM = "system"
LOCKED = "Flashing is not allowed in Lock State"
LOCKED_IN_USERSPACE = {
    "flash": "Flashing is not allowed on locked devices",
    "erase": "Erase is not allowed on locked devices",
    "set_active": "set_active command is not allowed on locked devices",
}
BATTERY_LOW = "Warning: battery's capacity is very low"
"""Qualcomm's bootloaders (lk, app/aboot/aboot.c); fastbootd does not ask."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Reply:
    """Messages to send, and where the device goes after them (None: it stays)."""

    messages: tuple[bytes, ...]
    leave_to: BootMode | None = None


def okay(text: str = "") -> Reply:
    return Reply(messages=(b"OKAY" + text.encode(),))


def fail(text: str) -> Reply:
    return Reply(messages=(b"FAIL" + text.encode(),))


class Session:
    """Feed it messages. `max_download_bytes` bounds what it holds in memory."""

    def __init__(self, flash: Flash, variables: Variables) -> None:
        self._flash = flash
        self._variables = variables
        self._expected = 0
        self._download = bytearray()
        self._staged = b""

    def handle(self, message: bytes) -> Reply:
        """A command, or a piece of the download that was agreed to."""
        if self._expected:
            return self._take(message)
        if len(message) > COMMAND_LIMIT_BYTES:
            return fail("command too long")
        text = message.decode("utf-8", errors="replace").rstrip("\0")
        name, argument = _split(text)
        command = self.COMMANDS.get(name)
        if command is None:
            return fail("unknown command")
        userspace = self._variables.userspace
        if name in SUPER_COMMANDS and not (userspace and self._flash.has_super):
            return fail("unknown command")
        if name in NEEDS_UNLOCKED and not self._flash.state.unlocked:
            locked = LOCKED_IN_USERSPACE.get(name, "Command not available on locked devices")
            return fail(locked if userspace else LOCKED)
        if name in NEEDS_BATTERY and not userspace and not self._variables.battery_is_ok:
            return fail(BATTERY_LOW)
        try:
            return command(self, argument)
        except FlashRefused as refused:
            return fail(str(refused))
        except SparseError as error:
            return fail(f"Error: {error}")

    def _take(self, data: bytes) -> Reply:
        self._download += data
        if len(self._download) < self._expected:
            return Reply(messages=())
        if len(self._download) > self._expected:
            self._expected = 0
            return fail("more data than announced")
        self._expected = 0
        self._staged = bytes(self._download)
        self._download.clear()
        return okay()

    def _getvar(self, argument: str) -> Reply:
        if argument == "all":
            lines = [f"INFO{name}:{value}".encode() for name, value in self._variables.all()]
            return Reply(messages=(*lines, b"OKAY"))
        value = self._variables.get(argument)
        return fail("Unknown variable") if value is None else okay(value)

    def _download_command(self, argument: str) -> Reply:
        try:
            size = int(argument, 16)
        except ValueError:
            return fail("Invalid size")
        if size == 0 or size > self._variables.max_download_bytes:
            return fail("Invalid size" if size == 0 else "data too large")
        self._expected = size
        self._download.clear()
        return Reply(messages=(b"DATA%08x" % size,))

    def _flash_command(self, argument: str) -> Reply:
        if not self._staged:
            return fail("No image was downloaded")
        part = self._flash.partition(argument)
        if not self._variables.userspace:
            self._flash.make_room(argument, image_size_bytes(self._staged))
        elif part is None:
            return fail("No such file or directory")
        elif image_size_bytes(self._staged) > part.size_bytes:
            return fail("Value too large for defined data type")
        self._flash.write(argument, self._staged)
        return okay()

    def _erase(self, argument: str) -> Reply:
        self._flash.erase(argument)
        return okay()

    def _set_active(self, argument: str) -> Reply:
        slot = argument.removeprefix("_")
        if not self._flash.slotted:
            return fail("This device has no slots")
        if slot not in {"a", "b"}:
            return fail("Invalid slot suffix")
        self._flash.set_active(slot)
        return okay()

    def _boot(self, _argument: str) -> Reply:
        if not self._staged:
            return fail("No image was downloaded")
        return Reply(messages=(b"OKAY",), leave_to=BootMode.SYSTEM)

    def _flashing(self, argument: str) -> Reply:
        state = self._flash.state
        if argument == "get_unlock_ability":
            return Reply(
                messages=(f"INFOget_unlock_ability: {int(state.unlock_allowed)}".encode(), b"OKAY")
            )
        if argument not in {"lock", "unlock", "lock_critical", "unlock_critical"}:
            return fail("unknown command")
        unlock = argument.startswith("unlock")
        if unlock and not state.unlock_allowed:
            return fail("Flashing Unlock is not allowed")
        if argument in {"lock", "unlock"}:
            if state.unlocked == unlock:
                return fail(f"Device already : {argument}ed!")
            state.unlocked = unlock
            self._flash.erase_user_data()
        return okay()

    def _oem(self, argument: str) -> Reply:
        if argument != "device-info":
            return fail("unknown command")
        unlocked = str(self._flash.state.unlocked).lower()
        info = f"INFO\tDevice unlocked: {unlocked}".encode()
        return Reply(messages=(info, b"OKAY"))

    def _snapshot(self, argument: str) -> Reply:
        """source.android.com, "Implementing Virtual A/B": only fastbootd merges."""
        if argument == "cancel":
            self._flash.drop_update(SYSTEM)
            return okay()
        if argument == "merge" and self._variables.userspace:
            return okay()
        return fail("unknown command")

    def _upload(self, _argument: str) -> Reply:
        return fail("Nothing is staged to be uploaded")

    def _create_logical(self, argument: str) -> Reply:
        name, size_bytes = _name_and_size(argument)
        self._flash.super_partition.create(name, size_bytes)
        self._flash.save_super()
        return okay("Partition created")

    def _resize_logical(self, argument: str) -> Reply:
        name, size_bytes = _name_and_size(argument)
        self._flash.super_partition.resize(name, size_bytes)
        self._flash.save_super()
        return okay("Partition resized")

    def _delete_logical(self, argument: str) -> Reply:
        self._flash.super_partition.delete(argument)
        self._flash.save_super()
        return okay("Partition deleted")

    def _update_super(self, argument: str) -> Reply:
        name, _, wipe = argument.partition(":")
        if name != "super" or wipe not in {"", "wipe"}:
            return fail("Invalid arguments")
        if not self._staged:
            return fail("No data available")
        table = self._flash.super_partition
        slot = self._flash.state.current_slot
        table.replace(read_metadata_image(self._staged), slot=slot, wipe=bool(wipe))
        self._flash.save_super()
        return okay(f"Successfully {'flashed' if wipe else 'updated'} partition table")

    @staticmethod
    def _leave(mode: BootMode) -> Callable[[Session, str], Reply]:
        def leave(_session: Session, _argument: str) -> Reply:
            return Reply(messages=(b"OKAY",), leave_to=mode)

        return leave

    COMMANDS: ClassVar[Mapping[str, Callable[[Session, str], Reply]]] = {
        "getvar": _getvar,
        "download": _download_command,
        "flash": _flash_command,
        "erase": _erase,
        "set_active": _set_active,
        "boot": _boot,
        "flashing": _flashing,
        "oem": _oem,
        "upload": _upload,
        "snapshot-update": _snapshot,
        "create-logical-partition": _create_logical,
        "delete-logical-partition": _delete_logical,
        "resize-logical-partition": _resize_logical,
        "update-super": _update_super,
        "continue": _leave(BootMode.SYSTEM),
        "reboot": _leave(BootMode.SYSTEM),
        "reboot-bootloader": _leave(BootMode.BOOTLOADER),
        "reboot-fastboot": _leave(BootMode.FASTBOOTD),
        "reboot-recovery": _leave(BootMode.RECOVERY),
        "powerdown": _leave(BootMode.OFF),
    }


SUPER_COMMANDS = frozenset(
    {"create-logical-partition", "delete-logical-partition", "resize-logical-partition",
     "update-super"}
)  # fmt: skip
NEEDS_UNLOCKED = SUPER_COMMANDS | {"flash", "erase", "set_active", "boot", "snapshot-update"}
NEEDS_BATTERY = frozenset({"flash", "erase"})


def _name_and_size(argument: str) -> tuple[str, int]:
    """`NAME:BYTES`. FlashRefused."""
    name, _, size = argument.partition(":")
    if not name or not size:
        raise FlashRefused("Invalid partition name and size")
    if not size.isdigit():
        raise FlashRefused("Invalid partition size")
    return name, int(size)


def _split(text: str) -> tuple[str, str]:
    """`flash:boot`, `oem device-info` and `reboot` each into a name and its argument."""
    for separator in (":", " "):
        name, found, argument = text.partition(separator)
        if found and (separator == ":" or name in {"oem", "flashing"}):
            if " " in name:
                continue
            return name, argument
    return text, ""

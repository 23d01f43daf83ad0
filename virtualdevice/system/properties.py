"""System properties: what `getprop` and `setprop` see; `persist.*` outlives a reboot."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping

from virtualdevice.seams import BootMode, Machine
from virtualdevice.system.personality import Personality

__all__ = ["PERSISTENT_FILE", "Properties", "PropertyRefused", "build_properties"]

PERSISTENT_FILE = "/data/property/persistent_properties"
VALUE_LIMIT_BYTES = 91  # PROP_VALUE_MAX - 1; read-only ones may be longer since Android 8
NAME_LIMIT_BELOW_26 = 31  # PROP_NAME_MAX - 1


class PropertyRefused(Exception):
    """init does not accept this value or this caller."""


def build_properties(personality: Personality, serialno: str) -> dict[str, str]:
    """What this build's property files say, and what init and the services add while booting."""
    build = personality.build
    locale = personality.locale
    language, _, region = locale.partition("-")
    debuggable = "0" if build.type == "user" else "1"
    values = {
        "ro.build.id": build.id,
        "ro.build.display.id": build.display_id or build.id,
        "ro.build.version.incremental": build.incremental,
        "ro.build.version.sdk": str(personality.api),
        "ro.build.version.release": build.release,
        "ro.build.version.codename": "REL",
        "ro.build.version.all_codenames": "REL",
        "ro.build.version.security_patch": build.security_patch,
        "ro.build.version.base_os": "",
        "ro.build.date.utc": str(build.time_s),
        "ro.build.type": build.type,
        "ro.build.user": "android-build",
        "ro.build.host": "build",
        "ro.build.tags": build.tags,
        "ro.build.flavor": f"{build.product}-{build.type}",
        "ro.build.characteristics": "default",
        "ro.build.fingerprint": build.fingerprint,
        "ro.product.brand": build.brand,
        "ro.product.manufacturer": build.manufacturer,
        "ro.product.model": build.model,
        "ro.product.device": build.device,
        "ro.product.name": build.product,
        "ro.product.board": build.device,
        "ro.product.cpu.abi": build.abi,
        "ro.product.cpu.abilist": ",".join(build.abi_list),
        "ro.product.locale": locale,
        "ro.hardware": build.device,
        "ro.bootloader": "unknown",
        "ro.bootmode": "unknown",
        "ro.boot.hardware": build.device,
        "ro.boot.serialno": serialno,
        "ro.serialno": serialno,
        "ro.debuggable": debuggable,
        "ro.secure": "1",
        "ro.adb.secure": "0",
        "ro.crypto.state": "encrypted",
        "ro.crypto.type": "file" if personality.api >= 24 else "block",
        "ro.boot.verifiedbootstate": "green",
        "ro.sf.lcd_density": str(personality.screen.density_dpi),
        "ro.zygote": "zygote64_32",
        "persist.sys.timezone": "GMT",
        "persist.sys.usb.config": "adb",
        "sys.usb.state": "adb",
        "service.adb.tcp.port": "5555",
        "net.hostname": f"android-{serialno}",
    }
    if personality.api < 23:
        values |= {"persist.sys.language": language, "persist.sys.country": region}
    else:
        values["persist.sys.locale"] = locale
    services = (
        "adbd debuggerd healthd installd keystore lmkd logd media netd servicemanager "
        "surfaceflinger ueventd vold zygote"
    )
    values |= {f"init.svc.{service}": "running" for service in services.split()}
    return values | dict(personality.properties)


class Properties:
    """The property area of one boot."""

    def __init__(self, api: int) -> None:
        self._api = api
        self._values: dict[str, str] = {}

    def get(self, name: str, default: str = "") -> str:
        return self._values.get(name, default)

    def set(self, name: str, value: str) -> None:
        """As root or system would; PropertyRefused for what init would not take."""
        if not name or name.startswith(".") or name.endswith(".") or ".." in name:
            raise PropertyRefused(f"illegal property name {name!r}")
        if name.startswith("ro.") and self._values.get(name):
            raise PropertyRefused(f"{name} is read-only")
        if len(value.encode()) > VALUE_LIMIT_BYTES and not name.startswith("ro."):
            raise PropertyRefused(f"value of {name} is too long")
        if self._api < 26 and len(name) > NAME_LIMIT_BELOW_26:
            raise PropertyRefused(f"name {name} is too long")
        self._values[name] = value

    def items(self) -> Iterator[tuple[str, str]]:
        """In the order that getprop prints."""
        yield from sorted(self._values.items())

    def preset(self, initial: Mapping[str, str]) -> None:
        """What is known of a phone that is off."""
        self._values = dict(initial)

    async def start(self, machine: Machine, initial: Mapping[str, str]) -> None:
        """What a boot does: built-in values, then the persistent ones on top."""
        self._values = dict(initial)
        try:
            kept = json.loads(await machine.files.read(PERSISTENT_FILE))
        except (OSError, ValueError):
            kept = {}
        self._values |= {str(name): str(value) for name, value in kept.items()}

    async def save(self, machine: Machine) -> None:
        kept = {name: v for name, v in self._values.items() if name.startswith("persist.")}
        text = json.dumps(kept, ensure_ascii=False, indent=0)
        await machine.files.make_directory("/data/property", mode=0o700, uid=0, gid=0, parents=True)
        await machine.files.write(PERSISTENT_FILE, text.encode(), mode=0o600, uid=0, gid=0)


def reboot_mode(value: str) -> BootMode:
    """What the word after `reboot` (or in sys.powerctl after `reboot,`) leads to."""
    try:
        return BootMode(value)
    except ValueError:
        return BootMode.SYSTEM

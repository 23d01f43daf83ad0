"""devices.yaml: which devices there are, as frozen values. Nothing here talks to a device."""

from __future__ import annotations

import string
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StrictBool, StrictInt, field_validator

from holdfast.errors import ConfigurationError
from holdfast.lab.yaml_file import PlacedFile, read_yaml

__all__ = [
    "AttachedSpec",
    "AvdSpec",
    "CuttlefishSpec",
    "DeviceSpec",
    "Inventory",
    "PrepareSpec",
    "RedroidSpec",
    "StoreAdapter",
    "UsbPowerSpec",
    "VirtualSpec",
    "inventory_schema",
    "read_inventory",
]

NAME = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$"
PACKAGE_NAME = r"^[A-Za-z][A-Za-z0-9_]*(\.[A-Za-z][A-Za-z0-9_]*)+$"


class _Entry(BaseModel):
    """A mapping of the file: its keys are these and no others, and it never changes."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class StoreAdapter(_Entry):
    """How the harness makes a store push an update: a file to upload and a shell line to send.

    `push` holds `{apk}` where the (quoted) path of the uploaded file belongs.
    """

    package: str = Field(pattern=PACKAGE_NAME)
    upload_to: str = Field(pattern=r"^/[A-Za-z0-9._/-]+$")
    push: str

    @field_validator("push")
    @classmethod
    def _names_the_apk_and_nothing_else(cls, push: str) -> str:
        try:
            fields = [name for _, name, _, _ in string.Formatter().parse(push) if name is not None]
        except ValueError as error:
            raise ValueError(f"its braces do not match: {error}") from error
        if set(fields) != {"apk"}:
            raise ValueError("it must hold {apk}, and no other name in braces")
        return push


class UsbPowerSpec(_Entry):
    """The port of a hub whose power uhubctl switches: `hub` is its location (`1-1.4`)."""

    hub: str = Field(pattern=r"^\d{1,3}(-\d{1,3}(\.\d{1,3})*)?$")
    port: Annotated[StrictInt, Field(ge=1, le=32)]


class PrepareSpec(_Entry):
    """The state that a run brings a device to before its first test; relative paths are taken from
    the folder of devices.yaml. Which keys a goal needs is checked before anything is touched."""

    goal: Literal["restore", "factory_reset", "flash", "sideload", "ota", "downgrade"]
    user_data: Literal["keep", "wipe"]
    package: str | None = Field(default=None, min_length=1)
    build: str = ""
    snapshot: str = ""
    streamed: StrictBool = False
    locale: str = Field(default="", pattern=r"^([A-Za-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3})?$")


class _Device(_Entry):
    """What every device has. `store` names an adapter of the file's `stores`; `firmware_update` is
    the OTA package that its maker offers for the build that it is on, a path taken from the folder
    of devices.yaml."""

    name: str = Field(pattern=NAME)
    store: str | None = None
    prepare: PrepareSpec | None = None
    firmware_update: str | None = Field(default=None, min_length=1)


class VirtualSpec(_Device):
    """A rehearsal device that is started for the run.

    `personality` is a name that the program knows, or the path of a file of one, taken from the
    folder of devices.yaml; `defects` are switched on by name; `settings` are its `--set` options.
    `state` is a folder (taken from there too) that keeps its disk, and the snapshots of its user
    data, from run to run.
    `firmware_update` names a personality as well: the package that leads to it is made for the run.
    """

    kind: Literal["virtual"]
    personality: str = Field(min_length=1)
    defects: tuple[str, ...] = ()
    settings: Mapping[str, str] = Field(default_factory=dict)
    state: str | None = Field(default=None, min_length=1)


class AttachedSpec(_Device):
    """A phone or an emulator that is there already, behind an adb server.

    `serial` is what `adb devices` lists, or `host:port` for adb over TCP. The adb server is the
    user's own unless another is named. `authorise_within_s` is how long somebody has to accept the
    adb key on the screen. `serialno` is the hardware's (`getprop ro.serialno`): for a device on the
    network, so that no other one is taken for it. `fastboot`: its serial there, or `tcp:host:port`;
    without it the lab does not see its bootloader.
    """

    kind: Literal["attached"]
    serial: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._:\[\]-]{0,127}$")
    adb_host: str = Field(default="127.0.0.1", pattern=r"^[A-Za-z0-9.:-]+$")
    adb_port: Annotated[StrictInt, Field(ge=1, le=65535)] = 5037
    authorise_within_s: Annotated[StrictInt, Field(ge=0, le=3600)] = 60
    serialno: str = Field(default="", pattern=r"^[A-Za-z0-9._-]{0,64}$")
    fastboot: str | None = Field(default=None, pattern=r"^[A-Za-z0-9][A-Za-z0-9._:\[\]-]{0,127}$")
    usb_power: UsbPowerSpec | None = None
    allow_destructive: StrictBool = False


class AvdSpec(_Device):
    """An AVD of the Android SDK, started headless for the run.

    `system_image` (a package of sdkmanager) has it created where it is missing. `snapshot` is
    loaded at the start; `wipe_data` starts it as after a factory reset. `sdk`: its folder, instead
    of ANDROID_HOME. `acceleration: off` runs without KVM, slowly.
    """

    kind: Literal["avd"]
    avd_name: str = Field(pattern=NAME)
    system_image: str | None = Field(default=None, pattern=r"^system-images(;[A-Za-z0-9._-]+){3}$")
    snapshot: str | None = Field(default=None, pattern=NAME)
    wipe_data: StrictBool = False
    sdk: str | None = Field(default=None, min_length=1)
    acceleration: StrictBool = True


class CuttlefishSpec(_Device):
    """A Cuttlefish instance, started for the run. `images` is the folder of a build's images,
    `host_tools` that of its cvd-host_package (the same one if it is left out), both taken from the
    folder of devices.yaml."""

    kind: Literal["cuttlefish"]
    images: str = Field(min_length=1)
    host_tools: str | None = Field(default=None, min_length=1)
    instance: Annotated[StrictInt, Field(ge=1, le=100)] = 1
    cpus: Annotated[StrictInt, Field(ge=1, le=64)] = 2
    memory_mb: Annotated[StrictInt, Field(ge=1024, le=65536)] = 4096
    keep_user_data: StrictBool = False


class RedroidSpec(_Device):
    """Android in a container of docker, made for the run. `boot_arguments` are init's."""

    kind: Literal["redroid"]
    image: str = Field(pattern=r"^[a-z0-9][A-Za-z0-9._/:@-]{0,254}$")
    boot_arguments: Mapping[
        Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9._]*$")],
        Annotated[str, Field(pattern=r"^[^\s]*$")],
    ] = Field(default_factory=dict)


DeviceSpec = VirtualSpec | AttachedSpec | AvdSpec | CuttlefishSpec | RedroidSpec


class Inventory(_Entry):
    """The whole file."""

    version: Literal[1]
    stores: Mapping[Annotated[str, Field(pattern=NAME)], StoreAdapter] = Field(default_factory=dict)
    devices: tuple[Annotated[DeviceSpec, Field(discriminator="kind")], ...] = Field(min_length=1)

    def device(self, name: str) -> DeviceSpec:
        """The device of that name. Raises ConfigurationError that lists the names there are."""
        for spec in self.devices:
            if spec.name == name:
                return spec
        known = ", ".join(spec.name for spec in self.devices)
        raise ConfigurationError(f"no device is called {name!r}; there are: {known}")

    def only(self, names: Sequence[str]) -> tuple[DeviceSpec, ...]:
        """These devices in the order of the file; all of them if no name is given."""
        for name in names:
            self.device(name)
        return tuple(spec for spec in self.devices if not names or spec.name in names)

    def with_defects(self, defects: Sequence[str]) -> Inventory:
        """The same lab with these defects at every device that can be given one."""
        if not defects:
            return self
        given = tuple(
            spec.model_copy(update={"defects": (*spec.defects, *defects)})
            if isinstance(spec, VirtualSpec)
            else spec
            for spec in self.devices
        )
        if given == self.devices:
            raise ConfigurationError("no device of this lab can be given a defect")
        return self.model_copy(update={"devices": given})

    def store_of(self, spec: DeviceSpec) -> StoreAdapter | None:
        return self.stores[spec.store] if spec.store else None


def read_inventory(file: Path) -> Inventory:
    """Parse and check devices.yaml. Raises ConfigurationError with file, line, column and path."""
    inventory, placed = read_yaml(file, Inventory)
    _require_unique(inventory, placed, "name")
    _require_unique(inventory, placed, "serial")
    for index, spec in enumerate(inventory.devices):
        if spec.store is not None and spec.store not in inventory.stores:
            known = ", ".join(inventory.stores) or "none (the file has no `stores`)"
            raise placed.error(
                f"no store is called {spec.store!r}; there are: {known}",
                ("devices", index, "store"),
            )
    return inventory


def _require_unique(inventory: Inventory, placed: PlacedFile, key: str) -> None:
    first: dict[object, int] = {}
    for index, spec in enumerate(inventory.devices):
        value = getattr(spec, key, None)
        if value is None:
            continue
        identity = (value, getattr(spec, "adb_host", None), getattr(spec, "adb_port", None))
        known = first.setdefault(value if key == "name" else identity, index)
        if known != index:
            line = placed.place(("devices", known, key)).line
            raise placed.error(
                f"{value!r} is the {key} of another device too (line {line})",
                ("devices", index, key),
            )


def inventory_schema() -> dict[str, Any]:
    """The JSON schema of devices.yaml, for editors."""
    return Inventory.model_json_schema()

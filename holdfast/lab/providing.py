"""Which provider makes a device of the inventory reachable, and what is leased for it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from holdfast.deadline import Deadline
from holdfast.errors import ConfigurationError
from holdfast.lab.attached import AttachedProvider
from holdfast.lab.avd import Avd
from holdfast.lab.cuttlefish import Cuttlefish
from holdfast.lab.inventory import (
    AvdSpec,
    CuttlefishSpec,
    DeviceSpec,
    RedroidSpec,
    VirtualSpec,
)
from holdfast.lab.provider import Provider
from holdfast.lab.redroid import Redroid
from holdfast.lab.started import Started
from holdfast.lab.virtual import VirtualProvider, made_firmware_update

__all__ = ["firmware_update_of", "provider_for"]


def provider_for(spec: DeviceSpec, *, folder: Path) -> Provider:
    """`folder` is the one of devices.yaml. Nothing is started."""
    if isinstance(spec, VirtualSpec):
        return VirtualProvider(spec, folder=folder)
    if isinstance(spec, AvdSpec):
        return Started(Avd(spec))
    if isinstance(spec, CuttlefishSpec):
        return Started(Cuttlefish(spec, folder=folder))
    if isinstance(spec, RedroidSpec):
        return Started(Redroid(spec))
    return AttachedProvider(spec)


@contextmanager
def firmware_update_of(
    spec: DeviceSpec, *, folder: Path, deadline: Deadline
) -> Iterator[Path | None]:
    """The OTA package that devices.yaml offers for a device, as long as this lasts; None if it
    offers none. ConfigurationError if it is not there."""
    if spec.firmware_update is None:
        yield None
    elif isinstance(spec, VirtualSpec) and not spec.firmware_update.endswith(".zip"):
        with made_firmware_update(spec, folder=folder, deadline=deadline) as made:
            yield made
    else:
        package = folder / spec.firmware_update
        if not package.is_file():
            raise ConfigurationError(f"device {spec.name}: firmware_update: there is no {package}")
        yield package

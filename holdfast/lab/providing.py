"""Which provider makes a device of the inventory reachable, and what is leased for it."""

from __future__ import annotations

from pathlib import Path

from holdfast.lab.attached import AttachedProvider
from holdfast.lab.avd import AvdProvider
from holdfast.lab.cuttlefish import CuttlefishProvider
from holdfast.lab.inventory import (
    AvdSpec,
    CuttlefishSpec,
    DeviceSpec,
    RedroidSpec,
    VirtualSpec,
)
from holdfast.lab.provider import Provider
from holdfast.lab.redroid import RedroidProvider
from holdfast.lab.virtual import VirtualProvider

__all__ = ["provider_for"]


def provider_for(spec: DeviceSpec, *, folder: Path) -> Provider:
    """`folder` is the one of devices.yaml. Nothing is started."""
    if isinstance(spec, VirtualSpec):
        return VirtualProvider(spec, folder=folder)
    if isinstance(spec, AvdSpec):
        return AvdProvider(spec)
    if isinstance(spec, CuttlefishSpec):
        return CuttlefishProvider(spec, folder=folder)
    if isinstance(spec, RedroidSpec):
        return RedroidProvider(spec)
    return AttachedProvider(spec)

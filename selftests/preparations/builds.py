"""Three builds of one A/B phone that asks for adb's key, and what brings it from one to another."""

from __future__ import annotations

import zipfile
from dataclasses import dataclass
from pathlib import Path

from virtualdevice.ota.firmware import pack_firmware
from virtualdevice.ota.package import PackagePlan, build_package
from virtualdevice.system.personality import load_personality

__all__ = ["PRODUCT", "Builds", "make_builds"]

PRODUCT = "panther"
# Enough that a package has some blocks: faults come at shares of it.
_SIZE_BYTES = 1_500_000
_PLACEHOLDER = b"ANDROID!".ljust(4096, b"\0")
_TIMES_S = {"older": 1_700_000_000, "base": 1_720_000_000, "newer": 1_740_000_000}
_FIRMWARE = """\
extends: aosp-34-userdebug
title: the {name} build
build: {{incremental: "{name}", time_s: {time_s}}}
properties: {{ro.adb.secure: "1"}}
{more}"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Builds:
    """Files of one folder, and build fingerprints. `loops` is a system image that never boots."""

    folder: Path
    base: Path
    newer: Path
    older: Path
    fingerprints: dict[str, str]

    def package(self, name: str) -> Path:
        """`full.zip`, `incremental.zip`: OTA packages to the newer build; `newer.zip`,
        `older.zip`: for `fastboot update`; `images`: a folder of images of the newer build;
        `loops.img`."""
        return self.folder / name


def make_builds(folder: Path) -> Builds:
    firmware = {name: _firmware(folder, name, time_s) for name, time_s in _TIMES_S.items()}
    crashing = _firmware(folder, "loops", _TIMES_S["base"], "defects: [boot_crashes_late]\n")
    builds = Builds(
        folder=folder,
        base=firmware["base"],
        newer=firmware["newer"],
        older=firmware["older"],
        fingerprints={n: load_personality(f).build.fingerprint for n, f in firmware.items()},
    )
    plans = {
        "full.zip": PackagePlan(target=builds.newer, size_bytes=_SIZE_BYTES),
        "incremental.zip": PackagePlan(
            target=builds.newer, source=builds.base, incremental=True, size_bytes=_SIZE_BYTES
        ),
    }
    for name, plan in plans.items():
        (folder / name).write_bytes(build_package(plan))
    for name in ("newer", "older"):
        _update_zip(folder / f"{name}.zip", pack_firmware(firmware[name]))
    (folder / "images").mkdir()
    (folder / "images" / "boot.img").write_bytes(_PLACEHOLDER)
    (folder / "images" / "system.img").write_bytes(pack_firmware(builds.newer))
    (folder / "images" / "android-info.txt").write_text(f"require product={PRODUCT}\n")
    (folder / "loops.img").write_bytes(pack_firmware(crashing))
    return builds


def _firmware(folder: Path, name: str, time_s: int, more: str = "") -> Path:
    file = folder / f"{name}.yaml"
    file.write_text(_FIRMWARE.format(name=name, time_s=time_s, more=more), encoding="utf-8")
    return file


def _update_zip(file: Path, system: bytes) -> None:
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("android-info.txt", f"require product={PRODUCT}\n")
        archive.writestr("boot.img", _PLACEHOLDER)
        archive.writestr("system.img", system)

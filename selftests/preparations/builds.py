"""Three builds of one A/B phone that asks for adb's key, and what brings it from one to another."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from holdfast.apk.keys import SigningKey
from holdfast.firmware.ota_package import read_ota_package
from virtualdevice.ota.firmware import pack_firmware
from virtualdevice.ota.package import PackagePlan, build_package
from virtualdevice.system.personality import load_personality

__all__ = ["PRODUCT", "Builds", "make_builds"]

PRODUCT = "panther"
# Enough that a package has some blocks: faults come at shares of it.
_SIZE_BYTES = 1_500_000
_PLACEHOLDER = b"ANDROID!".ljust(4096, b"\0")
_TIMES_S = {"older": 1_700_000_000, "base": 1_720_000_000, "newer": 1_740_000_000}
_BAD = {
    "crashes-early": "boot_crashes_early",
    "crashes-late": "boot_crashes_late",
    "loses-data": "data_wiped_on_reboot",
}
_FIRMWARE = """\
extends: aosp-34-userdebug
title: the {name} build
build: {{incremental: "{name}", time_s: {time_s}}}
properties: {{ro.adb.secure: "1"}}
{more}"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Builds:
    """Files of one folder. `base` is the personality that the phone comes with; `fingerprints` are
    those of each build by its name."""

    folder: Path
    base: Path
    fingerprints: dict[str, str]

    def package(self, name: str) -> Path:
        """`full.zip`, `incremental.zip`: OTA packages to the newer build; `other-product.zip`,
        `other-key.zip`, `damaged.zip`: such that must not go in; `crashes-early.zip`,
        `crashes-late.zip`, `loses-data.zip`: such that must not be shipped; `newer.zip`,
        `older.zip`: for `fastboot update`; `images`: a folder of images of the newer build;
        `loops.img`."""
        return self.folder / name


def make_builds(folder: Path) -> Builds:
    firmware = {name: _firmware(folder, name, time_s) for name, time_s in _TIMES_S.items()}
    for name, defect in _BAD.items():
        more = f"defects: [{defect}]\n"
        firmware[name] = _firmware(folder, name, _TIMES_S["newer"], more)
    for name, plan in _plans(firmware).items():
        (folder / name).write_bytes(build_package(plan))
    _damage(folder / "full.zip", folder / "damaged.zip")
    _make_images(folder, firmware)
    return Builds(
        folder=folder,
        base=firmware["base"],
        fingerprints={n: load_personality(f).build.fingerprint for n, f in firmware.items()},
    )


def _plans(firmware: Mapping[str, Path]) -> Mapping[str, PackagePlan]:
    good = PackagePlan(target=firmware["newer"], size_bytes=_SIZE_BYTES)
    somebody = SigningKey.generate("rsa-2048", common_name="somebody")
    return {
        "full.zip": good,
        "incremental.zip": replace(good, source=firmware["base"], incremental=True),
        "other-product.zip": replace(good, products=("other",)),
        "other-key.zip": replace(good, key=somebody),
        **{f"{name}.zip": replace(good, target=firmware[name]) for name in _BAD},
    }


def _make_images(folder: Path, firmware: Mapping[str, Path]) -> None:
    """What fastboot flashes."""
    for name in ("newer", "older"):
        _update_zip(folder / f"{name}.zip", pack_firmware(firmware[name]))
    images = folder / "images"
    images.mkdir()
    (images / "boot.img").write_bytes(_PLACEHOLDER)
    (images / "system.img").write_bytes(pack_firmware(firmware["newer"]))
    (images / "android-info.txt").write_text(f"require product={PRODUCT}\n", encoding="utf-8")
    (folder / "loops.img").write_bytes(pack_firmware(firmware["crashes-late"]))


def _damage(package: Path, damaged: Path) -> None:
    """One byte in the middle of the payload is another."""
    payload = read_ota_package(package).payload
    assert payload is not None
    content = bytearray(package.read_bytes())
    content[payload.offset_bytes + payload.size_bytes // 2] ^= 0xFF
    damaged.write_bytes(content)


def _firmware(folder: Path, name: str, time_s: int, more: str = "") -> Path:
    file = folder / f"{name}.yaml"
    file.write_text(_FIRMWARE.format(name=name, time_s=time_s, more=more), encoding="utf-8")
    return file


def _update_zip(file: Path, system: bytes) -> None:
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("android-info.txt", f"require product={PRODUCT}\n")
        archive.writestr("boot.img", _PLACEHOLDER)
        archive.writestr("system.img", system)

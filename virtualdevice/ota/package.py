"""An OTA package: a signed ZIP with META-INF/com/android/metadata, and what it brings.

For A/B devices a stored payload.bin with payload_properties.txt; for others the image of the system
partition, where a maker's package would have block lists and an updater. Source: AOSP
build/make/tools/releasetools (ota_utils.py, ota_from_target_files.py).
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from holdfast.apk.keys import SigningKey
from virtualdevice.ota.firmware import pack_firmware
from virtualdevice.ota.keys import release_key
from virtualdevice.ota.package_entries import METADATA, PAYLOAD, PROPERTIES, SYSTEM_IMAGE, UPDATER
from virtualdevice.ota.payload_building import build_payload, payload_properties
from virtualdevice.ota.whole_file_signing import sign_whole_file
from virtualdevice.system.personality import Personality, load_personality

__all__ = ["PackagePlan", "build_package", "is_ab"]

EPOCH = (2009, 1, 1, 0, 0, 0)


@dataclass(frozen=True, kw_only=True, slots=True)
class PackagePlan:
    """From which build to which. `key` None is the release key of the target's maker. `products`
    empty: the target's device. `size_bytes` is what the image is filled up to."""

    target: str | Path
    source: str | Path | None = None
    incremental: bool = False
    downgrade: bool = False
    wipe: bool = False
    key: SigningKey | None = None
    products: tuple[str, ...] = ()
    size_bytes: int = 0


def is_ab(personality: Personality) -> bool:
    return personality.properties.get("ro.build.ab_update") == "true"


def build_package(plan: PackagePlan) -> bytes:
    """The signed ZIP. ConfigurationError where a personality is wrong."""
    target = load_personality(plan.target)
    key = plan.key or release_key(target.build.brand)
    image = pack_firmware(plan.target, size_bytes=plan.size_bytes)
    ab = is_ab(target)
    entries: dict[str, bytes] = {}
    if ab:
        old = pack_firmware(plan.source) if plan.incremental and plan.source else None
        payload = build_payload(image, key=key, timestamp=target.build.time_s, old_image=old)
        entries[PAYLOAD] = payload
        entries[PROPERTIES] = _lines(payload_properties(payload))
    else:
        entries[UPDATER] = b"#!/sbin/sh\n# A virtual phone's recovery writes the image itself.\n"
        entries[SYSTEM_IMAGE] = image
    entries[METADATA] = _lines(_metadata(plan, target, ab=ab))
    return sign_whole_file(_archive(entries), key)


def _metadata(plan: PackagePlan, target: Personality, *, ab: bool) -> Mapping[str, str]:
    facts = {
        "ota-required-cache": "0",
        "ota-type": "AB" if ab else "BLOCK",
        "post-build": target.build.fingerprint,
        "post-build-incremental": target.build.incremental,
        "post-sdk-level": str(target.api),
        "post-security-patch-level": target.build.security_patch,
        "post-timestamp": str(target.build.time_s),
        "pre-device": "|".join(plan.products or (target.build.device,)),
    }
    if plan.source is not None and (plan.incremental or plan.downgrade):
        source = load_personality(plan.source).build
        facts |= {"pre-build": source.fingerprint, "pre-build-incremental": source.incremental}
    if plan.downgrade:
        facts["ota-downgrade"] = "yes"
    if plan.wipe:
        facts["ota-wipe"] = "yes"
    return dict(sorted(facts.items()))


def _lines(facts: Mapping[str, str]) -> bytes:
    return "".join(f"{key}={value}\n" for key, value in facts.items()).encode()


def _archive(entries: Mapping[str, bytes]) -> bytes:
    """All stored: the payload is read in place, and an image is packed already."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for name, content in entries.items():
            archive.writestr(zipfile.ZipInfo(name, EPOCH), content, zipfile.ZIP_STORED)
    return made.getvalue()

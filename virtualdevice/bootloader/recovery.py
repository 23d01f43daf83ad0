"""What recovery makes of a package that was sideloaded."""

from __future__ import annotations

import zipfile
from dataclasses import dataclass
from pathlib import Path

__all__ = ["PackageVerdict", "judge_package"]

METADATA = "META-INF/com/android/metadata"
METADATA_LIMIT_BYTES = 1 << 20


@dataclass(frozen=True, kw_only=True, slots=True)
class PackageVerdict:
    """`reason` is what recovery's log says; empty for a package that it takes."""

    accepted: bool
    reason: str = ""


def _refused(reason: str) -> PackageVerdict:
    return PackageVerdict(accepted=False, reason=reason)


def judge_package(package: Path, *, device: str) -> PackageVerdict:
    """The checks of recovery's install.cpp, but for the signature: a ZIP, with metadata, for this
    device. Nothing of it is applied: what a firmware changes is a personality's business."""
    try:
        with zipfile.ZipFile(package) as archive:
            if archive.getinfo(METADATA).file_size > METADATA_LIMIT_BYTES:
                return _refused("E:Metadata is too long")
            text = archive.read(METADATA).decode("utf-8", errors="replace")
    except (zipfile.BadZipFile, OSError):
        return _refused("E:failed to open package")
    except KeyError:
        return _refused("E:Failed to find META-INF/com/android/metadata in the package")
    entries = dict(line.partition("=")[::2] for line in text.splitlines())
    products = entries.get("pre-device", "").split("|")
    if device not in products:
        found = entries.get("pre-device", "")
        return _refused(f"E:Package is for product {found} but expected {device}")
    return PackageVerdict(accepted=True)

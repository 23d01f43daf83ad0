"""Reading an OTA package: a ZIP with `META-INF/com/android/metadata` and, for A/B devices, a
stored `payload.bin` that update_engine reads in place.

Source: AOSP build/make/tools/releasetools (ota_utils.py, ota_metadata.proto) and
system/update_engine's README for what `update_engine_client` is given.
"""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from holdfast.errors import ConfigurationError, Place

__all__ = ["OtaPackage", "Payload", "read_ota_package"]

METADATA = "META-INF/com/android/metadata"
PAYLOAD = "payload.bin"
PAYLOAD_PROPERTIES = "payload_properties.txt"
MAX_TEXT_BYTES = 1 << 20
_LOCAL_HEADER_BYTES = 30


@dataclass(frozen=True, kw_only=True, slots=True)
class Payload:
    """Where `payload.bin` lies in the package, in bytes, and the headers that go with it."""

    offset_bytes: int
    size_bytes: int
    headers: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class OtaPackage:
    """What a package says of itself. `payload` is None for a package that recovery installs.

    `pre_builds` is empty for a full package; an incremental one names the builds that it updates.
    """

    path: Path
    products: tuple[str, ...]
    pre_builds: tuple[str, ...]
    post_build: str
    downgrade: bool
    wipes_user_data: bool
    payload: Payload | None

    @property
    def is_incremental(self) -> bool:
        return bool(self.pre_builds)

    def fits(self, *, product: str, build: str) -> str:
        """Why it must not go onto this device; empty if it may."""
        if self.products and product not in self.products:
            return f"it is for {'|'.join(self.products)}, the device is {product}"
        if self.pre_builds and build not in self.pre_builds:
            return f"it updates {'|'.join(self.pre_builds)}, the device runs {build}"
        return ""


def read_ota_package(path: Path) -> OtaPackage:
    """Read it. Raises ConfigurationError that names the file and what is wrong."""
    try:
        with zipfile.ZipFile(path) as archive:
            facts = _facts(_text(archive, METADATA, path), path)
            payload = _payload(archive, path) if PAYLOAD in archive.namelist() else None
    except (OSError, zipfile.BadZipFile) as error:
        raise _wrong(path, f"no OTA package can be read from it: {error}") from error
    if not facts.get("post-build"):
        raise _wrong(path, f"{METADATA} names no post-build: which build does it lead to?")
    return OtaPackage(
        path=path,
        products=_listed(facts.get("pre-device", "")),
        pre_builds=_listed(facts.get("pre-build", "")),
        post_build=facts["post-build"],
        downgrade=facts.get("ota-downgrade") == "yes",
        wipes_user_data=facts.get("ota-wipe") == "yes",
        payload=payload,
    )


def _wrong(path: Path, what: str) -> ConfigurationError:
    return ConfigurationError(what, place=Place(file=path))


def _text(archive: zipfile.ZipFile, name: str, path: Path) -> str:
    try:
        with archive.open(name) as file:
            raw = file.read(MAX_TEXT_BYTES + 1)
    except KeyError as error:
        raise _wrong(path, f"it has no {name}, so it is no OTA package") from error
    if len(raw) > MAX_TEXT_BYTES:
        raise _wrong(path, f"{name} is larger than {MAX_TEXT_BYTES} bytes")
    return raw.decode("utf-8", "replace")


def _facts(text: str, path: Path) -> Mapping[str, str]:
    facts = {}
    for number, line in enumerate(text.splitlines(), start=1):
        key, equals, value = line.partition("=")
        if line.strip() and not equals:
            raise _wrong(path, f"{METADATA} line {number} is no `key=value`: {line[:80]!r}")
        facts[key.strip()] = value.strip()
    return facts


def _listed(value: str) -> tuple[str, ...]:
    return tuple(part for part in value.split("|") if part)


def _payload(archive: zipfile.ZipFile, path: Path) -> Payload:
    info = archive.getinfo(PAYLOAD)
    if info.compress_type != zipfile.ZIP_STORED:
        raise _wrong(path, f"{PAYLOAD} is compressed; update_engine reads it in place")
    with path.open("rb") as file:
        file.seek(info.header_offset)
        header = file.read(_LOCAL_HEADER_BYTES)
    # The lengths of the local header's name and extra field need not be those of the directory.
    lengths = int.from_bytes(header[26:28], "little") + int.from_bytes(header[28:30], "little")
    properties = _text(archive, PAYLOAD_PROPERTIES, path)
    return Payload(
        offset_bytes=info.header_offset + _LOCAL_HEADER_BYTES + lengths,
        size_bytes=info.file_size,
        headers=tuple(line.strip() for line in properties.splitlines() if line.strip()),
    )

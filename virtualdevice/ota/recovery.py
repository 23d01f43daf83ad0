"""Recovery: what it makes of a package that was sideloaded, and how it installs it.

Source: AOSP bootable/recovery, install/install.cpp, install/verifier.cpp, recovery.cpp and
otautil/error_code.h for the texts and the codes in last_install.
"""

from __future__ import annotations

import zipfile
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from holdfast.apk.certificates import Certificate
from virtualdevice.faults import Phase
from virtualdevice.ota.apply import BytesSource, Progress, UpdateFailed, apply_payload
from virtualdevice.ota.boot_chain import BootChain
from virtualdevice.ota.firmware import FirmwareError, read_firmware
from virtualdevice.ota.package_entries import METADATA, PAYLOAD, PROPERTIES, SYSTEM_IMAGE, UPDATER
from virtualdevice.ota.whole_file import BadSignature, whole_file_signer

__all__ = ["DeviceFacts", "Install", "install_package"]

TEXT_LIMIT_BYTES = 1 << 20
LOW_BATTERY, VERIFICATION_FAILURE, OPEN_FAILURE = 20, 21, 22
NEEDED_BATTERY_PERCENT = 20  # On a charger 20, else 40 (BATTERY_OK_PERCENTAGE).
Reach = Callable[[Phase, float], Awaitable[None]]


@dataclass(frozen=True, kw_only=True, slots=True)
class DeviceFacts:
    """What recovery knows of the device. `public_key` is that of the release key, DER."""

    device: str
    fingerprint: str
    build_time_s: int
    public_key: bytes
    ab: bool
    battery_percent: int = 100


@dataclass(frozen=True, kw_only=True, slots=True)
class Install:
    """`log` is what recovery's screen and log say; `code` recovery's error code, or None."""

    accepted: bool
    log: tuple[str, ...]
    code: int | None = None
    wipe: bool = False

    @property
    def last_install(self) -> str:
        """The content of /cache/recovery/last_install."""
        lines = ["/sideload/package.zip", "1" if self.accepted else "0"]
        if self.code is not None:
            lines.append(f"error: {self.code}")
        return "\n".join([*lines, *self.log]) + "\n"


class _Refused(Exception):
    def __init__(self, *lines: str, code: int | None = None) -> None:
        super().__init__(lines[0])
        self.lines = lines
        self.code = code


async def install_package(
    package: Path, *, facts: DeviceFacts, chain: BootChain, slot: str, reach: Reach
) -> Install:
    """Check it, and write its firmware: in place, or into `slot` of an A/B device, which the caller
    then makes the active one."""
    if facts.battery_percent < NEEDED_BATTERY_PERCENT:
        text = "battery capacity is not enough for installing package: "
        needed = f"{text}{NEEDED_BATTERY_PERCENT}% needed"
        return Install(accepted=False, log=(needed, "Installation aborted."), code=LOW_BATTERY)
    log = ["Finding update package...", "Opening update package...", "Verifying update package..."]
    try:
        await reach(Phase.VERIFY, 0.0)
        metadata = _checked(package, facts)
        log.append("Installing update...")
        await _write(package, facts, chain, slot, reach)
    except _Refused as refused:
        lines = (*log, *refused.lines, "Installation aborted.")
        return Install(accepted=False, log=lines, code=refused.code)
    wipe = metadata.get("ota-wipe") == "yes"
    return Install(accepted=True, log=(*log, "Install completed with status 0."), wipe=wipe)


def _checked(package: Path, facts: DeviceFacts) -> Mapping[str, str]:
    """The metadata of a package that is for this device."""
    try:
        certificate = whole_file_signer(package.read_bytes())
    except BadSignature as bad:
        raise _Refused(
            f"E:{bad}", "E:Signature verification failed", "E:error: 21", code=VERIFICATION_FAILURE
        ) from bad
    if Certificate.parse(certificate).public_key != facts.public_key:
        raise _Refused(
            "E:failed to verify whole-file signature",
            "E:Signature verification failed",
            "E:error: 21",
            code=VERIFICATION_FAILURE,
        )
    try:
        with zipfile.ZipFile(package) as archive:
            if METADATA not in archive.namelist():
                raise _Refused(f"E:Failed to find {METADATA} in the package", code=OPEN_FAILURE)
            metadata = _lines(_text(archive, METADATA))
            wanted = PAYLOAD if facts.ab else UPDATER
            _check_metadata(metadata, facts)
            if wanted not in archive.namelist():
                raise _Refused(f"E:Failed to find {wanted} in the package", code=OPEN_FAILURE)
    except (zipfile.BadZipFile, OSError) as error:
        raise _Refused("E:Failed to open package", code=OPEN_FAILURE) from error
    return metadata


def _check_metadata(metadata: Mapping[str, str], facts: DeviceFacts) -> None:
    """install.cpp's CheckPackageMetadata, and its CheckAbSpecificMetadata for A/B devices; others
    have the same checks in the package's own updater script."""
    kind = "AB" if facts.ab else "BLOCK"
    said = metadata.get("ota-type", "")
    if said != kind:
        raise _Refused(f"E:Unexpected ota package type, expects {kind}, actual {said}")
    products = metadata.get("pre-device", "")
    if facts.device not in products.split("|"):
        raise _Refused(f"E:Package is for product {products} but expected {facts.device}")
    base = metadata.get("pre-build", "")
    if base and facts.fingerprint not in base.split("|"):
        raise _Refused(f"E:Package is for source build {base} but expected {facts.fingerprint}")
    stamp = metadata.get("post-timestamp", "")
    when = int(stamp) if stamp.isdigit() else 0
    if when >= facts.build_time_s:
        return
    if metadata.get("ota-downgrade") != "yes":
        raise _Refused(
            "E:Update package is older than the current build, expected a build newer than "
            f"timestamp {facts.build_time_s} but package has timestamp {when} and downgrade not "
            "allowed."
        )
    if not base:
        raise _Refused("E:Downgrade package must have a pre-build version set, not allowed.")


def _text(archive: zipfile.ZipFile, name: str) -> str:
    if archive.getinfo(name).file_size > TEXT_LIMIT_BYTES:
        raise _Refused(f"E:{name} is too long", code=OPEN_FAILURE)
    return archive.read(name).decode("utf-8", "replace")


def _lines(text: str) -> Mapping[str, str]:
    return dict(line.partition("=")[::2] for line in text.splitlines())


async def _write(
    package: Path, facts: DeviceFacts, chain: BootChain, slot: str, reach: Reach
) -> None:
    with zipfile.ZipFile(package) as archive:
        if not facts.ab:
            image = archive.read(SYSTEM_IMAGE)
            try:
                read_firmware(image)
            except FirmwareError as error:
                raise _Refused(f"E:{error}", "E:Error in /sideload/package.zip (status 1)") from (
                    error
                )
            await _write_in_place(image, chain, slot, reach)
            return
        payload, headers = archive.read(PAYLOAD), _lines(_text(archive, PROPERTIES))
    try:
        await apply_payload(
            BytesSource(payload),
            headers=headers,
            chain=chain,
            slot=slot,
            public_key=facts.public_key,
            build_time_s=0,  # The metadata's own timestamp was looked at above.
            tell=_untold,
            reach=reach,
        )
    except UpdateFailed as failed:
        raise _Refused(
            f"E:update_engine_sideload: ErrorCode::k{failed.name} ({failed.code})",
            "E:Error in /sideload/package.zip (status 1)",
        ) from failed


async def _write_in_place(image: bytes, chain: BootChain, slot: str, reach: Reach) -> None:
    """Between its begin and its end there is no firmware that could boot."""
    chain.begin(slot)
    await reach(Phase.COMMIT, 0.0)
    chain.write_image(slot, image[: len(image) // 2])
    await reach(Phase.COMMIT, 0.5)
    chain.write_image(slot, image)
    await reach(Phase.COMMIT, 1.0)


async def _untold(_progress: Progress) -> None:
    """Recovery's bar is not looked at by anybody."""

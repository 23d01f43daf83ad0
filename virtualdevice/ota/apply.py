"""Applying a payload to the other slot: what update_engine does, also the one in recovery.

Its steps and errors are those of payload_consumer/ (download_action, delta_performer,
filesystem_verifier_action, postinstall_runner_action).
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from virtualdevice.faults import Phase
from virtualdevice.ota.boot_chain import BootChain
from virtualdevice.ota.error_codes import ErrorCode, UpdateStatus
from virtualdevice.ota.firmware import FirmwareError, read_firmware
from virtualdevice.ota.operations import SourceMismatch, run
from virtualdevice.ota.payload import (
    HEADER_BYTES,
    Manifest,
    PayloadError,
    metadata_size_bytes,
    read_manifest,
    signature_fits,
)
from virtualdevice.seams import Space

__all__ = [
    "BytesSource",
    "Progress",
    "Source",
    "SourceLost",
    "UpdateFailed",
    "apply_payload",
]

STEPS = 100
SOURCE_MISMATCH = (
    "The hash of the source data on disk for this operation doesn't match the expected value. This "
    "could mean that the delta update payload was targeted for another version, or that the source "
    "partition was modified after it was installed, for example, by mounting a filesystem."
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Progress:
    """`share` of the status, 0 to 1."""

    status: UpdateStatus
    share: float


class UpdateFailed(Exception):
    """It ended with an error code; the slot stays unbootable."""

    def __init__(self, code: ErrorCode, what: str) -> None:
        super().__init__(what)
        self.code = int(code)
        self.name = code.shown


class SourceLost(Exception):
    """The payload cannot be read (to its end)."""


class Source(Protocol):
    """Where the payload is read from."""

    async def read(self, offset: int, size_bytes: int) -> bytes:
        """That many bytes. SourceLost."""


class BytesSource:
    """A payload that is there already."""

    def __init__(self, payload: bytes) -> None:
        self._payload = payload

    async def read(self, offset: int, size_bytes: int) -> bytes:
        piece = self._payload[offset : offset + size_bytes]
        if len(piece) != size_bytes:
            raise SourceLost("the payload ends too soon")
        return piece


Tell = Callable[[Progress], Awaitable[None]]
Reach = Callable[[Phase, float], Awaitable[None]]


async def apply_payload(
    source: Source,
    *,
    headers: Mapping[str, str],
    chain: BootChain,
    slot: str,
    public_key: bytes,
    build_time_s: int,
    tell: Tell,
    reach: Reach,
    space: Callable[[], Awaitable[Space]] | None = None,
) -> None:
    """Into `slot`, which nobody can boot meanwhile; who calls makes it active. Without `space`
    (recovery) nobody asks what is free. UpdateFailed."""
    try:
        metadata, signature_size = await _metadata(source, headers, public_key)
        manifest = read_manifest(metadata)
        _check_builds(manifest, chain, slot, build_time_s)
        payload = bytearray(metadata)
        total = len(metadata) + signature_size + manifest.signature_offset
        total += manifest.signature_size_bytes
        _check_size(headers, total)
        if space is not None and manifest.target_bytes > (await space()).free_bytes:
            raise UpdateFailed(ErrorCode.NOT_ENOUGH_SPACE, "no room for the new partitions")
        chain.begin(slot)
        await _download(source, payload, total, tell=tell, reach=reach)
        await tell(Progress(status=UpdateStatus.VERIFYING, share=0.0))
        await reach(Phase.VERIFY, 0.0)
        start = len(metadata) + signature_size
        _check_signed(bytes(payload), manifest, start, headers, public_key)
        data = bytes(payload[start:])
        image = _built(manifest, data, chain.image_of("b" if slot == "a" else "a"))
        chain.write_image(slot, image)
        await tell(Progress(status=UpdateStatus.VERIFYING, share=1.0))
        await reach(Phase.VERIFY, 1.0)
    except PayloadError as error:
        raise UpdateFailed(ErrorCode(error.code), str(error)) from error
    except SourceLost as error:
        raise UpdateFailed(ErrorCode.DOWNLOAD_TRANSFER_ERROR, str(error)) from error


async def _metadata(
    source: Source, headers: Mapping[str, str], public_key: bytes
) -> tuple[bytes, int]:
    """Header and manifest, rightly signed, and the size of their signature."""
    size, signature_size = metadata_size_bytes(await source.read(0, HEADER_BYTES))
    if headers.get("METADATA_SIZE") not in (None, str(size)):
        raise UpdateFailed(
            ErrorCode.DOWNLOAD_INVALID_METADATA_SIZE,
            f"Mandatory metadata size in Omaha response ({headers['METADATA_SIZE']}) is missing/"
            f"incorrect, and the actual size is {size}",
        )
    metadata = await source.read(0, size)
    if not _digest_fits(metadata, headers.get("METADATA_HASH")):
        raise UpdateFailed(
            ErrorCode.DOWNLOAD_METADATA_SIGNATURE_MISMATCH, "Manifest hash verification failed."
        )
    signatures = await source.read(size, signature_size)
    if not signature_fits(signatures, metadata, public_key):
        raise UpdateFailed(
            ErrorCode.DOWNLOAD_METADATA_SIGNATURE_MISMATCH, "Manifest hash verification failed."
        )
    return metadata, signature_size


def _check_builds(manifest: Manifest, chain: BootChain, slot: str, build_time_s: int) -> None:
    if manifest.max_timestamp < build_time_s:
        raise UpdateFailed(
            ErrorCode.PAYLOAD_TIMESTAMP_ERROR,
            f"The current OS build timestamp ({build_time_s}) is newer than the maximum timestamp "
            f"in the manifest ({manifest.max_timestamp})",
        )
    if manifest.old_digest is not None:
        other = "b" if slot == "a" else "a"
        if hashlib.sha256(chain.image_of(other)).digest() != manifest.old_digest:
            raise UpdateFailed(ErrorCode.DOWNLOAD_STATE_INITIALIZATION_ERROR, SOURCE_MISMATCH)


def _check_size(headers: Mapping[str, str], total: int) -> None:
    if headers.get("FILE_SIZE") not in (None, str(total)):
        raise UpdateFailed(
            ErrorCode.PAYLOAD_SIZE_MISMATCH_ERROR,
            f"expected size {headers['FILE_SIZE']}, the payload has {total}",
        )


async def _download(
    source: Source, payload: bytearray, total: int, *, tell: Tell, reach: Reach
) -> None:
    """The rest behind the manifest, in as many pieces as there are percents."""
    piece = max(1, -(-total // STEPS))
    while len(payload) < total:
        await tell(Progress(status=UpdateStatus.DOWNLOADING, share=len(payload) / total))
        await reach(Phase.DOWNLOAD, len(payload) / total)
        payload += await source.read(len(payload), min(piece, total - len(payload)))
        await asyncio.sleep(0)
    await tell(Progress(status=UpdateStatus.DOWNLOADING, share=1.0))
    await reach(Phase.DOWNLOAD, 1.0)


def _check_signed(
    payload: bytes, manifest: Manifest, start: int, headers: Mapping[str, str], public_key: bytes
) -> None:
    """Each operation's data, and the whole."""
    for one in manifest.operations:
        first = start + one.data_offset
        found = hashlib.sha256(payload[first : first + one.data_size_bytes]).digest()
        if one.data_digest and found != one.data_digest:
            raise UpdateFailed(
                ErrorCode.DOWNLOAD_OPERATION_HASH_MISMATCH, "Operation hash verification failed"
            )
    if not _digest_fits(payload, headers.get("FILE_HASH")):
        raise UpdateFailed(ErrorCode.PAYLOAD_HASH_MISMATCH_ERROR, "Payload hash mismatch")
    # Its own signature covers all but the metadata signature (and itself).
    metadata_size, _ = metadata_size_bytes(payload)
    signatures = payload[start + manifest.signature_offset :]
    data = payload[start : start + manifest.signature_offset]
    if not signature_fits(signatures, payload[:metadata_size] + data, public_key):
        raise UpdateFailed(
            ErrorCode.DOWNLOAD_PAYLOAD_PUB_KEY_VERIFICATION_ERROR,
            "Public key verification failed, thus update failed.",
        )


def _built(manifest: Manifest, data: bytes, source: bytes) -> bytes:
    """The new partition's content."""
    try:
        image = run(manifest.operations, data, source)
    except SourceMismatch as mismatch:
        raise UpdateFailed(
            ErrorCode.DOWNLOAD_STATE_INITIALIZATION_ERROR, SOURCE_MISMATCH
        ) from mismatch
    if hashlib.sha256(image).digest() != manifest.new_digest:
        raise UpdateFailed(ErrorCode.NEW_ROOTFS_VERIFICATION_ERROR, "system: wrong hash")
    try:
        read_firmware(image)
    except FirmwareError as error:
        raise UpdateFailed(ErrorCode.POSTINSTALL_RUNNER_ERROR, str(error)) from error
    return image


def _digest_fits(data: bytes, expected: str | None) -> bool:
    if expected is None:
        return True
    return base64.b64encode(hashlib.sha256(data).digest()).decode("ascii") == expected

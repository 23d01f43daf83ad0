"""Signing an APK: v1, v2, v3 and v3.1, one signer or several, with or without a lineage.

The result is, byte for byte, what AOSP's apksig writes with the same keys and options wherever the
signature algorithm is deterministic.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from holdfast.apk.archive import Apk
from holdfast.apk.block import BlockId
from holdfast.apk.fields import u32
from holdfast.apk.format_error import ApkFormatError
from holdfast.apk.keys import SigningKey
from holdfast.apk.lineage import SigningLineage
from holdfast.apk.manifest import read_manifest
from holdfast.apk.signer_archive import Output, copy_entries, in_jar_manifest
from holdfast.apk.signer_jar import JarDigest, jar_digest, jar_signature
from holdfast.apk.signer_lineage import lineage_up_to
from holdfast.apk.signing_block import (
    NEWEST_SDK,
    PAGE_BYTES,
    Attributes,
    BlockSigner,
    Sections,
    signing_block,
    v2_value,
    v3_value,
)
from holdfast.apk.signing_details import Scheme
from holdfast.errors import ConfigurationError

__all__ = ["SigningOptions", "resign", "sign"]

_MANIFEST = "META-INF/MANIFEST.MF"
_PIN_PATTERNS, _PIN_LIST = "assets/com.android.hints.pins.txt", "pinlist.meta"
_V3_SINCE, _V31_SINCE = 28, 33
_MANIFEST_LIMIT_BYTES = 32 << 20


@dataclass(frozen=True, kw_only=True, slots=True)
class SigningOptions:
    """`rotation_min_sdk` is the first level that sees the new signer of a lineage: from 33 on it
    stands in a v3.1 block; a lower one means a plain v3 rotation, from 28 on (apksigner).

    `min_sdk` None is the manifest's. `verity` adds the digests that fs-verity wants.
    """

    schemes: frozenset[Scheme] = frozenset({Scheme.V1, Scheme.V2, Scheme.V3})
    rotation_min_sdk: int = _V31_SINCE
    min_sdk: int | None = None
    verity: bool = False
    align_file_size: bool = False
    library_alignment_bytes: int = 16_384
    created_by: str = "1.0 (Android)"


def sign(
    apk: Apk | bytes,
    *,
    signers: Sequence[SigningKey],
    schemes: Collection[Scheme] | None = None,
    lineage: SigningLineage | None = None,
    options: SigningOptions | None = None,
) -> bytes:
    """The signed APK; old signatures go. `schemes` overrides those of `options`.

    Several signers without a lineage sign v1 and v2 together (v3 has room for one only). With a
    lineage the oldest of the signers signs v1 and v2, the newest v3 or v3.1.
    Raises ApkFormatError for what is no APK, ConfigurationError for signers that do not fit.
    """
    opened = Apk.from_bytes(apk) if isinstance(apk, bytes) else apk
    options = options or SigningOptions()
    wanted = frozenset(schemes) if schemes is not None else options.schemes
    if schemes is None and lineage is None and len(signers) > 1:
        wanted -= {Scheme.V3}
    return _Signing(opened, signers, wanted, lineage, options).run()


def resign(apk: Apk, *, key: SigningKey) -> bytes:
    """The same APK signed by another key, with every scheme that all its Androids can read."""
    schemes = {Scheme.V1, Scheme.V2, Scheme.V3}
    min_sdk = read_manifest(apk).min_sdk
    if key.is_ec and min_sdk < 18:
        schemes -= {Scheme.V1}
    return sign(apk, signers=[key], schemes=schemes)


class _Signing:
    """One run; its parts share the archive, the ordered signers and the options."""

    def __init__(
        self,
        apk: Apk,
        signers: Sequence[SigningKey],
        schemes: frozenset[Scheme],
        lineage: SigningLineage | None,
        options: SigningOptions,
    ) -> None:
        if not signers or not schemes:
            raise ConfigurationError("signing takes at least one key and one scheme")
        if lineage is None and len(signers) > 1 and Scheme.V3 in schemes:
            raise ConfigurationError("v3 takes one signer; several need a lineage")
        if Scheme.V31 in schemes:
            raise ConfigurationError("v3.1 is made by v3, a lineage and a rotation from API 33 on")
        self._apk = apk
        self._lineage = lineage
        self._options = options
        self._schemes = schemes
        self._signers = _by_age(signers, lineage) if lineage else list(signers)
        self._min_sdk = options.min_sdk
        if self._min_sdk is None:
            self._min_sdk = read_manifest(apk).min_sdk

    def run(self) -> bytes:
        v1 = Scheme.V1 in self._schemes
        source = None
        if v1 and self._apk.entry(_MANIFEST) is not None:
            source = self._apk.read(_MANIFEST, limit_bytes=_MANIFEST_LIMIT_BYTES)
        output = copy_entries(
            self._apk,
            dropped=frozenset({_PIN_LIST}),
            library_alignment_bytes=self._options.library_alignment_bytes,
        )
        pins = self._pin_list(output)
        if pins is not None:
            output.add(_PIN_LIST, pins)
        if v1:
            for name, data in self._jar(output, source, pins):
                output.add(name, data)
        return self._finished(output)

    def _pin_list(self, output: Output) -> bytes | None:
        """What PinnerService maps into memory: ranges of the entries that patterns name."""
        if self._apk.entry(_PIN_PATTERNS) is None:
            return None
        text = self._apk.read(_PIN_PATTERNS, limit_bytes=1 << 20).decode("utf-8", "replace")
        lines = (line.split("#")[0].strip() for line in text.split("\n"))
        try:
            patterns = [re.compile(line) for line in lines if line]
        except re.error as error:
            raise ApkFormatError(f"{_PIN_PATTERNS}: {error}") from error
        ranges = []
        for name, (header_at, data_at, end) in output.copied.items():
            if any(pattern.fullmatch(name) for pattern in patterns):
                ranges += [(data_at, end - data_at), (header_at, data_at - header_at)]
        ranges.append((len(output.body), 0x7FFFFFFF))
        return b"".join(struct.pack(">II", at, length) for at, length in ranges)

    def _oldest(self) -> list[SigningKey]:
        """Who signs v1 and v2."""
        return self._signers[:1] if Scheme.V3 in self._schemes else self._signers

    def _jar(
        self, output: Output, source: bytes | None, pins: bytes | None
    ) -> list[tuple[str, bytes]]:
        min_sdk = self._min_sdk or 1
        digest = max((jar_digest(key, min_sdk) for key in self._oldest()), key=lambda d: d.strength)
        digests = {
            name: self._entry_digest(name, digest)
            for name in output.copied
            if in_jar_manifest(name)
        }
        if pins is not None:
            digests[_PIN_LIST] = digest.of(pins)
        newer = [
            number for number, scheme in ((2, Scheme.V2), (3, Scheme.V3)) if scheme in self._schemes
        ]
        return jar_signature(
            digests,
            signers=self._oldest(),
            digest=digest,
            min_sdk=min_sdk,
            newer_schemes=newer,
            source_manifest=source,
            created_by=self._options.created_by,
        )

    def _entry_digest(self, name: str, digest: JarDigest) -> bytes:
        entry = self._apk.entry(name)
        return digest.of_pieces(self._apk.pieces(entry)) if entry else b""

    def _finished(self, output: Output) -> bytes:
        directory = b"".join(output.directory)
        end = _end_record(self._apk, output, len(directory))
        if not self._schemes & {Scheme.V2, Scheme.V3}:
            return bytes(output.body) + directory + end
        output.body += bytes(-len(output.body) % PAGE_BYTES)
        entries = bytes(output.body)
        block = self._block(entries, directory, end)
        size = len(entries) + len(block) + len(directory) + len(end)
        if self._options.align_file_size and size % PAGE_BYTES:
            end = _with_longer_comment(end, -size % PAGE_BYTES)
            block = self._block(entries, directory, end)
        end = end[:16] + u32(len(entries) + len(block)) + end[20:]
        return entries + block + directory + end

    def _block(self, entries: bytes, directory: bytes, end: bytes) -> bytes:
        digested = end[:16] + u32(len(entries)) + end[20:]
        sections = Sections(entries=entries, directory=directory, end=digested)
        pairs = []
        if Scheme.V2 in self._schemes:
            pairs.append((BlockId.V2, v2_value(self._v2_signers(), sections)))
        if Scheme.V3 in self._schemes:
            pairs.extend((i, v3_value([s], sections)) for i, s in self._v3_signers())
        return signing_block(pairs)

    def _v2_signers(self) -> list[BlockSigner]:
        protection = {}
        if Scheme.V3 in self._schemes:
            protection = {Attributes.STRIPPING_PROTECTION: u32(3)}
        return [self._signer(key, protection) for key in self._oldest()]

    def _v3_signers(self) -> list[tuple[BlockId, BlockSigner]]:
        newest, rotation = self._signers[-1], self._options.rotation_min_sdk
        if self._lineage is None:
            return [(BlockId.V3, self._signer(newest, {}))]
        proof = lineage_up_to(self._lineage, newest.certificate)
        attributes = {Attributes.PROOF_OF_ROTATION: proof.to_attribute()}
        if len(proof.nodes) == 1 or rotation < _V31_SINCE:
            return [(BlockId.V3, self._signer(newest, attributes, min_sdk=_V3_SINCE))]
        if len(self._signers) < 2:
            raise ConfigurationError("a rotation from API 33 on needs the old signer's key, too")
        marker = {Attributes.ROTATION_MIN_SDK: u32(rotation)}
        old = self._signer(self._signers[0], marker, max_sdk=rotation - 1)
        new = self._signer(newest, attributes, min_sdk=rotation)
        return [(BlockId.V31, new), (BlockId.V3, old)]

    def _signer(
        self,
        key: SigningKey,
        attributes: dict[int, bytes],
        *,
        min_sdk: int = 24,
        max_sdk: int = NEWEST_SDK,
    ) -> BlockSigner:
        return BlockSigner(
            key=key,
            algorithms=key.algorithms(verity=self._options.verity),
            attributes=attributes,
            min_sdk=min_sdk,
            max_sdk=max_sdk,
        )


def _by_age(signers: Sequence[SigningKey], lineage: SigningLineage) -> list[SigningKey]:
    order = lineage.certificates
    if any(key.certificate not in order for key in signers):
        raise ConfigurationError("a signer is not in the lineage")
    return sorted(signers, key=lambda key: order.index(key.certificate))


def _end_record(apk: Apk, output: Output, directory_bytes: int) -> bytes:
    """The input's, comment and all, for the new directory without a signing block before it."""
    count = len(output.directory)
    old: bytes = apk.tail.record
    numbers = struct.pack("<HHII", count, count, directory_bytes, len(output.body))
    return old[:8] + numbers + old[20:]


def _with_longer_comment(end: bytes, more: int) -> bytes:
    length = int.from_bytes(end[20:22], "little") + more
    return end[:20] + struct.pack("<H", length) + end[22:] + bytes(more)

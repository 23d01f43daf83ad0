"""What is fuzzed: readers of hostile bytes. Only ApkFormatError may come out of any of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from holdfast.apk.archive import Apk
from holdfast.apk.asn1 import Asn1Value
from holdfast.apk.block import find_signing_block
from holdfast.apk.certificates import Certificate
from holdfast.apk.format_error import ApkFormatError
from holdfast.apk.idsig import IdSig
from holdfast.apk.jar_manifest import digest_to_verify, jar_sections
from holdfast.apk.lineage import SigningLineage
from holdfast.apk.manifest import read_manifest
from holdfast.apk.pkcs7 import SignedData
from holdfast.apk.probe import ArchiveMember, build_archive
from holdfast.apk.public_keys import PublicKey
from holdfast.apk.source_stamp import read_source_stamp
from holdfast.apk.verification import Refusal
from holdfast.apk.verify import verify

__all__ = ["TARGETS", "run"]

LIMIT_BYTES = 16 << 20
LEVELS = (17, 23, 27, 32, 36)


def archive(data: bytes) -> None:
    """The archive as a whole: entries, block, stamp, and verification on some levels."""
    with Apk.from_bytes(data) as apk:
        for level in LEVELS:
            verify(apk, api=level)
        find_signing_block(apk)
        for name in apk.names[:50]:
            try:
                apk.read(name, limit_bytes=LIMIT_BYTES)
            except ApkFormatError:
                continue
        read_source_stamp(apk)


def manifest(data: bytes) -> None:
    """AndroidManifest.xml, with the same bytes for its resources."""
    members = [
        ArchiveMember(name=name, data=data, compress=False)
        for name in ("AndroidManifest.xml", "resources.arsc")
    ]
    with Apk.from_bytes(build_archive(members)) as apk:
        read_manifest(apk)


def block(data: bytes) -> None:
    """A signing block of these bytes, its magic and sizes being right."""
    empty = build_archive([ArchiveMember(name="AndroidManifest.xml", data=b"")])
    tail = Apk.from_bytes(empty).tail
    size = (len(data) + 24).to_bytes(8, "little")
    whole = size + data + size + b"APK Sig Block 42"
    moved = tail.pointing_to(tail.directory_offset + len(whole))
    entries, directory = empty[: tail.directory_offset], empty[tail.directory_offset : tail.offset]
    with Apk.from_bytes(entries + whole + directory + moved) as apk:
        for level in LEVELS:
            verify(apk, api=level)
        read_source_stamp(apk)


def pkcs7(data: bytes) -> None:
    """A JAR signature block, and what it is made of."""
    for level in (18, 21, 24):
        try:
            SignedData.parse(data).verified_signer(b"content", api=level)
        except Refusal:
            continue


def asn1(data: bytes) -> None:
    """Certificates and public keys."""
    for parse in (Asn1Value.parse, Certificate.parse, PublicKey.parse):
        try:
            parse(data)
        except ApkFormatError:
            continue


def lineage(data: bytes) -> None:
    SigningLineage.from_bytes(data)


def idsig(data: bytes) -> None:
    IdSig.from_bytes(data)


def jar_manifest(data: bytes) -> None:
    for section in jar_sections(data):
        digest_to_verify(section, "-Digest", api=30)
        digest_to_verify(section, "-Digest", api=10)


TARGETS: Mapping[str, Callable[[bytes], None]] = {
    target.__name__: target
    for target in (archive, manifest, block, pkcs7, asn1, lineage, idsig, jar_manifest)
}


def run(name: str, data: bytes) -> None:
    """One case; anything that it raises is a bug."""
    try:
        TARGETS[name](data)
    except ApkFormatError:
        return

"""v1: MANIFEST.MF, the signature files, and their PKCS#7 blocks, in apksig's very bytes.

Sources: the JAR specification; apksig's V1SchemeSigner; RFC 2315 for SignedData.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import dsa, ec

from holdfast.apk.format_error import ApkFormatError
from holdfast.apk.keys import SigningKey
from holdfast.errors import ConfigurationError

__all__ = ["JarDigest", "jar_digest", "jar_signature", "safe_name"]

_LINE_BYTES = 70
_OID_DATA = "1.2.840.113549.1.7.1"
_OID_SIGNED_DATA = "1.2.840.113549.1.7.2"
_OID_RSA = "1.2.840.113549.1.1.1"
_OID_EC = "1.2.840.10045.2.1"
_OID_DSA = "1.2.840.10040.4.1"
_OID_DSA_SHA256 = "2.16.840.1.101.3.4.3.2"
_OID_SHA1 = "1.3.14.3.2.26"
_OID_SHA256 = "2.16.840.1.101.3.4.2.1"


@dataclass(frozen=True, kw_only=True, slots=True)
class JarDigest:
    """`attribute` is the word in attribute names; `strength` orders the two."""

    attribute: str
    algorithm: str
    oid: str
    strength: int

    def of(self, data: bytes) -> bytes:
        return self.of_pieces([data])

    def of_pieces(self, pieces: Iterable[bytes]) -> bytes:
        hasher = hashlib.new(self.algorithm, usedforsecurity=False)
        for piece in pieces:
            hasher.update(piece)
        return hasher.digest()

    @property
    def hash(self) -> hashes.HashAlgorithm:
        return hashes.SHA256() if self.algorithm == "sha256" else hashes.SHA1()


_SHA1 = JarDigest(attribute="SHA1", algorithm="sha1", oid=_OID_SHA1, strength=1)
_SHA256 = JarDigest(attribute="SHA-256", algorithm="sha256", oid=_OID_SHA256, strength=2)


def jar_digest(key: SigningKey, min_sdk: int) -> JarDigest:
    """The strongest that the oldest Android takes with this kind of key."""
    private = key.private_key
    if isinstance(private, ec.EllipticCurvePrivateKey) and min_sdk < 18:
        raise ConfigurationError("v1 signatures with EC keys need minSdkVersion 18 or higher")
    since = 21 if isinstance(private, dsa.DSAPrivateKey) else 18
    return _SHA256 if min_sdk >= since else _SHA1


def safe_name(name: str) -> str:
    """At most eight of A-Z 0-9 - _, as the JAR specification wants."""
    allowed = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_"
    return "".join(c if c in allowed else "_" for c in name.upper()[:8]) or "CERT"


def jar_signature(
    digests: Mapping[str, bytes],
    *,
    signers: Sequence[SigningKey],
    digest: JarDigest,
    min_sdk: int,
    newer_schemes: Sequence[int],
    source_manifest: bytes | None,
    created_by: str,
) -> list[tuple[str, bytes]]:
    """The entries to add, in order. `digests` are those of all other entries' contents.

    `source_manifest` is the MANIFEST.MF that the APK had: its main section is kept.
    """
    main, sections = _manifest(digests, digest, source_manifest)
    manifest = main + b"".join(sections.values())
    signature_file = _signature_file(manifest, sections, digest, newer_schemes, created_by)
    entries = []
    for key, name in zip(signers, _unique_names(signers), strict=True):
        block = _pkcs7(key, signature_file, jar_digest(key, min_sdk))
        entries.append((f"META-INF/{name}.SF", signature_file))
        entries.append((f"META-INF/{name}.{_extension(key)}", block))
    return [*entries, ("META-INF/MANIFEST.MF", manifest)]


def _unique_names(signers: Sequence[SigningKey]) -> list[str]:
    names: list[str] = []
    for number, key in enumerate(signers, start=1):
        name = safe_name(key.name)
        names.append(name if name not in names else f"{name[:5]}_{number}")
    return names


def _extension(key: SigningKey) -> str:
    if isinstance(key.private_key, ec.EllipticCurvePrivateKey):
        return "EC"
    return "DSA" if isinstance(key.private_key, dsa.DSAPrivateKey) else "RSA"


def _line(name: str, value: str) -> bytes:
    """An attribute, broken after 70 bytes, each next line beginning with a space."""
    raw = f"{name}: {value}".encode()
    pieces = [raw[:_LINE_BYTES]]
    rest = raw[_LINE_BYTES:]
    while rest:
        pieces.append(b" " + rest[: _LINE_BYTES - 1])
        rest = rest[_LINE_BYTES - 1 :]
    return b"\r\n".join(pieces) + b"\r\n"


def _section(first: tuple[str, str], others: Mapping[str, str]) -> bytes:
    lines = [_line(*first), *(_line(name, others[name]) for name in sorted(others))]
    return b"".join(lines) + b"\r\n"


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _manifest(
    digests: Mapping[str, bytes], digest: JarDigest, source: bytes | None
) -> tuple[bytes, dict[str, bytes]]:
    attributes = _main_attributes(source) if source is not None else {"Manifest-Version": "1.0"}
    version = attributes.pop("Manifest-Version", None)
    if version is None:
        raise ApkFormatError("META-INF/MANIFEST.MF: no Manifest-Version")
    main = _section(("Manifest-Version", version), attributes)
    sections = {}
    for name in sorted(digests, key=lambda name: name.encode("utf-16-be")):  # Java's order
        if any(c in name for c in "\r\n\0"):
            raise ApkFormatError(f"entry name {name[:80]!r} cannot stand in a JAR manifest")
        entry = {f"{digest.attribute}-Digest": _base64(digests[name])}
        sections[name] = _section(("Name", name), entry)
    return main, sections


def _main_attributes(source: bytes) -> dict[str, str]:
    """The first section's attributes; the last of equal names wins."""
    attributes: dict[str, str] = {}
    lines = source.decode("utf-8", errors="replace").replace("\r\n", "\n").replace("\r", "\n")
    last = None
    for line in lines.split("\n"):
        if not line:
            break
        if line.startswith(" ") and last is not None:
            attributes[last] += line[1:]
            continue
        last, colon, value = line.partition(": ")
        if not colon:
            raise ApkFormatError("META-INF/MANIFEST.MF: a line without a name")
        attributes[last] = value
    return attributes


def _signature_file(
    manifest: bytes,
    sections: Mapping[str, bytes],
    digest: JarDigest,
    newer_schemes: Sequence[int],
    created_by: str,
) -> bytes:
    attributes = {
        "Created-By": created_by,
        f"{digest.attribute}-Digest-Manifest": _base64(digest.of(manifest)),
    }
    if newer_schemes:
        attributes["X-Android-APK-Signed"] = ", ".join(str(number) for number in newer_schemes)
    out = _section(("Signature-Version", "1.0"), attributes)
    for name, section in sections.items():
        entry = {f"{digest.attribute}-Digest": _base64(digest.of(section))}
        out += _section(("Name", name), entry)
    # Android up to 1.6 fails on files whose length is a multiple of 1024 (apksig).
    return out + b"\r\n" if len(out) % 1024 == 0 else out


def _der(tag: int, *parts: bytes) -> bytes:
    body = b"".join(parts)
    length = len(body)
    if length < 0x80:
        return bytes([tag, length]) + body
    raw = length.to_bytes((length.bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(raw)]) + raw + body


def _integer(value: int) -> bytes:
    return _der(0x02, value.to_bytes(value.bit_length() // 8 + 1, "big", signed=True))


def _oid(dotted: str) -> bytes:
    numbers = [int(part) for part in dotted.split(".")]
    out = bytearray()
    for number in [numbers[0] * 40 + numbers[1], *numbers[2:]]:
        groups = [number & 0x7F]
        rest = number >> 7
        while rest:
            groups.append(rest & 0x7F | 0x80)
            rest >>= 7
        out += bytes(reversed(groups))
    return _der(0x06, bytes(out))


def _algorithm(oid: str) -> bytes:
    return _der(0x30, _oid(oid), b"\x05\x00")


def _signature_oid(key: SigningKey, digest: JarDigest) -> str:
    """Without a digest, but dsaWithSha256: plain DSA with SHA-256 needs API 22."""
    extension = _extension(key)
    if extension == "DSA" and digest is _SHA256:
        return _OID_DSA_SHA256
    return {"RSA": _OID_RSA, "EC": _OID_EC, "DSA": _OID_DSA}[extension]


def _pkcs7(key: SigningKey, data: bytes, digest: JarDigest) -> bytes:
    certificate = x509.load_der_x509_certificate(key.certificate)
    signer = _der(
        0x30,
        _integer(1),
        _der(0x30, certificate.issuer.public_bytes(), _integer(certificate.serial_number)),
        _algorithm(digest.oid),
        _algorithm(_signature_oid(key, digest)),
        _der(0x04, key.sign_digest(data, digest.hash)),
    )
    signed = _der(
        0x30,
        _integer(1),
        _der(0x31, _algorithm(digest.oid)),
        _der(0x30, _oid(_OID_DATA)),
        _der(0xA0, key.certificate),
        _der(0x31, signer),
    )
    return _der(0x30, _oid(_OID_SIGNED_DATA), _der(0xA0, signed))

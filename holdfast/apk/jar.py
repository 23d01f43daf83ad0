"""JAR signing (scheme v1): META-INF/MANIFEST.MF, the signature files, and their signature blocks.

Sources: android.util.jar.StrictJarVerifier, and apksig's V1SchemeVerifier, which states the rules
per API level. A signature block verifies the .SF file, this the manifest (as a whole, or else
section by section), this the entries. Entries in META-INF/ are not covered.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass

from holdfast.apk.archive import Apk, Entry
from holdfast.apk.certificates import Certificate
from holdfast.apk.format_error import ApkFormatError
from holdfast.apk.jar_manifest import JarSection, NamedDigest, digest_to_verify, jar_sections
from holdfast.apk.pkcs7 import SignedData
from holdfast.apk.scheme_v2 import MAX_SIGNERS, MOST_SIGNERS_BEFORE, SIGNER_LIMIT_SINCE_API
from holdfast.apk.verification import Reason, Refusal

__all__ = ["verify_v1"]

META_INF = "META-INF/"
MANIFEST = "META-INF/MANIFEST.MF"
SIGNATURE_FILE = ".SF"
SIGNATURE_BLOCKS = (".RSA", ".DSA", ".EC")
APK_SIGNED = "X-Android-APK-Signed"

_MANIFEST_LIMIT = 12 * 1024 * 1024
_BLOCK_LIMIT = 1024 * 1024
_INFLATED_LIMIT = 128 * 1024 * 1024
_INFLATED_RATIO = 100
_STRIPPING_PROTECTION_SINCE = {"2": 24, "3": 28}


@dataclass(frozen=True, kw_only=True, slots=True)
class _Manifest:
    content: bytes
    main: JarSection
    sections: dict[str, JarSection]


@dataclass(frozen=True, kw_only=True, slots=True)
class _Signer:
    """A signature file whose signature is right, and the entries that it names."""

    block_name: str
    certificate: Certificate
    covers: frozenset[str]


def verify_v1(apk: Apk, *, api: int) -> tuple[Certificate, ...]:
    """Certificates of the signers, each of whom signed every entry.

    To be asked only where the device found no newer scheme that it knows.
    Refusal or ApkFormatError where a device of that level refuses.
    """
    if apk.duplicate_names:
        raise Refusal(Reason.DUPLICATE_ENTRY, f"two entries named {apk.duplicate_names[0]!r}")
    _check_sizes(apk)
    manifest = _manifest(apk)
    signed = _signature_files(apk, api)
    with_signer = [
        (block_name, content, _block_signer(apk, block_name, content, api))
        for block_name, content in signed
    ]
    signers = []
    for block_name, content, certificate in with_signer:
        covers = _covered(content, manifest, api)
        if covers is not None:
            signers.append(_Signer(block_name=block_name, certificate=certificate, covers=covers))
    if not signers:
        raise Refusal(Reason.JAR_NO_SIGNATURES, "no signature file that counts")
    return tuple(s.certificate for s in _signers_of_all_entries(apk, manifest, signers, api))


def _check_sizes(apk: Apk) -> None:
    """Every entry is inflated: refuse what would be a bomb, which Android does not."""
    total = sum(entry.size for entry in apk.entries)
    if total > _INFLATED_LIMIT + _INFLATED_RATIO * apk.size_bytes:
        raise ApkFormatError(f"entries of {total} bytes in a file of {apk.size_bytes}")


def _manifest(apk: Apk) -> _Manifest:
    if apk.entry(MANIFEST) is None:
        raise Refusal(Reason.JAR_NO_MANIFEST, f"no {MANIFEST}")
    content = apk.read(MANIFEST, limit_bytes=_MANIFEST_LIMIT)
    all_sections = list(jar_sections(content))
    if not all_sections:
        raise Refusal(Reason.JAR_MANIFEST_MALFORMED, "the manifest is empty")
    by_name: dict[str, JarSection] = {}
    for section in all_sections[1:]:
        name = section.name
        if name is None:
            raise Refusal(Reason.JAR_MANIFEST_MALFORMED, "a manifest section without a name")
        if name in by_name:
            raise Refusal(Reason.JAR_MANIFEST_MALFORMED, f"two manifest sections for {name!r}")
        if apk.entry(name) is None or name.endswith("/"):
            raise Refusal(Reason.JAR_ENTRY_MISSING, f"the manifest names {name!r}, which is absent")
        by_name[name] = section
    return _Manifest(content=content, main=all_sections[0], sections=by_name)


def _signature_files(apk: Apk, api: int) -> list[tuple[str, bytes]]:
    """Name of each signature block that has a signature file, and the content of that file."""
    found = []
    for name in apk.names:
        stem, dot, extension = name.rpartition(".")
        if not name.startswith(META_INF) or dot + extension not in SIGNATURE_BLOCKS:
            continue
        signature_file = stem + SIGNATURE_FILE
        if apk.entry(signature_file) is not None:
            found.append((name, signature_file))
    if not found:
        raise Refusal(Reason.JAR_NO_SIGNATURES, "no signature block with a signature file")
    most = MAX_SIGNERS if api >= SIGNER_LIMIT_SINCE_API else MOST_SIGNERS_BEFORE
    if len(found) > most:
        raise Refusal(Reason.TOO_MANY_SIGNERS, f"more than {most} signers")
    return [(block, apk.read(file, limit_bytes=_MANIFEST_LIMIT)) for block, file in found]


def _block_signer(apk: Apk, block_name: str, content: bytes, api: int) -> Certificate:
    """The certificate whose signature over the signature file is in that block."""
    encoded = apk.read(block_name, limit_bytes=_BLOCK_LIMIT)
    try:
        return SignedData.parse(encoded).verified_signer(content, api=api)
    except Refusal as refusal:
        finding = refusal.finding
        raise Refusal(finding.reason, f"{block_name}: {finding.detail}") from refusal
    except ApkFormatError as error:
        raise Refusal(Reason.JAR_SIGNATURE_MALFORMED, f"{block_name}: {error.what}") from error


def _covered(content: bytes, manifest: _Manifest, api: int) -> frozenset[str] | None:
    """The entries that a signature file names, its digests of the manifest being right.

    None where the file does not count: without a version, with a section that has no name or
    comes twice, or that the manifest lacks.
    """
    sections = list(jar_sections(content))
    if not sections or sections[0].value("Signature-Version") is None:
        return None
    main = sections[0]
    _check_nothing_was_stripped(main, api)
    by_signtool = "signtool" in (main.value("Created-By") or "")
    whole = digest_to_verify(main, "-Digest" if by_signtool else "-Digest-Manifest", api=api)
    whole_is_right = whole is not None and _has_digest(manifest.content, whole)
    if not by_signtool:
        part = digest_to_verify(main, "-Digest-Manifest-Main-Attributes", api=api)
        if part is not None and not _has_digest(manifest.main.encoded, part):
            raise Refusal(Reason.JAR_MANIFEST_DIGEST_WRONG, "digest of the main section is wrong")
    names: set[str] = set()
    counts = True
    for section in sections[1:]:
        name = section.name
        if name is None or name in names:
            return None
        names.add(name)
        if whole_is_right:
            continue
        if name not in manifest.sections:
            counts = False
            continue
        _check_section(section, manifest.sections[name], by_signtool, api)
    return frozenset(names) if counts else None


def _check_section(section: JarSection, signed: JarSection, by_signtool: bool, api: int) -> None:
    expected = digest_to_verify(section, "-Digest", api=api)
    if expected is None:
        raise Refusal(Reason.JAR_MANIFEST_DIGEST_WRONG, f"no digest for {section.name!r}")
    content = signed.encoded
    if by_signtool and content.endswith(b"\n\n"):
        content = content[:-1]
    if not _has_digest(content, expected):
        raise Refusal(
            Reason.JAR_MANIFEST_DIGEST_WRONG, f"digest of the section {section.name!r} is wrong"
        )


def _check_nothing_was_stripped(main: JarSection, api: int) -> None:
    """A signature file tells which newer schemes the APK had; v1 decides as none is there now."""
    for text in (main.value(APK_SIGNED) or "").split(","):
        scheme = text.strip().removeprefix("+").lstrip("0")
        since = _STRIPPING_PROTECTION_SINCE.get(scheme)
        if since is not None and api >= since:
            raise Refusal(
                Reason.NEWER_SCHEME_STRIPPED,
                f"signed with scheme v{scheme} as well, whose signature is absent",
            )


def _signers_of_all_entries(
    apk: Apk, manifest: _Manifest, signers: list[_Signer], api: int
) -> list[_Signer]:
    """Those who signed every entry; Refusal where an entry is wrong, or signed by others."""
    of_all: list[_Signer] | None = None
    for entry in sorted(apk.entries, key=lambda entry: entry.header_offset):
        if entry.name.startswith(META_INF) or entry.name.endswith("/"):
            continue
        section = manifest.sections.get(entry.name)
        of_this = [signer for signer in signers if entry.name in signer.covers]
        if section is None or not of_this:
            raise Refusal(Reason.JAR_ENTRY_NOT_SIGNED, f"{entry.name!r} is not signed")
        if of_all is not None and of_this != of_all:
            raise Refusal(Reason.JAR_ENTRY_SIGNERS_DIFFER, f"{entry.name!r} has other signers")
        of_all = of_this
        _check_entry(apk, entry, section, api)
    if of_all is None:
        raise Refusal(Reason.JAR_ENTRY_NOT_SIGNED, "there is no signed entry")
    return of_all


def _check_entry(apk: Apk, entry: Entry, section: JarSection, api: int) -> None:
    expected = digest_to_verify(section, "-Digest", api=api)
    if expected is None:
        raise Refusal(Reason.JAR_ENTRY_NOT_SIGNED, f"no digest of {entry.name!r} that counts")
    hasher = hashlib.new(expected.algorithm)
    for piece in apk.pieces(entry):
        hasher.update(piece)
    if not hmac.compare_digest(hasher.digest(), expected.value):
        raise Refusal(Reason.JAR_ENTRY_DIGEST_WRONG, f"digest of {entry.name!r} is wrong")


def _has_digest(content: bytes, expected: NamedDigest) -> bool:
    actual = hashlib.new(expected.algorithm, content).digest()
    return hmac.compare_digest(actual, expected.value)

"""Does a device of a given API level take an APK's signature, and whose is it?

Sources: android.util.apk.ApkSignatureVerifier (API 28 and later), PackageParser (before).
The newest scheme that the device knows and finds decides: if it is broken, the APK is refused, and
no older one is tried. What incremental installs add (v4) is not part of this answer.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from holdfast.apk.archive import LOCAL_HEADER_MAGIC, Apk
from holdfast.apk.block import BlockId, find_signing_block
from holdfast.apk.format_error import ApkFormatError
from holdfast.apk.jar import verify_v1
from holdfast.apk.public_keys import KeyType, PublicKey
from holdfast.apk.scheme_v2 import MAX_SIGNERS, verify_v2
from holdfast.apk.scheme_v3 import V3_SINCE_API, verify_v3
from holdfast.apk.signing_details import Scheme, SigningDetails
from holdfast.apk.verification import Finding, Reason, Refusal, Verification, deciding

__all__ = ["verify"]

V2_SINCE_API = 24
MANIFEST_NAME = "AndroidManifest.xml"
_SANDBOX_SINCE_API = 26
_MIN_SCHEME_SINCE_API = 30
_MIN_SCHEME_TARGET_SDK = 30
# BoringSSL's limit was 16384 bits for long and is 8192 in newer Android; CTS dropped the larger.
_CERTAIN_RSA_BITS = 8192


def verify(apk: Apk, *, api: int) -> Verification:
    """What a device of that level says. It never raises for what the APK contains."""
    try:
        details, doubts = _judge(apk, api)
    except Refusal as refusal:
        finding = refusal.finding
    except ApkFormatError as error:
        finding = Finding(reason=Reason.ARCHIVE_MALFORMED, detail=error.what)
    else:
        return Verification(
            api=api,
            accepted=True,
            scheme=details.scheme,
            details=details,
            findings=doubts,
            uncertain=bool(doubts),
        )
    return Verification(
        api=api, accepted=False, scheme=finding.scheme, details=None, findings=(finding,)
    )


def _judge(apk: Apk, api: int) -> tuple[SigningDetails, tuple[Finding, ...]]:
    """The accepted signature and what makes it uncertain; Refusal or ApkFormatError otherwise."""
    faults = tuple(_archive_faults(apk))
    block = find_signing_block(apk) if api >= V2_SINCE_API else None
    if block is None:
        return _judge_v1(apk, faults, api)
    if api >= V3_SINCE_API:
        with deciding(Scheme.V3, Reason.BLOCK_MALFORMED):
            v3 = verify_v3(apk, block, api=api)
        if v3 is not None:
            details = SigningDetails(
                scheme=v3.scheme,
                signers=(v3.signer.certificate,),
                past=v3.lineage.past if v3.lineage else (),
            )
            return details, (*faults, *_key_doubts([v3.signer.key]))
    value = block.value(BlockId.V2)
    if value is None:
        return _judge_v1(apk, faults, api)
    with deciding(Scheme.V2, Reason.BLOCK_MALFORMED):
        signers = verify_v2(apk, block, value, api=api)
    if api < V3_SINCE_API:
        _refuse_for(fault for fault in faults if fault.reason is Reason.ARCHIVE_MALFORMED)
    doubts = (
        *faults,
        *_key_doubts([signer.key for signer in signers]),
        *_count_doubts(len(signers)),
    )
    certificates = tuple(signer.certificate for signer in signers)
    return SigningDetails(scheme=Scheme.V2, signers=certificates), doubts


def _judge_v1(
    apk: Apk, faults: tuple[Finding, ...], api: int
) -> tuple[SigningDetails, tuple[Finding, ...]]:
    _refuse_for(faults)
    with deciding(Scheme.V1, Reason.ARCHIVE_MALFORMED):
        certificates = verify_v1(apk, api=api)
        if api >= _SANDBOX_SINCE_API:
            _check_v1_is_enough(apk, api)
    keys = [PublicKey.parse(certificate.public_key) for certificate in certificates]
    details = SigningDetails(
        scheme=Scheme.V1, signers=tuple(certificate.encoded for certificate in certificates)
    )
    return details, (*_key_doubts(keys), *_count_doubts(len(certificates)))


def _check_v1_is_enough(apk: Apk, api: int) -> None:
    """Newer apps need a newer scheme (PackageParser; ApkSignatureVerifier from API 30 on)."""
    # Reading manifests is much code, and no APK that has a newer scheme needs it here.
    from holdfast.apk.manifest import read_manifest

    try:
        manifest = read_manifest(apk)
    except ApkFormatError as error:
        raise Refusal(Reason.MANIFEST_MALFORMED, error.what) from error
    if manifest.target_sandbox_version > 1:
        raise Refusal(
            Reason.SCHEME_TOO_OLD_FOR_SANDBOX,
            f"targetSandboxVersion {manifest.target_sandbox_version} needs scheme v2 or newer",
        )
    if api >= _MIN_SCHEME_SINCE_API and manifest.target_sdk >= _MIN_SCHEME_TARGET_SDK:
        raise Refusal(
            Reason.SCHEME_TOO_OLD_FOR_TARGET_SDK,
            f"targetSdkVersion {manifest.target_sdk} needs scheme v2 or newer",
        )


def _archive_faults(apk: Apk) -> Iterator[Finding]:
    """Why the platform's ZIP library does not open the archive (libziparchive).

    The code that checks newer schemes takes it all the same, so there these are doubts.
    Refusal for an archive without AndroidManifest.xml, which is no APK on any level.
    """
    if apk.source.read(0, len(LOCAL_HEADER_MAGIC)) != LOCAL_HEADER_MAGIC:
        yield Finding(
            reason=Reason.ARCHIVE_BEGINS_WITH_NO_ENTRY,
            detail="the first bytes are no local file header",
        )
    try:
        names = apk.names
    except ApkFormatError as error:
        yield Finding(reason=Reason.ARCHIVE_MALFORMED, detail=error.what)
        return
    if MANIFEST_NAME not in names:
        raise Refusal(Reason.MANIFEST_MISSING, f"no {MANIFEST_NAME}")
    for name in apk.duplicate_names[:1]:
        yield Finding(reason=Reason.DUPLICATE_ENTRY, detail=f"two entries named {name!r}")


def _refuse_for(faults: Iterable[Finding]) -> None:
    for fault in faults:
        raise Refusal(fault.reason, fault.detail)


def _key_doubts(keys: Iterable[PublicKey]) -> Iterator[Finding]:
    for key in keys:
        if key.type is KeyType.RSA and key.size_bits > _CERTAIN_RSA_BITS:
            yield Finding(
                reason=Reason.KEY_SIZE_UNCERTAIN,
                detail=f"an RSA key of {key.size_bits} bits, which newer devices may refuse",
            )


def _count_doubts(count: int) -> Iterator[Finding]:
    if count > MAX_SIGNERS:
        yield Finding(
            reason=Reason.SIGNER_LIMIT_UNCERTAIN,
            detail=f"{count} signers, which a device with later security patches refuses",
        )

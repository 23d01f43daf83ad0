"""The answer of `verify`: accepted or not on one API level, by which scheme, and why."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum

from holdfast.apk.format_error import ApkFormatError
from holdfast.apk.signing_details import Scheme, SigningDetails

__all__ = ["Finding", "Reason", "Refusal", "Verification", "deciding"]


class Reason(StrEnum):
    """What was found: why an APK is refused, or (the last ones) why the answer is uncertain."""

    ARCHIVE_MALFORMED = "archive_malformed"
    ARCHIVE_BEGINS_WITH_NO_ENTRY = "archive_begins_with_no_entry"
    DUPLICATE_ENTRY = "duplicate_entry"
    MANIFEST_MISSING = "manifest_missing"
    MANIFEST_MALFORMED = "manifest_malformed"

    BLOCK_MALFORMED = "block_malformed"
    NO_SIGNERS = "no_signers"
    TOO_MANY_SIGNERS = "too_many_signers"
    NO_SIGNATURES = "no_signatures"
    NO_KNOWN_ALGORITHM = "no_known_algorithm"
    SIGNATURE_WRONG = "signature_wrong"
    ALGORITHMS_DIFFER = "algorithms_differ"
    NO_CERTIFICATES = "no_certificates"
    CERTIFICATE_MALFORMED = "certificate_malformed"
    PUBLIC_KEY_MALFORMED = "public_key_malformed"
    PUBLIC_KEY_DIFFERS = "public_key_differs"
    DIGESTS_OF_SIGNERS_DIFFER = "digests_of_signers_differ"
    CONTENT_DIGEST_WRONG = "content_digest_wrong"
    CONTENT_SIZE_WRONG = "content_size_wrong"
    BLOCK_NOT_ON_PAGES = "block_not_on_pages"
    SDK_RANGE_DIFFERS = "sdk_range_differs"
    LINEAGE_WRONG = "lineage_wrong"
    LINEAGE_TWICE = "lineage_twice"
    LINEAGE_ENDS_ELSEWHERE = "lineage_ends_elsewhere"
    V3_STRIPPED = "v3_stripped"
    V31_STRIPPED = "v31_stripped"

    JAR_NO_MANIFEST = "jar_no_manifest"
    JAR_MANIFEST_MALFORMED = "jar_manifest_malformed"
    JAR_NO_SIGNATURES = "jar_no_signatures"
    JAR_SIGNATURE_MALFORMED = "jar_signature_malformed"
    JAR_ALGORITHM_UNSUPPORTED = "jar_algorithm_unsupported"
    JAR_SIGNATURE_WRONG = "jar_signature_wrong"
    JAR_MANIFEST_DIGEST_WRONG = "jar_manifest_digest_wrong"
    JAR_ENTRY_MISSING = "jar_entry_missing"
    JAR_ENTRY_NOT_SIGNED = "jar_entry_not_signed"
    JAR_ENTRY_DIGEST_WRONG = "jar_entry_digest_wrong"
    JAR_ENTRY_SIGNERS_DIFFER = "jar_entry_signers_differ"
    NEWER_SCHEME_STRIPPED = "newer_scheme_stripped"
    SCHEME_TOO_OLD_FOR_TARGET_SDK = "scheme_too_old_for_target_sdk"
    SCHEME_TOO_OLD_FOR_SANDBOX = "scheme_too_old_for_sandbox"

    KEY_SIZE_UNCERTAIN = "key_size_uncertain"
    SIGNER_LIMIT_UNCERTAIN = "signer_limit_uncertain"


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """One thing that was found; `detail` is a sentence, `scheme` the one it concerns."""

    reason: Reason
    detail: str
    scheme: Scheme | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Verification:
    """What a device of that level says of an APK's signature.

    `scheme` is the one that decided (None where none was found); `details` are None unless
    accepted. `uncertain`: accepted by the platform's verifier as published, but devices of this
    level are known or expected to differ; a finding says in what.
    """

    api: int
    accepted: bool
    scheme: Scheme | None
    details: SigningDetails | None
    findings: tuple[Finding, ...] = ()
    uncertain: bool = False


class Refusal(Exception):
    """Carries the finding that refuses an APK from where it is met to `verify`, and no further."""

    def __init__(self, reason: Reason, detail: str, *, scheme: Scheme | None = None) -> None:
        super().__init__(detail)
        self.finding = Finding(reason=reason, detail=detail, scheme=scheme)


@contextmanager
def deciding(scheme: Scheme, malformed: Reason) -> Iterator[None]:
    """Whatever refuses within is put down to `scheme`; unreadable bytes refuse as `malformed`."""
    try:
        yield
    except Refusal as refusal:
        found = refusal.finding
        raise Refusal(found.reason, found.detail, scheme=scheme) from refusal
    except ApkFormatError as error:
        raise Refusal(malformed, error.what, scheme=scheme) from error

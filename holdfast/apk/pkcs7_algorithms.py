"""Which pairs of digest and signature algorithm a device takes in a JAR signature, by API level.

Source: the table that apksig found by trying real devices (OidConstants). Pairs whose two digests
differ were taken by Android 5 and 6 only.
"""

from __future__ import annotations

from dataclasses import dataclass

from holdfast.apk.public_keys import SignatureForm

__all__ = ["DIGESTS", "SignatureKind", "signature_kind", "takes"]

DIGESTS = {
    "1.2.840.113549.2.5": "md5",
    "1.3.14.3.2.26": "sha1",
    "2.16.840.1.101.3.4.2.4": "sha224",
    "2.16.840.1.101.3.4.2.1": "sha256",
    "2.16.840.1.101.3.4.2.2": "sha384",
    "2.16.840.1.101.3.4.2.3": "sha512",
}

_RSA, _DSA, _ECDSA = SignatureForm.RSA_PKCS1, SignatureForm.DSA, SignatureForm.ECDSA


@dataclass(frozen=True, slots=True)
class SignatureKind:
    """A signature algorithm; `digest` is empty where its id does not tell one."""

    form: SignatureForm
    digest: str = ""


_SIGNATURES = {
    "1.2.840.113549.1.1.1": SignatureKind(_RSA),
    "1.2.840.113549.1.1.4": SignatureKind(_RSA, "md5"),
    "1.2.840.113549.1.1.5": SignatureKind(_RSA, "sha1"),
    "1.2.840.113549.1.1.14": SignatureKind(_RSA, "sha224"),
    "1.2.840.113549.1.1.11": SignatureKind(_RSA, "sha256"),
    "1.2.840.113549.1.1.12": SignatureKind(_RSA, "sha384"),
    "1.2.840.113549.1.1.13": SignatureKind(_RSA, "sha512"),
    "1.2.840.10040.4.1": SignatureKind(_DSA),
    "1.2.840.10040.4.3": SignatureKind(_DSA, "sha1"),
    "2.16.840.1.101.3.4.3.1": SignatureKind(_DSA, "sha224"),
    "2.16.840.1.101.3.4.3.2": SignatureKind(_DSA, "sha256"),
    "1.2.840.10045.2.1": SignatureKind(_ECDSA),
    "1.2.840.10045.4.1": SignatureKind(_ECDSA, "sha1"),
    "1.2.840.10045.4.3.1": SignatureKind(_ECDSA, "sha224"),
    "1.2.840.10045.4.3.2": SignatureKind(_ECDSA, "sha256"),
    "1.2.840.10045.4.3.3": SignatureKind(_ECDSA, "sha384"),
    "1.2.840.10045.4.3.4": SignatureKind(_ECDSA, "sha512"),
}

_FOREVER = 1_000_000
_ALWAYS = (range(_FOREVER),)


def _from(api: int) -> tuple[range, ...]:
    return (range(api, _FOREVER),)


def _not_between(last_before: int, first_after: int) -> tuple[range, ...]:
    return range(last_before + 1), range(first_after, _FOREVER)


_WITHOUT_OWN_DIGEST: dict[SignatureForm, dict[str, tuple[range, ...]]] = {
    _RSA: {
        "md5": _ALWAYS,
        "sha1": _ALWAYS,
        "sha224": _not_between(8, 21),
        "sha256": _not_between(8, 18),
        "sha384": _from(18),
        "sha512": _from(18),
    },
    _DSA: {"sha1": _ALWAYS, "sha224": _from(22), "sha256": _from(22)},
    _ECDSA: {
        "sha1": _from(18),
        "sha224": _from(21),
        "sha256": _from(18),
        "sha384": _from(18),
        "sha512": _from(18),
    },
}
_SAME_DIGEST: dict[SignatureForm, dict[str, tuple[range, ...]]] = {
    _RSA: {
        "md5": _not_between(8, 21),
        "sha1": _ALWAYS,
        "sha224": _not_between(8, 21),
        "sha256": _not_between(8, 18),
        "sha384": _from(21),
        "sha512": _from(21),
    },
    _DSA: {"sha1": _from(9), "sha224": _from(21), "sha256": _from(21)},
    _ECDSA: {
        "sha1": _from(18),
        "sha224": _from(21),
        "sha256": _from(21),
        "sha384": _from(21),
        "sha512": _from(21),
    },
}
_OTHER_DIGEST = (range(21, 24),)
_OTHER_DIGEST_ON_21_ONLY = {("sha224", "sha256"), ("sha256", "sha1"), ("sha512", "sha384")}


def signature_kind(oid: str) -> SignatureKind | None:
    """What a signature algorithm's id means; None where no Android knows it."""
    return _SIGNATURES.get(oid)


def takes(digest: str, kind: SignatureKind, *, api: int) -> bool:
    """Does a device of that level take this pair in a SignerInfo?"""
    if not kind.digest:
        ranges = _WITHOUT_OWN_DIGEST[kind.form].get(digest, ())
    elif kind.digest == digest:
        ranges = _SAME_DIGEST[kind.form][digest]
    elif kind.form is _RSA and (digest, kind.digest) in _OTHER_DIGEST_ON_21_ONLY:
        ranges = (range(21, 22),)
    else:
        ranges = _OTHER_DIGEST
    return any(api in levels for levels in ranges)

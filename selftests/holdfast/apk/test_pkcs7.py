"""Signed data is made by `cryptography`, the outside witness; the corpus holds the odd cases."""

from __future__ import annotations

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import pkcs7

from holdfast.apk.format_error import ApkFormatError
from holdfast.apk.keys import SigningKey
from holdfast.apk.pkcs7 import SignedData
from holdfast.apk.pkcs7_algorithms import SignatureKind, signature_kind, takes
from holdfast.apk.public_keys import SignatureForm
from holdfast.apk.verification import Reason, Refusal

CONTENT = b"Signature-Version: 1.0\r\n\r\n"
RSA_KEY = SigningKey.generate("rsa-2048", common_name="RSA")
EC_KEY = SigningKey.generate("ec-p256", common_name="EC")


def signed_data(*keys: SigningKey, attributes: bool = False, content: bytes = CONTENT) -> bytes:
    builder = pkcs7.PKCS7SignatureBuilder().set_data(content)
    for key in keys:
        private = key.private_key
        assert isinstance(private, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey)
        certificate = x509.load_der_x509_certificate(key.certificate)
        builder = builder.add_signer(certificate, private, hashes.SHA256())
    options = [pkcs7.PKCS7Options.DetachedSignature, pkcs7.PKCS7Options.Binary]
    if not attributes:
        options.append(pkcs7.PKCS7Options.NoAttributes)
    return builder.sign(serialization.Encoding.DER, options)


def signer(data: bytes, *, api: int, content: bytes = CONTENT) -> bytes:
    return SignedData.parse(data).verified_signer(content, api=api).encoded


def refusal(data: bytes, *, api: int, content: bytes = CONTENT) -> Reason:
    with pytest.raises(Refusal) as caught:
        signer(data, api=api, content=content)
    return caught.value.finding.reason


@pytest.mark.parametrize("attributes", [True, False], ids=["attributes", "no attributes"])
@pytest.mark.parametrize("key", [RSA_KEY, EC_KEY], ids=["RSA", "EC"])
def test_the_signer_is_found(key: SigningKey, attributes: bool) -> None:
    assert signer(signed_data(key, attributes=attributes), api=30) == key.certificate


def test_other_content_does_not_verify() -> None:
    for attributes in (True, False):
        data = signed_data(RSA_KEY, attributes=attributes)
        assert refusal(data, api=30, content=b"other") is Reason.JAR_SIGNATURE_WRONG


def test_signed_attributes_are_refused_before_api_19() -> None:
    data = signed_data(RSA_KEY, attributes=True)
    assert refusal(data, api=18) is Reason.JAR_SIGNATURE_WRONG
    assert signer(data, api=19) == RSA_KEY.certificate


def test_an_algorithm_is_refused_where_the_level_does_not_take_it() -> None:
    data = signed_data(EC_KEY)
    assert refusal(data, api=20) is Reason.JAR_ALGORITHM_UNSUPPORTED
    assert signer(data, api=21) == EC_KEY.certificate


def test_the_second_signer_counts_from_api_24_on() -> None:
    """The first one's signature is broken; which one is first is up to the encoder."""
    data = signed_data(RSA_KEY, EC_KEY)
    parsed = SignedData.parse(data)
    first = parsed.signers[0]
    broken = data.replace(first.signature, bytes(len(first.signature)))
    second = EC_KEY if signer(data, api=30) == RSA_KEY.certificate else RSA_KEY
    assert signer(broken, api=24) == second.certificate
    assert refusal(broken, api=23) is Reason.JAR_SIGNATURE_WRONG


def test_a_signer_whose_certificate_is_not_there_is_refused() -> None:
    ours, other = signed_data(EC_KEY), SigningKey.generate("ec-p256", common_name="EC").certificate
    parsed = SignedData.parse(ours)
    swapped = SignedData(
        content_type=parsed.content_type, certificates=(other,), signers=parsed.signers
    )
    with pytest.raises(Refusal, match="certificate is not there"):
        swapped.verified_signer(CONTENT, api=30)


@pytest.mark.parametrize("cut", [0, 1, 10, 40, 300])
def test_data_that_is_cut_short_is_a_format_error(cut: int) -> None:
    with pytest.raises(ApkFormatError):
        SignedData.parse(signed_data(RSA_KEY)[:cut])


@pytest.mark.parametrize(
    "text", ["3000", "300b06092a864886f70d010701", "300f06092a864886f70d010702a0023000"]
)
def test_what_is_no_signed_data_is_a_format_error(text: str) -> None:
    with pytest.raises(ApkFormatError):
        SignedData.parse(bytes.fromhex(text))


RSA = SignatureForm.RSA_PKCS1
LEVELS = range(1, 37)


@pytest.mark.parametrize(
    ("digest", "kind", "levels"),
    [
        ("sha1", SignatureKind(RSA), set(LEVELS)),
        ("sha256", SignatureKind(RSA), set(LEVELS) - set(range(9, 18))),
        ("sha256", SignatureKind(RSA, "sha256"), set(LEVELS) - set(range(9, 18))),
        ("sha384", SignatureKind(RSA, "sha384"), set(range(21, 37))),
        ("sha1", SignatureKind(RSA, "sha256"), {21, 22, 23}),
        ("sha256", SignatureKind(RSA, "sha1"), {21}),
        ("md5", SignatureKind(SignatureForm.DSA), set()),
        ("sha256", SignatureKind(SignatureForm.DSA), set(range(22, 37))),
        ("sha256", SignatureKind(SignatureForm.DSA, "sha256"), set(range(21, 37))),
        ("sha256", SignatureKind(SignatureForm.ECDSA), set(range(18, 37))),
        ("sha256", SignatureKind(SignatureForm.ECDSA, "sha256"), set(range(21, 37))),
        ("sha384", SignatureKind(SignatureForm.ECDSA, "sha1"), {21, 22, 23}),
    ],
)
def test_pairs_of_algorithms_are_taken_by_their_levels(
    digest: str, kind: SignatureKind, levels: set[int]
) -> None:
    assert {api for api in LEVELS if takes(digest, kind, api=api)} == levels


def test_an_unknown_signature_algorithm_has_no_kind() -> None:
    assert signature_kind("1.2.3") is None

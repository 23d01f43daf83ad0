"""Signatures are made by `cryptography`, which is the outside witness of our own arithmetic."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import dsa, ec, padding, rsa

from holdfast.apk.asn1 import der
from holdfast.apk.format_error import ApkFormatError
from holdfast.apk.public_keys import KeyType, PublicKey, SignatureForm, same_key, verify_signature
from selftests.corpus import needs_corpus
from selftests.holdfast.apk.corpus_cases import corpus_apk

MESSAGE = b"the message"
RSA = rsa.generate_private_key(65537, 1024)
ODD_RSA = rsa.generate_private_key(3, 1031)
DSA = dsa.generate_private_key(1024)
EC = ec.generate_private_key(ec.SECP384R1())
HASHES = {
    "md5": hashes.MD5(),
    "sha1": hashes.SHA1(),
    "sha224": hashes.SHA224(),
    "sha256": hashes.SHA256(),
    "sha384": hashes.SHA384(),
    "sha512": hashes.SHA512(),
}


def public(key: rsa.RSAPrivateKey | dsa.DSAPrivateKey | ec.EllipticCurvePrivateKey) -> PublicKey:
    encoded = key.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return PublicKey.parse(encoded)


def verifies(key: PublicKey, signature: bytes, form: SignatureForm, digest: str) -> bool:
    right = verify_signature(key, signature, MESSAGE, form=form, digest=digest)
    assert not verify_signature(key, signature, MESSAGE + b"!", form=form, digest=digest)
    return right


@pytest.mark.parametrize("digest", HASHES)
@pytest.mark.parametrize("key", [RSA, ODD_RSA], ids=["1024 bits", "1031 bits"])
def test_rsa_pkcs1_signatures_verify(key: rsa.RSAPrivateKey, digest: str) -> None:
    signature = key.sign(MESSAGE, padding.PKCS1v15(), HASHES[digest])
    assert verifies(public(key), signature, SignatureForm.RSA_PKCS1, digest)


@pytest.mark.parametrize("bits", [1024, 1025, 1031, 1032, 1033])
def test_rsa_pss_signatures_verify_with_moduli_of_any_length(bits: int) -> None:
    key = rsa.generate_private_key(65537, bits)
    digest = hashes.SHA256()
    pss = padding.PSS(mgf=padding.MGF1(digest), salt_length=digest.digest_size)
    signature = key.sign(MESSAGE, pss, digest)
    assert verifies(public(key), signature, SignatureForm.RSA_PSS, "sha256")


def test_rsa_pss_with_another_salt_length_does_not_verify() -> None:
    digest = hashes.SHA256()
    pss = padding.PSS(mgf=padding.MGF1(digest), salt_length=20)
    signature = RSA.sign(MESSAGE, pss, digest)
    assert not verifies(public(RSA), signature, SignatureForm.RSA_PSS, "sha256")


@pytest.mark.parametrize("digest", ["sha1", "sha224", "sha256", "sha512"])
def test_dsa_signatures_verify(digest: str) -> None:
    signature = DSA.sign(MESSAGE, HASHES[digest])
    assert verifies(public(DSA), signature, SignatureForm.DSA, digest)


@pytest.mark.parametrize("curve", [ec.SECP224R1(), ec.SECP256R1(), ec.SECP521R1()])
def test_ecdsa_signatures_verify(curve: ec.EllipticCurve) -> None:
    key = ec.generate_private_key(curve)
    signature = key.sign(MESSAGE, ec.ECDSA(hashes.SHA512()))
    assert verifies(public(key), signature, SignatureForm.ECDSA, "sha512")


@pytest.mark.parametrize(
    ("key", "form"),
    [
        (public(RSA), SignatureForm.RSA_PKCS1),
        (public(RSA), SignatureForm.RSA_PSS),
        (public(DSA), SignatureForm.DSA),
        (public(EC), SignatureForm.ECDSA),
    ],
    ids=lambda value: str(value)[:12],
)
@pytest.mark.parametrize(
    "signature",
    [b"", b"\0", bytes(128), b"\xff" * 128, bytes.fromhex("3006020100020100")],
    ids=["empty", "zero", "zeros", "ones", "r and s zero"],
)
def test_malformed_signatures_do_not_verify(
    key: PublicKey, form: SignatureForm, signature: bytes
) -> None:
    assert not verify_signature(key, signature, MESSAGE, form=form, digest="sha256")


def test_a_signature_longer_than_the_modulus_does_not_verify() -> None:
    signature = RSA.sign(MESSAGE, padding.PKCS1v15(), hashes.SHA256())
    assert not verifies(public(RSA), b"\0" + signature, SignatureForm.RSA_PKCS1, "sha256")


def test_a_key_of_another_kind_is_a_format_error() -> None:
    with pytest.raises(ApkFormatError, match="ECDSA signature with a key for RSA"):
        verify_signature(public(RSA), b"", b"", form=SignatureForm.ECDSA, digest="sha256")


def test_a_point_that_is_not_on_its_curve_does_not_verify() -> None:
    key = PublicKey(type=KeyType.EC, curve="secp256r1", point=b"\x04" + bytes(64))
    assert not verify_signature(key, b"", b"", form=SignatureForm.ECDSA, digest="sha256")


def rsa_key(modulus: int, exponent: int, *, zero_byte: bool = True, minimal: bool = True) -> bytes:
    """A SubjectPublicKeyInfo, with or without what DER wants."""

    def value(tag: int, content: bytes) -> bytes:
        long_length = bytes([tag, 0x83]) + len(content).to_bytes(3, "big")
        return der(tag, content) if minimal else long_length + content

    def integer(number: int) -> bytes:
        size = number.bit_length() // 8 + 1 if zero_byte else (number.bit_length() + 7) // 8
        return value(0x02, number.to_bytes(size, "big"))

    oid = bytes.fromhex("300d06092a864886f70d0101010500")
    numbers = value(0x30, integer(modulus) + integer(exponent))
    return value(0x30, oid + value(0x03, b"\0" + numbers))


@pytest.mark.parametrize(
    ("modulus", "exponent"),
    [
        (1 << 400 | 1, 65537),
        (1 << 16_385 | 1, 65537),
        (1 << 1023 | 1, 1),
        (1 << 1023 | 1, 65536),
        (1 << 1023 | 1, 1 << 40 | 1),
    ],
    ids=["short", "long", "exponent 1", "even exponent", "long exponent"],
)
def test_rsa_numbers_that_no_android_takes_are_format_errors(modulus: int, exponent: int) -> None:
    with pytest.raises(ApkFormatError):
        PublicKey.parse(rsa_key(modulus, exponent))


@pytest.mark.parametrize(("zero_byte", "minimal"), [(True, False), (False, True)])
def test_an_rsa_key_that_is_not_der_is_read_and_known_again(zero_byte: bool, minimal: bool) -> None:
    modulus = 1 << 1023 | 1
    odd = rsa_key(modulus, 65537, zero_byte=zero_byte, minimal=minimal)
    assert PublicKey.parse(odd).numbers == (modulus, 65537)
    assert same_key(odd, rsa_key(modulus, 65537))
    assert same_key(odd, odd)
    assert not same_key(odd, rsa_key(modulus + 2, 65537))
    assert not same_key(rsa_key(modulus, 65537), odd)


@needs_corpus
def test_dsa_keys_of_the_corpus_are_read() -> None:
    pem = corpus_apk("keys/dsa-3072.pk8").read_bytes()
    loaded = serialization.load_der_private_key(pem, password=None)
    assert isinstance(loaded, dsa.DSAPrivateKey)
    assert public(loaded).size_bits == 3072

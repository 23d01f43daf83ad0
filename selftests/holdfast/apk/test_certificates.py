from __future__ import annotations

import datetime

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID, ObjectIdentifier

from holdfast.apk.asn1 import Asn1Value
from holdfast.apk.certificates import Certificate, canonical_name
from holdfast.apk.format_error import ApkFormatError

KEY = ec.generate_private_key(ec.SECP256R1())
NOW = datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC)


def usage(*, signs: bool, repudiates_not: bool = False) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=signs,
        content_commitment=repudiates_not,
        key_encipherment=True,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=False,
        crl_sign=False,
        encipher_only=False,
        decipher_only=False,
    )


def certificate(*extensions: tuple[x509.ExtensionType, bool], name: str = "Holdfast") -> bytes:
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    builder = x509.CertificateBuilder(subject, subject, KEY.public_key(), 77, NOW, NOW)
    for extension, critical in extensions:
        builder = builder.add_extension(extension, critical)
    return builder.sign(KEY, hashes.SHA256()).public_bytes(serialization.Encoding.DER)


def test_what_decides_is_read() -> None:
    encoded = certificate()
    parsed = Certificate.parse(encoded + b"behind")
    assert parsed.encoded == encoded
    assert parsed.serial_number == 77
    assert parsed.issuer == parsed.subject
    assert parsed.public_key == KEY.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    assert parsed.may_sign
    assert not parsed.has_unknown_critical_extension


@pytest.mark.parametrize(
    ("signs", "repudiates_not", "may_sign"),
    [(True, False, True), (False, True, True), (False, False, False)],
)
def test_key_usage_says_whether_it_may_sign(
    signs: bool, repudiates_not: bool, may_sign: bool
) -> None:
    extension = usage(signs=signs, repudiates_not=repudiates_not)
    assert Certificate.parse(certificate((extension, True))).may_sign is may_sign


@pytest.mark.parametrize("critical", [True, False])
def test_an_unknown_extension_matters_only_if_it_is_critical(critical: bool) -> None:
    extension = x509.UnrecognizedExtension(ObjectIdentifier("1.2.3.4"), b"\x05\x00")
    parsed = Certificate.parse(certificate((extension, critical)))
    assert parsed.has_unknown_critical_extension is critical


def test_names_are_compared_without_case_and_white_space() -> None:
    plain = Certificate.parse(certificate(name="Hold Fast"))
    shouted = Certificate.parse(certificate(name="HOLD   fast"))
    assert plain.issuer == shouted.issuer
    assert plain.issuer != Certificate.parse(certificate(name="Holdfast")).issuer


def test_a_name_is_equal_in_every_string_type() -> None:
    utf8 = Asn1Value.parse(bytes.fromhex("300c310a3008060355040 30c0141".replace(" ", "")))
    printable = Asn1Value.parse(bytes.fromhex("300c310a300806035504031301 61".replace(" ", "")))
    assert canonical_name(utf8) == canonical_name(printable)


@pytest.mark.parametrize("cut", [0, 1, 5, 40, 120, 200])
def test_a_certificate_that_is_cut_short_is_a_format_error(cut: int) -> None:
    with pytest.raises(ApkFormatError):
        Certificate.parse(certificate()[:cut])


@pytest.mark.parametrize("encoded", ["3000", "30033000", "30 09 3000 3000 3000 0201 00"])
def test_what_is_no_certificate_is_a_format_error(encoded: str) -> None:
    with pytest.raises(ApkFormatError):
        Certificate.parse(bytes.fromhex(encoded))

from __future__ import annotations

from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519
from cryptography.hazmat.primitives.serialization import pkcs12
from cryptography.x509 import load_der_x509_certificate

from holdfast.apk.keys import KeyKind, SignatureAlgorithm, SigningKey
from holdfast.errors import ConfigurationError
from selftests.corpus import needs_corpus
from selftests.holdfast.apk.corpus_cases import FILES, corpus_json
from selftests.holdfast.apk.signing_keys import corpus_key, made_key


def test_a_key_survives_its_pem_file(tmp_path: Path) -> None:
    key = made_key("first")
    path = tmp_path / "first.pem"
    path.write_bytes(key.to_pem())
    loaded = SigningKey.load(path)
    assert loaded.certificate == key.certificate
    assert loaded.to_pem() == key.to_pem()
    assert loaded.name == "first"


def test_a_pkcs12_store_opens_with_its_password(tmp_path: Path) -> None:
    key = made_key("first")
    path = tmp_path / "store.p12"
    certificate = load_der_x509_certificate(key.certificate)
    secret = serialization.BestAvailableEncryption(b"secret")
    path.write_bytes(
        pkcs12.serialize_key_and_certificates(b"a", key.private_key, certificate, None, secret)
    )
    assert SigningKey.load(path, password="secret").certificate == key.certificate
    with pytest.raises(ConfigurationError, match=r"store\.p12"):
        SigningKey.load(path, password="wrong")


def test_a_certificate_of_another_key_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "mixed.pem"
    mine, other = made_key("first").to_pem(), made_key("second").to_pem()
    key, _ = mine.split(b"-----BEGIN CERTIFICATE-----")
    _, certificate = other.split(b"-----BEGIN CERTIFICATE-----")
    path.write_bytes(key + b"-----BEGIN CERTIFICATE-----" + certificate)
    with pytest.raises(ConfigurationError, match="another private key"):
        SigningKey.load(path)


@pytest.mark.parametrize("content", [b"", b"nothing", b"-----BEGIN PRIVATE KEY-----\nx\n"])
def test_a_file_without_a_key_is_named(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "broken.pem"
    path.write_bytes(content)
    with pytest.raises(ConfigurationError, match=r"broken\.pem"):
        SigningKey.load(path)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"absent\.pem.*cannot be read"):
        SigningKey.load(tmp_path / "absent.pem")


def test_a_kind_that_android_does_not_take_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "ed25519.pem"
    path.write_bytes(
        ed25519.Ed25519PrivateKey.generate().private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    with pytest.raises(ConfigurationError, match="RSA, EC and DSA"):
        SigningKey.load(path)


@pytest.mark.parametrize(
    ("kind", "algorithm"),
    [
        (KeyKind.EC_P256, SignatureAlgorithm.ECDSA_SHA256),
        (KeyKind.EC_P384, SignatureAlgorithm.ECDSA_SHA512),
        (KeyKind.EC_P521, SignatureAlgorithm.ECDSA_SHA512),
        (KeyKind.RSA_1024, SignatureAlgorithm.RSA_PKCS1_SHA256),
        (KeyKind.DSA_1024, SignatureAlgorithm.DSA_SHA256),
    ],
)
def test_the_digest_is_no_weaker_than_the_key(kind: KeyKind, algorithm: SignatureAlgorithm) -> None:
    assert made_key("any", kind).algorithms() == (algorithm,)


def test_an_algorithm_of_another_family_is_refused() -> None:
    with pytest.raises(ValueError, match="RSA_PKCS1"):
        made_key("first").sign(b"", SignatureAlgorithm.RSA_PKCS1_SHA256)
    with pytest.raises(ValueError, match="DSA_SHA256"):
        made_key("first").sign(b"", SignatureAlgorithm.DSA_SHA256)


@needs_corpus
def test_every_key_of_the_corpus_loads_with_its_certificate() -> None:
    known = corpus_json("certificates_lineages_goldens.json")["certificates"]
    for name, digest in known.items():
        if (FILES / "keys" / f"{name}.pk8").exists():
            assert corpus_key(name).cert_sha256 == digest, name

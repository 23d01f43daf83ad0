"""Good inputs to begin with: made here, and the corpus's where it is there."""

from __future__ import annotations

from collections.abc import Iterator

from holdfast.apk.archive import Apk
from holdfast.apk.block import find_signing_block
from holdfast.apk.certificates import Certificate
from holdfast.apk.format_error import ApkFormatError
from holdfast.apk.keys import SigningKey
from holdfast.apk.probe import ProbeSpec, build_probe
from holdfast.apk.signer import sign
from holdfast.apk.signer_lineage import create_lineage
from holdfast.apk.signing_details import Scheme
from selftests.corpus import CORPUS

__all__ = ["seeds"]

_LIMIT_BYTES = 1 << 20


def seeds() -> Iterator[tuple[str, bytes]]:
    """Pairs of a target's name and an input for it."""
    keys = [SigningKey.generate(kind) for kind in ("rsa-2048", "ec-p256", "dsa-1024")]
    spec = ProbeSpec(package_name="com.example.seed", labels={"zh-CN": "种子"})
    all_schemes = {Scheme.V1, Scheme.V2, Scheme.V3}
    for key in keys:
        yield from _of_apk(sign(build_probe(spec), signers=[key], schemes=all_schemes))
        yield "asn1", key.certificate
        yield "asn1", Certificate.parse(key.certificate).public_key
    proof = create_lineage(keys[0], keys[1])
    yield "lineage", proof.to_bytes()
    yield from _of_apk(sign(build_probe(spec), signers=keys[:2], lineage=proof))
    for path in sorted((CORPUS / "apk" / "files").rglob("*")):
        if path.suffix == ".apk" and path.stat().st_size < 32 * 1024:
            yield from _of_apk(path.read_bytes())
        elif path.suffix == ".idsig":
            yield "idsig", path.read_bytes()
        elif path.parent.name == "lineage":
            yield "lineage", path.read_bytes()


def _of_apk(data: bytes) -> Iterator[tuple[str, bytes]]:
    """The APK, and its parts that targets of their own take."""
    yield "archive", data
    try:
        with Apk.from_bytes(data) as apk:
            block = find_signing_block(apk)
            if block is not None:
                yield "block", data[block.offset + 8 : block.offset + block.size - 24]
            for name in apk.names:
                target = _target_of(name)
                if target is not None:
                    yield target, apk.read(name, limit_bytes=_LIMIT_BYTES)
    except ApkFormatError:
        return


def _target_of(name: str) -> str | None:
    if name in ("AndroidManifest.xml", "resources.arsc"):
        return "manifest"
    if name.endswith((".RSA", ".DSA", ".EC")):
        return "pkcs7"
    return "jar_manifest" if name.endswith((".MF", ".SF")) else None

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from holdfast.apk.archive import Apk
from holdfast.apk.format_error import ApkFormatError
from holdfast.apk.keys import KeyKind, SigningKey
from holdfast.apk.manifest import read_manifest
from holdfast.apk.probe import ProbeSpec, build_probe
from holdfast.apk.signer import SigningOptions, resign, sign
from holdfast.apk.signer_lineage import create_lineage, extend_lineage
from holdfast.apk.signing_details import Scheme
from holdfast.apk.verify import verify
from holdfast.errors import ConfigurationError
from selftests.corpus import needs_corpus
from selftests.holdfast.apk.corpus_cases import corpus_apk, corpus_cases, corpus_json
from selftests.holdfast.apk.outside_tools import needs_apksigner, run_tool
from selftests.holdfast.apk.signing_keys import corpus_key, made_key

PROBE = build_probe(ProbeSpec(package_name="com.example.probe", native_abis=("x86",)))
OLD, NEW, NEWEST = made_key("old"), made_key("new"), made_key("newest", KeyKind.EC_P384)
PLAIN_V3 = SigningOptions(rotation_min_sdk=28)
LINEAGE = extend_lineage(create_lineage(OLD, NEW), NEW, NEWEST)


def signers_on(signed: bytes, api: int) -> tuple[Scheme | None, tuple[str, ...]]:
    answer = verify(Apk.from_bytes(signed), api=api)
    return answer.scheme, answer.details.cert_sha256s if answer.details else ()


def goldens() -> list[dict[str, Any]]:
    if not corpus_cases():
        return []
    found: list[dict[str, Any]] = corpus_json("certificates_lineages_goldens.json")[
        "signer_goldens"
    ]
    return found


def options_of(golden: dict[str, Any]) -> tuple[set[Scheme], SigningOptions]:
    told = golden["options"]
    names = {Scheme.V1: "V1", Scheme.V2: "V2", Scheme.V3: "V3"}
    schemes = {s for s, name in names.items() if told.get(f"{name}SigningEnabled", True)}
    return schemes, SigningOptions(
        rotation_min_sdk=28 if "MinSdkVersionForRotation" in told else 33,
        verity=told.get("VerityEnabled", False),
        align_file_size=told.get("AlignFileSize", False),
        library_alignment_bytes=told.get("LibraryPageAlignmentBytes", 16_384),
    )


@needs_corpus
@pytest.mark.parametrize("golden", goldens(), ids=lambda golden: golden["output"])
def test_what_aosps_signer_wrote_is_what_we_write(golden: dict[str, Any]) -> None:
    keys = [corpus_key(name) for name in golden["signers"]]
    schemes, options = options_of(golden)
    lineage = create_lineage(keys[0], keys[1]) if golden["lineage"] else None
    with Apk.from_path(corpus_apk(golden["input"])) as apk:
        signed = sign(apk, signers=keys, schemes=schemes, lineage=lineage, options=options)
    assert signed == corpus_apk(golden["output"]).read_bytes()


@needs_corpus
def test_aosps_rotation_from_14_on_is_the_bytes_that_we_write() -> None:
    old, new = corpus_key("rsa-2048"), corpus_key("rsa-2048_2")
    with Apk.from_path(corpus_apk("apksig/original.apk")) as apk:
        signed = sign(
            apk,
            signers=[old, new],
            lineage=create_lineage(old, new),
            options=SigningOptions(rotation_min_sdk=34),
        )
    assert signed == corpus_apk("apksig/v31-rsa-2048_2-tgt-34-1-tgt-28.apk").read_bytes()


@needs_corpus
def test_another_key_gives_other_bytes_than_the_golden() -> None:
    with Apk.from_path(corpus_apk("apksig/golden-aligned-in.apk")) as apk:
        signed = sign(apk, signers=[corpus_key("rsa-2048_2")], schemes={Scheme.V2})
    assert signed != corpus_apk("apksig/golden-aligned-v2-out.apk").read_bytes()


@pytest.mark.parametrize(
    "kind",
    [
        KeyKind.EC_P256,
        KeyKind.EC_P384,
        KeyKind.EC_P521,
        KeyKind.RSA_1024,
        KeyKind.RSA_2048,
        KeyKind.DSA_1024,
    ],
)
def test_every_level_takes_every_kind_of_key(kind: KeyKind) -> None:
    key = made_key("any", kind)
    signed = sign(PROBE, signers=[key])
    for api, scheme in ((21, Scheme.V1), (24, Scheme.V2), (28, Scheme.V3), (36, Scheme.V3)):
        assert signers_on(signed, api) == (scheme, (key.cert_sha256,)), api


def test_several_signers_stand_together_in_v1_and_v2() -> None:
    signed = sign(PROBE, signers=[OLD, NEW])
    for api, scheme in ((21, Scheme.V1), (24, Scheme.V2), (36, Scheme.V2)):
        found, certificates = signers_on(signed, api)
        assert (found, set(certificates)) == (scheme, {OLD.cert_sha256, NEW.cert_sha256})


def test_a_rotation_from_9_on_shows_the_new_signer_there_and_the_old_before() -> None:
    signed = sign(PROBE, signers=[NEWEST, OLD], lineage=LINEAGE, options=PLAIN_V3)
    assert signers_on(signed, 23) == (Scheme.V1, (OLD.cert_sha256,))
    assert signers_on(signed, 27) == (Scheme.V2, (OLD.cert_sha256,))
    assert signers_on(signed, 28) == (Scheme.V3, (NEWEST.cert_sha256,))
    details = verify(Apk.from_bytes(signed), api=28).details
    assert details is not None
    assert [past.certificate for past in details.past] == [OLD.certificate, NEW.certificate]


def test_a_rotation_from_13_on_shows_the_old_signer_up_to_12() -> None:
    signed = sign(PROBE, signers=[OLD, NEWEST], lineage=LINEAGE)
    assert signers_on(signed, 32) == (Scheme.V3, (OLD.cert_sha256,))
    assert signers_on(signed, 33) == (Scheme.V31, (NEWEST.cert_sha256,))


def test_signing_again_leaves_nothing_of_the_first_signature() -> None:
    once = sign(PROBE, signers=[OLD])
    twice = sign(once, signers=[NEW])
    assert signers_on(twice, 21) == (Scheme.V1, (NEW.cert_sha256,))
    assert signers_on(twice, 30) == (Scheme.V3, (NEW.cert_sha256,))
    assert sorted(Apk.from_bytes(twice).names) == sorted(Apk.from_bytes(once).names)


def test_signed_contents_stay_aligned_and_unchanged() -> None:
    before, after = Apk.from_bytes(PROBE), Apk.from_bytes(sign(PROBE, signers=[OLD]))
    for name in before.names:
        assert after.read(name, limit_bytes=1 << 20) == before.read(name, limit_bytes=1 << 20)
    table = after.entry("resources.arsc")
    assert table is not None
    assert after.data_offset(table) % 4 == 0


def test_a_changed_byte_is_noticed() -> None:
    signed = bytearray(sign(PROBE, signers=[OLD]))
    signed[signed.index(b"\x7fELF")] ^= 1
    for api in (21, 24, 28):
        assert not verify(Apk.from_bytes(bytes(signed)), api=api).accepted


@pytest.mark.parametrize(
    ("signers", "lineage"),
    [([], None), ([made_key("stranger")], LINEAGE), ([NEWEST], LINEAGE)],
    ids=["nobody", "a stranger to the lineage", "a rotation from 13 without the old key"],
)
def test_signers_that_do_not_fit_are_refused(signers: list[SigningKey], lineage: Any) -> None:
    with pytest.raises(ConfigurationError):
        sign(PROBE, signers=signers, lineage=lineage)


def test_v3_1_is_not_asked_for_by_name() -> None:
    with pytest.raises(ConfigurationError, match="rotation from API 33"):
        sign(PROBE, signers=[OLD], schemes={Scheme.V3, Scheme.V31})


def test_v3_has_no_room_for_two_signers() -> None:
    with pytest.raises(ConfigurationError, match="v3 takes one signer"):
        sign(PROBE, signers=[OLD, NEW], schemes={Scheme.V2, Scheme.V3})


def test_resigning_an_app_of_android_4_1_leaves_out_what_it_cannot_read() -> None:
    old_app = build_probe(ProbeSpec(package_name="com.example.probe", min_sdk=16))
    signed = resign(Apk.from_bytes(old_app), key=OLD)
    assert not any(name.endswith(".EC") for name in Apk.from_bytes(signed).names)
    assert signers_on(signed, 24) == (Scheme.V2, (OLD.cert_sha256,))


@needs_corpus
def test_any_good_apk_of_the_corpus_can_be_resigned() -> None:
    good = [case for case in corpus_cases() if case.device[28].accepted][::9]
    for case in good:
        if "nul-in-entry-name" in case.file:
            continue
        with Apk.from_path(case.path) as apk:
            signed = resign(apk, key=OLD)
            before = read_manifest(apk)
        assert signers_on(signed, 28) == (Scheme.V3, (OLD.cert_sha256,)), case.file
        after = read_manifest(Apk.from_bytes(signed))
        assert after.resources_aligned >= before.resources_aligned
        assert replace(after, resources_aligned=before.resources_aligned) == before, case.file


@needs_corpus
def test_a_name_that_no_jar_manifest_can_hold_is_refused_in_words() -> None:
    with (
        Apk.from_path(corpus_apk("apksig/v1-only-with-nul-in-entry-name.apk")) as apk,
        pytest.raises(ApkFormatError, match="cannot stand in a JAR manifest"),
    ):
        resign(apk, key=OLD)


@needs_apksigner
@pytest.mark.parametrize(
    ("name", "signed"),
    [
        ("ec", lambda: sign(PROBE, signers=[OLD])),
        ("rsa", lambda: sign(PROBE, signers=[made_key("any", KeyKind.RSA_2048)])),
        ("dsa", lambda: sign(PROBE, signers=[made_key("any", KeyKind.DSA_1024)])),
        ("two signers", lambda: sign(PROBE, signers=[OLD, NEW])),
        (
            "verity",
            lambda: sign(PROBE, signers=[OLD], options=SigningOptions(verity=True)),
        ),
        (
            "rotated",
            lambda: sign(PROBE, signers=[OLD, NEWEST], lineage=LINEAGE, options=PLAIN_V3),
        ),
    ],
)
def test_debians_apksigner_accepts_what_we_sign(tmp_path: Path, name: str, signed: Any) -> None:
    path = tmp_path / "signed.apk"
    path.write_bytes(signed())
    text = run_tool("apksigner", "verify", "-v", path)
    assert "Verified using v2 scheme (APK Signature Scheme v2): true" in text
    assert "Verified using v1 scheme (JAR signing): true" in text
    wants_v3 = str(name != "two signers").lower()
    assert f"Verified using v3 scheme (APK Signature Scheme v3): {wants_v3}" in text

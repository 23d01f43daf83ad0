from __future__ import annotations

from typing import Any

import pytest

from holdfast.apk.archive import Apk
from holdfast.apk.codes import Code
from holdfast.apk.decide import DataFate, Delivery, Door, Outcome
from holdfast.apk.format_error import ApkFormatError
from holdfast.apk.predict import API_LEVELS, Situation, predict
from holdfast.apk.probe import ProbeSpec, build_archive, build_probe
from holdfast.apk.signer import SigningOptions, sign
from holdfast.apk.signer_lineage import create_lineage
from holdfast.apk.signing_details import Scheme
from selftests.holdfast.apk.signing_keys import made_key

OLD, NEW = made_key("old"), made_key("new")
LINEAGE = create_lineage(OLD, NEW)


def unsigned(**spec: Any) -> bytes:
    return build_probe(ProbeSpec(package_name="com.example.app", **spec))


def by(*keys: Any, version: int = 2, **spec: Any) -> Apk:
    return Apk.from_bytes(sign(unsigned(version_code=version, **spec), signers=keys))


FIRST = by(OLD, version=1)


def test_the_levels_are_those_of_android_5_0_to_16() -> None:
    assert list(API_LEVELS) == list(range(21, 37))


def test_the_same_signer_updates_everywhere() -> None:
    decisions = predict(FIRST, by(OLD))
    assert len(decisions) == 16
    assert {(d.outcome, d.data) for d in decisions} == {(Outcome.UPDATE, DataFate.KEPT)}


def test_another_signer_is_refused_everywhere_and_the_data_stays() -> None:
    decisions = predict(FIRST, by(NEW))
    assert {(d.outcome, d.data) for d in decisions} == {(Outcome.REFUSE, DataFate.KEPT)}
    assert decisions[-1].why == "another signer, without a lineage from the recorded one"


@pytest.mark.parametrize("rotation", [28, 33])
def test_a_rotated_signer_updates_everywhere(rotation: int) -> None:
    options = SigningOptions(rotation_min_sdk=rotation)
    signed = sign(unsigned(version_code=2), signers=[OLD, NEW], lineage=LINEAGE, options=options)
    decisions = predict(FIRST, Apk.from_bytes(signed))
    assert {d.outcome for d in decisions} == {Outcome.UPDATE}
    changed = [
        api
        for api, d in zip(API_LEVELS, decisions, strict=True)
        if d.signing_after and d.signing_after.signers == (NEW.certificate,)
    ]
    assert changed == list(range(rotation, 37))


def test_going_back_from_a_rotation_is_refused_where_it_is_seen() -> None:
    signed = sign(unsigned(version_code=1), signers=[OLD, NEW], lineage=LINEAGE)
    decisions = predict(Apk.from_bytes(signed), by(OLD))
    refused = [
        api
        for api, decision in zip(API_LEVELS, decisions, strict=True)
        if decision.outcome is Outcome.REFUSE
    ]
    assert refused == [33, 34, 35, 36]


def test_where_the_installed_apk_cannot_be_it_says_so() -> None:
    (decision,) = predict(by(OLD, version=1, min_sdk=26), by(OLD), apis=[25])
    assert (decision.outcome, decision.code) == (Outcome.REFUSE, Code.OLDER_SDK)
    assert decision.why.startswith("the installed APK itself cannot be on API 25")
    (unsigned_one,) = predict(Apk.from_bytes(unsigned()), by(OLD), apis=[25])
    assert unsigned_one.code == Code.NO_CERTIFICATES


def test_a_v1_signer_is_compared_before_11_finds_the_scheme_too_old() -> None:
    update = Apk.from_bytes(sign(unsigned(version_code=2), signers=[NEW], schemes={Scheme.V1}))
    (on_10, on_11) = predict(FIRST, update, apis=[29, 30])
    assert (on_10.code, on_11.code) == (Code.UPDATE_INCOMPATIBLE, Code.UPDATE_INCOMPATIBLE)
    same = Apk.from_bytes(sign(unsigned(version_code=2), signers=[OLD], schemes={Scheme.V1}))
    (on_10, on_11) = predict(FIRST, same, apis=[29, 30])
    assert on_10.code == Code.SUCCEEDED
    assert on_11.text.startswith("Scanning Failed.: No signature found")


def test_what_else_is_on_the_device_counts() -> None:
    owner = Apk.from_bytes(
        sign(
            build_probe(
                ProbeSpec(package_name="com.example.owner", provider_authority="com.example.a")
            ),
            signers=[NEW],
        )
    )
    update = by(OLD, provider_authority="com.example.a")
    situation = Situation(others=[owner])
    (decision,) = predict(FIRST, update, apis=[30], situation=situation)
    assert decision.code == Code.CONFLICTING_PROVIDER
    (decision,) = predict(FIRST, update, apis=[30])
    assert decision.code == Code.SUCCEEDED


def test_build_type_and_door_count() -> None:
    lower = by(OLD, version=1)
    delivery = Delivery(door=Door.SESSION_SHELL, allow_downgrade=True)
    installed = by(OLD, version=2, debuggable=False)
    (on_user,) = predict(installed, lower, apis=[34], delivery=delivery)
    debug = Situation(build_type="userdebug")
    (on_debug,) = predict(installed, lower, apis=[34], delivery=delivery, situation=debug)
    assert (on_user.code, on_debug.code) == (Code.VERSION_DOWNGRADE, Code.SUCCEEDED)


def test_a_preload_counts_on_16() -> None:
    situation = Situation(preload=by(NEW, version=1))
    (on_15, on_16) = predict(FIRST, by(OLD), apis=[35, 36], situation=situation)
    assert (on_15.code, on_16.code) == (Code.SUCCEEDED, Code.UPDATE_INCOMPATIBLE)


def test_data_that_uninstall_kept_is_taken_over() -> None:
    situation = Situation(uninstalled_keeping_data=True)
    (decision,) = predict(FIRST, by(OLD), apis=[30], situation=situation)
    assert (decision.outcome, decision.data) == (Outcome.INSTALL, DataFate.KEPT)


def test_a_file_without_a_manifest_is_a_format_error() -> None:
    with pytest.raises(ApkFormatError):
        predict(FIRST, Apk.from_bytes(build_archive([])), apis=[30])

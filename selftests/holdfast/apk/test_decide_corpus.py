"""CTS's install sequences, and a recorded Android 5.1.1, as outside witnesses of the decision."""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest

from holdfast.apk.archive import Apk
from holdfast.apk.codes import Code
from holdfast.apk.decide import (
    Candidate,
    Decision,
    Delivery,
    DeviceRules,
    Door,
    InstalledPackage,
    decide,
)
from holdfast.apk.decide_signers import holds_signature_permission
from holdfast.apk.signing_details import Scheme
from holdfast.apk.verification import Reason
from selftests.corpus import RECORDED_ANDROID_5_1_1, needs_corpus, needs_recordings
from selftests.holdfast.apk.corpus_cases import corpus_apk, corpus_cases, corpus_json
from selftests.holdfast.apk.decisions import (
    candidate,
    decided,
    installed,
    refused_signature,
    signed_by,
)

Packages = dict[str, InstalledPackage]

# CTS installs its tiny apps past the targetSdk floor of 14 and later.
AS_CTS = Delivery(door=Door.SESSION_SHELL, allow_test=True, bypass_low_target_sdk=True)


def listed(kind: str) -> list[dict[str, Any]]:
    if not corpus_cases():
        return []
    found: list[dict[str, Any]] = corpus_json("pairs.json")[kind]
    return found


def levels(case: dict[str, Any], files: list[str]) -> range:
    """Those that CTS means, from the level on that the APKs are for."""
    last = 36 if "latest" in case["in_cts"] else 33
    least = max(one(file, 30).manifest.min_sdk for file in files)
    return range(max(21, least, case["min_api"]), case.get("max_api", last) + 1)


@cache
def one(file: str, api: int) -> Candidate:
    with Apk.from_path(corpus_apk(file)) as apk:
        return Candidate.of(apk, api=api)


def record(file: str, api: int) -> InstalledPackage:
    found = one(file, api)
    assert found.verification.details is not None
    return InstalledPackage.of(found.manifest, found.verification.details)


def judged(file: str, packages: Packages, api: int) -> Decision:
    return decide(one(file, api), DeviceRules(api=api, packages=packages), AS_CTS)


@needs_corpus
@pytest.mark.parametrize("pair", listed("pairs"), ids=lambda pair: pair["id"])
def test_each_single_decision_is_that_of_cts(pair: dict[str, Any]) -> None:
    others = list(pair["other_installed"])
    if pair["relation"] == "update":
        others.append(pair["installed"])
    for api in levels(pair, [*others, pair["update"]]):
        records = [record(file, api) for file in others]
        decision = judged(pair["update"], {r.package_name: r for r in records}, api)
        assert (decision.code == Code.SUCCEEDED) is (pair["expect"] == "success"), api
        if "error_contains" in pair and (api < 28 or api >= 33):
            words = "signatures do not match"
            assert words in decision.text, api
        if "check_after" in pair:
            mine, owner = one(pair["update"], api), record(pair["installed"], api)
            assert mine.verification.details is not None
            holds = holds_signature_permission(mine.verification.details, owner.signing, api=api)
            assert holds is (pair["check_after"] == "testHasPerm"), api


@needs_corpus
@pytest.mark.parametrize("scenario", listed("scenarios"), ids=lambda scenario: scenario["id"])
def test_each_sequence_goes_as_in_cts(scenario: dict[str, Any]) -> None:
    if not scenario["available"]:
        pytest.skip(f"CTS files are not in the corpus: {', '.join(scenario['missing'])}")
    installs = [step for step in scenario["steps"] if step["action"] == "install"]
    for api in levels(scenario, [step["file"] for step in installs]):
        packages: Packages = {}
        for step in installs:
            decision = judged(step["file"], packages, api)
            taken = decision.code == Code.SUCCEEDED
            assert taken is (step["expect"] == "success"), (api, step["apk"])
            if taken:
                package = record(step["file"], api)
                packages[package.package_name] = package


ALPHA = "org.example.alpha"
KEY1, KEY2 = signed_by("key 1"), signed_by("key 2")
RECORDED = (
    # (command as recorded, version, signer, what is there before, is it installed, -r, -d)
    ("adb install -r alpha-v3-key2.apk", 3, KEY2, 2, True, True, False),
    ("adb install alpha-v3-key2.apk", 3, KEY2, 2, True, False, False),
    ("adb install -r alpha-v1-key1.apk", 1, KEY1, 2, True, True, False),
    ("adb install -r -d alpha-v1-key1.apk", 1, KEY1, 2, True, True, True),
    ("adb install alpha-v1-key1.apk      # same again", 1, KEY1, 1, True, False, False),
    ("adb install -r alpha-v2-key1.apk", 2, KEY1, 1, True, True, False),
    ("adb install alpha-v1-key2.apk      # after uninstall -k", 1, KEY2, 2, False, False, False),
    ("adb install -r alpha-v1-key2.apk      # after uninst", 1, KEY2, 2, False, True, False),
    ("adb install alpha-v1-key1.apk      # after uninstall -k", 1, KEY1, 2, False, False, False),
)


@needs_recordings
@pytest.mark.parametrize("row", RECORDED, ids=lambda row: row[0])
def test_a_real_5_1_1_answered_the_same(row: tuple[Any, ...]) -> None:
    command, version, signer, before, is_installed, replace, downgrade = row
    transcript = (RECORDED_ANDROID_5_1_1 / "adb-transcript.md").read_text(encoding="utf-8")
    answer = transcript.split(f"$ {command}")[1].split("\n$ ")[0]
    old = installed(KEY1, package_name=ALPHA, version_code=before, installed=is_installed)
    delivery = Delivery(
        door=Door.PM_INSTALL, replace=replace, allow_downgrade=downgrade, options_given=replace
    )
    wanted = candidate(signer, package_name=ALPHA, version_code=version)
    shown = decided(wanted, old, api=22, delivery=delivery).shown(22)
    assert f"out| {shown}<CRLF>" in answer


OTHERS = (
    ("adb install unsigned.apk", refused_signature(Reason.JAR_NO_SIGNATURES, Scheme.V1), False),
    ("adb install garbage.apk", refused_signature(Reason.ARCHIVE_MALFORMED), False),
    ("adb install alpha-min26.apk", candidate(min_sdk=26), False),
    ("adb install alpha-testonly.apk", candidate(test_only=True), False),
    ("adb install -t alpha-testonly.apk", candidate(test_only=True), True),
    ("adb install alpha-x86_64.apk", candidate(native_abis=("x86_64",)), False),
)


@needs_recordings
@pytest.mark.parametrize(("command", "wanted", "test"), OTHERS, ids=lambda value: str(value)[:40])
def test_a_real_5_1_1_refused_the_same_apks(command: str, wanted: Candidate, *, test: bool) -> None:
    transcript = (RECORDED_ANDROID_5_1_1 / "adb-transcript.md").read_text(encoding="utf-8")
    answer = transcript.split(f"$ {command}")[1].split("\n$ ")[0]
    delivery = Delivery(door=Door.PM_INSTALL, replace=False, allow_test=test)
    decision = decided(wanted, api=22, delivery=delivery, abis=("armeabi-v7a", "armeabi"))
    assert f"out| {decision.shown(22)}<CRLF>" in answer

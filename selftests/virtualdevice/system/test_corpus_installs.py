"""AOSP's own install sequences (CTS PkgInstallSignatureVerificationTest), by the real adb."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pytest

from selftests.corpus import CORPUS, needs_corpus
from selftests.virtualdevice.system.real_phone import Phone, connected_phone, one_adb

APKS = CORPUS / "apk" / "files"
PAIRS = CORPUS / "apk" / "pairs.json"
LEVELS = (25, 28, 30, 33, 34)
NEWEST = 36
Scenario = Mapping[str, Any]


def _all(kind: str) -> list[Scenario]:
    if not PAIRS.is_file():
        return []
    found: list[Scenario] = json.loads(PAIRS.read_text(encoding="utf-8"))[kind]
    return found


def _of_level(kind: str, level: int) -> list[Scenario]:
    """What is to be run on that level: the lowest one that the test is meant for. On the newest
    all that is still meant for it."""
    cases = [case for case in _all(kind) if case.get("available", True)]
    if level == NEWEST:
        return [case for case in cases if case.get("max_api", NEWEST) >= NEWEST]
    return [case for case in cases if min(one for one in LEVELS if one >= case["min_api"]) == level]


def _options(api: int) -> Sequence[str]:
    """The APKs are CTS's: test-only some of them, and older than 14's floor."""
    return ("-r", "-t", *(("--bypass-low-target-sdk-block",) if api >= 34 else ()))


def _empty(phone: Phone) -> None:
    for line in phone.shell("pm list packages -3").split():
        phone.shell(f"pm uninstall {line.removeprefix('package:')}")


@pytest.fixture(scope="module", params=(*LEVELS, NEWEST))
def phone(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[int, Phone]]:
    api: int = request.param
    home, state = tmp_path_factory.mktemp("home"), tmp_path_factory.mktemp("state")
    with one_adb(home) as client, connected_phone(client, f"aosp-{api}", state) as device:
        yield api, device


def run_scenario(phone: Phone, api: int, scenario: Scenario) -> list[str]:
    """What came out otherwise than CTS expects."""
    wrong = []
    for step in scenario["steps"]:
        if step["action"] == "reboot":
            phone.reboot()
        if step["action"] != "install":
            continue
        said = phone.install(APKS / step["file"], *_options(api))
        as_expected = ("Success" in said) == (step["expect"] == "success")
        # The words are those of the version that the sequence was read from: 13 and later.
        words = step.get("error_contains", "") if api >= 33 else ""
        if not as_expected or words not in said:
            wrong.append(f"{scenario['id']}: {step['apk']} should be a {step['expect']}: {said}")
    return wrong


@needs_corpus
def test_every_sequence_of_cts_ends_as_cts_expects(phone: tuple[int, Phone]) -> None:
    api, device = phone
    wrong = []
    for scenario in _of_level("scenarios", api):
        _empty(device)
        wrong += run_scenario(device, api, scenario)
    assert wrong == []


@needs_corpus
def test_every_pair_is_decided_as_cts_expects(phone: tuple[int, Phone]) -> None:
    api, device = phone
    wrong = []
    for pair in _of_level("pairs", api):
        _empty(device)
        _bring_to_state(device, api, pair)
        said = device.install(APKS / pair["update"], *_options(api))
        if ("Success" in said) != (pair["expect"] == "success"):
            wrong.append(f"{pair['id']} should be a {pair['expect']}: {said}")
    assert wrong == []


def _bring_to_state(device: Phone, api: int, pair: Scenario) -> None:
    """The state before the decision: by the sequence that the pair was cut from."""
    scenario = next(s for s in _all("scenarios") if s["id"] == pair["scenario"])
    last = int(pair["id"].rpartition("#")[2])
    for step in scenario["steps"][:last]:
        if step["action"] == "install":
            device.install(APKS / step["file"], *_options(api))


@needs_corpus
def test_all_sequences_and_pairs_are_among_the_levels() -> None:
    assert len(_all("scenarios")) == 33
    assert len(_all("pairs")) == 46
    assert sum(len(_of_level("pairs", level)) for level in LEVELS) == 46
    assert sum(len(_of_level("scenarios", level)) for level in LEVELS) == 27
    assert len(_of_level("pairs", NEWEST)) == 43
    assert len(_of_level("scenarios", NEWEST)) == 26


@needs_corpus
def test_a_wrong_expectation_would_be_noticed(phone: tuple[int, Phone]) -> None:
    api, device = phone
    scenario = dict(_of_level("scenarios", api)[0])
    first = scenario["steps"][0]
    other = "failure" if first["expect"] == "success" else "success"
    scenario["steps"] = [{**first, "expect": other}]
    _empty(device)
    assert run_scenario(device, api, scenario) != []

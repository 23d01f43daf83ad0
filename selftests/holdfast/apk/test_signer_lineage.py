from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.apk.lineage import SigningLineage
from holdfast.apk.signer_lineage import (
    create_lineage,
    extend_lineage,
    lineage_up_to,
    lineages_are_compatible,
    with_capabilities,
)
from holdfast.apk.signing_details import Capability
from holdfast.errors import ConfigurationError
from selftests.corpus import needs_corpus
from selftests.holdfast.apk.corpus_cases import corpus_apk, corpus_cases, corpus_json
from selftests.holdfast.apk.signing_keys import corpus_key, made_key

A, B, C = made_key("a"), made_key("b"), made_key("c")
AB = create_lineage(A, B)
ABC = extend_lineage(AB, B, C)


def test_a_lineage_reads_back_from_its_file_with_its_signatures_verified() -> None:
    assert SigningLineage.from_bytes(ABC.to_bytes()) == ABC
    assert ABC.certificates == (A.certificate, B.certificate, C.certificate)


def test_past_signers_keep_all_but_rollback_by_default() -> None:
    assert [past.capabilities for past in ABC.past] == [Capability.DEFAULT] * 2
    assert Capability.ROLLBACK not in Capability.DEFAULT


@given(st.integers(0, 31))
def test_capabilities_can_be_changed_without_a_key(bits: int) -> None:
    changed = with_capabilities(ABC, A.certificate, Capability(bits))
    read = SigningLineage.from_bytes(changed.to_bytes())
    assert read.past[0].capabilities == Capability(bits)
    assert read.past[1:] == ABC.past[1:]


def test_only_the_newest_signer_can_name_the_next() -> None:
    with pytest.raises(ConfigurationError, match="newest signer"):
        extend_lineage(AB, A, C)


def test_nobody_comes_twice() -> None:
    with pytest.raises(ConfigurationError, match="already"):
        extend_lineage(AB, B, A)


def test_a_lineage_can_be_cut_behind_a_signer() -> None:
    assert lineage_up_to(ABC, B.certificate).certificates == (A.certificate, B.certificate)
    with pytest.raises(ConfigurationError, match="not in the lineage"):
        lineage_up_to(AB, C.certificate)
    with pytest.raises(ConfigurationError, match="not in the lineage"):
        with_capabilities(AB, C.certificate, Capability.NONE)


@needs_corpus
@pytest.mark.parametrize(
    ("file", "names"),
    [
        ("rsa-1024-lineage-2-signers", ("rsa-1024", "rsa-1024_2")),
        ("rsa-2048-lineage-2-signers-2-3", ("rsa-2048_2", "rsa-2048_3")),
        ("rsa-2048-lineage-3-signers", ("rsa-2048", "rsa-2048_2", "rsa-2048_3")),
        ("rsa-2048-to-4096-lineage-2-signers", ("rsa-2048", "rsa-4096")),
    ],
)
def test_aosps_lineages_are_the_bytes_that_we_write(file: str, names: tuple[str, ...]) -> None:
    keys = [corpus_key(name) for name in names]
    lineage = create_lineage(keys[0], keys[1])
    for old, new in pairwise(keys[1:]):
        lineage = extend_lineage(lineage, old, new)
    assert lineage.to_bytes() == corpus_apk(f"lineage/{file}").read_bytes()


@needs_corpus
def test_a_signer_without_capabilities_is_written_as_aosp_writes_it() -> None:
    with_three = SigningLineage.from_bytes(
        corpus_apk("lineage/rsa-2048-lineage-3-signers").read_bytes()
    )
    changed = with_capabilities(with_three, with_three.certificates[0], Capability.NONE)
    expected = corpus_apk("lineage/rsa-2048-lineage-3-signers-1-no-caps").read_bytes()
    assert changed.to_bytes() == expected


def lineage_pairs() -> list[dict[str, Any]]:
    if not corpus_cases():
        return []
    found: list[dict[str, Any]] = corpus_json("pairs.json")["lineage_pairs"]
    return found


def told(description: dict[str, Any] | None) -> SigningLineage | None:
    if description is None:
        return None
    keys = [corpus_key(name) for name in description["signers"]]
    lineage = create_lineage(keys[0], keys[1])
    for old, new in pairwise(keys[1:]):
        lineage = extend_lineage(lineage, old, new)
    for name in description["rollback_granted_to"]:
        granted = Capability.DEFAULT | Capability.ROLLBACK
        lineage = with_capabilities(lineage, corpus_key(name).certificate, granted)
    return lineage


@needs_corpus
@pytest.mark.parametrize("pair", lineage_pairs(), ids=lambda pair: pair["id"])
def test_lineages_follow_each_other_as_apksig_says(pair: dict[str, Any]) -> None:
    assert lineages_are_compatible(told(pair["old"]), told(pair["new"])) is pair["compatible"]

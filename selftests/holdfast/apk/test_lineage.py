from __future__ import annotations

import dataclasses
import hashlib
from typing import Any

import pytest

from holdfast.apk.fields import prefixed, u32
from holdfast.apk.format_error import ApkFormatError
from holdfast.apk.keys import SigningKey
from holdfast.apk.lineage import LineageNode, SigningLineage
from holdfast.apk.signer_lineage import create_lineage, extend_lineage
from holdfast.apk.signing_details import Capability, PastSigner, Scheme, SigningDetails
from selftests.corpus import needs_corpus
from selftests.holdfast.apk.corpus_cases import APK_CORPUS, corpus_apk, corpus_json

FIRST, SECOND, THIRD = (SigningKey.generate(common_name=name) for name in ("1", "2", "3"))
NAMES = {
    "installed_data": Capability.INSTALLED_DATA,
    "shared_uid": Capability.SHARED_USER_ID,
    "permission": Capability.PERMISSION,
    "rollback": Capability.ROLLBACK,
    "auth": Capability.AUTH,
}


def lineage_of_three() -> SigningLineage:
    return extend_lineage(create_lineage(FIRST, SECOND), SECOND, THIRD)


def lineage_files() -> list[dict[str, Any]]:
    name = "certificates_lineages_goldens.json"
    if not (APK_CORPUS / name).exists():
        return []
    files: list[dict[str, Any]] = corpus_json(name)["lineage_files"]
    return files


@needs_corpus
@pytest.mark.parametrize("told", lineage_files(), ids=lambda told: told["file"])
def test_lineage_files_are_read_as_apksigner_reads_them(told: dict[str, Any]) -> None:
    data = corpus_apk(told["file"]).read_bytes()
    expected = told["apksigner_lineage"]
    if expected["error"]:
        with pytest.raises(ApkFormatError):
            SigningLineage.from_bytes(data)
        return
    lineage = SigningLineage.from_bytes(data)
    found = [
        (hashlib.sha256(node.certificate).hexdigest(), node.capabilities) for node in lineage.nodes
    ]
    assert found == [
        (node["cert"], sum(NAMES[name] for name in node["caps"])) for node in expected["nodes"]
    ]
    assert lineage.to_bytes() == data


def test_what_was_written_is_read() -> None:
    lineage = lineage_of_three()
    assert SigningLineage.from_bytes(lineage.to_bytes()) == lineage
    assert [past.certificate for past in lineage.past] == [FIRST.certificate, SECOND.certificate]


def changed(lineage: SigningLineage, index: int, **change: Any) -> bytes:
    nodes = list(lineage.nodes)
    nodes[index] = dataclasses.replace(nodes[index], **change)
    return SigningLineage(nodes=tuple(nodes)).to_bytes()


@pytest.mark.parametrize(
    ("index", "change", "complaint"),
    [
        (1, {"signature": b"\x30\x06\x02\x01\x01\x02\x01\x01"}, "node 2 is not signed"),
        (1, {"certificate": THIRD.certificate}, "node 2 is not signed"),
        (0, {"algorithm_id": 0x0202}, "node 2 is not signed"),
        (0, {"algorithm_id": 0x9999}, "node 2 is signed with an unknown algorithm"),
        (1, {"parent_algorithm_id": 0x0202}, "node 2 is not signed"),
        (0, {"algorithm_id": 0x0423}, "another algorithm than its parent"),
        (2, {"certificate": b"no certificate"}, "not signed"),
    ],
)
def test_a_changed_node_is_found(index: int, change: dict[str, Any], complaint: str) -> None:
    with pytest.raises(ApkFormatError, match=complaint):
        SigningLineage.from_bytes(changed(lineage_of_three(), index, **change))


def test_capabilities_are_not_signed_by_the_lineage_itself() -> None:
    """They are part of what the APK's signer signs; a lineage file may be edited."""
    data = changed(lineage_of_three(), 0, capabilities=Capability.ROLLBACK)
    assert SigningLineage.from_bytes(data).past[0].capabilities == Capability.ROLLBACK


def test_a_certificate_that_comes_back_is_refused() -> None:
    lineage = create_lineage(FIRST, SECOND)
    data = prefixed(FIRST.certificate) + u32(0x0201)
    algorithm = SECOND.algorithms()[0]
    again = LineageNode(
        certificate=FIRST.certificate,
        capabilities=Capability.DEFAULT,
        algorithm_id=0,
        parent_algorithm_id=int(algorithm),
        signature=SECOND.sign(data, algorithm),
    )
    before = dataclasses.replace(lineage.nodes[1], algorithm_id=int(algorithm))
    whole = SigningLineage(nodes=(lineage.nodes[0], before, again))
    with pytest.raises(ApkFormatError, match="node 3 has been there before"):
        SigningLineage.from_bytes(whole.to_bytes())


@pytest.mark.parametrize("cut", [0, 3, 7, 11, 15, 20, 200])
def test_a_lineage_that_is_cut_short_is_a_format_error(cut: int) -> None:
    with pytest.raises(ApkFormatError):
        SigningLineage.from_bytes(lineage_of_three().to_bytes()[:cut])


def test_a_lineage_without_signers_is_a_format_error() -> None:
    with pytest.raises(ApkFormatError, match="without signers"):
        SigningLineage.from_bytes(SigningLineage(nodes=()).to_bytes())


def details(told: dict[str, Any]) -> SigningDetails:
    names = told["signers"]
    return SigningDetails(
        scheme=Scheme.V31,
        signers=(names[-1].encode(),),
        past=tuple(
            PastSigner(
                certificate=name.encode(),
                capabilities=Capability.DEFAULT
                | (Capability.ROLLBACK if name in told["rollback_granted_to"] else Capability.NONE),
            )
            for name in names[:-1]
        ),
    )


def lineage_pairs() -> list[dict[str, Any]]:
    if not (APK_CORPUS / "pairs.json").exists():
        return []
    pairs: list[dict[str, Any]] = corpus_json("pairs.json")["lineage_pairs"]
    return [pair for pair in pairs if pair["old"] and pair["new"]]


@needs_corpus
@pytest.mark.parametrize("pair", lineage_pairs(), ids=lambda pair: pair["id"])
def test_lineage_pairs_are_compatible_where_one_trusts_the_other(pair: dict[str, Any]) -> None:
    old, new = details(pair["old"]), details(pair["new"])
    taken = new.trusts(old, Capability.INSTALLED_DATA) or old.trusts(new, Capability.ROLLBACK)
    assert taken is pair["compatible"]

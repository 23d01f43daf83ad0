"""Mutated good inputs: nothing but ApkFormatError may come out, and no wrong accept.

`make fuzz` does the same with coverage to guide it, and for longer.
"""

from __future__ import annotations

import tracemalloc
from functools import cache

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from holdfast.apk.archive import Apk
from holdfast.apk.block import find_signing_block
from holdfast.apk.format_error import ApkFormatError
from holdfast.apk.keys import SigningKey
from holdfast.apk.probe import ProbeSpec, build_probe
from holdfast.apk.signer import sign
from holdfast.apk.signer_lineage import create_lineage
from holdfast.apk.signing_details import Scheme
from holdfast.apk.verify import verify
from selftests.fuzz.targets import TARGETS, run

OLD, NEW = SigningKey.generate("rsa-2048"), SigningKey.generate("ec-p256")
QUICK = settings(
    max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True
)
MUTATIONS = st.lists(
    st.tuples(
        st.sampled_from(["set", "delete", "insert", "number"]),
        st.floats(min_value=0, max_value=1, exclude_max=True),
        st.sampled_from([0, 1, 2, 4, 0x7F, 0x80, 0xFF, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF]),
    ),
    min_size=1,
    max_size=6,
)
Mutations = list[tuple[str, float, int]]


@cache
def good_apk() -> bytes:
    probe = build_probe(ProbeSpec(package_name="com.example.good", labels={"de": "Probe"}))
    lineage = create_lineage(OLD, NEW)
    schemes = {Scheme.V1, Scheme.V2, Scheme.V3}
    return sign(probe, signers=[OLD, NEW], schemes=schemes, lineage=lineage)


@cache
def good_parts() -> dict[str, bytes]:
    """A good input for each target."""
    data = good_apk()
    with Apk.from_bytes(data) as apk:
        block = find_signing_block(apk)
        assert block is not None
        read = {name: apk.read(name, limit_bytes=1 << 20) for name in apk.names}
    (jar_block,) = (content for name, content in read.items() if name.endswith(".RSA"))
    return {
        "archive": data,
        "manifest": read["AndroidManifest.xml"],
        "block": data[block.offset + 8 : block.offset + block.size - 24],
        "pkcs7": jar_block,
        "asn1": OLD.certificate,
        "lineage": create_lineage(OLD, NEW).to_bytes(),
        "idsig": b"\x02\0\0\0" + bytes(200),
        "jar_manifest": read["META-INF/MANIFEST.MF"],
    }


def mutated(data: bytes, mutations: Mutations) -> bytes:
    """Bytes set, removed, put in, or overwritten by a number of 32 bits."""
    changed = bytearray(data)
    for kind, where, number in mutations:
        at = int(where * len(changed))
        match kind:
            case "set":
                changed[at : at + 1] = bytes([number & 0xFF])
            case "delete":
                del changed[at : at + 1 + (number & 0xFF)]
            case "insert":
                changed[at:at] = bytes([number & 0xFF]) * (1 + (number & 0x3F))
            case _:
                changed[at : at + 4] = number.to_bytes(4, "little")
    return bytes(changed)


def test_a_good_input_for_every_target_is_at_hand() -> None:
    assert set(good_parts()) == set(TARGETS)


@pytest.mark.parametrize("target", TARGETS)
@QUICK
@given(mutations=MUTATIONS)
def test_a_mutated_input_raises_nothing_else(target: str, mutations: Mutations) -> None:
    run(target, mutated(good_parts()[target], mutations))


@pytest.mark.parametrize("target", TARGETS)
@QUICK
@given(data=st.binary(max_size=400))
def test_arbitrary_bytes_raise_nothing_else(target: str, data: bytes) -> None:
    run(target, data)


@QUICK
@given(mutations=MUTATIONS)
def test_no_mutation_of_signed_bytes_is_accepted(mutations: Mutations) -> None:
    """Outside of the signing block every byte is signed by v2 and v3."""
    good = good_apk()
    with Apk.from_bytes(good) as apk:
        block = find_signing_block(apk)
        assert block is not None
    head, tail = good[: block.offset], good[block.offset :]
    changed = mutated(head, mutations)
    if changed == head:
        return
    try:
        apk = Apk.from_bytes(changed + tail)
    except ApkFormatError:
        return
    for level in (24, 28, 33, 36):
        assert not verify(apk, api=level).accepted


@pytest.mark.parametrize("part", ["head", "directory", "tail"])
def test_one_flipped_bit_anywhere_outside_of_the_block_is_refused(part: str) -> None:
    good = good_apk()
    with Apk.from_bytes(good) as apk:
        block = find_signing_block(apk)
        assert block is not None
        start, end = {
            "head": (0, block.offset),
            "directory": (apk.tail.directory_offset, apk.tail.offset),
            "tail": (apk.tail.offset, len(good)),
        }[part]
    for position in range(start, end, max(1, (end - start) // 40)):
        flipped = bytearray(good)
        flipped[position] ^= 0x01
        try:
            changed = Apk.from_bytes(bytes(flipped))
        except ApkFormatError:
            continue
        assert not verify(changed, api=34).accepted, position


@pytest.mark.parametrize("target", ["archive", "block", "lineage", "pkcs7", "manifest"])
def test_memory_does_not_grow_with_what_a_length_claims(target: str) -> None:
    data = good_parts()[target]
    tracemalloc.start()
    try:
        for position in range(0, min(len(data) - 4, 4000), 97):
            run(target, data[:position] + b"\xff\xff\xff\x7f" + data[position + 4 :])
        _, peak_bytes = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak_bytes < 64 << 20


def test_an_error_of_another_kind_is_not_swallowed(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(data: bytes) -> None:
        raise IndexError(data)

    monkeypatch.setitem(TARGETS, "lineage", broken)
    with pytest.raises(IndexError):
        run("lineage", b"")

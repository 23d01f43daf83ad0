"""What a payload carries, and what it takes from the old build."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from selftests.virtualdevice.ota.phones import firmware_file
from virtualdevice.ota.firmware import pack_firmware
from virtualdevice.ota.operations import BLOCK_BYTES, Kind, SourceMismatch, encode, parse, plan, run

blocks = st.binary(min_size=1, max_size=12).map(lambda b: bytes(n % 6 for n in b))
"""Each byte stands for a block that is full of it."""


def image(numbers: bytes) -> bytes:
    return b"".join(bytes([number]) * BLOCK_BYTES for number in numbers)


@given(blocks, blocks)
def test_operations_make_the_new_image_of_the_old_one(to: bytes, base: bytes) -> None:
    new, old = image(to), image(base)
    operations, data = plan(new, old)
    again = [parse(encode(one)) for one in operations]
    assert again == operations
    assert run(again, data, old) == new
    full, everything = plan(new, None)
    assert run(full, everything, b"") == new


@given(blocks, blocks, blocks)
def test_another_old_image_gives_the_new_one_or_an_error_and_nothing_else(
    to: bytes, base: bytes, wrong: bytes
) -> None:
    new, old, other = image(to), image(base), image(wrong)
    operations, data = plan(new, old)
    try:
        assert run(operations, data, other) == new
    except SourceMismatch:
        assert other != old


def test_an_incremental_payload_carries_only_the_blocks_that_changed(tmp_path: Path) -> None:
    folder = tmp_path / "fw"
    folder.mkdir()
    (folder / "big.apk").write_bytes(os.urandom(300_000))
    apps = "packages: {org.big: {apk: big.apk}}\n"
    old = firmware_file(folder, "aosp-34", "old", apps)
    new = firmware_file(folder, "aosp-34", "new", f'build: {{incremental: "9"}}\n{apps}')
    operations, data = plan(pack_firmware(new), pack_firmware(old))
    assert len(data) < 60_000
    copied = sum(one.target[1] for one in operations if one.kind is Kind.SOURCE_COPY)
    assert copied * BLOCK_BYTES >= 290_000


@pytest.mark.parametrize("field", [{"target": (1 << 40, 1)}, {"kind": 5}], ids=["size", "kind"])
def test_an_operation_that_cannot_be_is_an_error(field: dict[str, object]) -> None:
    operations, _ = plan(bytes(BLOCK_BYTES), None)
    with pytest.raises(ValueError):
        parse(encode(replace(operations[0], **field)))  # type: ignore[arg-type]

"""fastboot's messages and Android's sparse images, without a socket."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from virtualdevice.bootloader.flash import Flash
from virtualdevice.bootloader.session import Session
from virtualdevice.bootloader.sparse import SparseError, image_size_bytes, writes_of
from virtualdevice.bootloader.variables import BoardFacts, Variables
from virtualdevice.bootloader.wire import MessageDecoder, WireError, encode_message


@given(messages=st.lists(st.binary(max_size=80), max_size=5), cut=st.integers(1, 40))
def test_messages_cut_anywhere_come_out_whole(messages: list[bytes], cut: int) -> None:
    wire = b"FB01" + b"".join(encode_message(message) for message in messages)
    decoder, found = MessageDecoder(), []
    for start in range(0, len(wire), cut):
        found += list(decoder.feed(wire[start : start + cut]))
    assert found == messages


def test_a_client_that_greets_otherwise_is_refused() -> None:
    with pytest.raises(WireError, match="greeting"):
        list(MessageDecoder().feed(b"GET / HTTP/1.1"))


def sparse(*chunks: tuple[int, int, bytes], block: int = 4, blocks: int = 8) -> bytes:
    body = b"".join(
        struct.pack("<HHII", kind, 0, count, 12 + len(data)) + data for kind, count, data in chunks
    )
    return struct.pack("<IHHHHIIII", 0xED26FF3A, 1, 0, 28, 12, block, blocks, len(chunks), 0) + body


def unfolded(image: bytes) -> bytes:
    content = bytearray(b"." * image_size_bytes(image))
    for write in writes_of(image):
        data = bytes(write.data or (write.fill or b"") * (write.size_bytes // 4))
        content[write.offset_bytes : write.offset_bytes + write.size_bytes] = data
    return bytes(content)


def test_raw_filled_and_skipped_chunks_unfold() -> None:
    image = sparse(
        (0xCAC3, 1, b""), (0xCAC1, 2, b"12345678"), (0xCAC2, 2, b"abcd"), (0xCAC4, 0, b"crc!")
    )
    assert unfolded(image) == b"....12345678abcdabcd............"


@pytest.mark.parametrize(
    ("image", "said"),
    [
        (sparse((0xCAC1, 2, b"1234")), "another length"),
        (sparse((0xCAC2, 2, b"12")), "four bytes"),
        (sparse((0xCAC1, 9, b"x" * 36)), "behind the image's end"),
        (sparse((0xBEEF, 1, b"1234")), "unknown type 0xbeef"),
        (sparse((0xCAC1, 1, b"1234"))[:-1], "longer than the image"),
        (sparse()[:20], "ends in its header"),
        (sparse(block=0), "block size"),
    ],
    ids=lambda value: value if isinstance(value, str) else "image",
)
def test_a_broken_image_is_an_error(image: bytes, said: str) -> None:
    with pytest.raises(SparseError, match=said):
        unfolded(image)


@given(st.binary(max_size=200))
def test_no_bytes_behind_the_magic_break_the_reader(rest: bytes) -> None:
    image = struct.pack("<I", 0xED26FF3A) + rest
    try:
        list(writes_of(image))
    except SparseError:
        return


def session(folder: Path, *, slotted: bool = True) -> Session:
    flash = Flash(folder, api=30, slotted=slotted, unlocked=True)
    board = BoardFacts(product="p", serialno="s")
    return Session(flash, Variables(flash, board, userspace=False))


def test_a_download_may_come_in_pieces(tmp_path: Path) -> None:
    host = session(tmp_path)
    assert host.handle(b"download:00000006").messages == (b"DATA00000006",)
    assert host.handle(b"abc").messages == ()
    assert host.handle(b"def").messages == (b"OKAY",)
    assert host.handle(b"flash:boot").messages == (b"OKAY",)
    assert (tmp_path / "boot_a.img").read_bytes() == b"abcdef"


@pytest.mark.parametrize(
    "command",
    [b"download:xyz", b"download:00000000", b"download:ffffffff", b"flash:boot", b"boot",
     b"set_active:c", b"", b"nonsense:x", b"\xff\xfe", b"x" * 5000],
)  # fmt: skip
def test_a_command_that_cannot_be_is_refused(tmp_path: Path, command: bytes) -> None:
    (answer,) = session(tmp_path).handle(command).messages
    assert answer.startswith(b"FAIL")


def test_more_data_than_announced_is_refused(tmp_path: Path) -> None:
    host = session(tmp_path)
    host.handle(b"download:00000002")
    assert host.handle(b"abc").messages == (b"FAILmore data than announced",)


def test_a_device_without_slots_has_none_to_set(tmp_path: Path) -> None:
    host = session(tmp_path, slotted=False)
    assert host.handle(b"set_active:a").messages == (b"FAILThis device has no slots",)
    assert host.handle(b"getvar:slot-count").messages == (b"OKAY0",)
    assert host.handle(b"getvar:has-slot:boot").messages == (b"OKAYno",)


def test_what_the_bootloader_keeps_outlives_it(tmp_path: Path) -> None:
    session(tmp_path).handle(b"set_active:b")
    assert session(tmp_path).handle(b"getvar:current-slot").messages == (b"OKAYb",)

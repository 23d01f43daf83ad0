"""adb's packets, banners, flow control and framing, without a socket."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from virtualdevice.adbd.banner import device_banner, parse_banner
from virtualdevice.adbd.connection import (
    Acknowledged,
    Arrived,
    Closed,
    Connection,
    Greeted,
    Opened,
    PeerOpened,
)
from virtualdevice.adbd.packets import Command, PacketDecoder, ProtocolError, encode
from virtualdevice.adbd.shell_protocol import (
    FrameDecoder,
    FrameKind,
    frame,
    parse_shell_service,
    window_size,
)

HELLO = bytes.fromhex("434e584e 01000001 00001000 07000000 32020000 bcb1a7b1") + b"host::\0"
"""What adb sends first, as recorded from adb 29 (checksum and all), but for its features."""


def test_a_recorded_hello_is_understood() -> None:
    decoder = PacketDecoder()
    decoder.feed(HELLO)
    (packet,) = decoder.packets()
    assert packet.command is Command.CNXN
    assert (packet.arg0, packet.arg1, packet.payload) == (0x01000001, 0x100000, b"host::\0")


@given(payloads=st.lists(st.binary(max_size=300), max_size=5), cut=st.integers(1, 64))
def test_packets_cut_anywhere_come_out_whole(payloads: list[bytes], cut: int) -> None:
    wire = b"".join(encode(Command.WRTE, 1, 2, payload) for payload in payloads)
    decoder, found = PacketDecoder(), []
    for start in range(0, len(wire), cut):
        decoder.feed(wire[start : start + cut])
        found += [packet.payload for packet in decoder.packets()]
    assert found == payloads


def test_a_word_that_is_no_command_is_an_error() -> None:
    decoder = PacketDecoder()
    decoder.feed(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
    with pytest.raises(ProtocolError, match="no adb command"):
        list(decoder.packets())


def test_a_long_payload_before_the_hello_is_an_error() -> None:
    decoder = PacketDecoder()
    decoder.feed(struct.pack("<6I", Command.CNXN, 0, 0, 5000, 0, Command.CNXN ^ 0xFFFFFFFF))
    with pytest.raises(ProtocolError, match="too long"):
        list(decoder.packets())


def test_a_checksum_is_the_sum_of_the_bytes() -> None:
    assert struct.unpack_from("<I", encode(Command.WRTE, 1, 1, b"\xff\x02", checksum=True), 16) == (
        0x101,
    )


def test_a_banner_holds_no_separator_of_its_own() -> None:
    banner = device_banner("device", {"ro.product.model": "A;B=C:D"}, ["cmd", "shell_v2"])
    assert banner == (
        b"device::ro.product.name=;ro.product.model=A_B_C_D;ro.product.device=;"
        b"features=cmd,shell_v2"
    )
    assert device_banner("device", {}, []).endswith(b"ro.product.device=;")


def test_a_host_s_features_are_read() -> None:
    assert parse_banner(b"host::features=cmd,delayed_ack\0").features == {"cmd", "delayed_ack"}
    assert parse_banner(b"host::\0").features == frozenset()


def greeted(*features: str) -> Connection:
    """A connection that is online; the host offers these features, and the device has them too."""
    connection = Connection(features=features)
    hello = encode(Command.CNXN, 0x01000001, 4096, b"host::features=" + ",".join(features).encode())
    assert isinstance(connection.receive(hello)[0], Greeted)
    connection.welcome(b"device::")
    return connection


def test_a_stream_opens_carries_and_closes() -> None:
    host = greeted()
    assert host.receive(encode(Command.OPEN, 7, 0, b"shell:ls\0")) == [PeerOpened(1, b"shell:ls")]
    assert host.accept(1) == encode(Command.OKAY, 1, 7)
    assert host.may_send(1)
    assert host.send(1, b"out") == encode(Command.WRTE, 1, 7, b"out")
    assert not host.may_send(1)
    assert host.receive(encode(Command.OKAY, 7, 1)) == [Acknowledged(1)]
    assert host.may_send(1)
    assert host.receive(encode(Command.WRTE, 7, 1, b"in")) == [Arrived(1, b"in")]
    assert host.consumed(1, 2) == encode(Command.OKAY, 1, 7)
    assert host.receive(encode(Command.CLSE, 7, 1)) == [Closed(1)]
    assert host.close(1) == b""


def test_a_refused_stream_is_closed_by_nobody() -> None:
    host = greeted()
    host.receive(encode(Command.OPEN, 7, 0, b"nosuch:\0"))
    assert host.refuse(1) == encode(Command.CLSE, 0, 7)
    assert not host.is_open(1)


def test_packets_for_unknown_streams_are_passed_over() -> None:
    host = greeted()
    for command in (Command.OKAY, Command.WRTE, Command.CLSE):
        assert host.receive(encode(command, 9, 9)) == []


def test_nothing_is_served_before_the_hello() -> None:
    assert Connection().receive(encode(Command.OPEN, 1, 0, b"shell:\0")) == []


def test_a_second_hello_forgets_all_streams() -> None:
    host = greeted()
    host.receive(encode(Command.OPEN, 7, 0, b"shell:\0"))
    host.receive(encode(Command.CNXN, 0x01000001, 4096, b"host::"))
    assert not host.is_open(1)


def test_delayed_acknowledgement_counts_bytes_both_ways() -> None:
    host = greeted("delayed_ack")
    host.receive(encode(Command.OPEN, 7, 10, b"sync:\0"))
    assert host.accept(1) == encode(Command.OKAY, 1, 7, struct.pack("<i", 32 << 20))
    host.send(1, bytes(8))
    assert host.may_send(1)
    host.send(1, bytes(8))
    assert not host.may_send(1)
    host.receive(encode(Command.OKAY, 7, 1, struct.pack("<i", 16)))
    assert host.may_send(1)
    assert host.consumed(1, 5) == encode(Command.OKAY, 1, 7, struct.pack("<i", 5))


@pytest.mark.parametrize(("features", "window"), [((), 5), (("delayed_ack",), 0)])
def test_a_window_that_was_not_agreed_is_refused(features: tuple[str, ...], window: int) -> None:
    host = greeted(*features)
    assert host.receive(encode(Command.OPEN, 7, window, b"sync:\0")) == []
    assert host.take_replies() == encode(Command.CLSE, 0, 7)


def test_a_stream_of_ours_may_send_once_the_host_took_it() -> None:
    host = greeted()
    number, packet = host.open(b"tcp:80")
    assert packet == encode(Command.OPEN, number, 0, b"tcp:80\0")
    assert not host.may_send(number)
    assert host.receive(encode(Command.OKAY, 3, number)) == [Opened(number)]
    assert host.send(number, b"x") == encode(Command.WRTE, number, 3, b"x")


@given(chunks=st.lists(st.binary(max_size=40), max_size=6), cut=st.integers(1, 50))
def test_shell_frames_cut_anywhere_come_out_whole(chunks: list[bytes], cut: int) -> None:
    wire = b"".join(frame(FrameKind.STDIN, chunk) for chunk in chunks)
    decoder, found = FrameDecoder(), []
    for start in range(0, len(wire), cut):
        found += list(decoder.feed(wire[start : start + cut]))
    assert found == [(FrameKind.STDIN, chunk) for chunk in chunks]


def test_a_shell_is_a_terminal_only_without_a_command_or_when_asked() -> None:
    assert parse_shell_service(b"v2", b"").terminal
    assert not parse_shell_service(b"v2,TERM=xterm", b"ls").terminal
    asked = parse_shell_service(b"v2,TERM=xterm,pty", b"ls")
    assert (asked.terminal, asked.framed, asked.terminal_type) == (True, True, "xterm")


def test_a_window_size_is_read_with_or_without_its_nul() -> None:
    assert window_size(b"24x80,0x0\0") == (24, 80, 0, 0)
    assert window_size(b"24x80,1x2") == (24, 80, 1, 2)
    assert window_size(b"nonsense") is None

"""One host's connection as a state machine, without I/O: bytes in, events and bytes out.

States and what each takes (anything else is ignored, as adbd ignores it):
  WAITING    nothing is answered: the device is not up yet (packets are kept by the caller)
  GREETING   CNXN
  CHECKING   AUTH (signature, public key), CNXN
  ONLINE     OPEN OKAY WRTE CLSE, CNXN (which begins anew)
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import Enum, auto

from virtualdevice.adbd.banner import DELAYED_ACK, Banner, parse_banner
from virtualdevice.adbd.packets import (
    MAX_PAYLOAD_BYTES,
    Command,
    Packet,
    PacketDecoder,
    encode,
)
from virtualdevice.adbd.streams import RECEIVE_WINDOW_BYTES, FlowControl

__all__ = [
    "Acknowledged",
    "Arrived",
    "Closed",
    "Connection",
    "Event",
    "Greeted",
    "KeyOffered",
    "Opened",
    "PeerOpened",
    "SignatureOffered",
]

VERSION = 0x01000001
VERSION_WITH_CHECKSUM = 0x01000000
AUTH_TOKEN, AUTH_SIGNATURE, AUTH_PUBLIC_KEY = 1, 2, 3
TOKEN_BYTES = 20


class State(Enum):
    GREETING = auto()
    CHECKING = auto()
    ONLINE = auto()


@dataclass(frozen=True, slots=True)
class Greeted:
    """A host said hello: it gets an answer by `welcome` or `challenge`. All streams are gone."""

    banner: Banner


@dataclass(frozen=True, slots=True)
class SignatureOffered:
    token: bytes
    signature: bytes


@dataclass(frozen=True, slots=True)
class KeyOffered:
    key: bytes


@dataclass(frozen=True, slots=True)
class PeerOpened:
    """Answer by `accept` or `refuse`."""

    stream: int
    service: bytes


@dataclass(frozen=True, slots=True)
class Opened:
    """The peer took a stream that we opened."""

    stream: int


@dataclass(frozen=True, slots=True)
class Arrived:
    stream: int
    data: bytes


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """The stream may take more to send."""

    stream: int


@dataclass(frozen=True, slots=True)
class Closed:
    stream: int


Event = (
    Greeted | SignatureOffered | KeyOffered | PeerOpened | Opened | Arrived | Acknowledged | Closed
)


@dataclass(slots=True)
class _Stream:
    peer_id: int
    flow: FlowControl


@dataclass(slots=True)
class Connection:
    """Ids of streams are ours. What a method returns is to be sent to the host."""

    features: Sequence[str] = ()
    max_payload_bytes: int = MAX_PAYLOAD_BYTES
    _decoder: PacketDecoder = field(default_factory=PacketDecoder)
    _state: State = State.GREETING
    _checksum: bool = False
    _delayed: bool = False
    _token: bytes = b""
    _streams: dict[int, _Stream] = field(default_factory=dict)
    _last_stream: int = 0
    _to_send: bytearray = field(default_factory=bytearray)

    def receive(self, data: bytes) -> list[Event]:
        """What these bytes mean; ProtocolError if they are not adb."""
        self._decoder.feed(data)
        events: list[Event] = []
        for packet in self._decoder.packets():
            event = self._event(packet)
            if event is not None:
                events.append(event)
        return events

    def take_replies(self) -> bytes:
        """Packets that the state machine itself owes the host (refusals)."""
        replies = bytes(self._to_send)
        self._to_send.clear()
        return replies

    def welcome(self, banner: bytes) -> bytes:
        """Let the host in."""
        self._state = State.ONLINE
        self._decoder.limit_bytes = MAX_PAYLOAD_BYTES
        return self._encode(Command.CNXN, VERSION, MAX_PAYLOAD_BYTES, banner)

    def challenge(self) -> bytes:
        """Ask the host to sign a fresh token."""
        self._state = State.CHECKING
        self._token = secrets.token_bytes(TOKEN_BYTES)
        return self._encode(Command.AUTH, AUTH_TOKEN, 0, self._token)

    def accept(self, stream: int) -> bytes:
        entry = self._streams[stream]
        return self._encode(Command.OKAY, stream, entry.peer_id, entry.flow.first_acknowledgement())

    def refuse(self, stream: int) -> bytes:
        entry = self._streams.pop(stream)
        return self._encode(Command.CLSE, 0, entry.peer_id)

    def open(self, service: bytes) -> tuple[int, bytes]:
        """A stream towards the host (`adb reverse`); usable after Opened."""
        self._last_stream += 1
        flow = FlowControl.opened_by_us(delayed=self._delayed)
        self._streams[self._last_stream] = _Stream(0, flow)
        window = RECEIVE_WINDOW_BYTES if self._delayed else 0
        packet = self._encode(Command.OPEN, self._last_stream, window, service + b"\0")
        return self._last_stream, packet

    def may_send(self, stream: int) -> bool:
        entry = self._streams.get(stream)
        return entry is not None and entry.flow.may_send

    def is_open(self, stream: int) -> bool:
        return stream in self._streams

    def send(self, stream: int, data: bytes) -> bytes:
        """At most max_payload_bytes; only when may_send."""
        entry = self._streams[stream]
        entry.flow.sent(len(data))
        return self._encode(Command.WRTE, stream, entry.peer_id, data)

    def consumed(self, stream: int, size_bytes: int) -> bytes:
        """The service took what had arrived; nothing if the stream is closed."""
        entry = self._streams.get(stream)
        if entry is None:
            return b""
        payload = entry.flow.acknowledgement(size_bytes)
        return self._encode(Command.OKAY, stream, entry.peer_id, payload)

    def close(self, stream: int) -> bytes:
        """Nothing if it is closed already."""
        entry = self._streams.pop(stream, None)
        return b"" if entry is None else self._encode(Command.CLSE, stream, entry.peer_id)

    def _encode(self, command: Command, arg0: int, arg1: int, payload: bytes = b"") -> bytes:
        return encode(command, arg0, arg1, payload, checksum=self._checksum)

    def _event(self, packet: Packet) -> Event | None:
        handlers: dict[tuple[State, Command], Callable[[Packet], Event | None]] = {
            (State.GREETING, Command.CNXN): self._greet,
            (State.CHECKING, Command.CNXN): self._greet,
            (State.CHECKING, Command.AUTH): self._check,
            (State.ONLINE, Command.CNXN): self._greet,
            (State.ONLINE, Command.OPEN): self._opening,
            (State.ONLINE, Command.OKAY): self._ready,
            (State.ONLINE, Command.WRTE): self._data,
            (State.ONLINE, Command.CLSE): self._closing,
        }
        handler = handlers.get((self._state, packet.command))
        return None if handler is None else handler(packet)

    def _greet(self, packet: Packet) -> Event:
        banner = parse_banner(packet.payload)
        self._streams.clear()
        self._state = State.GREETING
        self._checksum = packet.arg0 <= VERSION_WITH_CHECKSUM
        self.max_payload_bytes = min(max(packet.arg1, 4096), MAX_PAYLOAD_BYTES)
        self._delayed = DELAYED_ACK in banner.features and DELAYED_ACK in self.features
        return Greeted(banner)

    def _check(self, packet: Packet) -> Event | None:
        if packet.arg0 == AUTH_SIGNATURE:
            return SignatureOffered(self._token, packet.payload)
        if packet.arg0 == AUTH_PUBLIC_KEY:
            return KeyOffered(packet.payload.removesuffix(b"\0"))
        return None

    def _opening(self, packet: Packet) -> Event | None:
        delayed = packet.arg1 != 0
        if packet.arg0 == 0 or delayed != self._delayed:
            self._to_send += self._encode(Command.CLSE, 0, packet.arg0)
            return None
        self._last_stream += 1
        flow = FlowControl.opened_by_peer(delayed=delayed, window_bytes=packet.arg1)
        self._streams[self._last_stream] = _Stream(packet.arg0, flow)
        return PeerOpened(self._last_stream, packet.payload.removesuffix(b"\0"))

    def _ready(self, packet: Packet) -> Event | None:
        entry = self._streams.get(packet.arg1)
        if entry is None:
            return None
        if entry.peer_id == 0:
            entry.peer_id = packet.arg0
            entry.flow.acknowledged(packet.payload)
            return Opened(packet.arg1)
        if entry.peer_id != packet.arg0:
            return None
        entry.flow.acknowledged(packet.payload)
        return Acknowledged(packet.arg1)

    def _data(self, packet: Packet) -> Event | None:
        entry = self._streams.get(packet.arg1)
        if entry is None or entry.peer_id != packet.arg0:
            return None
        return Arrived(packet.arg1, packet.payload)

    def _closing(self, packet: Packet) -> Event | None:
        entry = self._streams.get(packet.arg1)
        if entry is None or packet.arg0 not in (0, entry.peer_id):
            return None
        del self._streams[packet.arg1]
        return Closed(packet.arg1)

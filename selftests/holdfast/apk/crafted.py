"""APKs with a hand-made signing block, for the rules that no good signer breaks."""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cache

from holdfast.apk.archive import Apk
from holdfast.apk.block import BlockId
from holdfast.apk.fields import prefixed, u32
from holdfast.apk.keys import SignatureAlgorithm, SigningKey
from holdfast.apk.probe import ProbeSpec, build_probe
from holdfast.apk.signing_block import Sections, signing_block

NEWEST = 0x7FFFFFFF
STRIPPING_PROTECTION = 0xBEEFF00D
PROOF_OF_ROTATION = 0x3BA06F8C
ROTATION_MIN_SDK = 0x559F8B02
ROTATION_ON_DEV_RELEASE = 0xC2A6B3BA

ECDSA = SignatureAlgorithm.ECDSA_SHA256
Pairs = Sequence[tuple[int, bytes]]


@cache
def key(name: str = "A") -> SigningKey:
    """The same key for the same name within a run."""
    return SigningKey.generate(common_name=name)


@cache
def probe() -> bytes:
    return build_probe(ProbeSpec(package_name="com.example.probe"))


def _sections(data: bytes) -> tuple[bytes, bytes, bytes]:
    """Entries up to a page border, directory, and end record pointing behind the entries."""
    tail = Apk.from_bytes(data).tail
    entries = data[: tail.directory_offset].ljust(-(-tail.directory_offset // 4096) * 4096, b"\0")
    directory = data[tail.directory_offset : tail.offset]
    return entries, directory, tail.pointing_to(len(entries))


def signed(
    pairs: Callable[[Sections], Pairs],
    *,
    block: Callable[[Pairs], bytes] = signing_block,
    unsigned: bytes | None = None,
) -> Apk:
    """The probe, or `unsigned`, with a block of the pairs that `pairs` makes over it."""
    entries, directory, end = _sections(probe() if unsigned is None else unsigned)
    content = block(pairs(Sections(entries=entries, directory=directory, end=end)))
    end = end[:16] + struct.pack("<L", len(entries) + len(content)) + end[20:]
    return Apk.from_bytes(entries + content + directory + end)


@dataclass(frozen=True, kw_only=True)
class CraftedSigner:
    """One signer of which every part can be wrong.

    The lists of algorithms may differ; `signs_with` and `digest` replace what is right; `sdk` None
    makes it a v2 signer; `unsigned_sdk` are the levels outside of the signed data.
    """

    key: SigningKey
    digests: tuple[int, ...] = (ECDSA,)
    signatures: tuple[int, ...] = (ECDSA,)
    signs_with: SigningKey | None = None
    wrong_signatures: frozenset[int] = frozenset()
    wrong_digests: frozenset[int] = frozenset()
    certificates: tuple[bytes, ...] | None = None
    attributes: tuple[tuple[int, bytes], ...] = ()
    sdk: tuple[int, int] | None = None
    unsigned_sdk: tuple[int, int] | None = None
    public_key: bytes | None = field(default=None, repr=False)

    def encode(self, sections: Sections) -> bytes:
        """The signer as it stands in the list of signers, without its length."""
        certificates = (self.key.certificate,) if self.certificates is None else self.certificates
        levels = b"".join(map(u32, self.sdk)) if self.sdk else b""
        signed_data = (
            prefixed(*(_record(a, self._digest(a, sections)) for a in self.digests))
            + prefixed(*(prefixed(certificate) for certificate in certificates))
            + levels
            + prefixed(*(prefixed(u32(number), value) for number, value in self.attributes))
        )
        unsigned = b"".join(map(u32, self.unsigned_sdk)) if self.unsigned_sdk else levels
        return (
            prefixed(signed_data)
            + unsigned
            + prefixed(*(_record(a, self._signature(a, signed_data)) for a in self.signatures))
            + prefixed(self.key.public_key_der if self.public_key is None else self.public_key)
        )

    def _digest(self, number: int, sections: Sections) -> bytes:
        if number not in set(SignatureAlgorithm):
            return b"unknown digest"
        digest = sections.digest(SignatureAlgorithm(number))
        return bytes(len(digest)) if number in self.wrong_digests else digest

    def _signature(self, number: int, signed_data: bytes) -> bytes:
        if number not in set(SignatureAlgorithm):
            return b"unknown signature"
        data = b"other data" if number in self.wrong_signatures else signed_data
        return (self.signs_with or self.key).sign(data, SignatureAlgorithm(number))


def _record(number: int, value: bytes) -> bytes:
    return prefixed(u32(number), prefixed(value))


def with_signers(*signers: CraftedSigner, block_id: BlockId = BlockId.V2, tail: bytes = b"") -> Apk:
    """The probe with one pair of those signers, `tail` behind them."""
    return signed(lambda sections: [(block_id, signer_list(sections, *signers) + tail)])


def signer_list(sections: Sections, *signers: CraftedSigner) -> bytes:
    return prefixed(*(prefixed(signer.encode(sections)) for signer in signers))

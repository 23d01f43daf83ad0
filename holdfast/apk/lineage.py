"""SigningLineage: the proof that a signer took over from earlier ones (APK key rotation).

A chain of certificates, each signed by the one before it with the algorithm that this one had
announced, and what each past signer may still do. In an APK it is an attribute of a v3 or v3.1
signer; as a file it has a header. Sources: ApkSigningBlockUtils.verifyProofOfRotationStruct,
apksig's SigningCertificateLineage and V3SigningCertificateLineage.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from holdfast.apk.block_algorithms import ALGORITHMS
from holdfast.apk.certificates import Certificate
from holdfast.apk.fields import FieldReader, prefixed, u32
from holdfast.apk.format_error import ApkFormatError
from holdfast.apk.public_keys import PublicKey
from holdfast.apk.signing_details import Capability, PastSigner

__all__ = ["LineageNode", "SigningLineage"]

FILE_MAGIC = 0x3EFF39D1
FILE_VERSION = 1
LINEAGE_VERSION = 1
MAX_NODES = 32


@dataclass(frozen=True, kw_only=True, slots=True)
class LineageNode:
    """One signer: `algorithm_id` is what it signs the next node with (0: not told yet).

    `parent_algorithm_id` is what the node before it signed this one with, over `signed_data`;
    both `parent_algorithm_id` and `signature` are 0 and empty in the first node.
    """

    certificate: bytes
    capabilities: Capability
    algorithm_id: int
    parent_algorithm_id: int = 0
    signature: bytes = field(default=b"", repr=False)

    @property
    def signed_data(self) -> bytes:
        return prefixed(self.certificate) + u32(self.parent_algorithm_id)

    def encode(self) -> bytes:
        return b"".join(
            (
                prefixed(self.signed_data),
                u32(int(self.capabilities)),
                u32(self.algorithm_id),
                prefixed(self.signature),
            )
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class SigningLineage:
    """A verified chain of signers, oldest first; the last one is the current signer."""

    nodes: tuple[LineageNode, ...]

    @property
    def certificates(self) -> tuple[bytes, ...]:
        return tuple(node.certificate for node in self.nodes)

    @property
    def past(self) -> tuple[PastSigner, ...]:
        """All but the current signer, oldest first."""
        return tuple(
            PastSigner(certificate=node.certificate, capabilities=node.capabilities)
            for node in self.nodes[:-1]
        )

    @classmethod
    def from_bytes(cls, data: bytes) -> SigningLineage:
        """A lineage file as apksigner writes it; ApkFormatError where it is none or is not true."""
        reader = FieldReader(data)
        if reader.u32() != FILE_MAGIC:
            raise ApkFormatError("not a signing lineage: another magic number")
        if reader.u32() != FILE_VERSION:
            raise ApkFormatError("a signing lineage of an unknown version")
        content = reader.prefixed()
        if FieldReader(content).u32() != LINEAGE_VERSION:
            raise ApkFormatError("a signing lineage whose content has an unknown version")
        lineage = cls.from_attribute(content)
        if not lineage.nodes:
            raise ApkFormatError("a signing lineage without signers")
        return lineage

    @classmethod
    def from_attribute(cls, data: bytes) -> SigningLineage:
        """A proof-of-rotation attribute's value, each node checked against its parent.

        ApkFormatError where a node is malformed, not signed by its parent with the algorithm that
        the parent announced, or met twice. The version is ignored, as the platform does.
        """
        reader = FieldReader(data)
        reader.u32()
        nodes: list[LineageNode] = []
        for encoded in reader.each_prefixed(most=MAX_NODES):
            nodes.append(_next_node(encoded, nodes))
        return cls(nodes=tuple(nodes))

    def to_bytes(self) -> bytes:
        """The lineage as a file, as apksigner writes and reads it."""
        return u32(FILE_MAGIC) + u32(FILE_VERSION) + prefixed(self.to_attribute())

    def to_attribute(self) -> bytes:
        """The value of a proof-of-rotation attribute, without its id."""
        return u32(LINEAGE_VERSION) + b"".join(prefixed(node.encode()) for node in self.nodes)


def _next_node(encoded: bytes, before: list[LineageNode]) -> LineageNode:
    number = len(before) + 1
    reader = FieldReader(encoded)
    signed_data = reader.prefixed()
    capabilities = Capability(reader.u32())
    algorithm_id = reader.u32()
    signature = reader.prefixed()
    signed = FieldReader(signed_data)
    certificate = signed.prefixed()
    parent_algorithm_id = signed.u32()
    if before:
        _check_signature(before[-1], signed_data, signature, number)
        if before[-1].algorithm_id != parent_algorithm_id:
            raise ApkFormatError(f"lineage: node {number} names another algorithm than its parent")
    Certificate.parse(certificate)
    if any(node.certificate == certificate for node in before):
        raise ApkFormatError(f"lineage: node {number} has been there before")
    return LineageNode(
        certificate=certificate,
        capabilities=capabilities,
        algorithm_id=algorithm_id,
        parent_algorithm_id=parent_algorithm_id,
        signature=signature,
    )


def _check_signature(
    parent: LineageNode, signed_data: bytes, signature: bytes, number: int
) -> None:
    algorithm = ALGORITHMS.get(parent.algorithm_id)
    if algorithm is None:
        raise ApkFormatError(f"lineage: node {number} is signed with an unknown algorithm")
    key = PublicKey.parse(Certificate.parse(parent.certificate).public_key)
    if not algorithm.verifies(key, signature, signed_data):
        raise ApkFormatError(f"lineage: node {number} is not signed by the node before it")

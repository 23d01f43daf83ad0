"""Making and changing a SigningLineage: create, extend, capabilities, rollback, shorten, compare.

Source: apksig's SigningCertificateLineage.
"""

from __future__ import annotations

import dataclasses

from holdfast.apk.fields import prefixed, u32
from holdfast.apk.keys import SigningKey
from holdfast.apk.lineage import LineageNode, SigningLineage
from holdfast.apk.signing_details import Capability
from holdfast.errors import ConfigurationError

__all__ = [
    "create_lineage",
    "extend_lineage",
    "lineage_up_to",
    "lineages_are_compatible",
    "with_capabilities",
]


def create_lineage(
    old: SigningKey,
    new: SigningKey,
    *,
    old_capabilities: Capability = Capability.DEFAULT,
    new_capabilities: Capability = Capability.DEFAULT,
) -> SigningLineage:
    """A lineage of two: `old` proves that `new` follows it."""
    first = LineageNode(certificate=old.certificate, capabilities=old_capabilities, algorithm_id=0)
    start = SigningLineage(nodes=(first,))
    return extend_lineage(start, old, new, capabilities=new_capabilities)


def extend_lineage(
    lineage: SigningLineage,
    old: SigningKey,
    new: SigningKey,
    *,
    capabilities: Capability = Capability.DEFAULT,
) -> SigningLineage:
    """`new` follows `old`, which has to be the newest; `capabilities` are those of `new`."""
    last = lineage.nodes[-1]
    if last.certificate != old.certificate:
        raise ConfigurationError("a lineage is extended by the key of its newest signer")
    if new.certificate in lineage.certificates:
        raise ConfigurationError("the new signer is in the lineage already")
    algorithm = old.algorithms()[0]
    signed_data = prefixed(new.certificate) + u32(algorithm)
    child = LineageNode(
        certificate=new.certificate,
        capabilities=capabilities,
        algorithm_id=0,
        parent_algorithm_id=algorithm,
        signature=old.sign(signed_data, algorithm),
    )
    parent = dataclasses.replace(last, algorithm_id=int(algorithm))
    return SigningLineage(nodes=(*lineage.nodes[:-1], parent, child))


def with_capabilities(
    lineage: SigningLineage, certificate: bytes, capabilities: Capability
) -> SigningLineage:
    """The same lineage with other capabilities of one signer (they are not signed over)."""
    if certificate not in lineage.certificates:
        raise ConfigurationError("the signer is not in the lineage")
    return SigningLineage(
        nodes=tuple(
            dataclasses.replace(node, capabilities=capabilities)
            if node.certificate == certificate
            else node
            for node in lineage.nodes
        )
    )


def lineage_up_to(lineage: SigningLineage, certificate: bytes) -> SigningLineage:
    """The part that ends with this signer; ConfigurationError if it is not in the lineage."""
    if certificate not in lineage.certificates:
        raise ConfigurationError("the signer is not in the lineage")
    return SigningLineage(nodes=lineage.nodes[: lineage.certificates.index(certificate) + 1])


def lineages_are_compatible(old: SigningLineage | None, new: SigningLineage | None) -> bool:
    """apksig's checkLineagesCompatibility: may an APK with `new` follow one with `old`?

    It is the tool's rule for people who sign, not the device's rule for installs.
    """
    before = old.certificates if old else ()
    after = new.certificates if new else ()
    if old is None or not before or after[: len(before)] == before:
        return True
    if before[-1] in after:  # trimmed at its beginning, perhaps extended at its end
        common = after.index(before[-1]) + 1
        return after[:common] == before[-common:]
    is_rollback = bool(after) and before[: len(after)] == after
    return is_rollback and Capability.ROLLBACK in old.nodes[len(after) - 1].capabilities

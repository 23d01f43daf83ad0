"""Small signed APKs for tests; keys are made once a process."""

from __future__ import annotations

from functools import cache
from typing import Any

from holdfast.apk.keys import SigningKey
from holdfast.apk.probe import ProbeSpec, build_probe
from holdfast.apk.signer import SigningOptions, sign
from holdfast.apk.signer_lineage import create_lineage
from holdfast.apk.signing_details import Scheme

__all__ = ["NAME", "apk", "key"]

NAME = "org.example.chat"


@cache
def key(name: str) -> SigningKey:
    return SigningKey.generate(common_name=name)


def apk(*, signer: str = "A", rotated_to: str = "", version_code: int = 1, **spec: Any) -> bytes:
    """Signed by the key of that name, and by the one that it has rotated to, from API 28 on;
    further words are ProbeSpec's."""
    values: dict[str, Any] = {
        "package_name": NAME,
        "label": "Chat",
        "labels": {"zh-CN": "聊天"},
        "permissions": ("android.permission.INTERNET", "android.permission.CAMERA"),
    }
    probe = build_probe(ProbeSpec(version_code=version_code, **(values | spec)))
    # A split says nothing of its lowest API level, and an EC key in a JAR wants 18.
    schemes = {Scheme.V2, Scheme.V3} if "split_name" in spec else None
    if not rotated_to:
        return sign(probe, signers=[key(signer)], schemes=schemes)
    keys = [key(signer), key(rotated_to)]
    lineage = create_lineage(*keys)
    options = SigningOptions(rotation_min_sdk=28)
    return sign(probe, signers=keys, lineage=lineage, options=options)

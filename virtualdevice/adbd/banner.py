"""The banner of CNXN: what each end is and can do. No I/O."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

__all__ = ["DELAYED_ACK", "Banner", "device_banner", "parse_banner"]

DELAYED_ACK = "delayed_ack"
PRODUCT_PROPERTIES = ("ro.product.name", "ro.product.model", "ro.product.device")
SEPARATORS = str.maketrans({":": "_", ";": "_", "=": "_", ",": "_"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Banner:
    kind: str
    features: frozenset[str]


def parse_banner(payload: bytes) -> Banner:
    """What a host sends: `host::features=a,b,c`, by some with a NUL at the end."""
    text = payload.decode("utf-8", errors="replace").rstrip("\0")
    kind, _, rest = text.partition(":")
    properties = rest.rpartition(":")[2].split(";")
    features = (p.partition("=")[2] for p in properties if p.startswith("features="))
    return Banner(kind=kind, features=frozenset(f for list_ in features for f in list_.split(",")))


def device_banner(kind: str, properties: Mapping[str, str], features: Iterable[str]) -> bytes:
    """`kind` is the state that `adb devices` shows. Android before 7 sends no features."""
    values = (
        f"{name}={properties.get(name, '').translate(SEPARATORS)}" for name in PRODUCT_PROPERTIES
    )
    text = f"{kind}::" + "".join(f"{value};" for value in values)
    listed = ",".join(features)
    if listed:
        text += f"features={listed}"
    return text.encode()

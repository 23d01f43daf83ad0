"""Which build a device runs, from its properties."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NewType

__all__ = ["Build", "BuildFingerprint", "config_locale", "parse_getprop", "read_build"]

BuildFingerprint = NewType("BuildFingerprint", str)

# A value may hold line ends (`[key]: [first\nsecond]`), so entries are found, not lines.
_ENTRY = re.compile(r"^\[([^\]\n]+)\]: \[(.*?)\]\s*$", re.MULTILINE | re.DOTALL)
# Configuration.resourceQualifierString(): the first of the user's languages, in either notation.
_CONFIG = re.compile(
    r"^config: (?:mcc\d+-)?(?:mnc\d+-)?"
    r"(?:b\+(?P<bcp>[A-Za-z0-9+]+)|(?P<language>[a-z]{2,3})(?:-r(?P<region>[A-Z]{2}|\d{3}))?)"
    r"(?=[-,\s]|$)",
    re.MULTILINE,
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Build:
    """A firmware build. `locale` is a BCP 47 tag; `serialno` is the hardware's, empty if unknown.

    `display_id` is what the vendor calls the build ("Smartisan OS 4.2.5.1" stands there).
    """

    fingerprint: BuildFingerprint
    api: int
    release: str
    model: str
    manufacturer: str
    build_type: str
    display_id: str
    incremental: str
    security_patch: str
    locale: str
    serialno: str
    debuggable: bool
    properties: Mapping[str, str] = field(repr=False, default_factory=dict)

    def __str__(self) -> str:
        return f"{self.manufacturer} {self.model} {self.display_id} (API {self.api})"


def parse_getprop(text: str) -> dict[str, str]:
    """The properties that `getprop` lists. Lines that are none are skipped."""
    return {match[1]: match[2] for match in _ENTRY.finditer(text.replace("\r\n", "\n"))}


def config_locale(text: str) -> str:
    """The BCP 47 tag that `am get-config` tells of; empty if it tells none."""
    found = _CONFIG.search(text.replace("\r\n", "\n"))
    if found is None:
        return ""
    if found["bcp"]:
        return found["bcp"].replace("+", "-")
    return f"{found['language']}-{found['region']}" if found["region"] else found["language"]


def read_build(properties: Mapping[str, str], *, locale: str = "") -> Build:
    """The build that these properties tell of; `api` is 0 where they do not say it. `locale`: the
    one in force, where it is known."""
    sdk = properties.get("ro.build.version.sdk", "")
    return Build(
        fingerprint=BuildFingerprint(properties.get("ro.build.fingerprint", "")),
        api=int(sdk) if sdk.isascii() and sdk.isdigit() else 0,
        release=properties.get("ro.build.version.release", ""),
        model=properties.get("ro.product.model", "") or properties.get("ro.product.name", ""),
        manufacturer=properties.get("ro.product.manufacturer", ""),
        build_type=properties.get("ro.build.type", "user"),
        display_id=properties.get("ro.build.display.id", ""),
        incremental=properties.get("ro.build.version.incremental", ""),
        security_patch=properties.get("ro.build.version.security_patch", ""),
        locale=locale or _locale(properties),
        serialno=properties.get("ro.serialno", ""),
        debuggable=properties.get("ro.debuggable") == "1",
        properties=dict(properties),
    )


def _locale(properties: Mapping[str, str]) -> str:
    """What the user chose, else what the product came with. The names changed with API 23."""
    for name in ("persist.sys.locale", "ro.product.locale"):
        if properties.get(name):
            return properties[name]
    for stem in ("persist.sys", "ro.product.locale"):
        language = properties.get(f"{stem}.language", "")
        region = properties.get(f"{stem}.country", "") or properties.get(f"{stem}.region", "")
        if language:
            return f"{language}-{region}" if region else language
    return "en-US"

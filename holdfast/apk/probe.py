"""Probe APKs, built without an SDK: any package, version, flags and labels, for any Android.

What a real installer wants, from 5.1 to 16: resources.arsc stored and 4-byte aligned (targetSdk
30 on), `exported` on every component with an intent filter (31 on), a valid classes.dex, sorted
attributes. The result is not signed.
"""

from __future__ import annotations

import re
import struct
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from holdfast.apk.binary_xml import ANDROID, Attribute, Element, ValueType, serialize
from holdfast.apk.manifest import AttributeId, UpgradeKeySet
from holdfast.apk.probe_dex import ACTIVITY_CLASS, PROVIDER_CLASS, probe_dex
from holdfast.apk.resources import encode_string_table
from holdfast.errors import ConfigurationError

__all__ = ["ArchiveMember", "ProbeSpec", "build_archive", "build_probe"]

_PACKAGE_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*(\.[A-Za-z][A-Za-z0-9_]*)+")
_LABEL_RESOURCE = 0x7F010000
_MODIFIED = (0, 29 << 9 | 1 << 5 | 1)
"""Time and date of every entry in MS-DOS form: 2009-01-01, so that builds are reproducible."""

_LOCAL = struct.Struct("<IHHHHHIIIHH")
_CENTRAL = struct.Struct("<IHHHHHHIIIHHHHHII")


@dataclass(frozen=True, kw_only=True, slots=True)
class ProbeSpec:
    """What the probe's manifest says. `labels` maps locales (`zh-CN`) to labels.

    `provider_authority` may hold several, separated by `;`. `native_abis` get a file lib/ABI/.
    `payload_bytes` adds an incompressible asset of that size.
    """

    package_name: str
    version_code: int = 1
    version_name: str = "1.0"
    min_sdk: int = 21
    target_sdk: int = 34
    debuggable: bool = True
    test_only: bool = False
    persistent: bool = False
    updatable: bool = True
    permissions: tuple[str, ...] = ()
    declared_permissions: tuple[str, ...] = ()
    permission_groups: tuple[str, ...] = ()
    provider_authority: str | None = None
    shared_user_id: str | None = None
    shared_user_max_sdk: int | None = None
    split_name: str | None = None
    allow_backup: bool | None = None
    has_fragile_user_data: bool | None = None
    has_code: bool = True
    label: str = "Probe"
    labels: Mapping[str, str] = field(default_factory=dict)
    upgrade_key_sets: tuple[UpgradeKeySet, ...] = ()
    native_abis: tuple[str, ...] = ()
    payload_bytes: int = 0
    revision_code: int = 0
    restrict_update_hash: str | None = None

    def __post_init__(self) -> None:
        if not _PACKAGE_NAME.fullmatch(self.package_name):
            raise ConfigurationError(
                f"package name {self.package_name[:80]!r}: Android wants at least two parts of "
                "letters, digits and _, separated by dots"
            )
        if not 0 <= self.version_code < 1 << 63:
            raise ConfigurationError(f"version code {self.version_code}: not within 0..2^63-1")


@dataclass(frozen=True, kw_only=True, slots=True)
class ArchiveMember:
    """A stored member's data is aligned to `align_bytes`; a compressed one's is not."""

    name: str
    data: bytes
    compress: bool = True
    align_bytes: int = 4


def build_probe(spec: ProbeSpec) -> bytes:
    """An unsigned APK."""
    is_base = spec.split_name is None
    members = [ArchiveMember(name="AndroidManifest.xml", data=serialize(_manifest(spec)))]
    if is_base and spec.has_code:
        dex = probe_dex(with_provider=spec.provider_authority is not None)
        members.append(ArchiveMember(name="classes.dex", data=dex))
    if is_base:
        texts = {"": spec.label, **spec.labels}
        try:
            table = encode_string_table(spec.package_name, "label", texts)
        except ValueError as error:
            raise ConfigurationError(str(error)) from error
        members.append(ArchiveMember(name="resources.arsc", data=table, compress=False))
    members.extend(
        ArchiveMember(name=f"lib/{abi}/libprobe.so", data=b"\x7fELF", compress=False)
        for abi in spec.native_abis
    )
    if spec.payload_bytes:
        payload = _noise(spec.payload_bytes)
        members.append(ArchiveMember(name="assets/payload", data=payload, compress=False))
    return build_archive(members)


def _noise(size: int) -> bytes:
    """Bytes that look random and are the same in every build."""
    block = b"".join(zlib.crc32(i.to_bytes(4, "little")).to_bytes(4, "little") for i in range(4096))
    return (block * (size // len(block) + 1))[:size]


def _text(name: str, resource_id: int, value: str) -> Attribute:
    return Attribute(name=name, namespace=ANDROID, resource_id=resource_id, text=value)


def _number(name: str, resource_id: int, value: int) -> Attribute:
    return Attribute(
        name=name,
        namespace=ANDROID,
        resource_id=resource_id,
        type=ValueType.INT_DECIMAL,
        data=value & 0xFFFFFFFF,
    )


def _flag(name: str, resource_id: int, *, value: bool) -> Attribute:
    return Attribute(
        name=name,
        namespace=ANDROID,
        resource_id=resource_id,
        type=ValueType.BOOLEAN,
        data=0xFFFFFFFF if value else 0,
    )


def _named(element: str, name: str) -> Element:
    return Element(name=element, attributes=(_text("name", AttributeId.NAME, name),))


def _manifest(spec: ProbeSpec) -> Element:
    attributes = [
        Attribute(name="package", text=spec.package_name),
        _number("versionCode", AttributeId.VERSION_CODE, spec.version_code & 0xFFFFFFFF),
        _text("versionName", AttributeId.VERSION_NAME, spec.version_name),
    ]
    if not spec.updatable:
        no = Attribute(name="updatableSystem", type=ValueType.BOOLEAN, data=0)
        attributes.append(no)
    if spec.version_code >> 32:
        major = spec.version_code >> 32
        attributes.append(_number("versionCodeMajor", AttributeId.VERSION_CODE_MAJOR, major))
    if spec.revision_code:
        attributes.append(_number("revisionCode", AttributeId.REVISION_CODE, spec.revision_code))
    if spec.split_name is not None:
        attributes.append(Attribute(name="split", text=spec.split_name))
        application = Element(
            name="application",
            attributes=(_flag("hasCode", AttributeId.HAS_CODE, value=False),),
        )
        return Element(name="manifest", attributes=tuple(attributes), children=(application,))
    if spec.shared_user_id is not None:
        attributes.append(_text("sharedUserId", AttributeId.SHARED_USER_ID, spec.shared_user_id))
    if spec.shared_user_max_sdk is not None:
        name, number = "sharedUserMaxSdkVersion", AttributeId.SHARED_USER_MAX_SDK_VERSION
        attributes.append(_number(name, number, spec.shared_user_max_sdk))
    children = (
        Element(
            name="uses-sdk",
            attributes=(
                _number("minSdkVersion", AttributeId.MIN_SDK_VERSION, spec.min_sdk),
                _number("targetSdkVersion", AttributeId.TARGET_SDK_VERSION, spec.target_sdk),
            ),
        ),
        *(_named("uses-permission", name) for name in spec.permissions),
        *(_named("permission-group", name) for name in spec.permission_groups),
        *(_permission(name) for name in spec.declared_permissions),
        *_key_sets(spec.upgrade_key_sets),
        *_restrict_update(spec.restrict_update_hash),
        _application(spec),
    )
    return Element(name="manifest", attributes=tuple(attributes), children=children)


def _permission(name: str) -> Element:
    """A declaration at protection level signature (2)."""
    level = _number("protectionLevel", AttributeId.PROTECTION_LEVEL, 2)
    return Element(name="permission", attributes=(_text("name", AttributeId.NAME, name), level))


def _key_sets(key_sets: Sequence[UpgradeKeySet]) -> tuple[Element, ...]:
    if not key_sets:
        return ()
    children = []
    for key_set in key_sets:
        keys = tuple(
            Element(
                name="public-key",
                attributes=(
                    _text("name", AttributeId.NAME, f"{key_set.name}-{number}"),
                    _text("value", AttributeId.VALUE, key),
                ),
            )
            for number, key in enumerate(key_set.public_keys)
        )
        name = _text("name", AttributeId.NAME, key_set.name)
        children.append(Element(name="key-set", attributes=(name,), children=keys))
    children.extend(_named("upgrade-key-set", key_set.name) for key_set in key_sets)
    return (Element(name="key-sets", children=tuple(children)),)


def _restrict_update(sha512: str | None) -> tuple[Element, ...]:
    if sha512 is None:
        return ()
    hashed = Attribute(name="hash", namespace=ANDROID, text=sha512)
    return (Element(name="restrict-update", attributes=(hashed,)),)


def _application(spec: ProbeSpec) -> Element:
    label = Attribute(
        name="label",
        namespace=ANDROID,
        resource_id=AttributeId.LABEL,
        type=ValueType.REFERENCE,
        data=_LABEL_RESOURCE,
    )
    flags = {
        ("hasCode", AttributeId.HAS_CODE): spec.has_code,
        ("debuggable", AttributeId.DEBUGGABLE): spec.debuggable or None,
        ("testOnly", AttributeId.TEST_ONLY): spec.test_only or None,
        ("persistent", AttributeId.PERSISTENT): spec.persistent or None,
        ("allowBackup", AttributeId.ALLOW_BACKUP): spec.allow_backup,
        ("hasFragileUserData", AttributeId.HAS_FRAGILE_USER_DATA): spec.has_fragile_user_data,
    }
    attributes = [
        _flag(name, number, value=value)
        for (name, number), value in flags.items()
        if value is not None
    ]
    children = [_activity()] if spec.has_code else []
    if spec.provider_authority is not None:
        children.append(_provider(spec.provider_authority))
    return Element(name="application", attributes=(label, *attributes), children=tuple(children))


def _activity() -> Element:
    intent_filter = Element(
        name="intent-filter",
        children=(
            _named("action", "android.intent.action.MAIN"),
            _named("category", "android.intent.category.LAUNCHER"),
        ),
    )
    return Element(
        name="activity",
        attributes=(
            _text("name", AttributeId.NAME, ACTIVITY_CLASS),
            _flag("exported", AttributeId.EXPORTED, value=True),
        ),
        children=(intent_filter,),
    )


def _provider(authorities: str) -> Element:
    return Element(
        name="provider",
        attributes=(
            _text("name", AttributeId.NAME, PROVIDER_CLASS),
            _flag("exported", AttributeId.EXPORTED, value=False),
            _text("authorities", AttributeId.AUTHORITIES, authorities),
        ),
    )


def build_archive(members: Sequence[ArchiveMember]) -> bytes:
    """A ZIP file as `zipalign` leaves it: padding in the extra field, sizes in local headers."""
    out, central = bytearray(), bytearray()
    for member in members:
        name, crc = member.name.encode(), zlib.crc32(member.data)
        data = _deflated(member.data) if member.compress else member.data
        method, version = (8, 20) if member.compress else (0, 10)
        extra = b""
        if not member.compress:
            start = len(out) + _LOCAL.size + len(name)
            extra = bytes(-start % member.align_bytes)
        at = len(out)
        fields = (0x800, method, *_MODIFIED, crc, len(data), len(member.data), len(name))
        out += _LOCAL.pack(0x04034B50, version, *fields, len(extra)) + name + extra + data
        central += _CENTRAL.pack(0x02014B50, version, version, *fields, 0, 0, 0, 0, 0, at) + name
    end = struct.pack(
        "<IHHHHIIH", 0x06054B50, 0, 0, len(members), len(members), len(central), len(out), 0
    )
    return bytes(out + central) + end


def _deflated(data: bytes) -> bytes:
    compressor = zlib.compressobj(9, zlib.DEFLATED, -15)
    return compressor.compress(data) + compressor.flush()

"""What the package manager reads from an APK's AndroidManifest.xml.

Attributes are found by resource id and elements by name, as PackageParser does; the first
`application` counts. Values may be references into resources.arsc.
"""

from __future__ import annotations

import functools

from holdfast.apk.archive import Apk, ApkFormatError
from holdfast.apk.binary_xml import Attribute, Element, ValueType, parse
from holdfast.apk.manifest_values import (
    AttributeId,
    Component,
    DeclaredPermission,
    Manifest,
    UpgradeKeySet,
)
from holdfast.apk.resources import ResourceTable

__all__ = [
    "UNRELEASED",
    "AttributeId",
    "Component",
    "DeclaredPermission",
    "Manifest",
    "UpgradeKeySet",
    "read_manifest",
]

UNRELEASED = 10_000
"""What a codename (`android:minSdkVersion="Baklava"`) counts as: above every released level."""

_LIMIT_BYTES = 4 << 20
_TABLE_LIMIT_BYTES = 32 << 20
_MOST_TEXT = 4_096


class _Values:
    """Attribute values, with references followed into resources.arsc, which is read if needed."""

    def __init__(self, apk: Apk) -> None:
        self._apk = apk
        self._table: ResourceTable | None = None
        self._looked = False

    @property
    def table(self) -> ResourceTable | None:
        """None if the archive has no resources.arsc."""
        if not self._looked:
            self._looked = True
            if "resources.arsc" in self._apk.names:
                raw = self._apk.read("resources.arsc", limit_bytes=_TABLE_LIMIT_BYTES)
                self._table = ResourceTable(raw)
        return self._table

    def text(self, element: Element, resource_id: int) -> str | None:
        attribute = element.by_id(resource_id)
        return None if attribute is None else self.text_of(attribute)

    def text_of(self, attribute: Attribute) -> str | None:
        if attribute.text is not None:
            return attribute.text[:_MOST_TEXT]
        if attribute.type == ValueType.REFERENCE:
            target = self.table.resolve(attribute.data) if self.table else None
            text = self.table.text(target) if self.table and target else None
            return None if text is None else text[:_MOST_TEXT]
        if attribute.type in ValueType.INTEGERS:
            return str(_signed(attribute.data))
        return None

    def number(self, element: Element, resource_id: int, default: int) -> int:
        """An integer; a string is a codename, which counts as UNRELEASED, unless it has digits."""
        attribute = element.by_id(resource_id)
        if attribute is None:
            return default
        kind, data, text = attribute.type, attribute.data, attribute.text
        if kind == ValueType.REFERENCE and self.table:
            target = self.table.resolve(data)
            if target is None:
                return default
            kind, data, text = target.type, target.data, self.table.text(target)
        if kind in ValueType.INTEGERS:
            return _signed(data)
        if text is None:
            return default
        is_number = text.isascii() and text.isdigit() and len(text) < 10
        return int(text) if is_number else UNRELEASED

    def flag(self, element: Element, resource_id: int, *, default: bool) -> bool:
        attribute = element.by_id(resource_id)
        if attribute is not None and attribute.text is not None:
            return attribute.text == "true"
        return bool(self.number(element, resource_id, int(default)))

    def texts(self, element: Element, resource_id: int) -> dict[str, str]:
        """Locale to text; a plain string is the default's."""
        attribute = element.by_id(resource_id)
        if attribute is None:
            return {}
        if attribute.type == ValueType.REFERENCE:
            found = self.table.texts(attribute.data) if self.table else {}
            return {locale: text[:_MOST_TEXT] for locale, text in found.items()}
        return {"": self.text_of(attribute) or ""}


def _signed(data: int) -> int:
    return data - (1 << 32) if data >= 1 << 31 else data


def read_manifest(apk: Apk) -> Manifest:
    """Raises ApkFormatError where the platform could not parse the manifest either."""
    root = parse(apk.read("AndroidManifest.xml", limit_bytes=_LIMIT_BYTES))
    values = _Values(apk)
    package_name = _package_name(root, values)
    application = next(root.named("application"), Element(name="application"))
    min_sdk, target_sdk = _sdk_levels(root, values)
    label, labels = _labels(application, values)
    declared = _declared(root, values)
    app_flag = functools.partial(values.flag, application)
    return Manifest(
        package_name=package_name,
        version_code=_version_code(root, values),
        version_name=values.text(root, AttributeId.VERSION_NAME) or "",
        min_sdk=min_sdk,
        target_sdk=target_sdk,
        debuggable=app_flag(AttributeId.DEBUGGABLE, default=False),
        test_only=app_flag(AttributeId.TEST_ONLY, default=False),
        persistent=app_flag(AttributeId.PERSISTENT, default=False),
        shared_user_id=values.text(root, AttributeId.SHARED_USER_ID) or None,
        shared_user_max_sdk=values.number(root, AttributeId.SHARED_USER_MAX_SDK_VERSION, 0),
        split_name=_unnamed_text(root, "split", values),
        permissions=_names(root, "uses-permission", values),
        declared_permissions=tuple(permission.name for permission in declared),
        permission_declarations=declared,
        permission_groups=_names(root, "permission-group", values),
        provider_authorities=_authorities(application, values),
        has_code=app_flag(AttributeId.HAS_CODE, default=True),
        allow_backup=app_flag(AttributeId.ALLOW_BACKUP, default=True),
        has_fragile_user_data=app_flag(AttributeId.HAS_FRAGILE_USER_DATA, default=False),
        label=label,
        labels=labels,
        launcher_activity=_launcher(application, values, package_name),
        upgrade_key_sets=_upgrade_key_sets(root, values),
        required_libraries=_required_libraries(application, values),
        target_sandbox_version=values.number(root, AttributeId.TARGET_SANDBOX_VERSION, 1),
        native_abis=_native_abis(apk),
        is_split_required=values.flag(root, AttributeId.IS_SPLIT_REQUIRED, default=False),
        resources_aligned=_resources_aligned(apk),
        exported_left_open=_exported_left_open(application, values),
        code_missing=app_flag(AttributeId.HAS_CODE, default=True) and not apk.entry("classes.dex"),
        revision_code=values.number(root, AttributeId.REVISION_CODE, 0),
        restrict_update_hash=_restrict_update_hash(root, values),
        updatable=_unnamed_flag(root, "updatableSystem", default=True),
        uses_sdk_line=max((child.line for child in root.named("uses-sdk")), default=0),
    )


def _unnamed_text(root: Element, name: str, values: _Values) -> str | None:
    """Of an attribute without a namespace; None where it is absent or empty."""
    attribute = root.by_name(name)
    return (values.text_of(attribute) or None) if attribute else None


def _unnamed_flag(root: Element, name: str, *, default: bool) -> bool:
    """Of an attribute without a namespace; a text is no flag (getAttributeBooleanValue)."""
    attribute = root.by_name(name)
    if attribute is None or attribute.type not in ValueType.INTEGERS:
        return default
    return attribute.data != 0


def _package_name(root: Element, values: _Values) -> str:
    if root.name != "manifest":
        raise ApkFormatError(f"AndroidManifest.xml: root is <{root.name[:80]}>, not <manifest>")
    name = _unnamed_text(root, "package", values)
    if name is None:
        raise ApkFormatError("AndroidManifest.xml: no package name")
    return name


def _version_code(root: Element, values: _Values) -> int:
    """The long one; both halves are Java ints, the whole is a Java long."""
    major = values.number(root, AttributeId.VERSION_CODE_MAJOR, 0) & 0xFFFFFFFF
    minor = values.number(root, AttributeId.VERSION_CODE, 0) & 0xFFFFFFFF
    if not major:
        return _signed(minor)
    whole = major << 32 | minor
    return whole - (1 << 64) if whole >= 1 << 63 else whole


def _sdk_levels(root: Element, values: _Values) -> tuple[int, int]:
    minimum, target = 1, 0
    for uses_sdk in root.named("uses-sdk"):
        minimum = values.number(uses_sdk, AttributeId.MIN_SDK_VERSION, 1)
        target = values.number(uses_sdk, AttributeId.TARGET_SDK_VERSION, minimum)
    return minimum, target


def _labels(application: Element, values: _Values) -> tuple[str, dict[str, str]]:
    texts = values.texts(application, AttributeId.LABEL)
    default = texts.pop("", None)
    return (next(iter(texts.values()), "") if default is None else default), texts


def _names(root: Element, element: str, values: _Values) -> tuple[str, ...]:
    found = (values.text(child, AttributeId.NAME) for child in root.named(element))
    return tuple(dict.fromkeys(name for name in found if name))


def _declared(root: Element, values: _Values) -> tuple[DeclaredPermission, ...]:
    return tuple(
        DeclaredPermission(
            name=name,
            group=values.text(child, AttributeId.PERMISSION_GROUP) or "",
            protection_level=values.number(child, AttributeId.PROTECTION_LEVEL, 0),
        )
        for child in root.named("permission")
        if (name := values.text(child, AttributeId.NAME))
    )


def _authorities(application: Element, values: _Values) -> tuple[str, ...]:
    """Of all providers, each list split at `;`."""
    lists = (
        values.text(provider, AttributeId.AUTHORITIES) or ""
        for provider in application.named("provider")
    )
    return tuple(dict.fromkeys(name for text in lists for name in text.split(";") if name))


def _launcher(application: Element, values: _Values, package_name: str) -> str | None:
    """The full class name of the first activity with a MAIN and LAUNCHER intent filter."""
    for child in application.children:
        if child.name in {"activity", "activity-alias"} and _is_launcher(child, values):
            name = values.text(child, AttributeId.NAME) or ""
            if name.startswith("."):
                return package_name + name
            return name if "." in name else f"{package_name}.{name}"
    return None


def _is_launcher(activity: Element, values: _Values) -> bool:
    if not values.flag(activity, AttributeId.ENABLED, default=True):
        return False
    for intent_filter in activity.named("intent-filter"):
        names = {values.text(child, AttributeId.NAME) for child in intent_filter.children}
        if {"android.intent.action.MAIN", "android.intent.category.LAUNCHER"} <= names:
            return True
    return False


def _restrict_update_hash(root: Element, values: _Values) -> str | None:
    """Of the first `<restrict-update>`; `hash` is no public attribute, so it goes by its name."""
    for element in root.named("restrict-update"):
        for attribute in element.attributes:
            if attribute.name == "hash":
                return values.text_of(attribute)
    return None


def _upgrade_key_sets(root: Element, values: _Values) -> tuple[UpgradeKeySet, ...]:
    """The key sets that `<upgrade-key-set>` names. A public key may be given once, then named."""
    keys: dict[str, str] = {}
    sets: dict[str, tuple[str, ...]] = {}
    wanted: dict[str, None] = {}
    for holder in root.named("key-sets"):
        for key_set in holder.named("key-set"):
            names = []
            for public_key in key_set.named("public-key"):
                name = values.text(public_key, AttributeId.NAME) or ""
                keys.setdefault(name, values.text(public_key, AttributeId.VALUE) or "")
                names.append(name)
            sets[values.text(key_set, AttributeId.NAME) or ""] = tuple(names)
        for chosen in holder.named("upgrade-key-set"):
            wanted.setdefault(values.text(chosen, AttributeId.NAME) or "")
    return tuple(
        UpgradeKeySet(name=name, public_keys=tuple(keys[key] for key in sets[name]))
        for name in wanted
        if name in sets
    )


def _required_libraries(application: Element, values: _Values) -> tuple[str, ...]:
    return tuple(
        name
        for child in application.named("uses-library")
        if (name := values.text(child, AttributeId.NAME))
        and values.flag(child, AttributeId.REQUIRED, default=True)
    )


def _resources_aligned(apk: Apk) -> bool:
    entry = apk.entry("resources.arsc")
    if entry is None:
        return True
    try:
        return entry.method == 0 and apk.data_offset(entry) % 4 == 0
    except ApkFormatError:
        return False


def _exported_left_open(application: Element, values: _Values) -> tuple[Component, ...]:
    return tuple(
        Component(name=values.text(child, AttributeId.NAME) or "", line=child.line)
        for child in application.children
        if child.name in {"activity", "activity-alias", "service", "receiver"}
        and child.by_id(AttributeId.EXPORTED) is None
        and any(child.named("intent-filter"))
    )


def _native_abis(apk: Apk) -> tuple[str, ...]:
    parts = (name.split("/") for name in apk.names if name.startswith("lib/"))
    return tuple(sorted({p[1] for p in parts if len(p) == 3 and p[2].endswith(".so") and p[1]}))

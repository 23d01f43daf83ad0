from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from holdfast.apk.archive import Apk
from holdfast.apk.binary_xml import ANDROID, Attribute, Element, ValueType, serialize
from holdfast.apk.format_error import ApkFormatError
from holdfast.apk.manifest import (
    UNRELEASED,
    AttributeId,
    Component,
    Manifest,
    read_manifest,
)
from holdfast.apk.probe import ArchiveMember, ProbeSpec, build_archive, build_probe
from selftests.corpus import needs_corpus
from selftests.holdfast.apk.corpus_cases import CorpusCase, corpus_cases
from selftests.holdfast.apk.outside_tools import needs_aapt2, run_tool

PROBE = build_probe(ProbeSpec(package_name="com.example.a", labels={"de": "Sonde"}))


def read(root: Element) -> Manifest:
    member = ArchiveMember(name="AndroidManifest.xml", data=serialize(root))
    return read_manifest(Apk.from_bytes(build_archive([member])))


def manifest_with(*children: Element, attributes: tuple[Attribute, ...] = ()) -> Element:
    package = Attribute(name="package", text="com.example.a")
    return Element(name="manifest", attributes=(package, *attributes), children=children)


def number(name: str, resource_id: int, value: int) -> Attribute:
    return Attribute(
        name=name,
        namespace=ANDROID,
        resource_id=resource_id,
        type=ValueType.INT_DECIMAL,
        data=value,
    )


def test_the_least_manifest_has_the_platforms_defaults() -> None:
    assert read(manifest_with()) == Manifest(package_name="com.example.a", code_missing=True)


def test_a_missing_target_sdk_is_the_min_sdk() -> None:
    least = number("minSdkVersion", AttributeId.MIN_SDK_VERSION, 23)
    found = read(manifest_with(Element(name="uses-sdk", attributes=(least,))))
    assert (found.min_sdk, found.target_sdk) == (23, 23)


def test_a_codename_is_above_every_released_level() -> None:
    codename = Attribute(
        name="minSdkVersion",
        namespace=ANDROID,
        resource_id=AttributeId.MIN_SDK_VERSION,
        text="Baklava",
    )
    found = read(manifest_with(Element(name="uses-sdk", attributes=(codename,))))
    assert found.min_sdk == UNRELEASED


def test_the_version_code_is_the_long_one() -> None:
    major = number("versionCodeMajor", AttributeId.VERSION_CODE_MAJOR, 2)
    minor = number("versionCode", AttributeId.VERSION_CODE, 7)
    assert read(manifest_with(attributes=(minor, major))).version_code == 2 << 32 | 7


def test_an_attribute_counts_by_its_id_and_not_by_its_name() -> None:
    impostor = Attribute(name="versionCode", namespace=ANDROID, type=ValueType.INT_DECIMAL, data=9)
    assert read(manifest_with(attributes=(impostor,))).version_code == 0


def test_activities_are_found_by_their_short_names() -> None:
    def named(element: str, name: str, *children: Element) -> Element:
        attribute = Attribute(
            name="name", namespace=ANDROID, resource_id=AttributeId.NAME, text=name
        )
        return Element(name=element, attributes=(attribute,), children=children)

    intent_filter = Element(
        name="intent-filter",
        children=(
            named("action", "android.intent.action.MAIN"),
            named("category", "android.intent.category.LAUNCHER"),
        ),
    )
    for given_name in (".Main", "Main", "com.example.a.Main"):
        activity = named("activity", given_name, intent_filter)
        found = read(manifest_with(Element(name="application", children=(activity,))))
        assert found.launcher_activity == "com.example.a.Main"


def test_compressed_resources_are_noticed() -> None:
    apk = Apk.from_bytes(PROBE)
    assert read_manifest(apk).resources_aligned
    for compress, align, aligned in ((True, 4, False), (False, 4, True), (False, 1, False)):
        members = [
            ArchiveMember(
                name=name,
                data=apk.read(name, limit_bytes=1 << 20),
                compress=compress,
                align_bytes=align,
            )
            for name in ("AndroidManifest.xml", "resources.arsc")
        ]
        odd = ArchiveMember(name="x", data=b"odd", compress=False, align_bytes=align)
        found = read_manifest(Apk.from_bytes(build_archive([odd, *members])))
        assert found.resources_aligned is aligned


def test_a_component_that_leaves_exported_open_is_noticed() -> None:
    name = Attribute(name="name", namespace=ANDROID, resource_id=AttributeId.NAME, text=".Svc")
    open_service = Element(
        name="service", attributes=(name,), children=(Element(name="intent-filter"),), line=5
    )
    plain_service = Element(name="service", attributes=(name,))
    application = Element(name="application", children=(plain_service, open_service))
    assert read(manifest_with(application)).exported_left_open == (Component(name=".Svc", line=5),)
    assert read_manifest(Apk.from_bytes(PROBE)).exported_left_open == ()


def test_code_is_missed_where_it_was_promised() -> None:
    for has_code in (True, False):
        spec = ProbeSpec(package_name="com.example.a", has_code=has_code)
        assert not read_manifest(Apk.from_bytes(build_probe(spec))).code_missing


@pytest.mark.parametrize(
    "root",
    [Element(name="manifest"), Element(name="application")],
    ids=["no package", "another root"],
)
def test_what_the_platform_cannot_parse_is_a_format_error(root: Element) -> None:
    with pytest.raises(ApkFormatError, match=r"AndroidManifest\.xml"):
        read(root)


@given(st.data())
@settings(max_examples=200)
def test_a_changed_manifest_or_table_gives_a_manifest_or_a_format_error(
    data: st.DataObject,
) -> None:
    apk = Apk.from_bytes(PROBE)
    members = []
    for name in apk.names:
        raw = bytearray(apk.read(name, limit_bytes=1 << 20))
        if name != "classes.dex":
            for _ in range(data.draw(st.integers(0, 3))):
                raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
        members.append(ArchiveMember(name=name, data=bytes(raw)))
    try:
        read_manifest(Apk.from_bytes(build_archive(members)))
    except ApkFormatError:
        return


def badging(path: Path) -> tuple[str, ...]:
    text = run_tool("aapt2", "dump", "badging", path)

    def found(pattern: str, default: str = "") -> str:
        match = re.search(pattern, text, re.MULTILINE)
        return match[1] if match else default

    return (
        found(r"^package: name='([^']*)'"),
        found(r"versionCode='([^']*)'") or "0",
        found(r"versionName='([^']*)'"),
        found(r"^sdkVersion:'(.*)'", "1"),
        found(r"^targetSdkVersion:'(.*)'", "0"),
        found(r"^application: label='([^']*)'"),
        str("application-debuggable" in text),
        found(r"^launchable-activity: name='([^']*)'"),
    )


def chosen_cases() -> list[CorpusCase]:
    """One of each twelve, for the tool takes its time; it opens no archive with NUL in a name."""
    accepted = [case for case in corpus_cases() if case.device[30].accepted]
    return [case for case in accepted[::12] if "nul-in" not in case.file]


@needs_corpus
@needs_aapt2
@pytest.mark.parametrize("case", chosen_cases(), ids=lambda case: case.file)
def test_manifests_read_as_aapt2_reads_them(case: CorpusCase) -> None:
    with Apk.from_path(case.path) as apk:
        found = read_manifest(apk)
    assert badging(case.path) == (
        found.package_name,
        str(found.version_code & 0xFFFFFFFF),
        found.version_name,
        str(found.min_sdk),
        str(found.target_sdk),
        found.label,
        str(found.debuggable),
        found.launcher_activity or "",
    )

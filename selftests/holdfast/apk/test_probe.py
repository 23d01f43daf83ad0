from __future__ import annotations

import hashlib
import struct
from pathlib import Path

import pytest

from holdfast.apk.archive import Apk
from holdfast.apk.manifest import UpgradeKeySet, read_manifest
from holdfast.apk.probe import ProbeSpec, build_probe
from holdfast.apk.probe_dex import ACTIVITY_CLASS, probe_dex
from holdfast.errors import ConfigurationError
from selftests.holdfast.apk.outside_tools import needs_aapt2, needs_dexdump, run_tool

GOLDEN = Path(__file__).parent / "golden"
EVERYTHING = ProbeSpec(
    package_name="com.example.probe",
    version_code=3 << 32 | 7,
    version_name="7.0 «beta»",
    min_sdk=23,
    target_sdk=33,
    debuggable=False,
    test_only=True,
    persistent=True,
    updatable=False,
    permissions=("android.permission.INTERNET", "com.example.USE"),
    declared_permissions=("com.example.DECLARED",),
    permission_groups=("com.example.GROUP",),
    provider_authority="com.example.one;com.example.two",
    shared_user_id="com.example.shared",
    allow_backup=False,
    has_fragile_user_data=True,
    label="Probe",
    labels={"zh-CN": "探针", "de": "Sonde"},
    upgrade_key_sets=(UpgradeKeySet(name="set", public_keys=("AAAA",)),),
    native_abis=("arm64-v8a", "x86_64"),
)


SAME_NAME = (
    "package_name",
    "version_code",
    "version_name",
    "min_sdk",
    "target_sdk",
    "debuggable",
    "test_only",
    "persistent",
    "updatable",
    "permissions",
    "declared_permissions",
    "permission_groups",
    "shared_user_id",
    "allow_backup",
    "has_fragile_user_data",
    "upgrade_key_sets",
    "native_abis",
)


def test_a_probe_says_all_that_was_asked_for() -> None:
    found = read_manifest(Apk.from_bytes(build_probe(EVERYTHING)))
    for name in (*SAME_NAME, "label", "labels"):
        assert getattr(found, name) == getattr(EVERYTHING, name), name
    assert found.provider_authorities == ("com.example.one", "com.example.two")
    assert found.launcher_activity == ACTIVITY_CLASS


def test_a_split_says_which_and_has_no_code() -> None:
    spec = ProbeSpec(package_name="com.example.probe", split_name="config.de")
    apk = Apk.from_bytes(build_probe(spec))
    found = read_manifest(apk)
    assert (found.split_name, found.has_code) == ("config.de", False)
    assert apk.names == ("AndroidManifest.xml",)


def test_stored_entries_are_aligned_as_android_11_wants_it() -> None:
    apk = Apk.from_bytes(build_probe(EVERYTHING))
    table = apk.entry("resources.arsc")
    assert table is not None
    assert table.method == 0
    assert apk.data_offset(table) % 4 == 0


def test_the_same_spec_gives_the_same_bytes() -> None:
    assert build_probe(EVERYTHING) == build_probe(EVERYTHING)


def test_a_payload_makes_the_file_as_large_as_asked() -> None:
    spec = ProbeSpec(package_name="com.example.probe", payload_bytes=300_000)
    assert 300_000 < len(build_probe(spec)) < 310_000


@pytest.mark.parametrize("name", ["", "single", "1.2", "a..b", "a.b;rm", "a.b/c", "a.ü"])
def test_a_package_name_that_android_refuses_is_refused_here(name: str) -> None:
    with pytest.raises(ConfigurationError, match="package name"):
        ProbeSpec(package_name=name)


def test_a_label_in_a_locale_that_cannot_be_written_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="locale"):
        build_probe(ProbeSpec(package_name="com.example.a", labels={"klingon": "x"}))


@needs_aapt2
def test_aapt2_reads_a_probe_as_it_was_meant(tmp_path: Path) -> None:
    path = tmp_path / "probe.apk"
    path.write_bytes(build_probe(EVERYTHING))
    text = run_tool("aapt2", "dump", "badging", path)
    for line in (
        "package: name='com.example.probe' versionCode='7' versionName='7.0 «beta»'",
        "sdkVersion:'23'",
        "targetSdkVersion:'33'",
        "uses-permission: name='android.permission.INTERNET'",
        "application-label:'Probe'",
        "application-label-zh-CN:'探针'",
        "testOnly='-1'",
        f"launchable-activity: name='{ACTIVITY_CLASS}'",
        "native-code: 'arm64-v8a' 'x86_64'",
    ):
        assert line in text
    tree = run_tool("aapt2", "dump", "xmltree", "--file", "AndroidManifest.xml", path)
    assert "android:hasFragileUserData(0x0101059a)=true" in tree
    assert 'android:sharedUserId(0x0101000b)="com.example.shared"' in tree


@needs_aapt2
def test_aapt2_does_not_read_what_was_not_meant(tmp_path: Path) -> None:
    path = tmp_path / "probe.apk"
    path.write_bytes(build_probe(ProbeSpec(package_name="com.example.other", debuggable=False)))
    text = run_tool("aapt2", "dump", "badging", path)
    assert "testOnly" not in text
    assert "application-debuggable" not in text
    assert "native-code" not in text


def test_the_checksums_of_the_code_are_right() -> None:
    dex = probe_dex(with_provider=True)
    assert dex[:8] == b"dex\n035\0"
    assert dex[12:32] == hashlib.sha1(dex[32:], usedforsecurity=False).digest()
    assert struct.unpack_from("<I", dex, 32) == (len(dex),)


def test_the_code_is_what_androids_dexdump_has_read() -> None:
    """golden/probe-dex.txt holds dexdump's words on exactly these bytes, and their digest."""
    recorded = (GOLDEN / "probe-dex.txt").read_text(encoding="utf-8")
    assert hashlib.sha256(probe_dex(with_provider=True)).hexdigest() in recorded


@needs_dexdump
@pytest.mark.parametrize("with_provider", [False, True])
def test_androids_dexdump_reads_the_code(tmp_path: Path, *, with_provider: bool) -> None:
    path = tmp_path / "classes.dex"
    path.write_bytes(probe_dex(with_provider=with_provider))
    text = run_tool("dexdump", "-d", path)
    assert "invoke-direct {v0}, Landroid/app/Activity;.<init>:()V" in text
    assert ("ProbeProvider" in text) is with_provider

"""The app under test and its updates, made here and held against the package manager's rules."""

from __future__ import annotations

from pathlib import Path

import pytest

from holdfast.apk.archive import Apk
from holdfast.apk.format_error import ApkFormatError
from holdfast.apk.keys import SigningKey
from holdfast.apk.probe import ProbeSpec, build_probe
from holdfast.apk.signer import sign
from holdfast.apk.verify import verify
from holdfast.errors import ConfigurationError
from holdfast.scenario.result import UpdateKind
from holdfast.scenario.updates import AppUnderTest, UpdateMissing

PROBE = AppUnderTest()
KEY = SigningKey.generate("rsa-2048", common_name="the maker")


def signed(version_code: int, package_name: str = "com.maker.app") -> bytes:
    probe = build_probe(ProbeSpec(package_name=package_name, version_code=version_code))
    return sign(probe, signers=[KEY])


def file(folder: Path, content: bytes, name: str = "a.apk") -> Path:
    path = folder / name
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("api", [22, 25, 28, 30, 33, 34, 36])
@pytest.mark.parametrize("kind", list(UpdateKind))
def test_every_kind_is_made_for_every_android_and_fits_as_it_should(
    kind: UpdateKind, api: int
) -> None:
    made = PROBE.delivered(kind, api=api, build_type="user")
    assert made.fits is (kind not in (UpdateKind.OTHER_SIGNER, UpdateKind.DOWNGRADE))
    for content in (made.base, made.update):
        assert verify(Apk.from_bytes(content), api=api).accepted


def test_the_updates_version_is_higher_but_for_a_downgrade_and_below_an_app_that_stays() -> None:
    for kind in UpdateKind:
        made = PROBE.delivered(kind, api=34, build_type="user")
        newer = made.update_manifest.version_code > made.base_manifest.version_code
        assert newer is (kind not in (UpdateKind.DOWNGRADE, UpdateKind.FIRMWARE))


def test_users_know_the_app_by_its_name_in_their_language() -> None:
    assert PROBE.label("zh-CN") == "留存测试"
    assert PROBE.label("zh-Hans-CN") == "留存测试"
    assert PROBE.label("de-AT") == "Haltefest"
    assert PROBE.label("fr-FR") == "Holdfast Probe"


def test_with_the_base_alone_the_mismatched_update_is_made_by_signing_anew(tmp_path: Path) -> None:
    app = AppUnderTest.from_files(base=file(tmp_path, signed(5)), update=None)
    made = app.delivered(UpdateKind.OTHER_SIGNER, api=30, build_type="user")
    assert not made.fits
    assert made.update_manifest.version_code == 5
    for kind in (UpdateKind.SAME_SIGNER, UpdateKind.DOWNGRADE):
        with pytest.raises(UpdateMissing, match="--update"):
            app.delivered(kind, api=30, build_type="user")


def test_with_base_and_update_the_downgrade_goes_back(tmp_path: Path) -> None:
    app = AppUnderTest.from_files(
        base=file(tmp_path, signed(5)), update=file(tmp_path, signed(6), "b.apk")
    )
    made = app.delivered(UpdateKind.DOWNGRADE, api=30, build_type="user")
    assert (made.base_manifest.version_code, made.update_manifest.version_code) == (6, 5)
    assert app.delivered(UpdateKind.SAME_SIGNER, api=30, build_type="user").fits
    with pytest.raises(UpdateMissing, match="key"):
        app.delivered(UpdateKind.ROTATED, api=30, build_type="user")


def test_a_given_update_by_somebody_else_is_no_same_signer_update(tmp_path: Path) -> None:
    probe = build_probe(ProbeSpec(package_name="com.maker.app", version_code=6))
    other = sign(probe, signers=[SigningKey.generate("rsa-2048")])
    app = AppUnderTest.from_files(
        base=file(tmp_path, signed(5)), update=file(tmp_path, other, "b.apk")
    )
    with pytest.raises(UpdateMissing, match="UPDATE_INCOMPATIBLE"):
        app.delivered(UpdateKind.SAME_SIGNER, api=30, build_type="user")


def test_base_and_update_of_different_apps_are_refused(tmp_path: Path) -> None:
    other = file(tmp_path, signed(2, "com.maker.other"), "b.apk")
    with pytest.raises(ConfigurationError, match=r"com\.maker\.app and com\.maker\.other"):
        AppUnderTest.from_files(base=file(tmp_path, signed(1)), update=other)


def test_an_update_without_a_base_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="--base"):
        AppUnderTest.from_files(base=None, update=file(tmp_path, signed(1)))


def test_a_file_that_is_no_apk_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(ApkFormatError, match=r"a\.apk"):
        AppUnderTest.from_files(base=file(tmp_path, b"no zip"), update=None)

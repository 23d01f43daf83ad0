"""Firmware images and packages as bytes, also against tools that are not ours."""

from __future__ import annotations

import shutil
import subprocess
import zipfile
from pathlib import Path

import pytest

from holdfast.apk.keys import SigningKey
from holdfast.apk.probe import ProbeSpec, build_probe
from holdfast.apk.signer import sign
from holdfast.errors import ConfigurationError
from holdfast.firmware.ota_package import read_ota_package
from selftests.virtualdevice.ota.phones import firmware_file
from virtualdevice.__main__ import main
from virtualdevice.ota.firmware import FirmwareError, pack_firmware, read_firmware
from virtualdevice.ota.keys import release_key
from virtualdevice.ota.operations import BLOCK_BYTES
from virtualdevice.ota.package import PackagePlan, build_package
from virtualdevice.ota.payload import metadata_size_bytes, read_manifest
from virtualdevice.ota.whole_file import BadSignature, whole_file_signer
from virtualdevice.system.personality import list_personalities, load_personality


@pytest.mark.parametrize("name", list_personalities())
def test_an_image_gives_back_the_personality_that_it_was_made_of(tmp_path: Path, name: str) -> None:
    firmware = read_firmware(pack_firmware(name))
    assert firmware is not None
    back = load_personality(firmware.unpack(tmp_path / "firmware"))
    assert back.build == load_personality(name).build
    assert back.packages == load_personality(name).packages
    assert back.store == load_personality(name).store


def test_an_image_carries_the_preloads(tmp_path: Path) -> None:
    (tmp_path / "fw").mkdir()
    apk = sign(build_probe(ProbeSpec(package_name="org.preload")), signers=[SigningKey.generate()])
    (tmp_path / "fw" / "preload.apk").write_bytes(apk)
    file = firmware_file(
        tmp_path / "fw", "aosp-34", "with", "packages: {org.preload: {apk: preload.apk}}\n"
    )
    firmware = read_firmware(pack_firmware(file))
    assert firmware is not None
    made = load_personality(firmware.unpack(tmp_path / "there"))
    assert (Path(made.folder) / made.packages["org.preload"].apk).read_bytes() == apk


def test_the_same_personality_gives_the_same_bytes() -> None:
    assert pack_firmware("aosp-34") == pack_firmware("aosp-34")
    assert pack_firmware("aosp-34") != pack_firmware("aosp-33")


@pytest.mark.parametrize("cut", [4095, 4096, 5000])
def test_an_image_that_was_cut_is_damaged_or_none(cut: int) -> None:
    image = pack_firmware("aosp-34")[:cut]
    if cut < 4096:
        assert read_firmware(image) is None
    else:
        with pytest.raises(FirmwareError):
            read_firmware(image)


def test_a_name_that_leads_out_of_the_folder_is_refused(tmp_path: Path) -> None:
    firmware = read_firmware(pack_firmware("aosp-34"))
    assert firmware is not None
    for name in ("../evil.yaml", "/evil.yaml", "apks/../../evil.apk", "a/b.yaml", "x.sh"):
        archive = tmp_path / "evil.zip"
        with zipfile.ZipFile(archive, "w") as made:
            made.writestr(name, "x")
        evil = type(firmware)(content=archive.read_bytes())
        with pytest.raises(FirmwareError):
            evil.unpack(tmp_path / "there")
    assert not (tmp_path / "evil.yaml").exists()


def test_a_package_is_what_the_harness_reads_of_it(tmp_path: Path) -> None:
    plan = PackagePlan(target="aosp-34", source="aosp-33", incremental=True, size_bytes=1 << 20)
    file = tmp_path / "ota.zip"
    file.write_bytes(build_package(plan))
    package = read_ota_package(file)
    assert package.products == ("panther",)
    assert package.post_build == load_personality("aosp-34").build.fingerprint
    assert package.pre_builds == (load_personality("aosp-33").build.fingerprint,)
    assert package.payload is not None
    payload = file.read_bytes()[package.payload.offset_bytes :][: package.payload.size_bytes]
    size, _ = metadata_size_bytes(payload)
    assert f"METADATA_SIZE={size}" in package.payload.headers
    manifest = read_manifest(payload[:size])
    assert manifest.partition == "system"
    assert sum(one.target[1] for one in manifest.operations) * BLOCK_BYTES == 1 << 20
    assert manifest.signature_offset < 100_000  # The rest are zeros, or blocks of the old build.


def test_openssl_finds_the_signature_over_the_whole_file_good(tmp_path: Path) -> None:
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("openssl is not installed")
    package = build_package(PackagePlan(target="nut-pro-2-4.2.5.1"))
    start = int.from_bytes(package[-6:-4], "little")
    comment = int.from_bytes(package[-2:], "little")
    (tmp_path / "block.der").write_bytes(package[-start:-6])
    (tmp_path / "signed").write_bytes(package[: -comment - 2])
    (tmp_path / "key.pem").write_bytes(release_key("SMARTISAN").to_pem())
    done = subprocess.run(
        [openssl, "cms", "-verify", "-binary", "-inform", "DER", "-in", "block.der",
         "-content", "signed", "-CAfile", "key.pem", "-purpose", "any", "-out", "/dev/null"],
        cwd=tmp_path, capture_output=True, check=False, timeout=30,
    )  # fmt: skip
    assert b"erification successful" in done.stderr, done.stderr


@pytest.mark.parametrize("place", [100, 3000, -600])
def test_a_byte_that_changed_spoils_the_signature(place: int) -> None:
    package = bytearray(build_package(PackagePlan(target="nut-pro-2-4.2.5.1")))
    assert whole_file_signer(bytes(package)) == release_key("SMARTISAN").certificate
    package[place] ^= 0xFF
    with pytest.raises(BadSignature):
        whole_file_signer(bytes(package))


def test_a_package_is_built_on_the_command_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "ota.zip"
    words = ["ota", "build", "--from", "aosp-33", "--to", "aosp-34", "--incremental"]
    assert main([*words, "-o", str(out)]) == 0
    assert capsys.readouterr().out == f"{out}: {out.stat().st_size} bytes\n"
    assert read_ota_package(out).is_incremental


def test_an_unknown_personality_is_said_in_one_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["ota", "build", "--to", "nothing", "-o", str(tmp_path / "x.zip")]) == 4
    assert "there is no personality 'nothing'" in capsys.readouterr().err
    with pytest.raises(ConfigurationError):
        build_package(PackagePlan(target="nothing"))

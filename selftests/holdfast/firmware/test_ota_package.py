from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from holdfast.errors import ConfigurationError
from holdfast.firmware.ota_package import read_ota_package

FULL = "pre-device=trident\npost-build=SMARTISAN/trident/trident:7.1.1/N/2:user/release-keys\n"


def package(path: Path, *, metadata: str | None = FULL, payload: bytes | None = None) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        if metadata is not None:
            archive.writestr("META-INF/com/android/metadata", metadata)
        if payload is not None:
            archive.writestr("payload.bin", payload)
            archive.writestr("payload_properties.txt", "FILE_HASH=abc=\nFILE_SIZE=7\n")
    return path


def test_a_payload_lies_where_the_package_says(tmp_path: Path) -> None:
    path = package(tmp_path / "ota.zip", payload=b"CrAUxyz")
    read = read_ota_package(path)
    assert read.payload is not None
    whole = path.read_bytes()
    start = read.payload.offset_bytes
    assert whole[start : start + read.payload.size_bytes] == b"CrAUxyz"
    assert read.payload.headers == ("FILE_HASH=abc=", "FILE_SIZE=7")


def test_a_package_for_recovery_has_no_payload(tmp_path: Path) -> None:
    assert read_ota_package(package(tmp_path / "ota.zip")).payload is None


@pytest.mark.parametrize(
    ("metadata", "message"),
    [
        (None, "no META-INF/com/android/metadata"),
        ("pre-device=x\n", "names no post-build"),
        ("post-build\n", "line 1 is no `key=value`"),
    ],
)
def test_a_file_that_is_no_package_is_named(
    tmp_path: Path, metadata: str | None, message: str
) -> None:
    path = package(tmp_path / "ota.zip", metadata=metadata)
    with pytest.raises(ConfigurationError, match=message):
        read_ota_package(path)


def test_a_file_that_is_no_zip_is_named(tmp_path: Path) -> None:
    path = tmp_path / "ota.zip"
    path.write_bytes(b"garbage")
    with pytest.raises(ConfigurationError, match=r"ota\.zip.*no OTA package can be read"):
        read_ota_package(path)


def test_a_compressed_payload_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "ota.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("META-INF/com/android/metadata", FULL)
        archive.writestr("payload.bin", b"x" * 100)
        archive.writestr("payload_properties.txt", "")
    with pytest.raises(ConfigurationError, match="compressed"):
        read_ota_package(path)


def test_it_says_why_it_must_not_go_onto_a_device(tmp_path: Path) -> None:
    full = read_ota_package(package(tmp_path / "full.zip"))
    incremental = read_ota_package(
        package(tmp_path / "incremental.zip", metadata=FULL + "pre-build=A|B\n")
    )
    assert full.fits(product="trident", build="anything") == ""
    assert "the device is osborn" in full.fits(product="osborn", build="A")
    assert incremental.fits(product="trident", build="B") == ""
    assert "the device runs C" in incremental.fits(product="trident", build="C")

from __future__ import annotations

from pathlib import Path

import pytest

from holdfast.errors import ConfigurationError
from holdfast.firmware.images import read_images, require_product


def folder_with(folder: Path, *names: str) -> Path:
    for name in names:
        (folder / name).write_bytes(b"x")
    return folder


def test_images_come_in_the_order_of_flashing_and_user_data_is_left_out(tmp_path: Path) -> None:
    folder_with(tmp_path, "system.img", "userdata.img", "boot.img", "vbmeta.img", "notes.txt")
    images = read_images(tmp_path).images
    assert [image.partition for image in images] == ["boot", "vbmeta", "system"]
    assert [image.may_be_logical for image in images] == [False, False, True]


@pytest.mark.parametrize(
    ("names", "words"), [((), "there is no image"), (("xyz.img",), "no partition is known for xyz")]
)
def test_what_is_not_understood_is_not_flashed(
    tmp_path: Path, names: tuple[str, ...], words: str
) -> None:
    with pytest.raises(ConfigurationError, match=words):
        read_images(folder_with(tmp_path, *names))


def test_images_for_another_product_are_refused(tmp_path: Path) -> None:
    folder_with(tmp_path, "boot.img")
    (tmp_path / "android-info.txt").write_text("require product=a|b\n", encoding="utf-8")
    images = read_images(tmp_path)
    require_product(images, "b", folder=tmp_path)
    with pytest.raises(ConfigurationError, match=r"for a\|b, the device is c"):
        require_product(images, "c", folder=tmp_path)

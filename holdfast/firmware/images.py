"""What is flashed from a folder of images, in which order, and from where.

Order and homes as in AOSP's fastboot.cpp (`flashall`): the bootloader takes physical partitions;
logical ones (inside `super`) only fastbootd writes.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from holdfast.errors import ConfigurationError, Place

__all__ = ["Image", "ImageSet", "read_images", "require_product"]

_ORDER = (
    "bootloader", "radio", "boot", "init_boot", "dtbo", "dts", "pvmfw", "recovery", "vbmeta",
    "vbmeta_system", "vbmeta_vendor", "vendor_boot", "vendor_kernel_boot", "modem", "super",
    "cache", "system", "system_ext", "system_dlkm", "product", "odm", "odm_dlkm", "vendor",
    "vendor_dlkm",
)  # fmt: skip
_LOGICAL = frozenset(
    {"system", "system_ext", "system_dlkm", "product", "odm", "odm_dlkm", "vendor", "vendor_dlkm"}
)
_USER_DATA = frozenset({"userdata", "metadata", "persist", "frp", "misc"})
_INFO_LIMIT_BYTES = 1 << 16


@dataclass(frozen=True, kw_only=True, slots=True)
class Image:
    partition: str
    file: Path

    @property
    def may_be_logical(self) -> bool:
        return self.partition in _LOGICAL


@dataclass(frozen=True, kw_only=True, slots=True)
class ImageSet:
    """`products`: what android-info.txt says that it is for; empty if it says nothing."""

    images: tuple[Image, ...]
    products: tuple[str, ...]


def read_images(folder: Path) -> ImageSet:
    """The images of a folder, in the order in which they are flashed.

    ConfigurationError if there are none, or one that nobody knows: what is not understood is not
    flashed. Images of user data are left out; wiping is a choice of its own.
    """
    found = {file.stem: file for file in sorted(folder.glob("*.img"))}
    unknown = sorted(set(found) - set(_ORDER) - _USER_DATA)
    if unknown:
        raise ConfigurationError(
            f"no partition is known for {', '.join(f'{n}.img' for n in unknown)}; known are: "
            + ", ".join(_ORDER),
            place=Place(file=folder),
        )
    images = tuple(Image(partition=n, file=found[n]) for n in _ORDER if n in found)
    if not images:
        raise ConfigurationError("there is no image (*.img) in it", place=Place(file=folder))
    return ImageSet(images=images, products=_products(folder / "android-info.txt"))


def _products(info: Path) -> tuple[str, ...]:
    try:
        with info.open("rb") as file:
            text = file.read(_INFO_LIMIT_BYTES).decode("utf-8", "replace")
    except OSError:
        return ()
    for line in text.splitlines():
        name, _, value = line.partition("=")
        if name.split() in (["require", "product"], ["require", "board"]):
            return tuple(part.strip() for part in value.split("|") if part.strip())
    return ()


def require_product(images: ImageSet, product: str, *, folder: Path) -> None:
    """ConfigurationError if the images are for another product."""
    if images.products and product not in images.products:
        raise ConfigurationError(
            f"these images are for {'|'.join(images.products)}, the device is {product}",
            place=Place(file=folder),
        )

"""A firmware image: what a system partition of a virtual phone holds.

A block with a magic word, the length and the SHA-256 of what follows; then a ZIP with the
personality (its bases merged into it) and the APKs of its preloads. The same personality gives the
same bytes, so that an incremental package can name its base by a digest.
"""

from __future__ import annotations

import hashlib
import io
import shutil
import struct
import zipfile
from dataclasses import dataclass
from pathlib import Path

from ruamel.yaml import YAML

from virtualdevice.system.personality import personality_document

__all__ = ["FirmwareError", "FirmwareImage", "pack_firmware", "read_firmware"]

MAGIC = b"virtual firmware"
HEADER = struct.Struct("<16sQ32s")
BLOCK_BYTES = 4096
CONTENT_LIMIT_BYTES = 256 << 20
ENTRY_LIMIT_BYTES = 128 << 20
APK_FOLDER = "apks"
EPOCH = (2009, 1, 1, 0, 0, 0)
LOCAL_HEADER_BYTES = 30
PADDING = struct.Struct("<HH")
PADDING_ID = 0xD935
"""The extra field that zipalign fills up with (build/make/tools/zipalign)."""


class FirmwareError(Exception):
    """The partition says that it holds a firmware, and it is damaged."""


@dataclass(frozen=True, kw_only=True, slots=True)
class FirmwareImage:
    """`content` is the ZIP."""

    content: bytes

    @property
    def digest(self) -> str:
        return hashlib.sha256(self.content).hexdigest()

    def unpack(self, folder: Path) -> Path:
        """Into `folder`, which is emptied before; the personality's file. FirmwareError."""
        shutil.rmtree(folder, ignore_errors=True)
        (folder / APK_FOLDER).mkdir(parents=True)
        try:
            with zipfile.ZipFile(io.BytesIO(self.content)) as archive:
                names = [info.filename for info in archive.infolist()]
                for info in archive.infolist():
                    if info.file_size > ENTRY_LIMIT_BYTES or not _is_plain(info.filename):
                        raise FirmwareError(f"it holds {info.filename!r}")
                    (folder / info.filename).write_bytes(archive.read(info))
        except (zipfile.BadZipFile, OSError) as error:
            raise FirmwareError(f"it cannot be unpacked: {error}") from error
        found = [name for name in names if name.endswith(".yaml")]
        if len(found) != 1:
            raise FirmwareError("it holds no personality, or more than one")
        return folder / found[0]


def _is_plain(name: str) -> bool:
    """`NAME.yaml` or `apks/NAME.apk`, and nothing that leads elsewhere."""
    rest = name.removeprefix(f"{APK_FOLDER}/")
    plain = "/" not in rest and "\\" not in rest and not rest.startswith(".")
    return plain and rest.endswith(".apk" if rest != name else ".yaml")


def pack_firmware(personality: str | Path, *, size_bytes: int = 0) -> bytes:
    """The image of a personality (a name, or a file); with zeros at its end up to `size_bytes`.

    ConfigurationError where the personality is wrong.
    """
    file, document = personality_document(personality)
    entries: dict[str, bytes] = {}
    for name, package in document.get("packages", {}).items():
        if package.get("apk"):
            apk = file.parent / package["apk"]
            package["apk"] = f"{APK_FOLDER}/{name}.apk"
            entries[package["apk"]] = apk.read_bytes()
    text = io.StringIO()
    YAML(typ="rt").dump(document, text)
    entries[f"{file.stem}.yaml"] = text.getvalue().encode()
    content = _archive(entries)
    head = HEADER.pack(MAGIC, len(content), hashlib.sha256(content).digest())
    image = head.ljust(BLOCK_BYTES, b"\0") + content
    wanted = max(len(image), size_bytes)
    return image.ljust(-(-wanted // BLOCK_BYTES) * BLOCK_BYTES, b"\0")


def _archive(entries: dict[str, bytes]) -> bytes:
    """Each file begins a block, as in a filesystem: an incremental package carries what changed."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for name in sorted(entries):
            info = zipfile.ZipInfo(name, EPOCH)
            head = LOCAL_HEADER_BYTES + len(name.encode()) + PADDING.size
            missing = -(made.tell() + head) % BLOCK_BYTES
            info.extra = PADDING.pack(PADDING_ID, missing) + bytes(missing)
            archive.writestr(info, entries[name], zipfile.ZIP_DEFLATED)
    return made.getvalue()


def read_firmware(image: bytes) -> FirmwareImage | None:
    """None for a partition that says nothing of a firmware. FirmwareError for a damaged one."""
    if len(image) < BLOCK_BYTES or not image.startswith(MAGIC):
        return None
    _, size, digest = HEADER.unpack_from(image)
    content = image[BLOCK_BYTES : BLOCK_BYTES + size]
    if size > CONTENT_LIMIT_BYTES or len(content) != size:
        raise FirmwareError("it ends too soon")
    if hashlib.sha256(content).digest() != digest:
        raise FirmwareError("its content is not what its digest says")
    return FirmwareImage(content=content)

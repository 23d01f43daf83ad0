"""Ways in which a firmware update can go wrong, for `--defect`: each shows on the first boot of
another build, and at no other."""

from __future__ import annotations

from virtualdevice.seams import BootFailed
from virtualdevice.system.defects import Boot, Defect, Parts

__all__ = ["LOSES_FILES", "NEVER_STARTS"]


async def _lose_files(parts: Parts, boot: Boot) -> None:
    if boot.upgraded:
        for record in parts.registry:
            if not record.is_system:
                home = parts.storage.credential_directory(record.name)
                await parts.files.remove_tree(f"{home}/files")


async def _never_start(_parts: Parts, boot: Boot) -> None:
    if boot.upgraded:
        raise BootFailed("the new system server crashes")


LOSES_FILES = Defect(
    name="loses_files_when_upgraded",
    about="the first boot of another build takes the apps' files",
    at_boot=_lose_files,
)
NEVER_STARTS = Defect(
    name="never_starts_when_upgraded",
    about="Android crashes on the first boot of another build",
    at_boot=_never_start,
)

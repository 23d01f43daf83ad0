"""The media provider's index of shared storage, as far as opening a file by its URI needs it.

A file's row id is its inode: it stays the same as long as the file does.
"""

from __future__ import annotations

from collections.abc import AsyncIterator

from virtualdevice.seams import FileKind, Files

__all__ = ["INDEX_LOST", "media_path", "media_rows"]

DEPTH_LIMIT = 4
INDEX_LOST = "media-index-lost"
"""With this among the records' extras, the index has no row of any file."""
PRIVATE = ("Android/data", "Android/obb")


async def media_rows(files: Files, user_id: int = 0) -> AsyncIterator[tuple[int, str]]:
    """(row id, path) of every file of that user's shared storage that is indexed."""
    root = f"/storage/emulated/{user_id}"
    private = [f"{root}/{folder}" for folder in PRIVATE]
    pending = [(root, 0)]
    while pending:
        directory, depth = pending.pop()
        for name in await files.list(directory):
            path = f"{directory}/{name}"
            stat = await files.stat(path)
            if stat is None:
                continue
            if stat.kind is FileKind.FILE:
                yield stat.inode, path
            elif stat.kind is FileKind.DIRECTORY and depth < DEPTH_LIMIT and path not in private:
                pending.append((path, depth + 1))


async def media_path(files: Files, row_id: int) -> str | None:
    """The file of that row."""
    async for found, path in media_rows(files):
        if found == row_id:
            return path
    return None

"""CE storage of a user without its key: vold's work.

Names are what fscrypt shows without the key: each a text of its own, the same at each boot.
"""

from __future__ import annotations

import base64
import hashlib

from virtualdevice.system.packages.storage import credential_root, shared_root
from virtualdevice.system.parts import Parts

__all__ = ["close_storage", "is_encrypted", "open_storage"]

NAME_BLOCK_BYTES = 16
PER_USER_VOLUMES_API = 30


def is_encrypted(parts: Parts) -> bool:
    """Whether each user's files have keys of their own (file-based encryption, from 7.0)."""
    return parts.properties.get("ro.crypto.type") == "file"


def encrypted_name(name: str) -> str:
    """base64 with `+` and `,` of a whole number of blocks (fscrypt_fname_encode_and_hash)."""
    plain = name.encode("utf-8", "surrogateescape")
    blocks = max(1, min(2, -(-len(plain) // NAME_BLOCK_BYTES)))
    digest = hashlib.sha256(plain).digest()[: blocks * NAME_BLOCK_BYTES]
    return base64.b64encode(digest, altchars=b"+,").decode().rstrip("=")


async def open_storage(parts: Parts, user_id: int) -> None:
    """The key is there: plain names, and shared storage."""
    await parts.machine.uncover(credential_root(user_id))
    await parts.machine.uncover(shared_root(user_id))
    await parts.machine.attach_storage(user_id)


async def close_storage(parts: Parts, user_id: int, *, runs: bool) -> None:
    """The key is not there, or not any more. Shared storage of a user who runs is shown up to 10,
    with encrypted names; from 11 on it comes with the key."""
    for root in (credential_root(user_id), shared_root(user_id)):
        names = {}
        for name in await parts.files.list(root):
            stat = await parts.files.stat(f"{root}/{name}")
            if stat is not None:
                names[encrypted_name(name)] = (stat.mode, stat.uid)
        await parts.machine.cover(root, names)
    if runs and parts.api < PER_USER_VOLUMES_API:
        await parts.machine.attach_storage(user_id)
    else:
        await parts.machine.detach_storage(user_id)

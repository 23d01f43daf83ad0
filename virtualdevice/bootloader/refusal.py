"""How the bootloader and fastbootd say no."""

from __future__ import annotations

__all__ = ["FlashRefused"]


class FlashRefused(Exception):
    """It is not done; the text is what FAIL says."""

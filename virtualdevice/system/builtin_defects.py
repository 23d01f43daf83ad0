"""The defects and faults that come with the virtual device, by name."""

from __future__ import annotations

from virtualdevice.system.boot_defects import BOOT_DEFECTS
from virtualdevice.system.faults import FAULTS
from virtualdevice.system.update_defects import UPDATE_DEFECTS

__all__ = ["BUILTIN"]

BUILTIN = {defect.name: defect for defect in (*UPDATE_DEFECTS, *BOOT_DEFECTS, *FAULTS)}

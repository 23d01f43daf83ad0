"""Android's system server for a virtual device: packages, properties, settings, the screen.

`build_system_server` is what the command line of the virtual device calls.
"""

from __future__ import annotations

from virtualdevice.system.build import build_system_server

__all__ = ["build_system_server"]

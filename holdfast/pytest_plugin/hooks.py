"""The plugin's own hook: where a lab of another make, or a fake one, plugs in."""

from __future__ import annotations

import pytest

from holdfast.lab.inventory import DeviceSpec
from holdfast.pytest_plugin.rig import Rig

__all__ = ["pytest_holdfast_make_rig"]


@pytest.hookspec(firstresult=True)
def pytest_holdfast_make_rig(config: pytest.Config, spec: DeviceSpec) -> Rig | None:
    """The rig for one device. It must not touch the device before it is asked to be ready."""

"""Runs of pytest inside of this process share its modules: those of the plugin are imported here
once, in the way in which pytest imports plugins."""

from __future__ import annotations

from collections.abc import Callable

import pytest

pytest.register_assert_rewrite("holdfast.pytest_plugin.plugin")

from holdfast.pytest_plugin import plugin  # noqa: E402
from selftests.holdfast.pytest_plugin.harness import ROOT, Project  # noqa: E402

assert plugin


@pytest.fixture
def project(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Project]:
    """Makes a project with devices of these names."""
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    monkeypatch.setenv("PYTEST_PLUGINS", "xdist.plugin,allure_pytest.plugin")
    return lambda *devices: Project(pytester, devices or ("phone",))

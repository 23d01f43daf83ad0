from __future__ import annotations

import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest

from holdfast.pytest_plugin import early
from holdfast.pytest_plugin.early import values_attached
from selftests.holdfast.pytest_plugin.harness import Project

Make = Callable[..., Project]


def test_values_are_attached_to_our_options_and_to_no_others() -> None:
    assert values_attached(
        ["tests", "--base", "a.apk", "-k", "b", "--update=c.apk", "--device", "d", "--base"]
    ) == ["tests", "--base=a.apk", "-k", "b", "--update=c.apk", "--device=d", "--base"]


def test_a_path_elsewhere_that_exists_is_no_test_path(
    project: Make, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    made = project()
    assert made.run("--reports", str(elsewhere), apart=True).ret != 0, "pytest has learnt it"
    monkeypatch.setenv(
        "PYTEST_PLUGINS", "xdist.plugin,allure_pytest.plugin,holdfast.pytest_plugin.early"
    )
    result = made.run("--reports", str(elsewhere), apart=True)
    assert result.ret == 0
    assert (elsewhere / "index.html").exists()


def test_pytest_finds_it_by_the_packages_entry_points() -> None:
    pyproject = Path(__file__).parents[3] / "pyproject.toml"
    declared = tomllib.loads(pyproject.read_text("utf-8"))["project"]["entry-points"]["pytest11"]
    assert declared == {"holdfast": early.__name__}

"""The plugin's options, made known before pytest looks for a project. An entry point of pytest.

Without it pytest takes the value of an option that it does not know yet for a test path: with
`--base /elsewhere/app.apk` it would look for its configuration and for conftest.py in /elsewhere.
"""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from holdfast.pytest_plugin.options import OPTIONS, add_options

__all__ = ["values_attached"]


def pytest_addoption(parser: pytest.Parser) -> None:
    add_options(parser)


@pytest.hookimpl(tryfirst=True, wrapper=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> object:
    """Begin anew with `--base=FILE` for `--base FILE`, which pytest cannot misunderstand.

    Where the project is was decided before any plugin was loaded, and cannot be decided again.
    """
    given = early_config.invocation_params
    attached = values_attached([str(argument) for argument in given.args])
    if attached != list(given.args):
        raise SystemExit(pytest.main(attached, plugins=list(given.plugins or ())))
    return (yield)


def values_attached(arguments: Sequence[str]) -> list[str]:
    """The same command line with our options' values behind an equals sign."""
    found: list[str] = []
    waiting = iter(arguments)
    for argument in waiting:
        value = next(waiting, None) if argument in OPTIONS else None
        found.append(argument if value is None else f"{argument}={value}")
    return found

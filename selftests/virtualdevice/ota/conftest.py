"""The clients of the tests of virtualdevice.ota."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from selftests.virtualdevice.real_clients import AdbClient, adb_programs, running_adb


@pytest.fixture(scope="module", params=["adb29", "adb36"])
def each_adb(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[AdbClient]:
    """One after the other."""
    program = adb_programs()[request.param]
    if program is None:
        pytest.skip(f"{request.param} is not here")
    with running_adb(program, tmp_path_factory.mktemp("home")) as client:
        yield client


@pytest.fixture(scope="module")
def one_adb(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AdbClient]:
    """The newest that is here."""
    program = adb_programs()["adb36"] or adb_programs()["adb29"]
    if program is None:
        pytest.skip("no adb is installed")
    with running_adb(program, tmp_path_factory.mktemp("home")) as client:
        yield client

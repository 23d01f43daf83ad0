"""Updates that something comes between, by the real adb: of all cases, one of each kind that is
quick. All of them: `make preparations`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from selftests.holdfast.firmware.phone import Phone, phone
from selftests.preparations.builds import Builds, make_builds
from selftests.preparations.failures import fault_in, run_case

CASES = (
    "link lost at 50 %, streamed",
    "link lost at 90 %, sideload",
    "power lost: commit",
    "full disk",
    "full_disk: download:50%",
    "wrong product",
    "broken signature",
    "first boot fails late",
    "the new build loses data",
)


@pytest.fixture(scope="module")
def builds(tmp_path_factory: pytest.TempPathFactory) -> Builds:
    return make_builds(tmp_path_factory.mktemp("builds"))


@pytest.fixture(scope="module")
def made(builds: Builds) -> Iterator[Phone]:
    with phone(str(builds.base)) as found:
        yield found


@pytest.mark.parametrize("case", CASES)
def test_an_update_ends_on_a_declared_build_or_in_quarantine_with_a_verdict_on_user_data(
    made: Phone,
    builds: Builds,
    case: str,
    tmp_path: Path,
    record_property: Callable[[str, object], None],
) -> None:
    ended = run_case(made, builds, case, quarantine=tmp_path)
    record_property("row of updates that something came between", ended.row)
    assert fault_in(ended) == ""

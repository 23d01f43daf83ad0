"""`python -m selftests.preparations [pairs] [failures]`: the whole tables (both, if none is named);
exit status 1 if a row is not as it must be.
"""

from __future__ import annotations

import itertools
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from selftests.holdfast.firmware.phone import Phone, phone
from selftests.preparations.builds import Builds, make_builds
from selftests.preparations.failures import CASES, fault_in, run_case
from selftests.preparations.pairs import GOALS, STATES, fault_of, run_pair

__all__ = ["main"]

Row = tuple[str, str]
"""The row, and what is wrong with it."""


def _pairs(made: Phone, builds: Builds) -> Iterator[Row]:
    for goal, state in itertools.product(GOALS, STATES):
        outcome = run_pair(made, builds, goal, state)
        yield outcome.row, fault_of(outcome)


def _failures(made: Phone, builds: Builds) -> Iterator[Row]:
    for name in CASES:
        ended = run_case(made, builds, name, quarantine=builds.folder)
        yield ended.row, fault_in(ended)


TABLES: Mapping[str, Callable[[Phone, Builds], Iterator[Row]]] = {
    "pairs": _pairs,
    "failures": _failures,
}


def main(names: Sequence[str]) -> int:
    faults: list[str] = []
    with tempfile.TemporaryDirectory(prefix="holdfast-builds-") as folder:
        builds = make_builds(Path(folder))
        with phone(str(builds.base)) as made:
            for name in names or tuple(TABLES):
                faults += _show(name, TABLES[name](made, builds))
    for fault in faults:
        sys.stdout.write(f"FAULT {fault}\n")
    return 1 if faults else 0


def _show(name: str, rows: Iterator[Row]) -> list[str]:
    faults = []
    for row, fault in rows:
        sys.stdout.write(f"{row}\n")
        sys.stdout.flush()
        faults.append(fault)
    wrong = [fault for fault in faults if fault]
    sys.stdout.write(f"{name}: {len(faults)} rows, {len(wrong)} faults\n")
    return wrong


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""`python -m selftests.preparations`: the whole tables."""

from __future__ import annotations

import itertools
import sys
import tempfile
from pathlib import Path

from selftests.holdfast.firmware.phone import phone
from selftests.preparations.builds import make_builds
from selftests.preparations.pairs import GOALS, STATES, Outcome, fault_of, run_pair

__all__ = ["main"]


def main() -> int:
    """1 if a preparation neither reached its goal nor ended in the error that it must name."""
    outcomes: list[Outcome] = []
    with tempfile.TemporaryDirectory(prefix="holdfast-builds-") as folder:
        builds = make_builds(Path(folder))
        with phone(str(builds.base)) as made:
            for goal, state in itertools.product(GOALS, STATES):
                outcomes.append(run_pair(made, builds, goal, state))
                sys.stdout.write(f"{outcomes[-1].row}\n")
                sys.stdout.flush()
    faults = [fault for outcome in outcomes if (fault := fault_of(outcome))]
    reached = sum(not outcome.error for outcome in outcomes)
    for fault in faults:
        sys.stdout.write(f"FAULT {fault}\n")
    sys.stdout.write(f"{len(outcomes)} pairs: {reached} reached, {len(faults)} faults\n")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())

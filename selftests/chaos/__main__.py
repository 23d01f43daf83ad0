"""`make chaos`: random faults over scenario runs; exit status 1 for anything that must never be.

--seed N      the same seed draws the same sessions
--runs N      so many scenario runs (default 200)
--faults N    so many faults are drawn (default 900); those of a moment that no run reaches do not
              come: of the default some 500 to 600 do
--only N …    these sessions of the seed alone
--at-once N   so many sessions at a time
"""

from __future__ import annotations

import argparse
import ast
import random
import sys
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed

from selftests.chaos.judge import Violation, violations
from selftests.chaos.session import ROOT, Ended, run_session
from selftests.chaos.strikes import draw_sessions

__all__ = ["main"]


def main(arguments: Sequence[str]) -> int:
    options = _parser().parse_args(arguments)
    sessions = draw_sessions(
        seed=options.seed, runs=options.runs, faults=options.faults, tests=_scenarios()
    )
    chosen = [s for s in sessions if not options.only or s.number in options.only]
    began = time.monotonic()
    repeat = f"--seed {options.seed} --runs {options.runs} --faults {options.faults}"
    all_ended: list[Ended] = []
    broken = 0
    with ThreadPoolExecutor(options.at_once) as pool:
        for future in as_completed([pool.submit(run_session, session) for session in chosen]):
            ended = future.result()
            all_ended.append(ended)
            found = violations(ended)
            broken += len(found)
            _tell(ended, found, repeat=repeat, verbose=options.verbose)
    _say(_summary(all_ended, broken, took_s=time.monotonic() - began, seed=options.seed))
    return 1 if broken else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="make chaos", description=__doc__)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6))
    parser.add_argument("--runs", type=int, default=200)
    parser.add_argument("--faults", type=int, default=900)
    parser.add_argument("--only", type=int, nargs="*", default=[], metavar="N")
    parser.add_argument("--at-once", type=int, default=3, metavar="N")
    parser.add_argument("--verbose", action="store_true", help="each run's own log too")
    return parser


def _scenarios() -> tuple[str, ...]:
    """The node ids of the project's own scenarios, without a device."""
    found = []
    for file in sorted((ROOT / "tests").glob("test_*.py")):
        tree = ast.parse(file.read_text(encoding="utf-8"))
        names = [n.name for n in tree.body if isinstance(n, ast.FunctionDef)]
        found += [f"tests/{file.name}::{n}" for n in names if n.startswith("test_")]
    return tuple(found)


def _tell(ended: Ended, found: Sequence[Violation], *, repeat: str, verbose: bool) -> None:
    session = ended.session
    kind = "attached" if session.attached else "started by the run"
    faults = ", ".join(
        strike.fault if hit else f"({strike.fault})" for strike, hit in ended.struck.items()
    )
    _say(
        f"{session.number}: {session.device}, {kind}: {ended.took_s:.0f} s; device {ended.device}; "
        f"faults: {faults or 'none'}"
    )
    for record in ended.records:
        _say(f"    {record.outcome}: {record.why[:200]}")
    for violation in found:
        _say(f"VIOLATION {violation.kind}: {violation.detail}")
    if found:
        _say(f"  again: make chaos ARGS='{repeat} --only {session.number}'")
    if found or verbose:
        _say("".join(f"  | {line}\n" for line in ended.log.splitlines()[-60:]))


def _summary(ended: Sequence[Ended], broken: int, *, took_s: float, seed: int) -> str:
    outcomes = Counter(record.outcome for each in ended for record in each.records)
    devices = Counter(each.device for each in ended if each.session.attached)
    came = [hit for each in ended for hit in each.struck.values()]
    ran = f"{sum(outcomes.values())} scenario runs in {len(ended)} sessions, {took_s:.0f} s"
    lines = [
        f"seed {seed}: {ran}; {len(came)} faults came, {sum(came)} of them hit something",
        "outcomes: " + ", ".join(f"{n} {name}" for name, n in sorted(outcomes.items())),
        "attached devices: " + (", ".join(f"{n} {k}" for k, n in sorted(devices.items())) or "-"),
        f"longest session: {max((e.took_s for e in ended), default=0):.0f} s",
        f"{broken} violations" if broken else "no violation",
    ]
    return "\n".join(lines)


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

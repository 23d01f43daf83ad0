"""`python -m selftests.proof`: run the matrix; exit status 1 if it shows a blind or idle check.

--only NAME …         these defects, and no check is held to be idle
--defect-file P.py:N  an outside defect more; may be repeated
--clean-runs N        devices without a defect, spread over all personalities (default: each once)
--reports DIR         where proof.json and proof.html go
"""

from __future__ import annotations

import argparse
import itertools
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from selftests.proof.defects import NOT_REHEARSED, built_in_defects, personalities
from selftests.proof.matrix import Matrix
from selftests.proof.stages import CHECKS, Row, prove

__all__ = ["main"]

_PERSONALITY = "aosp-33"
_AT_ONCE = 2


@dataclass(frozen=True, kw_only=True, slots=True)
class _Run:
    name: str
    personality: str
    defects: tuple[str, ...] = ()


def main(arguments: Sequence[str]) -> int:
    options = _parser().parse_args(arguments)
    chosen = tuple(options.only) or built_in_defects()
    defects = (*chosen, *options.defect_file)
    clean = list(_clean(options.clean_runs))
    runs = [*clean, *(_Run(name=d, personality=_PERSONALITY, defects=(d,)) for d in defects)]
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        rows = [_told(row) for row in pool.map(_prove, runs)]
    matrix = Matrix(
        checks=CHECKS,
        clean=rows[: len(clean)],
        rows=rows[len(clean) :],
        not_rehearsed=NOT_REHEARSED,
        whole=not options.only,
    )
    options.reports.mkdir(parents=True, exist_ok=True)
    (options.reports / "proof.json").write_text(matrix.to_json(), encoding="utf-8")
    (options.reports / "proof.html").write_text(matrix.to_html(), encoding="utf-8")
    for fault in matrix.faults:
        sys.stdout.write(f"FAULT {fault}\n")
    sys.stdout.write(f"{matrix.summary}\n")
    return 1 if matrix.faults else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m selftests.proof", description=__doc__)
    parser.add_argument("--only", nargs="*", default=[], metavar="NAME")
    parser.add_argument("--defect-file", action="append", default=[], metavar="PATH.py:NAME")
    parser.add_argument("--clean-runs", type=int, default=len(personalities()), metavar="N")
    parser.add_argument("--reports", type=Path, default=Path("reports"), metavar="DIR")
    return parser


def _clean(count: int) -> list[_Run]:
    endless = itertools.cycle(personalities())
    return [_Run(name="clean", personality=next(endless)) for _ in range(count)]


def _prove(run: _Run) -> Row:
    return prove(run.name, personality=run.personality, defects=run.defects)


def _told(row: Row) -> Row:
    sys.stdout.write(f"{row.name} ({row.personality}): {row.error or ', '.join(row.red) or '-'}\n")
    sys.stdout.flush()
    return row


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

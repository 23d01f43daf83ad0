"""`python -m selftests.proof`: run the matrix; exit status 1 if it shows a blind or idle check.

--only [NAME …]       of the built-in defects these alone, and no check is held to be idle
--defect-file P.py:N  an outside defect more; all of the file without `:N`; may be repeated
--clean-runs N        scenarios without a defect, spread over all firmwares, updates, routes and
                      personas (default: one a firmware)
--at-once N           so many devices run at a time
--reports DIR         where proof.json and proof.html go
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from functools import partial
from pathlib import Path

from selftests.proof.clean import BUSY, clean_runs, run_clean, run_harmless
from selftests.proof.defects import NOT_REHEARSED, built_in_defects, outside_defects
from selftests.proof.firmware import BAD_STORE, good_firmwares
from selftests.proof.matrix import Matrix
from selftests.proof.stages import CHECKS, Row, prove, prove_push

__all__ = ["main"]

_PERSONALITY = "aosp-33"
_MOST_AT_ONCE = 4

Work = Callable[[], tuple[Row, ...]]


def main(arguments: Sequence[str]) -> int:
    options = _parser().parse_args(arguments)
    clean: list[Work] = [partial(run_clean, runs) for runs in clean_runs(options.clean_runs)]
    whole = options.only is None
    if whole:
        clean += [partial(run_harmless, personality) for personality in BUSY]
    outside = [name for given in options.defect_file for name in outside_defects(given)]
    names = (*(built_in_defects() if whole else options.only), *outside)
    defects: list[Work] = [
        partial(prove, name, personality=_PERSONALITY, defects=(name,)) for name in names
    ]
    if whole:
        defects.append(partial(prove_push, "the store of 2018", personality=BAD_STORE))
    clean_rows, defect_rows = _carry_out(clean, defects, at_once=options.at_once)
    matrix = Matrix(
        checks=CHECKS,
        clean=clean_rows,
        rows=defect_rows,
        not_rehearsed=NOT_REHEARSED,
        whole=whole,
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
    at_once = min(_MOST_AT_ONCE, (os.cpu_count() or 1) + 1)
    parser.add_argument("--only", nargs="*", default=None, metavar="NAME")
    parser.add_argument("--defect-file", action="append", default=[], metavar="PATH.py:NAME")
    parser.add_argument("--clean-runs", type=int, default=len(good_firmwares()), metavar="N")
    parser.add_argument("--at-once", type=int, default=at_once, metavar="N")
    parser.add_argument("--reports", type=Path, default=Path("reports"), metavar="DIR")
    return parser


def _carry_out(
    clean: Sequence[Work], defects: Sequence[Work], *, at_once: int
) -> tuple[list[Row], list[Row]]:
    """Each in a process of its own kind, several at a time; the rows in the order of the work."""
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(at_once, mp_context=spawn) as pool:
        futures = [pool.submit(work) for work in (*defects, *clean)]
        try:
            for future in as_completed(futures):
                for row in future.result():
                    sys.stdout.write(f"{row.name} ({row.personality}): {_said(row)}\n")
                sys.stdout.flush()
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
        rows = [future.result() for future in futures]
    return list(_flat(rows[len(defects) :])), list(_flat(rows[: len(defects)]))


def _flat(rows: Sequence[tuple[Row, ...]]) -> Iterator[Row]:
    for some in rows:
        yield from some


def _said(row: Row) -> str:
    return row.error or ", ".join(row.red) or "-"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

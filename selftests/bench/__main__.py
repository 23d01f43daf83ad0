"""Run the benchmarks that are named, or all; exit status 1 where a promise is not kept."""

from __future__ import annotations

import importlib
import pkgutil
import sys
from collections.abc import Callable, Iterator, Sequence

import selftests.bench
from selftests.bench.measurement import Measurement

Bench = Callable[[], Iterator[Measurement]]


def benches() -> dict[str, Bench]:
    """Every module of the package that measures something, by name."""
    names = [module.name for module in pkgutil.iter_modules(selftests.bench.__path__)]
    modules = {
        name: importlib.import_module(f"selftests.bench.{name}")
        for name in names
        if name != "__main__"
    }
    return {name: module.measure for name, module in modules.items() if hasattr(module, "measure")}


def main(wanted: Sequence[str]) -> int:
    known = benches()
    unknown = set(wanted) - set(known)
    if unknown:
        sys.stderr.write(f"no benchmark named {', '.join(sorted(unknown))}; there are: ")
        sys.stderr.write(f"{', '.join(known)}\n")
        return 2
    all_kept = True
    for name in wanted or known:
        sys.stdout.write(f"{name}\n")
        for measurement in known[name]():
            sys.stdout.write(f"  {measurement}\n")
            sys.stdout.flush()
            all_kept = all_kept and measurement.is_kept
    return 0 if all_kept else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

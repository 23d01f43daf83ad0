"""Fuzz one target in this process: `python -m selftests.fuzz.inside TARGET LIBFUZZER_OPTION…`.

The readers are imported under atheris, which adds its counters to their byte code as they load.
"""

from __future__ import annotations

import importlib
import sys


def main() -> None:
    """Never returns: libFuzzer ends the process."""
    program, target, *options = sys.argv
    atheris = importlib.import_module("atheris")
    with atheris.instrument_imports(include=["holdfast.apk"]):
        targets = importlib.import_module("selftests.fuzz.targets")

    def one_case(data: bytes) -> None:
        targets.run(target, data)

    atheris.Setup([program, *options], one_case)
    atheris.Fuzz()


if __name__ == "__main__":
    main()

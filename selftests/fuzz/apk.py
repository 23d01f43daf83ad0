"""Fuzz the readers of APKs with atheris: `python -m selftests.fuzz.apk [--minutes N] [TARGET…]`.

The minutes (10 by default) are shared by the targets, each in a process of its own. A case that
raises anything but ApkFormatError, takes a second, or more than 256 MB, ends it; the input that did
it is kept in `.holdfast/fuzz/`. What was learnt is kept there as well, for the next time.
"""

from __future__ import annotations

import argparse
import hashlib
import subprocess
import sys
from pathlib import Path

from selftests.fuzz.seeds import seeds
from selftests.fuzz.targets import TARGETS

ROOT = Path(__file__).resolve().parents[2]
SCRATCH = ROOT / ".holdfast" / "fuzz"
MEMORY_MB = 256
CASE_S = 1
LONGEST_BYTES = 64 * 1024


def write_seeds() -> None:
    """Put the seeds where the fuzzer of each target looks for them."""
    for target, data in seeds():
        folder = SCRATCH / target
        folder.mkdir(parents=True, exist_ok=True)
        if len(data) <= LONGEST_BYTES:
            (folder / hashlib.sha256(data).hexdigest()[:20]).write_bytes(data)


def fuzz_target(target: str, *, seconds: int) -> bool:
    """Fuzz one target in a process of its own; False where it found something."""
    folder = SCRATCH / target
    folder.mkdir(parents=True, exist_ok=True)
    options = [
        f"-max_total_time={seconds}",
        f"-rss_limit_mb={MEMORY_MB}",
        f"-timeout={CASE_S}",
        f"-max_len={LONGEST_BYTES}",
        f"-artifact_prefix={SCRATCH / target}-",
        "-print_final_stats=1",
        "-verbosity=0",
        str(folder),
    ]
    command = [sys.executable, "-m", "selftests.fuzz.inside", target, *options]
    done = subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True)
    counts = [line for line in done.stderr.splitlines() if "number_of_executed_units" in line]
    cases = counts[0].split()[-1] if counts else "?"
    sys.stdout.write(f"{target}: {cases} cases, {'well' if done.returncode == 0 else 'FAILED'}\n")
    if done.returncode != 0:
        sys.stdout.write(done.stdout + done.stderr)
    sys.stdout.flush()
    return done.returncode == 0


def main() -> int:
    parser = argparse.ArgumentParser(prog="selftests.fuzz.apk", description=__doc__)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("targets", nargs="*", metavar="TARGET", help=", ".join(TARGETS))
    arguments = parser.parse_args()
    targets = arguments.targets or list(TARGETS)
    unknown = set(targets) - set(TARGETS)
    if unknown:
        parser.error(f"no target named {', '.join(sorted(unknown))}")
    write_seeds()
    seconds = max(1, round(60 * arguments.minutes / len(targets)))
    results = [fuzz_target(target, seconds=seconds) for target in targets]
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())

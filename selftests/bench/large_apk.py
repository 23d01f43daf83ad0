"""One run over a large APK in a process of its own: `make`, `verify` or `hash` FILE.

Prints its seconds and the growth of the process's largest memory, as JSON.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from holdfast.apk.archive import Apk
from holdfast.apk.verify import verify
from selftests.bench.measurement import seconds_of

LARGE_BYTES = 210_000_000
PIECE = 1 << 20


def make(path: Path) -> None:
    """A probe with that much in one stored entry, signed with v2 and v3."""
    from holdfast.apk.keys import SigningKey
    from holdfast.apk.probe import ProbeSpec, build_probe
    from holdfast.apk.signer import sign
    from holdfast.apk.signing_details import Scheme

    probe = build_probe(ProbeSpec(package_name="com.example.large", payload_bytes=LARGE_BYTES))
    key = SigningKey.generate("rsa-2048")
    path.write_bytes(sign(probe, signers=[key], schemes={Scheme.V2, Scheme.V3}))


def verify_file(path: Path) -> None:
    with Apk.from_path(path) as apk:
        assert verify(apk, api=34).accepted


def hash_file(path: Path) -> None:
    """SHA-256 of every byte: as many threads as cores, each over a part of its own."""
    workers = os.cpu_count() or 1
    size = path.stat().st_size
    fd = os.open(path, os.O_RDONLY)
    share = -(-size // workers)

    def part(number: int) -> bytes:
        hasher = hashlib.sha256()
        buffer = bytearray(PIECE)
        end = min(size, share * (number + 1))
        offset = share * number
        while offset < end:
            count = os.preadv(fd, [memoryview(buffer)[: end - offset]], offset)
            hasher.update(memoryview(buffer)[:count])
            offset += count
        return hasher.digest()

    with ThreadPoolExecutor(workers) as pool:
        list(pool.map(part, range(workers)))
    os.close(fd)


def largest_memory_kib() -> int:
    """The most that this program had resident. (getrusage counts what it was forked from, too.)"""
    lines = Path("/proc/self/status").read_text(encoding="ascii", errors="replace").splitlines()
    (told,) = (line for line in lines if line.startswith("VmHWM:"))
    return int(told.split()[1])


def main(what: str, path: Path) -> None:
    if what == "make":
        make(path)
        return
    run = {"verify": verify_file, "hash": hash_file}[what]
    before_kib = largest_memory_kib()
    seconds = seconds_of(lambda: run(path))
    growth_kib = largest_memory_kib() - before_kib
    sys.stdout.write(json.dumps({"seconds": seconds, "growth_mib": growth_kib / 1024}))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))

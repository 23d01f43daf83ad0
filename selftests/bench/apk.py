"""Verifying APKs, beside Debian's apksigner, apksigtool, and hashing alone."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from holdfast.apk.archive import Apk
from holdfast.apk.keys import SigningKey
from holdfast.apk.probe import ProbeSpec, build_probe
from holdfast.apk.signer import sign
from holdfast.apk.signing_details import Scheme
from holdfast.apk.verify import verify
from selftests.bench.measurement import Measurement, in_turn, seconds_of

ROOT = Path(__file__).resolve().parents[2]
SCRATCH = ROOT / ".holdfast" / "bench"
API = 34


def measure() -> Iterator[Measurement]:
    """All of it; tools that are not there are told and left out."""
    SCRATCH.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=SCRATCH) as folder:
        small, large = Path(folder) / "small.apk", Path(folder) / "large.apk"
        small.write_bytes(_signed(ProbeSpec(package_name="com.example.small")))
        yield from _in_process(small)
        yield from _small_beside_others(small)
        subprocess.run(
            [sys.executable, "-m", "selftests.bench.large_apk", "make", large], check=True
        )
        yield from _large_beside_hashing(large)
        yield from _large_beside_apksigner(large)


def _signed(spec: ProbeSpec) -> bytes:
    key = SigningKey.generate("rsa-2048")
    return sign(build_probe(spec), signers=[key], schemes={Scheme.V1, Scheme.V2, Scheme.V3})


def _in_process(small: Path) -> Iterator[Measurement]:
    def run() -> float:
        def once() -> None:
            with Apk.from_path(small) as apk:
                assert verify(apk, api=API).accepted

        return seconds_of(once)

    median_s = in_turn({"verify": run}, rounds=100)["verify"]
    yield Measurement(
        what="small APK, within the process", value=1000 * median_s, unit="ms", at_most=3
    )


def _process(*command: str | Path) -> Callable[[], float]:
    """Time of a whole process, which has to succeed."""

    def run() -> float:
        return seconds_of(
            lambda: subprocess.run(command, check=True, capture_output=True, cwd=ROOT)
        )

    return run


def _ours(path: Path) -> Callable[[], float]:
    return _process(sys.executable, "-m", "holdfast", "verify", "--api", str(API), path)


def _apksigner(path: Path) -> Callable[[], float] | None:
    found = shutil.which("apksigner")
    return _process(found, "verify", "--min-sdk-version", "24", path) if found else None


def _apksigtool(path: Path) -> Callable[[], float] | None:
    """In an environment of its own, made once; None where it cannot be installed."""
    venv = SCRATCH / "apksigtool"
    program = venv / "bin" / "apksigtool"
    if not program.exists():
        made = subprocess.run([sys.executable, "-m", "venv", venv], check=False)
        pip = [str(venv / "bin" / "pip"), "install", "--quiet", "apksigtool"]
        if made.returncode or subprocess.run(pip, check=False, capture_output=True).returncode:
            return None
    return _process(program, "verify", path)


def _small_beside_others(small: Path) -> Iterator[Measurement]:
    ours = "ours"
    others = {"apksigtool": _apksigtool(small), "apksigner": _apksigner(small)}
    runs = {ours: _ours(small), **{name: run for name, run in others.items() if run}}
    medians_s = in_turn(runs, rounds=11)
    yield Measurement(what="small APK, whole process", value=1000 * medians_s[ours], unit="ms")
    bounds = {"apksigtool": 1.0, "apksigner": 2.0}
    for name, at_least in bounds.items():
        yield _ratio(f"small APK, whole process: {name} / ours", medians_s, name, at_least=at_least)


def _ratio(what: str, medians_s: dict[str, float], other: str, *, at_least: float) -> Measurement:
    if other not in medians_s:
        return Measurement(what=what, value=None, unit="x", note=f"{other} is not installed")
    note = f"{1000 * medians_s[other]:.0f} ms / {1000 * medians_s['ours']:.0f} ms"
    value = medians_s[other] / medians_s["ours"]
    return Measurement(what=what, value=value, unit="x", at_least=at_least, note=note)


def _child(what: str, path: Path) -> dict[str, float]:
    done = subprocess.run(
        [sys.executable, "-m", "selftests.bench.large_apk", what, path],
        check=True,
        capture_output=True,
        cwd=ROOT,
    )
    answer: dict[str, float] = json.loads(done.stdout)
    return answer


def _large_beside_hashing(large: Path) -> Iterator[Measurement]:
    growths_mib = []

    def verifying() -> float:
        answer = _child("verify", large)
        growths_mib.append(answer["growth_mib"])
        return answer["seconds"]

    medians_s = in_turn(
        {"verify": verifying, "hash": lambda: _child("hash", large)["seconds"]}, rounds=7
    )
    yield Measurement(
        what=f"210 MB APK (v2, v3): verifying / hashing on {os.cpu_count()} cores",
        value=medians_s["verify"] / medians_s["hash"],
        unit="x",
        at_most=1.3,
        note=f"{1000 * medians_s['verify']:.0f} ms / {1000 * medians_s['hash']:.0f} ms",
    )
    yield Measurement(
        what="210 MB APK: growth of memory while verifying",
        value=max(growths_mib),
        unit="MiB",
        at_most=64,
    )


def _large_beside_apksigner(large: Path) -> Iterator[Measurement]:
    what = "210 MB APK, whole process: apksigner / ours"
    run = _apksigner(large)
    runs = {"ours": _ours(large), **({"apksigner": run} if run else {})}
    yield _ratio(what, in_turn(runs, rounds=5), "apksigner", at_least=2.0)

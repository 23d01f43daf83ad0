"""Whether a device is fit for a test: readings held against limits, ailments with numbers."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

__all__ = ["Ailment", "AilmentKind", "HealthLimits", "Vitals", "assess", "worsened"]


class AilmentKind(StrEnum):
    BATTERY_LOW = "battery_low"
    TOO_HOT = "too_hot"
    STORAGE_LOW = "storage_low"
    CLOCK_WRONG = "clock_wrong"
    ADB_UNSTABLE = "adb_unstable"
    CRASH_LOOP = "crash_loop"
    TOMBSTONES = "tombstones"
    NOT_RESPONDING = "not_responding"


@dataclass(frozen=True, kw_only=True, slots=True)
class Vitals:
    """What was read of a device. None: it does not tell (an emulator's battery, an old Android).

    `clock_error_s` is device minus host; the four counts are totals since the device booted.
    """

    battery_percent: int | None = None
    temperature_celsius: float | None = None
    free_data_bytes: int | None = None
    clock_error_s: float | None = None
    adb_drops: int = 0
    crashes: int | None = None
    tombstones: int | None = None
    not_responding: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class HealthLimits:
    """Beyond these a device is not fit. A phone below 15 % refuses an OTA update itself."""

    battery_percent_min: int = 25
    temperature_celsius_max: float = 45.0
    free_data_bytes_min: int = 1 << 30
    clock_error_s_max: float = 120.0
    adb_drops_max: int = 3
    crashes_in_a_test_max: int = 5


@dataclass(frozen=True, kw_only=True, slots=True)
class Ailment:
    """Something that makes a device unfit; `detail` has the reading and the limit."""

    kind: AilmentKind
    detail: str


def assess(vitals: Vitals, limits: HealthLimits) -> tuple[Ailment, ...]:
    """What is wrong with a device now. What it does not tell is no ailment."""
    found: list[Ailment] = []
    battery, heat = vitals.battery_percent, vitals.temperature_celsius
    if battery is not None and battery < limits.battery_percent_min:
        found.append(
            Ailment(
                kind=AilmentKind.BATTERY_LOW,
                detail=f"battery at {battery} %, at least {limits.battery_percent_min} % wanted",
            )
        )
    if heat is not None and heat > limits.temperature_celsius_max:
        found.append(
            Ailment(
                kind=AilmentKind.TOO_HOT,
                detail=f"battery at {heat:g} °C, at most {limits.temperature_celsius_max:g} wanted",
            )
        )
    free, clock = vitals.free_data_bytes, vitals.clock_error_s
    if free is not None and free < limits.free_data_bytes_min:
        found.append(
            Ailment(
                kind=AilmentKind.STORAGE_LOW,
                detail=f"{free >> 20} MiB free, {limits.free_data_bytes_min >> 20} MiB wanted",
            )
        )
    if clock is not None and abs(clock) > limits.clock_error_s_max:
        found.append(
            Ailment(
                kind=AilmentKind.CLOCK_WRONG,
                detail=f"clock {clock:+.0f} s off, at most {limits.clock_error_s_max:.0f} s wanted",
            )
        )
    if vitals.adb_drops > limits.adb_drops_max:
        found.append(
            Ailment(
                kind=AilmentKind.ADB_UNSTABLE,
                detail=f"adb lost it {vitals.adb_drops} times, at most {limits.adb_drops_max}",
            )
        )
    return tuple(found)


def worsened(before: Vitals, after: Vitals, limits: HealthLimits) -> tuple[Ailment, ...]:
    """What went wrong during a test: `after` assessed, and the counts that rose meanwhile."""
    found = list(assess(after, limits))
    crashed = _risen(before.crashes, after.crashes)
    if crashed > limits.crashes_in_a_test_max:
        found.append(
            Ailment(kind=AilmentKind.CRASH_LOOP, detail=f"{crashed} crashes during the test")
        )
    tombstones = _risen(before.tombstones, after.tombstones)
    if tombstones:
        found.append(Ailment(kind=AilmentKind.TOMBSTONES, detail=f"{tombstones} new tombstones"))
    silent = _risen(before.not_responding, after.not_responding)
    if silent:
        found.append(
            Ailment(kind=AilmentKind.NOT_RESPONDING, detail=f"{silent} apps stopped responding")
        )
    return tuple(found)


def _risen(before: int | None, after: int | None) -> int:
    """How many more there are; a smaller count means that the device booted in between."""
    if after is None:
        return 0
    return after - before if before is not None and after >= before else after

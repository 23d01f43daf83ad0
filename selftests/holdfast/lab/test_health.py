from __future__ import annotations

import pytest

from holdfast.lab.health import AilmentKind, HealthLimits, Vitals, assess, worsened

WELL = Vitals(
    battery_percent=80,
    temperature_celsius=30.0,
    free_data_bytes=8 << 30,
    clock_error_s=1.0,
    crashes=2,
    tombstones=1,
    not_responding=0,
)
LIMITS = HealthLimits()


def test_a_device_that_is_well_has_no_ailment() -> None:
    assert assess(WELL, LIMITS) == ()
    assert worsened(WELL, WELL, LIMITS) == ()


@pytest.mark.parametrize(
    ("vitals", "kind"),
    [
        (Vitals(battery_percent=24), AilmentKind.BATTERY_LOW),
        (Vitals(temperature_celsius=46.0), AilmentKind.TOO_HOT),
        (Vitals(free_data_bytes=1 << 20), AilmentKind.STORAGE_LOW),
        (Vitals(clock_error_s=-3600.0), AilmentKind.CLOCK_WRONG),
        (Vitals(adb_drops=4), AilmentKind.ADB_UNSTABLE),
    ],
)
def test_each_limit_has_its_ailment(vitals: Vitals, kind: AilmentKind) -> None:
    assert [a.kind for a in assess(vitals, LIMITS)] == [kind]


def test_what_a_device_does_not_tell_is_no_ailment() -> None:
    assert assess(Vitals(), LIMITS) == ()


@pytest.mark.parametrize(
    ("after", "kind"),
    [
        (Vitals(crashes=8), AilmentKind.CRASH_LOOP),
        (Vitals(tombstones=2), AilmentKind.TOMBSTONES),
        (Vitals(not_responding=1), AilmentKind.NOT_RESPONDING),
    ],
)
def test_what_rose_during_a_test_is_an_ailment(after: Vitals, kind: AilmentKind) -> None:
    assert [a.kind for a in worsened(WELL, after, LIMITS)] == [kind]


def test_counts_begin_anew_after_a_reboot() -> None:
    assert worsened(Vitals(tombstones=9), Vitals(tombstones=0), LIMITS) == ()
    (ailment,) = worsened(Vitals(tombstones=9), Vitals(tombstones=1), LIMITS)
    assert ailment.detail == "1 new tombstones"

from __future__ import annotations

import pytest

from holdfast.android.vitals import (
    Battery,
    count_dropbox,
    parse_battery,
    parse_free_bytes,
    parse_sections,
)

BATTERY = """Current Battery Service state:
  AC powered: false
  USB powered: true
  status: 2
  present: true
  level: 42
  scale: 100
  voltage: 4200
  temperature: 317
"""
TOOLBOX = """Filesystem               Size     Used     Free   Blksize
/data                   11.9G     2.4G     9.5G   4096
"""
TOYBOX = """Filesystem     1K-blocks    Used Available Use% Mounted on
/dev/block/dm-5  5000000 4000000   1000000  80% /data
"""
DROPBOX = """Drop box contents: 4 entries
Max entries: 1000

2026-11-24 10:00:00 system_server_anr (text, 900 bytes)
2026-11-24 10:00:01 data_app_crash (compressed text, 120 bytes)
    Process: com.example/PID: 1 ...
2026-11-24 10:00:02 data_app_crash (compressed text, 120 bytes)
2026-11-24 10:00:03 SYSTEM_TOMBSTONE (text, 1 bytes)
"""


def test_a_battery_is_read_in_percent_and_degrees() -> None:
    assert parse_battery(BATTERY) == Battery(percent=42, temperature_celsius=31.7)


def test_a_scale_other_than_a_hundred_counts() -> None:
    assert parse_battery(BATTERY.replace("scale: 100", "scale: 200")).percent == 21


def test_a_device_without_a_battery_tells_nothing() -> None:
    assert parse_battery(BATTERY.replace("present: true", "present: false")) == Battery()
    assert parse_battery("Can't find service: battery\n") == Battery()


@pytest.mark.parametrize(
    ("text", "free"),
    [
        (TOOLBOX, int(9.5 * (1 << 30))),
        (TOYBOX, 1000000 * 1024),
        ("df: /data: Permission denied\n", None),
        ("", None),
        ("Filesystem Size Used Free Blksize\n/data nonsense x y 1\n", None),
    ],
)
def test_free_space_is_read_from_both_kinds_of_df(text: str, free: int | None) -> None:
    assert parse_free_bytes(text) == free


def test_dropbox_entries_are_counted_by_tag() -> None:
    assert count_dropbox(DROPBOX) == {
        "system_server_anr": 1,
        "data_app_crash": 2,
        "SYSTEM_TOMBSTONE": 1,
    }


def test_sections_are_parted_at_their_marks() -> None:
    assert parse_sections("noise\n== a\n1\n2\n== b\n", "==") == {"a": "1\n2\n", "b": ""}

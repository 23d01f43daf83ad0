"""Reading a device's state of health: one shell command, on API 21 to 36. Changes nothing."""

from __future__ import annotations

from dataclasses import dataclass

from holdfast.android.vitals import count_dropbox, parse_battery, parse_free_bytes, parse_sections
from holdfast.deadline import Clock, Deadline
from holdfast.device.shell import Shell

__all__ = ["Readings", "read_vitals"]

_MARK = "=holdfast="
_COMMANDS = (
    ("battery", "dumpsys battery"),
    ("df", "df /data"),
    ("clock", "date +%s"),
    ("dropbox", "dumpsys dropbox"),
    ("tombstones", "ls /data/tombstones 2>/dev/null"),
)
_QUESTION = "; ".join(f"echo '{_MARK} {name}'; {command}" for name, command in _COMMANDS)
_CRASHES = ("system_app_crash", "data_app_crash", "system_server_crash", "system_app_native_crash",
            "data_app_native_crash")  # fmt: skip
_ANRS = ("system_app_anr", "data_app_anr", "system_server_anr", "system_server_watchdog")


@dataclass(frozen=True, kw_only=True, slots=True)
class Readings:
    """None: the device does not tell. The counts are of what its dropbox and folders hold now."""

    battery_percent: int | None = None
    temperature_celsius: float | None = None
    free_data_bytes: int | None = None
    clock_error_s: float | None = None
    crashes: int | None = None
    tombstones: int | None = None
    not_responding: int | None = None


def read_vitals(shell: Shell, *, clock: Clock, deadline: Deadline) -> Readings:
    """Ask once for all of it. LabError if the device does not answer."""
    text = shell.run(_QUESTION, deadline=deadline).text
    now = clock.time()
    said = parse_sections(text, _MARK)
    battery = parse_battery(said.get("battery", ""))
    device_time = said.get("clock", "").strip()
    dropbox = count_dropbox(said.get("dropbox", ""))
    told = "Drop box contents" in said.get("dropbox", "")
    files = [f for f in said.get("tombstones", "").split() if f.startswith("tombstone_")]
    native = dropbox.get("SYSTEM_TOMBSTONE", 0)
    return Readings(
        battery_percent=battery.percent,
        temperature_celsius=battery.temperature_celsius,
        free_data_bytes=parse_free_bytes(said.get("df", "")),
        clock_error_s=float(device_time) - now if device_time.isdigit() else None,
        crashes=sum(dropbox.get(tag, 0) for tag in _CRASHES) if told else None,
        tombstones=max(len(files), native) if told or files else None,
        not_responding=sum(dropbox.get(tag, 0) for tag in _ANRS) if told else None,
    )

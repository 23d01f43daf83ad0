"""What a phone says of its battery, heat, clock and disk: services of dumpsys.

Source: AOSP BatteryService, ThermalManagerService, AlarmManagerService and DiskStatsService, their
dump methods.
"""

from __future__ import annotations

import time
from collections.abc import Sequence

from virtualdevice.seams import Space
from virtualdevice.system.phone import Phone

__all__ = ["FIRST_THERMAL_API", "dump_alarm", "dump_battery", "dump_disk_stats", "dump_thermal"]

FIRST_THERMAL_API = 29
GOOD, OVERHEATED = 2, 3
"""BatteryManager.BATTERY_HEALTH_…"""
FLAT_LEVEL = "5"
HOT_DECIDEGREES = 680
THROTTLING_CRITICAL = 4
FIRST_MILLISECONDS_API = 26
FIRST_FILE_ENCRYPTION_API = 24


def _heat(phone: Phone) -> int:
    """In tenths of a degree Celsius."""
    return HOT_DECIDEGREES if phone.defects.has("overheated") else int(phone.battery["temp"])


def dump_battery(phone: Phone, arguments: Sequence[str]) -> str:
    battery = phone.battery
    if arguments[:1] == ["set"] and len(arguments) >= 3:
        battery[arguments[1]] = arguments[2]
        return ""
    if arguments[:1] == ["reset"]:
        phone.reset_battery()
        return ""
    flat = phone.defects.has("battery_flat")
    return (
        "Current Battery Service state:\n"
        f"  AC powered: {'true' if battery['ac'] == '1' else 'false'}\n"
        f"  USB powered: {'true' if battery['usb'] == '1' else 'false'}\n"
        "  Wireless powered: false\n"
        "  Max charging current: 0\n"
        f"  status: {battery['status']}\n"
        f"  health: {OVERHEATED if phone.defects.has('overheated') else GOOD}\n"
        "  present: true\n"
        f"  level: {FLAT_LEVEL if flat else battery['level']}\n"
        "  scale: 100\n"
        f"  voltage: {3400 if flat else 4150}\n"
        f"  temperature: {_heat(phone)}\n"
        "  technology: Li-ion\n"
    )


def dump_thermal(phone: Phone, arguments: Sequence[str]) -> str:
    status = THROTTLING_CRITICAL if phone.defects.has("overheated") else 0
    degrees = _heat(phone) / 10
    sensors = "".join(
        f"\tTemperature{{mValue={degrees}, mType={kind}, mName={name}, mStatus={status}}}\n"
        for kind, name in ((2, "battery"), (3, "skin"))
    )
    listeners = "\tcallbacks: 1\n\tkilled: false\n\tbroadcasts count: -1\n"
    return (
        "IsStatusOverride: false\n"
        f"ThermalEventListeners:\n{listeners}"
        f"ThermalStatusListeners:\n{listeners}"
        f"Thermal Status: {status}\n"
        f"Cached temperatures:\n{sensors}"
        "HAL Ready: true\n"
        "HAL connection:\n\tThermalHAL 2.0 connected: yes\n"
        f"Current temperatures from HAL:\n{sensors}"
        "Current cooling devices from HAL:\n"
    )


def dump_alarm(phone: Phone, arguments: Sequence[str]) -> str:
    now_ms = phone.parts.now_ms()
    shown = time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(now_ms / 1000))
    if phone.api >= FIRST_MILLISECONDS_API:
        shown += f".{now_ms % 1000:03d}"
    elapsed_ms = int(time.monotonic() * 1000)
    return f"Current Alarm Manager state:\n  nowRTC={now_ms}={shown} nowELAPSED={elapsed_ms}\n"


def dump_disk_stats(api: int, space: Space) -> str:
    """The system writes its 512 bytes into the disk's reserve. All of it lies on one disk here."""
    share = space.free_bytes * 100 // max(1, space.total_bytes)
    free = f"{space.free_bytes >> 10}K / {space.total_bytes >> 10}K total = {share}% free"
    lines = ["Latency: 0ms [512B Data Write]"]
    lines += [f"{name}-Free: {free}" for name in ("Data", "Cache", "System")]
    if api >= FIRST_FILE_ENCRYPTION_API:
        lines.append("File-based Encryption: true")
    return "".join(f"{line}\n" for line in lines)

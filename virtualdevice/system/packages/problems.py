"""reportSettingsProblem: the log, the event that labs look for, and /data/system/uiderrors.txt."""

from __future__ import annotations

import time
from collections.abc import Mapping

from virtualdevice.system.packages.boot_texts import Said, words
from virtualdevice.system.parts import Parts

__all__ = ["critical", "info", "report"]


def critical(parts: Parts, text: str, *, level: str = "W") -> None:
    """What a boot complains of (logCriticalInfo)."""
    if not text:
        return
    parts.log.write("PackageManager", text, level=level, buffer="system")
    parts.log.write("pm_critical_info", text, level="I", buffer="events")
    now = time.gmtime(parts.clock())  # the device keeps UTC; the format is SimpleDateFormat's own
    if parts.personality.language == "zh":
        half = "上午" if now.tm_hour < 12 else "下午"
        date = f"{now.tm_year % 100}/{now.tm_mon}/{now.tm_mday} {half}"
        stamp = f"{date}{now.tm_hour % 12 or 12}:{now.tm_min:02d}"
    else:
        half = "AM" if now.tm_hour < 12 else "PM"
        date = f"{now.tm_mon}/{now.tm_mday}/{now.tm_year % 100:02d}"
        stamp = f"{date} {now.tm_hour % 12 or 12}:{now.tm_min:02d} {half}"
    parts.registry.problems.append(f"{stamp}: {text}")


def info(parts: Parts, text: str) -> None:
    """A line of the log alone."""
    if text:
        parts.log.write("PackageManager", text, level="I", buffer="system")


def report(parts: Parts, said: Said, facts: Mapping[str, object], *, level: str = "W") -> None:
    """In this version's words; nothing where it has none."""
    critical(parts, words(said, parts.api, **facts), level=level)

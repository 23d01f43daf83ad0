"""Telling a device that is on its way up from one that never comes up."""

from __future__ import annotations

from dataclasses import dataclass, field

from holdfast.firmware.states import Mode

__all__ = ["BOOT_QUESTION", "BootWatch", "Incarnation", "read_incarnation"]

# One start of Android: the kernel's boot id and system_server's pid. Either may be hidden from the
# shell (SELinux, toolbox before Android 6); what is left still tells one start from the next.
BOOT_QUESTION = (
    "echo booted=$(getprop sys.boot_completed); "
    "echo package=$(service check package 2>/dev/null); "
    "echo boot=$(cat /proc/sys/kernel/random/boot_id 2>/dev/null); "
    "echo server=$(pidof system_server 2>/dev/null)"
)
_LOOPS_AT = 3


@dataclass(frozen=True, kw_only=True, slots=True)
class Incarnation:
    """One start of Android. `booted`: it came up, and the package manager is there."""

    identity: str
    booted: bool


def read_incarnation(answer: str) -> Incarnation:
    """What the device answered to BOOT_QUESTION."""
    facts = dict(line.partition("=")[::2] for line in answer.splitlines())
    up = facts.get("booted", "").strip() == "1" and ": found" in facts.get("package", "")
    identity = f"{facts.get('boot', '').strip()}/{facts.get('server', '').strip()}"
    return Incarnation(identity=identity, booted=up)


@dataclass
class BootWatch:
    """Counts the starts that came to nothing. A boot that succeeded begins the count anew."""

    failed: set[str] = field(default_factory=set)

    def mode(self, seen: Incarnation) -> Mode:
        """What to call a device that adb reaches in Android."""
        if seen.booted:
            self.failed.clear()
            return Mode.SYSTEM
        self.failed.add(seen.identity)
        return Mode.BOOT_LOOP if len(self.failed) >= _LOOPS_AT else Mode.BOOTING

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
    """One start of Android, as far as it can be told from others: the kernel's boot and its system
    server, each empty if it is hidden, or not there yet. `booted`: it came up, and the package
    manager is there."""

    boot: str
    server: str
    booted: bool


def read_incarnation(answer: str) -> Incarnation:
    """What the device answered to BOOT_QUESTION."""
    facts = dict(line.partition("=")[::2] for line in answer.splitlines())
    up = facts.get("booted", "").strip() == "1" and ": found" in facts.get("package", "")
    boot, server = facts.get("boot", "").strip(), facts.get("server", "").strip()
    return Incarnation(boot=boot, server=server, booted=up)


@dataclass
class BootWatch:
    """Counts the starts that came to nothing. A boot that succeeded begins the count anew.

    Each kernel's boot is one, and so is each system server: but not both, as a boot is seen before
    its server is there.
    """

    failed: set[Incarnation] = field(default_factory=set)

    def mode(self, seen: Incarnation) -> Mode:
        """What to call a device that adb reaches in Android."""
        if seen.booted:
            self.failed.clear()
            return Mode.SYSTEM
        self.failed.add(seen)
        boots = {start.boot for start in self.failed}
        servers = {(start.boot, start.server) for start in self.failed if start.server}
        return Mode.BOOT_LOOP if max(len(boots), len(servers)) >= _LOOPS_AT else Mode.BOOTING

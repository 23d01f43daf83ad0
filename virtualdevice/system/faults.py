"""Faults of the lab's kind, on demand: what hangs, dies or is full, without being the firmware's
opinion on anybody's data. They are switched on like defects (`--defect NAME`), and have no class.
"""

from __future__ import annotations

from dataclasses import replace

from holdfast.apk.decision import DataFate, Decision, Outcome
from virtualdevice.system.defects import Defect, Judging

__all__ = ["FAULTS"]


def _verification_times_out(judging: Judging) -> Decision:
    return replace(
        judging.decision,
        outcome=Outcome.REFUSE,
        code="INSTALL_FAILED_VERIFICATION_TIMEOUT",
        text="",
        data=DataFate.NONE,
        signing_after=None,
    )


FAULTS = (
    Defect(
        name="boot_never_completes",
        about="fault: adbd answers, and sys.boot_completed never comes",
        flags=frozenset({"boot_never_completes"}),
    ),
    Defect(
        name="second_boot_never_completes",
        about="fault: the first boot is fine, every later one never completes",
        flags=frozenset({"second_boot_never_completes"}),
    ),
    Defect(
        name="boot_crashes_early",
        about="fault: this firmware crashes at boot, before it has touched anybody's data",
        flags=frozenset({"boot_crashes_early"}),
    ),
    Defect(
        name="boot_crashes_late",
        about="fault: this firmware crashes at boot, when it has scanned the packages",
        flags=frozenset({"boot_crashes_late"}),
    ),
    Defect(
        name="ui_server_dies",
        about="fault: the UI server ends with its twentieth answer, each time",
        flags=frozenset({"ui_server_dies"}),
    ),
    Defect(
        name="ui_server_hangs",
        about="fault: the UI server takes its twentieth request and those after, and never answers",
        flags=frozenset({"ui_server_hangs"}),
    ),
    Defect(
        name="battery_flat",
        about="fault: the battery is at five percent",
        flags=frozenset({"battery_flat"}),
    ),
    Defect(
        name="system_server_hangs",
        about="fault: no command of Android's own ends any more, until the next boot",
        flags=frozenset({"system_server_hangs", "until_reboot"}),
    ),
    Defect(
        name="apps_crash",
        about="fault: each second of a boot an app crashes, hangs or leaves a tombstone",
        flags=frozenset({"apps_crash"}),
    ),
    Defect(
        name="overheated",
        about="fault: the battery and the skin have 68 degrees, and the phone throttles",
        flags=frozenset({"overheated"}),
    ),
    Defect(
        name="clock_jumps",
        about="fault: the clock is 400 days ahead",
        flags=frozenset({"clock_jumps"}),
    ),
    Defect(
        name="slow_phone",
        about="fault: commands, looks at the screen and installing take as long as on an emulator",
        flags=frozenset({"slow_phone"}),
    ),
    Defect(
        name="installing_hangs",
        about="fault: an installation never ends",
        flags=frozenset({"installing_hangs"}),
    ),
    Defect(
        name="storage_full",
        about="fault: from the end of its first boot on the disk is full (--fault full_disk)",
        flags=frozenset({"storage_full"}),
    ),
    Defect(
        name="verification_times_out",
        about="fault: the package verifier never answers in time",
        decide=_verification_times_out,
    ),
)

"""A rehearsal device whose store shows dialogs of 300 ms, and how many of them a capture sees."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from holdfast.deadline import Deadline
from holdfast.device.connect import connect
from holdfast.device.device import Device
from holdfast.dialogs.capture import Capture
from holdfast.dialogs.captured import DialogKind
from holdfast.journal import Journal, Ledger
from holdfast.lab.inventory import VirtualSpec
from holdfast.lab.virtual import VirtualProvider
from selftests.virtualdevice.system.apks import apk

__all__ = ["brief_device", "capture_of", "seen_of"]

STAYS_MS = 300
PAUSE_S = 0.4
UPDATE = "/data/local/tmp/holdfast-update.apk"
PUSH = f"am broadcast -a com.example.store.action.PUSH_UPDATE --es path {UPDATE}"
OWN = frozenset({"com.android.launcher3", "com.android.systemui", "org.example.chat"})
PERSONALITY = f"""
extends: aosp-30
title: AOSP 11 with a store that shows its question for {STAYS_MS} ms
store:
  delay_ms: 0
  update: ask
  update_dialog:
    title: Update {{label}}?
    message: A new version is there.
    stays_ms: {STAYS_MS}
    buttons:
      - {{text: Later, does: cancel}}
      - {{text: Update, does: confirm}}
"""


@contextmanager
def brief_device(folder: Path) -> Iterator[Device]:
    """One that has the update's APK. LabError if this host runs none."""
    (folder / "brief.yaml").write_text(PERSONALITY, encoding="utf-8")
    spec = VirtualSpec(name="rehearsal", kind="virtual", personality="brief.yaml")
    provider = VirtualProvider(spec, folder=folder)
    try:
        endpoint = provider.start(Deadline.after(60), say=lambda _: None)
        journal = Journal()
        device = connect(
            name="rehearsal",
            serial=endpoint.serial,
            adb_server_port=endpoint.adb_port,
            journal=journal,
            ledger=Ledger(journal),
            deadline=Deadline.after(60),
        )
        device.files.push(apk(), UPDATE, deadline=Deadline.after(20))
        yield device
        device.close()
    finally:
        provider.stop(Deadline.after(20))


def capture_of(device: Device) -> Capture:
    return Capture(
        device.new_ui(),
        clock=device.clock,
        own=OWN,
        language="en",
        shell=device.shell,
        package_name="org.example.chat",
    )


def seen_of(device: Device, count: int, *, stays_s: float = STAYS_MS / 1000) -> int:
    """Show that many dialogs, one after the other; how many of them the capture has."""
    with capture_of(device) as capture:
        for _ in range(count):
            device.shell.run(PUSH, deadline=Deadline.after(20))
            device.clock.sleep(stays_s + PAUSE_S)
    return sum(dialog.kind is DialogKind.DIALOG for dialog in capture.dialogs)

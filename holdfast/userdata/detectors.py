"""The known classes of update damage, each looked for by a small pure function.

Numbers are those of section 8 of the update-semantics reference. A detection is evidence that a
class has happened, not a verdict: a scenario knows which of them it asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from holdfast.userdata import detect_app as app
from holdfast.userdata import detect_device as device
from holdfast.userdata.values import Snapshot

__all__ = ["DETECTORS", "NOT_BY_SNAPSHOT", "Detection", "Detector", "detect"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Detector:
    """`find` gives the evidence in words, one string for each fact; nothing if there is none.

    `missed`: the user misses something that no file of the app shows (a choice, a right, another
    app's records), so that a verdict counts it as lost.
    """

    number: int
    title: str
    find: Callable[[Snapshot, Snapshot], tuple[str, ...]]
    missed: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Detection:
    number: int
    title: str
    evidence: tuple[str, ...]
    missed: bool = False

    def lines(self) -> tuple[str, ...]:
        return tuple(f"{self.title}: {words}" for words in self.evidence)


def _detector(
    number: int,
    title: str,
    find: Callable[[Snapshot, Snapshot], tuple[str, ...]],
    *,
    missed: bool = False,
) -> Detector:
    return Detector(number=number, title=title, find=find, missed=missed)


DETECTORS: tuple[Detector, ...] = (
    _detector(1, "uninstalled and installed anew", app.reinstalled),
    _detector(2, "another signer's update reads the old data", app.other_signer_with_old_data),
    _detector(3, "a preloaded app took the user's app's place", app.replaced_by_preload),
    _detector(4, "a preloaded app has another signer and the old data", app.preload_resigned),
    _detector(6, "a preloaded app got another app id", app.preload_renumbered),
    _detector(7, "the app's data belongs to another app", app.data_of_another_owner),
    _detector(8, "all apps got other app ids", device.all_renumbered),
    _detector(9, "the app's own update was dropped", app.update_dropped),
    _detector(10, "a preloaded app left the system", app.preload_gone),
    _detector(10, "another app is gone or installed anew", device.other_apps_gone, missed=True),
    _detector(11, "the factory version came back without the data", app.factory_version),
    _detector(12, "the user's storage stays locked", device.storage_locked),
    _detector(13, "shared storage does not work", device.shared_storage_broken),
    _detector(16, "the device wants to be set up anew", device.set_up_anew, missed=True),
    _detector(17, "text messages are gone", device.messages_gone, missed=True),
    _detector(18, "contacts, calls or appointments are gone", device.contacts_gone, missed=True),
    _detector(20, "accounts are gone", device.accounts_gone, missed=True),
    _detector(21, "app-ops were reset", device.app_ops_changed, missed=True),
    _detector(22, "permissions were taken away", app.permissions_lost, missed=True),
    _detector(22, "permissions were granted by nobody", app.permissions_gained, missed=True),
    _detector(23, "default apps changed", device.roles_changed, missed=True),
    _detector(23, "the app cannot be opened or woken", app.disabled, missed=True),
    _detector(24, "settings fell back", device.settings_fell_back, missed=True),
    _detector(25, "shared files are gone, or their index is", app.shared_files_gone, missed=True),
    _detector(26, "labels no longer fit the app", app.labels_wrong),
    _detector(27, "a record without an app was left", app.orphan_record),
    _detector(27, "the app's installer is another", app.installer_changed),
    _detector(28, "a part of the app's data is gone", app.partly_lost),
    _detector(28, "the files were written anew", app.rewritten, missed=True),
    _detector(28, "data moved or came, not by the app", app.stirred_without_the_app),
    _detector(29, "an older app meets newer data", app.older_app_newer_data),
    _detector(30, "a user or profile is gone or renamed", device.users_gone, missed=True),
    _detector(31, "a storage volume is gone", device.volumes_gone),
)

NOT_BY_SNAPSHOT: Mapping[int, str] = {
    5: "the device does not come up: waiting for it reports that",
    14: "needs a screen lock that the harness knows",
    15: "the device does not come up: waiting for it reports that",
    19: "needs code in the app that uses a key of the keystore",
    32: "the device does not come up: waiting for it reports that",
    33: "the device does not come up: waiting for it reports that",
}
"""Classes that two snapshots cannot show, and why."""


def detect(before: Snapshot, after: Snapshot) -> tuple[Detection, ...]:
    """What has happened between two snapshots of one app, in the order of the classes; to the
    copies of other users, too."""
    found = ((detector, _evidence(detector, before, after)) for detector in DETECTORS)
    return tuple(
        Detection(
            number=detector.number,
            title=detector.title,
            evidence=evidence,
            missed=detector.missed,
        )
        for detector, evidence in found
        if evidence
    )


def _evidence(detector: Detector, before: Snapshot, after: Snapshot) -> tuple[str, ...]:
    owner = detector.find(_alone(before), _alone(after))
    others = (
        f"user {was.user_id}: {words}"
        for was in before.others
        for words in detector.find(was, after.copy_of(was.user_id))
    )
    return (*owner, *others)


def _alone(snapshot: Snapshot) -> Snapshot:
    return replace(snapshot, others=()) if snapshot.others else snapshot

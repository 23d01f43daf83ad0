"""The `Bench` of a device that adb and fastboot reach: each piece of work, by the real tools."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path

from holdfast.android.build import Build, parse_getprop, read_build
from holdfast.deadline import Deadline, wait_until
from holdfast.device.bootloader import Fastboot
from holdfast.device.power import Power
from holdfast.device.root import is_root
from holdfast.device.shell import Shell
from holdfast.device.ui_server import UiServer
from holdfast.device.vitals import Readings, read_vitals
from holdfast.errors import ConfigurationError, DeviceLost, DeviceRefused, LabError
from holdfast.firmware.after_boot import (
    FIRST_LOCALE_SETTING_API,
    apply_settings,
    require_fit,
    set_clock,
    set_locale,
)
from holdfast.firmware.controls import DeviceControls
from holdfast.firmware.images import Image, read_images, require_product
from holdfast.firmware.ota_package import OtaPackage, read_ota_package
from holdfast.firmware.preparation import Goal, Preparation, UserData, Work
from holdfast.firmware.prepare import WrongDevice
from holdfast.firmware.reach import reach_mode
from holdfast.firmware.readiness import prove_ready, prove_usable
from holdfast.firmware.states import Mode
from holdfast.firmware.transfer import Transfer
from holdfast.journal import DestructionKind, Journal, Ledger

__all__ = ["Workbench"]

_ASK_S = 20.0
_SERIALNO = re.compile(r"[A-Za-z0-9._-]{1,64}")
_FIRST_TEST_HARNESS_API = 29
# Nothing leaves these by itself; a look just after a command may still show the old one.
_STAYS = frozenset({Mode.RECOVERY, Mode.SIDELOAD, Mode.BOOTLOADER, Mode.FASTBOOTD})
_STAYS_S = 5.0
Restore = Callable[[str, Deadline], None]


class Workbench:
    """`restore` puts the device back to a snapshot of that name; None where its provider cannot.

    `serialno` is the hardware's where it is declared; else what is told first counts. `shell` goes
    through the ledger. `fastboot` is None where the lab does not see the bootloader.
    """

    def __init__(
        self,
        *,
        controls: DeviceControls,
        shell: Shell,
        power: Power,
        fastboot: Fastboot | None,
        transfer: Transfer,
        ui: UiServer,
        restore: Restore | None,
        may_destroy: bool,
        serialno: str,
        journal: Journal,
        ledger: Ledger,
    ) -> None:
        self.controls = controls
        self.journal = journal
        self.ledger = ledger
        self.may_destroy = may_destroy
        self._serialno = serialno
        self._shell = shell
        self._power = power
        self._fastboot = fastboot
        self._transfer = transfer
        self._ui = ui
        self._restore = restore
        self._logical_left: tuple[Image, ...] = ()
        self._old_boot = ""

    @property
    def bootloader(self) -> bool:
        return self._fastboot is not None

    def require_same_hardware(self, deadline: Deadline) -> None:
        found = self._serialno_now(deadline)
        if self._serialno and found not in ("", self._serialno):
            raise WrongDevice(known=self._serialno, found=found, device=self._name)
        self._serialno = self._serialno or found

    def _serialno_now(self, deadline: Deadline) -> str:
        """The hardware's, as Android, recovery and the bootloader tell it; sideload mode does
        not."""
        mode = self.controls.mode(deadline)
        said = ""
        try:
            if mode in (Mode.BOOTLOADER, Mode.FASTBOOTD):
                said = self._bootloader().variable("serialno", deadline=deadline)
            elif mode in (Mode.SYSTEM, Mode.RECOVERY):
                said = self._shell.run("getprop ro.serialno", deadline=deadline).text.strip()
        except DeviceRefused:
            pass  # a recovery of a user build has no shell, and no law asks for the variable
        return said if _SERIALNO.fullmatch(said) else ""

    def build(self, deadline: Deadline) -> Build:
        """By properties alone, which also an Android that hangs tells."""
        return read_build(parse_getprop(self._shell.run("getprop", deadline=deadline).text))

    def target_build(self, preparation: Preparation, before: Build | None) -> str:
        package = preparation.package
        if package is None or preparation.goal not in (Goal.OTA, Goal.SIDELOAD):
            return preparation.build
        ota = read_ota_package(package)
        if before is not None:
            product = before.properties.get("ro.product.device", "")
            if reason := ota.fits(product=product, build=before.fingerprint):
                raise ConfigurationError(f"{package.name} cannot go onto {self._name}: {reason}")
        if ota.wipes_user_data and preparation.user_data is UserData.KEEP:
            raise ConfigurationError(
                f"{package.name} wipes user data (ota-wipe=yes), and user_data: keep was asked for"
            )
        if preparation.build and preparation.build != ota.post_build:
            raise ConfigurationError(
                f"{package.name} leads to {ota.post_build}, and {preparation.build} was declared"
            )
        return ota.post_build

    def require_healthy(self, deadline: Deadline) -> None:
        """It is in Android, and its services answer. LabError names what is missing."""
        stays: dict[Mode, float] = {}

        def booted() -> bool:
            mode = self.controls.mode(deadline)
            now = deadline.clock.monotonic()
            if mode is Mode.BOOT_LOOP:
                raise DeviceLost("it starts again and again, and never boots", device=self._name)
            if mode in _STAYS and now - stays.setdefault(mode, now) > _STAYS_S:
                raise DeviceLost(f"it stays in mode {mode}", device=self._name)
            return mode is Mode.SYSTEM

        wait_until(booted, deadline, what="Android, booted", every_s=0.2, device=self._name)
        self._power.wait_ready(deadline=deadline)
        api = self.build(deadline).api
        prove_ready(self._shell, api=api, deadline=deadline, device=self._name)

    def vitals(self, deadline: Deadline) -> Readings:
        return read_vitals(self._shell, clock=deadline.clock, deadline=deadline)

    def reboot(self, deadline: Deadline) -> None:
        """Into Android, and wait until its services answer."""
        self._power.reboot(deadline=deadline)

    def restart_adbd(self, deadline: Deadline) -> None:
        """adbd restarts when it is told how to listen, without root."""
        self.controls.restart_adbd(deadline)

    def do(self, work: Work, preparation: Preparation, deadline: Deadline) -> None:
        self._work[work](preparation, deadline)

    @property
    def _work(self) -> Mapping[Work, Callable[[Preparation, Deadline], None]]:
        return {
            Work.RESTORE_SNAPSHOT: self._restore_snapshot,
            Work.WIPE_USER_DATA: self._wipe,
            Work.RESET_FROM_SYSTEM: self._reset_from_system,
            Work.FLASH_IMAGES: self._flash,
            Work.FLASH_LOGICAL_IMAGES: self._flash_logical,
            Work.SEND_PACKAGE: self._send_package,
            Work.APPLY_UPDATE: self._apply_update,
            Work.REBOOT: self._reboot,
            Work.PROVE_READY: self._prove_ready,
            Work.APPLY_SETTINGS: self._apply_settings,
            Work.PROVE_USABLE: self._prove_usable,
        }

    @property
    def _name(self) -> str:
        return self.controls.name

    def _bootloader(self) -> Fastboot:
        if self._fastboot is None:
            raise LabError(
                "no fastboot serial is known for it: give it a `fastboot` in devices.yaml",
                device=self._name,
            )
        return self._fastboot

    def _restore_snapshot(self, preparation: Preparation, deadline: Deadline) -> None:
        if self._restore is None:
            raise LabError(
                "this kind of device has no snapshots; use factory_reset", device=self._name
            )
        name = preparation.snapshot
        if self.controls.mode(deadline) is Mode.SYSTEM:
            self._old_boot = self._power.mark_boot(deadline=deadline.within(_ASK_S))
        self._record(DestructionKind.RESTORE, f"restore snapshot {name}")
        self._restore(name, deadline)

    def _wipe(self, _preparation: Preparation, deadline: Deadline) -> None:
        self._bootloader().wipe_user_data(deadline=deadline)

    def _reset_from_system(self, _preparation: Preparation, deadline: Deadline) -> None:
        """Test harness mode wipes everything but the adb key; before it only root may reset."""
        build = self.build(deadline.within(_ASK_S))
        self._old_boot = self._power.mark_boot(deadline=deadline.within(_ASK_S))
        if build.api >= _FIRST_TEST_HARNESS_API:
            command = "cmd testharness enable"
        elif is_root(self._shell, deadline=deadline.within(_ASK_S)):
            command = "am broadcast -p android -a android.intent.action.MASTER_CLEAR"
        else:
            raise LabError(
                f"it cannot be reset: its bootloader is not seen by this lab, test harness mode "
                f"needs API {_FIRST_TEST_HARNESS_API} (it has {build.api}), and adb is not root",
                device=self._name,
            )
        answer = self._shell.run(command, deadline=deadline)
        if answer.exit_status != 0:
            raise DeviceRefused(command, answer=answer.all_text.strip(), device=self._name)

    def _flash(self, preparation: Preparation, deadline: Deadline) -> None:
        package = _package(preparation)
        self._logical_left = ()
        if package.is_file():
            if not zipfile.is_zipfile(package):
                raise ConfigurationError(f"{package} is no ZIP for `fastboot update`")
            self._bootloader().update(package, wipe=False, deadline=deadline)
            return
        fastboot = self._bootloader()
        images = read_images(package)
        product = fastboot.variable("product", deadline=deadline.within(_ASK_S))
        require_product(images, product, folder=package)
        logical = self._logical(images.images, deadline)
        for image in images.images:
            if image not in logical:
                fastboot.flash(image.partition, image.file, deadline=deadline)
        self._logical_left = logical

    def _logical(self, images: tuple[Image, ...], deadline: Deadline) -> tuple[Image, ...]:
        try:
            name = self._bootloader().variable(
                "super-partition-name", deadline=deadline.within(_ASK_S)
            )
        except DeviceRefused:
            return ()  # no dynamic partitions (before Android 10)
        return tuple(image for image in images if image.may_be_logical) if name else ()

    def _flash_logical(self, _preparation: Preparation, deadline: Deadline) -> None:
        if not self._logical_left:
            return
        reach_mode(self.controls, Mode.FASTBOOTD, deadline, self.journal)
        for image in self._logical_left:
            self._bootloader().flash(image.partition, image.file, deadline=deadline)
        self._logical_left = ()

    def _send_package(self, preparation: Preparation, deadline: Deadline) -> None:
        package = _package(preparation)
        self._record(DestructionKind.FLASH, f"adb sideload {package.name}")
        self._transfer.sideload(package, deadline=deadline)

    def _apply_update(self, preparation: Preparation, deadline: Deadline) -> None:
        ota = _ab(read_ota_package(_package(preparation)))
        self._record(DestructionKind.FLASH, f"update_engine_client --update ({ota.path.name})")
        self._transfer.apply_update(
            ota,
            streamed=preparation.streamed,
            reach_android=lambda: reach_mode(self.controls, Mode.SYSTEM, deadline, self.journal),
            deadline=deadline,
        )

    def _reboot(self, _preparation: Preparation, deadline: Deadline) -> None:
        self._power.reboot(deadline=deadline)

    def _prove_ready(self, _preparation: Preparation, deadline: Deadline) -> None:
        old, self._old_boot = self._old_boot, ""
        self._power.wait_ready(deadline=deadline, not_boot=old)
        api = self.build(deadline.within(_ASK_S)).api
        prove_ready(self._shell, api=api, deadline=deadline, device=self._name)

    def _apply_settings(self, preparation: Preparation, deadline: Deadline) -> None:
        build = self._power.read_build(deadline=deadline.within(_ASK_S))
        if preparation.locale not in ("", build.locale):
            self._speak(preparation, build, deadline)
        apply_settings(self._shell, api=build.api, deadline=deadline, journal=self.journal)
        set_clock(self._shell, clock=deadline.clock, deadline=deadline, journal=self.journal)
        require_fit(self._shell, clock=deadline.clock, deadline=deadline, device=self._name)

    def _speak(self, preparation: Preparation, build: Build, deadline: Deadline) -> None:
        """Android takes it up when it starts."""
        if build.api < FIRST_LOCALE_SETTING_API:
            self._become_root_to_speak(preparation, build, deadline)
        self._shell.run(set_locale(preparation.locale, api=build.api), deadline=deadline)
        self._power.reboot(deadline=deadline)
        now = self._power.read_build(deadline=deadline.within(_ASK_S)).locale
        if now != preparation.locale:
            raise LabError(
                f"it was told to speak {preparation.locale}, and speaks {now} after a reboot",
                device=self._name,
            )

    def _become_root_to_speak(
        self, preparation: Preparation, build: Build, deadline: Deadline
    ) -> None:
        try:
            self._transfer.become_root(deadline)
        except DeviceRefused as refused:
            raise LabError(
                f"it speaks {build.locale}, {preparation.locale} is wanted, and before Android 7 "
                "only root may set that: choose it by hand in the settings",
                device=self._name,
            ) from refused

    def _prove_usable(self, _preparation: Preparation, deadline: Deadline) -> None:
        api = self.build(deadline.within(_ASK_S)).api

        def ask(step: Deadline) -> None:
            try:
                self._ui.call("deviceInfo", deadline=step)
            finally:
                self._ui.stop()

        prove_usable(self._shell, ask, api=api, deadline=deadline, device=self._name)

    def _record(self, kind: DestructionKind, command: str) -> None:
        self.ledger.record(device=self._name, kind=kind, target="*", command=command)


def _package(preparation: Preparation) -> Path:
    if preparation.package is None:
        raise ConfigurationError(f"{preparation.goal} needs a package")
    return preparation.package


def _ab(package: OtaPackage) -> OtaPackage:
    if package.payload is None:
        raise ConfigurationError(
            f"{package.path.name} has no payload.bin: it is for recovery; use sideload"
        )
    return package

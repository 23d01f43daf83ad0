"""An emulator of the Android SDK: created if it is not there, started headless on a free port.

Options as https://developer.android.com/studio/run/emulator-commandline documents them. Never run
on an emulator where this was written: held against a stand-in that behaves as documented.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from holdfast.deadline import Deadline
from holdfast.errors import ConfigurationError, HostToolMissing, LabError
from holdfast.lab.emulator_console import load_snapshot
from holdfast.lab.inventory import AvdSpec
from holdfast.lab.provider import Check, look
from holdfast.lab.started import (
    Complaint,
    Launch,
    find_program,
    free_port,
    is_free,
    require_kvm,
    require_version,
    run_tool,
)

__all__ = ["Avd"]

# The emulator takes even console ports from 5554 to 5682; adb is one above.
_PORTS = range(5554, 5683, 2)
_LIST_S = 30.0
_CREATE_S = 120.0
_INSTALL = "install the SDK's emulator and name the SDK in ANDROID_HOME or in `sdk`"

_NO_KVM = (
    "there is no hardware acceleration: allow this user /dev/kvm, or set `acceleration: off` and "
    "be very patient"
)
# `-no-window` is the one program's own since 30; before it there was a second, emulator-headless.
_VERSION = re.compile(r"Android emulator version (\d+)\.(\d+)")
_OLDEST = (30, 0)

_COMPLAINTS = (
    Complaint(
        words=re.compile(r"Unknown AVD name", re.IGNORECASE),
        error=ConfigurationError,
        advice="'emulator -list-avds' shows the names; give `system_image` to have it created",
    ),
    Complaint(
        words=re.compile(r"Broken AVD system path|Cannot find AVD system path"
                         r"|Missing emulator engine|CPU Architecture .* is not supported",
                         re.IGNORECASE),
        error=ConfigurationError,
        advice="its system image is missing or is for another processor: install it by sdkmanager",
    ),
    Complaint(
        words=re.compile(r"KVM|hardware accel|requires hardware acceleration", re.IGNORECASE),
        error=HostToolMissing,
        advice=_NO_KVM,
    ),
    Complaint(
        words=re.compile(r"Running multiple emulators with the same AVD", re.IGNORECASE),
        error=LabError,
        advice="this AVD runs already: stop it, or use another",
    ),
    Complaint(
        words=re.compile(r"address already in use|could not bind|port .*(busy|in use)",
                         re.IGNORECASE),
        error=LabError,
        advice="somebody took its port first: start again",
    ),
)  # fmt: skip


class Avd:
    """The Launcher of one AVD of this user."""

    title = "the emulator"
    complaints = _COMPLAINTS

    def __init__(self, spec: AvdSpec) -> None:
        self._spec = spec
        self.device = spec.name

    @property
    def resource(self) -> str:
        """An AVD runs once: its disk is not shared."""
        return f"avd/{self._spec.avd_name}"

    def launch(self, deadline: Deadline) -> Launch:
        emulator = self._tool("emulator", "emulator")
        self._require_new(emulator, deadline)
        self._require_avd(emulator, deadline)
        port = next((p for p in _PORTS if is_free(p) and is_free(p + 1)), None)
        if port is None:
            raise LabError(
                f"no port from {_PORTS[0]} to {_PORTS[-1]} is free for an emulator",
                device=self._spec.name,
            )
        # An emulator tells the adb server of that port about itself: it would be the user's, which
        # would then hold the one connection that the device has for adb.
        return Launch(
            command=self._command(emulator, port),
            serial=f"127.0.0.1:{port + 1}",
            environment={**self._environment(), "ANDROID_ADB_SERVER_PORT": str(free_port())},
            restore=lambda name, home, step: load_snapshot(
                name, port=port, home=home, deadline=step, device=self.device
            ),
        )

    def host_checks(self, deadline: Deadline) -> Iterator[Check]:
        yield look("the emulator", lambda: self._require_new(self._emulator, deadline))
        yield look(f"AVD {self._spec.avd_name}", lambda: self._can_be_had(deadline))
        if self._spec.acceleration:
            yield look("hardware acceleration", lambda: require_kvm(self.device, _NO_KVM))

    @property
    def _emulator(self) -> str:
        return self._tool("emulator", "emulator")

    def _require_new(self, emulator: str, deadline: Deadline) -> str:
        return require_version(
            [emulator, "-version"],
            _VERSION,
            _OLDEST,
            advice="update it: sdkmanager emulator",
            deadline=deadline.within(_LIST_S),
            device=self.device,
            environment=self._environment(),
        )

    def _can_be_had(self, deadline: Deadline) -> str:
        if self._is_there(self._emulator, deadline):
            return "is there"
        if self._spec.system_image is None:
            raise self._no_such_avd()
        return f"is created at the first start, by {self._manager}"

    def _sdk(self) -> Path:
        named = self._spec.sdk or os.environ.get("ANDROID_HOME") or os.environ.get(
            "ANDROID_SDK_ROOT"
        )  # fmt: skip
        return Path(named) if named else Path("/nonexistent")

    def _tool(self, folder: str, name: str) -> str:
        place = self._sdk() / folder
        return find_program(name, place, advice=_INSTALL, device=self._spec.name)

    def _environment(self) -> Mapping[str, str]:
        """The guardian gives it a HOME of its own; the AVDs are the user's."""
        avds = os.environ.get("ANDROID_AVD_HOME") or str(Path.home() / ".android" / "avd")
        found = {"ANDROID_AVD_HOME": avds}
        if self._sdk().exists():
            found |= {"ANDROID_HOME": str(self._sdk()), "ANDROID_SDK_ROOT": str(self._sdk())}
        return found

    def _is_there(self, emulator: str, deadline: Deadline) -> bool:
        status, listed = run_tool(
            [emulator, "-list-avds"],
            deadline=deadline.within(_LIST_S),
            device=self._spec.name,
            environment=self._environment(),
        )
        return status == 0 and self._spec.avd_name in listed.split()

    def _no_such_avd(self) -> ConfigurationError:
        return ConfigurationError(
            f"device {self._spec.name}: there is no AVD {self._spec.avd_name!r}; give "
            "`system_image` to have it created"
        )

    @property
    def _manager(self) -> str:
        return self._tool("cmdline-tools/latest/bin", "avdmanager")

    def _require_avd(self, emulator: str, deadline: Deadline) -> None:
        """It is created where it is missing and `system_image` says from what."""
        if self._is_there(emulator, deadline):
            return
        image = self._spec.system_image
        if image is None:
            raise self._no_such_avd()
        manager = self._manager
        status, said = run_tool(
            [manager, "create", "avd", "-n", self._spec.avd_name, "-k", image],
            deadline=deadline.within(_CREATE_S),
            device=self._spec.name,
            environment=self._environment(),
            stdin=b"no\n",  # to "Do you wish to create a custom hardware profile?"
        )
        if status != 0:
            raise ConfigurationError(
                f"device {self._spec.name}: avdmanager did not create {self._spec.avd_name!r} from "
                f"{image!r}: {said.strip()[-300:]}"
            )

    def _command(self, emulator: str, port: int) -> tuple[str, ...]:
        """The lab's adb server has a key of its own, which an image of Google Play would ask a
        person about."""
        spec = self._spec
        start = ["-snapshot", spec.snapshot] if spec.snapshot else ["-no-snapshot-load"]
        return (
            emulator, "-avd", spec.avd_name, "-port", str(port),
            "-no-window", "-no-audio", "-no-boot-anim", "-no-snapshot-save", "-skip-adb-auth",
            "-gpu", "swiftshader_indirect", "-accel", "on" if spec.acceleration else "off",
            *start,
            *(["-wipe-data"] if spec.wipe_data else []),
        )  # fmt: skip

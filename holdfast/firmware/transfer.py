"""Getting an OTA package into a device, and holding on to it while it is applied."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from holdfast.deadline import Deadline
from holdfast.device.adb import AdbLink
from holdfast.device.root import become_root
from holdfast.device.shell import Files, Shell
from holdfast.errors import ConfigurationError, DeviceLost, DeviceRefused, LabError
from holdfast.firmware.ab_update import UpdateEngine
from holdfast.firmware.ota_package import OtaPackage
from holdfast.firmware.payload_server import ReversePort, serve_file
from holdfast.firmware.sideload import sideload
from holdfast.firmware.update_engine import Progress
from holdfast.journal import Journal

__all__ = ["Transfer"]

# The only folder whose files update_engine may read (SELinux: ota_package_file).
REMOTE = "/data/ota_package/holdfast-update.zip"
_STEPS = 10
_RECONNECTS = 3
_CLEAN_UP_S = 20.0


class Transfer:
    """Packages into one device. Progress goes to the journal, a fact for each tenth."""

    def __init__(self, link: AdbLink, shell: Shell, files: Files, journal: Journal) -> None:
        self._link = link
        self._shell = shell
        self._files = files
        self._journal = journal
        self._engine = UpdateEngine(shell, device=link.device)
        self._told = ""

    def become_root(self, deadline: Deadline) -> None:
        """Until the next boot. DeviceRefused where the build does not allow it."""
        become_root(self._link, self._shell, deadline=deadline)

    def sideload(self, package: Path, *, deadline: Deadline) -> None:
        """The device is in sideload mode. DeviceRefused, or DeviceLost with the share reached."""
        sideload(
            self._link,
            package,
            deadline=deadline,
            progress=lambda share: self._tell("sideload", share),
        )

    def apply_update(
        self,
        package: OtaPackage,
        *,
        streamed: bool,
        reach_android: Callable[[], None],
        deadline: Deadline,
    ) -> None:
        """Apply an A/B package. A link that is lost is found again by `reach_android`, up to three
        times; update_engine works on meanwhile, or goes on from where it was."""
        payload = package.payload
        if payload is None:
            raise ConfigurationError(f"{package.path.name} has no payload.bin; use sideload")
        become_root(self._link, self._shell, deadline=deadline)
        with self._uri(package.path, streamed=streamed, deadline=deadline) as (uri, again):

            def apply() -> None:
                self._engine.apply(payload, uri=uri, deadline=deadline, progress=self._tell_ab)

            def follow() -> None:
                reach_android()
                if self._runs(package, deadline):
                    return
                become_root(self._link, self._shell, deadline=deadline)
                again()
                if self._engine.follow(deadline=deadline, progress=self._tell_ab) is None:
                    self._journal.fact("ota.begun_anew", "update_engine had forgotten the update")
                    apply()

            self._held(apply, follow)

    def _held(self, apply: Callable[[], None], follow: Callable[[], None]) -> None:
        act = apply
        for reconnects_left in reversed(range(_RECONNECTS + 1)):
            try:
                act()
            except DeviceLost as error:
                self._journal.fact("ota.link_lost", str(error))
                if not reconnects_left:
                    raise
                act = follow
            else:
                return

    def _runs(self, package: OtaPackage, deadline: Deadline) -> bool:
        """Whether the device restarted into the new build by itself."""
        asked = self._shell.run("getprop ro.build.fingerprint", deadline=deadline)
        return asked.text.strip() == package.post_build

    @contextmanager
    def _uri(
        self, package: Path, *, streamed: bool, deadline: Deadline
    ) -> Iterator[tuple[str, Callable[[], None]]]:
        """Where update_engine reads the package, and what must be done again after a reconnect."""
        if not streamed:
            self._files.push(package, REMOTE, deadline=deadline)
            try:
                yield f"file://{REMOTE}", lambda: None
            finally:
                self._empty_remote(Deadline.after(_CLEAN_UP_S, clock=deadline.clock))
            return
        with serve_file(package) as (port, where):
            reverse = ReversePort(self._link, port)
            reverse.open(deadline)
            try:
                yield f"http://127.0.0.1:{port}{where}", lambda: reverse.open(deadline)
            finally:
                reverse.close(Deadline.after(_CLEAN_UP_S, clock=deadline.clock))

    def _empty_remote(self, deadline: Deadline) -> None:
        """Give the room back. A device that is gone keeps it until its own clean-up at boot."""
        try:
            self._files.push(b"", REMOTE, deadline=deadline)
        except (LabError, DeviceRefused) as error:
            self._journal.fact("ota.package_left", str(error))

    def _tell_ab(self, seen: Progress) -> None:
        self._tell(seen.name.lower(), seen.share)

    def _tell(self, what: str, share: float) -> None:
        said = f"{what} {int(share * _STEPS) * 100 // _STEPS} %"
        if said != self._told:
            self._told = said
            self._journal.fact("ota.progress", said)

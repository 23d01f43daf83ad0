"""A virtual device with a probe app on it, reached by the real adb."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

from holdfast.apk.keys import SigningKey
from holdfast.apk.probe import ProbeSpec, build_probe
from holdfast.apk.signer import sign
from holdfast.deadline import Deadline
from holdfast.device.connect import connect
from holdfast.device.device import Device
from holdfast.errors import HostToolMissing
from holdfast.journal import Journal, Ledger
from holdfast.lab.adb_host import AdbHost
from holdfast.lab.inventory import VirtualSpec
from holdfast.lab.provider import Endpoint
from holdfast.lab.virtual import VirtualProvider

__all__ = [
    "CAMERA",
    "PACKAGE",
    "Rehearsal",
    "give_work_profile",
    "probe_apk",
    "rehearsal",
    "signing_key",
    "started",
]

CAMERA = "android.permission.CAMERA"
NOT_GRANTED = "android.permission.READ_SMS"
PACKAGE = "com.example.chat"


@cache
def signing_key(name: str) -> SigningKey:
    return SigningKey.generate("ec-p256", common_name=name)


@cache
def probe_apk(version_code: int, signer: str = "first") -> bytes:
    spec = ProbeSpec(
        package_name=PACKAGE, version_code=version_code, permissions=(CAMERA, NOT_GRANTED)
    )
    return sign(build_probe(spec), signers=[signing_key(signer)])


@dataclass(kw_only=True)
class Rehearsal:
    """`ledger` refuses whatever a test did not declare."""

    device: Device
    provider: VirtualProvider
    endpoint: Endpoint
    ledger: Ledger

    def kill_adb_server(self) -> None:
        AdbHost(
            host=self.endpoint.adb_host, port=self.endpoint.adb_port, device=self.device.name
        ).kill(Deadline.after(10.0))

    def kill_device(self) -> None:
        self.provider.stop(Deadline.after(10.0))

    def start_reboot(self) -> None:
        """Without waiting for anything."""
        self.device.shell.run("reboot", deadline=Deadline.after(10.0))


def give_work_profile(running: Rehearsal) -> int:
    """Make one, or take the one that is there; the probe is in it too. Its user id; 0 on an Android
    before 8, whose shell gives no installed app to another user."""
    if running.device.api < 26:
        return 0

    def say(command: str) -> str:
        return running.device.shell.run(command, deadline=Deadline.after(60.0)).all_text

    there = re.findall(r"UserInfo\{([1-9]\d*):", say("pm list users"))
    made = re.findall(
        r"created user id (\d+)",
        "" if there else say("pm create-user --profileOf 0 --managed Work"),
    )
    user_id = (there + made)[0]
    say(f"am start-user {user_id}")
    answer = say(f"cmd package install-existing --user {user_id} {PACKAGE}")
    assert "installed for user" in answer, answer
    return int(user_id)


@contextmanager
def rehearsal(personality: str, *, defects: tuple[str, ...] = ()) -> Iterator[Rehearsal]:
    """A running device with the probe installed; skips, in words, where none can run."""
    with ExitStack() as stack:
        try:
            running = stack.enter_context(started(personality, defects=defects))
        except HostToolMissing as reason:
            pytest.skip(f"no virtual device on this host: {reason}")
        yield running


@contextmanager
def started(personality: str, *, defects: tuple[str, ...] = ()) -> Iterator[Rehearsal]:
    """A running device with the probe installed. HostToolMissing where none can run."""
    spec = VirtualSpec(name="rehearsal", kind="virtual", personality=personality, defects=defects)
    provider = VirtualProvider(spec, folder=Path.cwd())
    journal = Journal()
    ledger = Ledger(journal)
    endpoint = provider.start(Deadline.after(60.0), say=lambda _sentence: None)
    try:
        device = connect(
            name=spec.name,
            serial=endpoint.serial,
            adb_server_host=endpoint.adb_host,
            adb_server_port=endpoint.adb_port,
            journal=journal,
            ledger=ledger,
            deadline=Deadline.after(60.0),
        )
        answer = device.packages.install(probe_apk(1), flags=["-r"], deadline=Deadline.after(60.0))
        assert answer.success, answer.shown
        with closing(device):
            yield Rehearsal(device=device, provider=provider, endpoint=endpoint, ledger=ledger)
    finally:
        provider.stop(Deadline.after(20.0))

"""From a device of devices.yaml to a workbench on it, and to what its `prepare` says."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from holdfast.deadline import Deadline
from holdfast.errors import HoldfastError, LabError
from holdfast.firmware.assembly import Reach, assemble
from holdfast.firmware.preparation import Goal, Preparation, UserData
from holdfast.firmware.workbench import Workbench
from holdfast.journal import DestructiveCommand, Event, Journal, Ledger, StepStarted
from holdfast.lab.adb_host import AdbHost
from holdfast.lab.attached import is_over_tcp
from holdfast.lab.inventory import AttachedSpec, DeviceSpec, PrepareSpec, read_inventory
from holdfast.lab.leases import LeaseTable, default_state_dir, this_process
from holdfast.lab.provider import Endpoint
from holdfast.lab.providing import provider_for
from holdfast.lab.quarantine import QuarantineStore
from holdfast.lab.usb_power import UsbPower

__all__ = ["bench_for", "endpoint_of", "leased_bench", "may_destroy", "preparation_of"]

_START_S = 300.0
_STOP_S = 20.0


def endpoint_of(spec: AttachedSpec) -> Endpoint:
    """Where an attached device is reached, in whatever mode it is in."""
    return Endpoint(serial=spec.serial, adb_host=spec.adb_host, adb_port=spec.adb_port)


def may_destroy(spec: DeviceSpec) -> bool:
    """What a run starts itself is its own; somebody's phone needs their word."""
    return spec.allow_destructive if isinstance(spec, AttachedSpec) else True


def preparation_of(spec: PrepareSpec, *, folder: Path) -> Preparation:
    """`folder` is the one of devices.yaml."""
    return Preparation(
        goal=Goal(spec.goal),
        user_data=UserData(spec.user_data),
        package=folder / spec.package if spec.package else None,
        build=spec.build,
        snapshot=spec.snapshot,
        streamed=spec.streamed,
        locale=spec.locale,
    )


def bench_for(
    spec: DeviceSpec,
    endpoint: Endpoint,
    *,
    journal: Journal,
    ledger: Ledger,
    deadline: Deadline,
    permit: Callable[[], None] = lambda: None,
) -> Workbench:
    """A workbench on a device that its provider has started; `permit` is asked before each use."""
    fastboot = endpoint.fastboot
    if isinstance(spec, AttachedSpec):
        fastboot = spec.fastboot
    elif fastboot is not None and ":" in fastboot and not fastboot.startswith("tcp:"):
        fastboot = f"tcp:{fastboot}"
    reach = Reach(
        name=spec.name,
        serialno=spec.serialno if isinstance(spec, AttachedSpec) else "",
        serial=endpoint.serial,
        adb_host=endpoint.adb_host,
        adb_port=endpoint.adb_port,
        fastboot=fastboot,
    )
    return assemble(
        reach,
        journal=journal,
        ledger=ledger,
        clock=deadline.clock,
        may_destroy=may_destroy(spec),
        switch=_switch(spec, endpoint),
        restore=endpoint.restore,
        accept_key=endpoint.accept_key,
        say=lambda sentence: journal.fact("to do", sentence),
        permit=permit,
    )


def _switch(spec: DeviceSpec, endpoint: Endpoint) -> UsbPower | None:
    if not isinstance(spec, AttachedSpec) or spec.usb_power is None:
        return None
    adb = AdbHost(host=endpoint.adb_host, port=endpoint.adb_port, device=spec.name)

    def listed(deadline: Deadline) -> bool:
        state = adb.state_of(endpoint.serial, deadline)
        dead = state == "offline" and is_over_tcp(endpoint.serial)
        return state is not None and not dead

    return UsbPower(spec.usb_power, device=spec.name, listed=listed)


@contextmanager
def leased_bench(
    devices: Path, name: str, journal: Journal, deadline: Deadline, *, also_out: bool = False
) -> Iterator[Workbench]:
    """Lease, start and reach one device. An attached device is taken in whatever mode it is in;
    `also_out`: also from quarantine."""
    spec = read_inventory(devices).device(name)
    if not also_out:
        _require_not_out(name)
    provider = provider_for(spec, folder=devices.parent)
    lease = LeaseTable(default_state_dir()).acquire(
        provider.resource, device=name, holder=this_process("prepare"), at=time.time()
    )

    def require_lease(event: Event) -> None:
        if isinstance(event, StepStarted | DestructiveCommand):
            lease.require()

    journal.subscribe(require_lease)
    with lease.kept():
        try:
            if isinstance(spec, AttachedSpec):
                endpoint = endpoint_of(spec)
            else:
                start = deadline.within(_START_S)
                endpoint = provider.start(start, say=lambda words: journal.fact("to do", words))
            yield bench_for(
                spec,
                endpoint,
                journal=journal,
                ledger=Ledger(journal),
                deadline=deadline,
                permit=lease.require,
            )
        finally:
            if not isinstance(spec, AttachedSpec):
                with suppress(HoldfastError):
                    provider.stop(Deadline.after(_STOP_S))
            lease.release()


def _require_not_out(name: str) -> None:
    stay = QuarantineStore(default_state_dir() / "quarantine.sqlite3").current(name)
    if stay is not None:
        raise LabError(
            f"it is in quarantine: {stay.reason} (put there by {stay.owner}; 'holdfast release "
            f"{name}' takes it back)",
            device=name,
        )

"""`holdfast health`, `quarantine`, `release` and `history`: who keeps the lab's devices in it."""

from __future__ import annotations

import time
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated

import typer

from holdfast.deadline import Deadline
from holdfast.errors import ConfigurationError, DeviceRefused, LabError
from holdfast.firmware.workbench import Workbench
from holdfast.journal import Event, Journal, StepStarted
from holdfast.lab.attached import require_adb_server
from holdfast.lab.health import HealthLimits
from holdfast.lab.inventory import AttachedSpec, read_inventory
from holdfast.lab.leases import default_state_dir
from holdfast.lab.quarantine import QuarantineStore
from holdfast.scenario.bench import leased_bench
from holdfast.scenario.check_up import check_up

__all__ = ["quarantine_store", "register"]

DevicesFile = Annotated[Path, typer.Option("--devices", help="the file of the lab's devices")]
Name = Annotated[str, typer.Argument(help="a device of devices.yaml")]
_DEFAULT = Path("devices.yaml")
_NOT_WELL = 3


def quarantine_store() -> QuarantineStore:
    """This user's, for all labs on this computer."""
    return QuarantineStore(default_state_dir() / "quarantine.sqlite3")


def register(app: typer.Typer) -> None:
    app.command("health")(health)
    app.command("quarantine")(quarantine)
    app.command("release")(release)
    app.command("history")(history)


def health(
    names: Annotated[list[str] | None, typer.Argument(help="attached devices; all if none")] = None,
    devices: DevicesFile = _DEFAULT,
    timeout: Annotated[float, typer.Option(help="seconds for each device")] = 900.0,
) -> None:
    """Is a device fit for tests? It is read, rebooted and read again, while it is leased.

    One that is not goes into quarantine; one that is leaves it, unless a person put it there. For
    a timer (cron, systemd) too: devices that other runs use are left alone.
    """
    chosen = [
        spec
        for spec in read_inventory(devices).only(names or ())
        if isinstance(spec, AttachedSpec) or names
    ]
    if not chosen:
        typer.echo("no device of this lab is attached: name the one to examine")
    well = [_examine(devices, spec.name, Deadline.after(timeout)) for spec in chosen]
    if not all(well):
        raise typer.Exit(_NOT_WELL)


def _examine(devices: Path, name: str, deadline: Deadline) -> bool:
    journal = Journal()
    journal.subscribe(_say)
    spec = read_inventory(devices).device(name)
    with ExitStack() as stack:
        try:
            if isinstance(spec, AttachedSpec):
                require_adb_server(spec, deadline)
            reached = leased_bench(devices, name, journal, deadline, also_out=True)
            bench = stack.enter_context(reached)
        except LabError as error:
            typer.echo(f"{name}: not examined: {str(error).removeprefix(f'{name}: ')}")
            return False
        return _judge(bench, name, journal, deadline)


def _judge(bench: Workbench, name: str, journal: Journal, deadline: Deadline) -> bool:
    store = quarantine_store()
    try:
        vitals = check_up(bench, HealthLimits(), journal, deadline)
    except (LabError, DeviceRefused) as error:
        why = f"health job: {str(error).removeprefix(f'{name}: ')}"
        store.put(name, reason=why, owner="holdfast health", at=time.time())
        typer.echo(f"{name}: NOT WELL, and in quarantine: {why}")
        return False
    stay = store.current(name)
    if stay is not None and stay.by_hand:
        typer.echo(f"{name}: well, but {stay.owner} took it out by hand: {stay.reason}")
    elif stay is not None:
        store.release(name, by="holdfast health", at=time.time())
        typer.echo(f"{name}: well, and back in the lab (it was out: {stay.reason})")
    else:
        typer.echo(f"{name}: well, battery {vitals.battery_percent} %")
    return True


def quarantine(
    name: Name,
    reason: Annotated[str, typer.Option(help="why")],
    by: Annotated[str, typer.Option(help="who says so")],
    devices: DevicesFile = _DEFAULT,
) -> None:
    """Take a device out of the lab by hand: only 'holdfast release' takes it back."""
    spec = read_inventory(devices).device(name)
    quarantine_store().put(spec.name, reason=reason, owner=by, at=time.time(), by_hand=True)
    typer.echo(f"{name} is in quarantine")


def release(
    name: Annotated[str, typer.Argument(help="a device that is in quarantine")],
    by: Annotated[str, typer.Option(help="who says that it is well again")],
    devices: DevicesFile = _DEFAULT,
) -> None:
    """Take a device out of quarantine, unexamined ('holdfast health' examines it)."""
    spec = read_inventory(devices).device(name)
    if not quarantine_store().release(spec.name, by=by, at=time.time()):
        raise ConfigurationError(f"{name} is not in quarantine")
    typer.echo(f"{name} is back in the lab")


def history(name: Name, devices: DevicesFile = _DEFAULT) -> None:
    """Every stay of a device in quarantine, the newest first."""
    spec = read_inventory(devices).device(name)
    stays = quarantine_store().history(spec.name)
    if not stays:
        typer.echo(f"{name} has never been in quarantine")
    for stay in stays:
        until = f"{_date(stay.released_at)} by {stay.released_by}" if stay.released_at else "now"
        typer.echo(f"{_date(stay.since)} to {until}: {stay.reason} ({stay.owner})")


def _date(at: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M", time.localtime(at))


def _say(event: Event) -> None:
    if isinstance(event, StepStarted):
        typer.echo(f"  {event.title}")

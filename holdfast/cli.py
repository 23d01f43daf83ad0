"""The `holdfast` command."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from holdfast.apk import commands as apk_commands
from holdfast.dialogs import commands as dialogs_commands
from holdfast.errors import ConfigurationError, HoldfastError, LabError
from holdfast.firmware import commands as firmware_commands
from holdfast.lab.doctor import checks, state_of
from holdfast.lab.inventory import Inventory, inventory_schema, read_inventory
from holdfast.lab.leases import LeaseTable, default_state_dir
from holdfast.lab.providing import provider_for
from holdfast.report.summary import ExitStatus
from holdfast.scenario import lab_commands
from holdfast.scenario.bench import leased_bench
from holdfast.userdata import commands as userdata_commands

__all__ = ["app", "main"]

app = typer.Typer(
    name="holdfast",
    help="The tools around the scenarios, which `pytest` runs: for APKs, snapshots of user data, "
    "dialogs, and the devices of the lab.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
apk_commands.register(app)
userdata_commands.register(app)
dialogs_commands.register(app)
firmware_commands.register(app, open_bench=leased_bench)
lab_commands.register(app)

DevicesFile = Annotated[Path, typer.Option("--devices", help="the file of the lab's devices")]
DEFAULT_DEVICES = Path("devices.yaml")
_UNCUT_COLUMNS = 1000


@app.command()
def devices(
    devices_file: DevicesFile = DEFAULT_DEVICES,
    schema: Annotated[
        bool, typer.Option("--schema", help="print the JSON schema of the file, for editors")
    ] = False,
) -> None:
    """Which devices there are, in which state, and who has leased them. Touches none of them."""
    if schema:
        print(json.dumps(inventory_schema(), indent=2))
        return
    inventory = read_inventory(devices_file)
    console = Console(width=None if sys.stdout.isatty() else _UNCUT_COLUMNS)
    console.print(_table(inventory, folder=devices_file.parent))


def _table(inventory: Inventory, *, folder: Path) -> Table:
    leases = LeaseTable(default_state_dir())
    quarantine = lab_commands.quarantine_store()
    table = Table(box=None)
    for heading in ("device", "kind", "state", "store", "leased by", "quarantine"):
        table.add_column(heading, no_wrap=heading == "device", min_width=len(heading))
    for spec in inventory.devices:
        _, holder = leases.entry(provider_for(spec, folder=folder).resource)
        held = f"run {holder.run}, process {holder.pid}" if holder and holder.alive else "-"
        stay = quarantine.current(spec.name)
        stays = len(quarantine.history(spec.name))
        past = f"- ({stays} times before)" if stays else "-"
        out = f"{stay.reason} ({stay.owner})" if stay else past
        table.add_row(
            *(Text(t) for t in (spec.name, spec.kind, state_of(spec), spec.store or "-", held, out))
        )
    return table


@app.command()
def doctor(devices_file: DevicesFile = DEFAULT_DEVICES) -> None:
    """Can this computer do what the lab's file asks of it? Says what to do if not."""
    all_well = True
    console = Console(highlight=False)
    for check in checks(read_inventory(devices_file), folder=devices_file.parent):
        mark = Text("ok      ", style="green") if check.well else Text("NOT WELL", style="bold red")
        console.print(mark, Text(f"{check.what}: {check.found}"), soft_wrap=True)
        all_well = all_well and check.well
        if not check.well and check.advice:
            console.print(Text(f"         {check.advice}"), soft_wrap=True)
    if not all_well:
        raise typer.Exit(ExitStatus.LAB_TROUBLE)


def main() -> None:
    """Run the command. A wrong file or option ends with status 4, lab trouble with 3."""
    try:
        app()
    except ConfigurationError as error:
        _say_and_end(error, ExitStatus.CONFIGURATION)
    except LabError as error:
        _say_and_end(error, ExitStatus.LAB_TROUBLE)
    except HoldfastError as error:
        _say_and_end(error, ExitStatus.PRODUCT_FAILURE)


def _say_and_end(error: HoldfastError, status: ExitStatus) -> None:
    print(f"holdfast: {error}", file=sys.stderr)
    sys.exit(int(status))

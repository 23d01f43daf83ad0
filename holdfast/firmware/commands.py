"""`holdfast prepare DEVICE STATE`."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Annotated

import typer

from holdfast.deadline import Deadline
from holdfast.errors import ConfigurationError
from holdfast.firmware.preparation import Goal, Preparation, UserData
from holdfast.firmware.prepare import Bench, prepare
from holdfast.journal import Event, Fact, Journal, StepStarted

__all__ = ["OpenBench", "register"]

OpenBench = Callable[[Path, str, Journal, Deadline], AbstractContextManager[Bench]]
"""Leases and reaches a device of a devices.yaml for the length of a block."""


def register(app: typer.Typer, *, open_bench: OpenBench) -> None:
    """Add the command. `open_bench` is the lab's: this package knows no lab."""

    @app.command("prepare")
    def prepare_command(
        device: Annotated[str, typer.Argument(help="its name in devices.yaml")],
        state: Annotated[Goal, typer.Argument(help="the state to bring it to")],
        *,
        user_data: Annotated[
            UserData, typer.Option("--user-data", help="what becomes of user data; always said")
        ],
        package: Annotated[
            Path | None, typer.Option(help="update ZIP, folder of images, or OTA package")
        ] = None,
        build: Annotated[str, typer.Option(help="the build fingerprint that it leads to")] = "",
        snapshot: Annotated[str, typer.Option(help="the snapshot to restore")] = "",
        streamed: Annotated[
            bool, typer.Option("--streamed", help="let the device read the OTA package from here")
        ] = False,
        locale: Annotated[str, typer.Option(help="the language that it must speak: zh-CN")] = "",
        devices: Annotated[Path, typer.Option(help="the file of the lab's devices")] = Path(
            "devices.yaml"
        ),
        timeout: Annotated[float, typer.Option(help="seconds that it may take")] = 7200.0,
    ) -> None:
        """Bring a device to a state: reset, flash, sideload, OTA, downgrade, restore. It is leased
        meanwhile; destroying what is on an attached device needs 'allow_destructive: true'."""
        preparation = Preparation(
            goal=state,
            user_data=user_data,
            package=package,
            build=build,
            snapshot=snapshot,
            streamed=streamed,
            locale=locale,
        )
        preparation.require_sensible()
        if timeout <= 0:
            raise ConfigurationError("--timeout must be more than 0 seconds")
        journal = Journal()
        journal.subscribe(_say)
        deadline = Deadline.after(timeout)
        with open_bench(devices, device, journal, deadline) as bench:
            done = prepare(bench, preparation, deadline)
        how = " (it was there already)" if done.skipped else ""
        typer.echo(f"{device} runs {done.after.fingerprint}{how}")


def _say(event: Event) -> None:
    if isinstance(event, StepStarted):
        typer.echo(f"  {event.title}")
    elif isinstance(event, Fact):
        typer.echo(f"    {event.key}: {event.value}")

"""`python -m virtualdevice`: run a virtual device, list the personalities, show one.

Exit statuses: 0 ended as asked, 3 this host cannot (one sentence), 4 a bad personality or option.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

from holdfast.errors import ConfigurationError
from virtualdevice.faults import ABOUT, FaultError, Phase, form_of, parse_fault
from virtualdevice.machine.host import HostCannot
from virtualdevice.ota.commands import add_ota_commands, run_ota_command
from virtualdevice.ota.firmware import pack_firmware
from virtualdevice.running import RunRequest, run
from virtualdevice.system import build_system_server
from virtualdevice.system.builtin_defects import BUILTIN
from virtualdevice.system.personality import (
    list_personalities,
    load_personality,
)

__all__ = ["main"]

ENDED, HOST_CANNOT, BAD_OPTION = 0, 3, 4


class _OptionError(Exception):
    """One sentence about what is wrong with the command line."""


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> None:  # type: ignore[override]
        raise _OptionError(message)


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="python -m virtualdevice", description="A virtual Android device.")
    commands = parser.add_subparsers(dest="command", required=True, parser_class=_Parser)
    run_parser = commands.add_parser("run", help="start a device, and keep it until Ctrl-C")
    run_parser.add_argument("personality", help="a name that `list` shows, or a .yaml file")
    run_parser.add_argument("--state", type=Path, help="keep the device's disk in this directory")
    run_parser.add_argument("--port", type=int, default=0, help="adb port (default: a free one)")
    run_parser.add_argument("--fastboot-port", type=int, default=0, metavar="PORT")
    run_parser.add_argument("--serialno", help="the hardware's serial number")
    run_parser.add_argument("--defect", action="append", default=[], metavar="NAME")
    run_parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE")
    run_parser.add_argument(
        "--fault", action="append", default=[], metavar="KIND[=PLACE]", help="see `list faults`"
    )
    run_parser.add_argument(
        "--to-bootloader", action="store_true", help="start as with the volume key held down"
    )
    run_parser.add_argument("--json", action="store_true", help="say it in JSON, one line each")
    run_parser.add_argument("--until-stdin-closes", action="store_true")
    run_parser.add_argument(
        "--commands", type=Path, metavar="FIFO", help="made there; takes save, restore, fault NAME"
    )
    lists = commands.add_parser("list", help="personalities that come with it, defects, faults")
    lists.add_argument("what", nargs="?", choices=LISTS, default="personalities")
    show = commands.add_parser("show", help="what a personality is; and whether it could run so")
    show.add_argument("personality")
    show.add_argument("--defect", action="append", default=[], metavar="NAME")
    show.add_argument("--set", action="append", default=[], metavar="KEY=VALUE")
    add_ota_commands(commands, _Parser)
    return parser


def _settings(pairs: Sequence[str]) -> Mapping[str, str]:
    settings = {}
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if not equals or not key:
            raise _OptionError(f"--set wants KEY=VALUE, not '{pair}'")
        settings[key] = value
    return settings


def _run(arguments: argparse.Namespace) -> int:
    for port in (arguments.port, arguments.fastboot_port):
        if not 0 <= port < 65536:
            raise _OptionError(f"{port} is no port")
    personality = load_personality(arguments.personality)
    system = build_system_server(
        personality, defects=arguments.defect, settings=_settings(arguments.set)
    )
    request = RunRequest(
        personality=personality.name,
        system=system,
        state=arguments.state,
        adb_port=arguments.port,
        fastboot_port=arguments.fastboot_port,
        serialno=arguments.serialno,
        as_json=arguments.json,
        until_stdin_closes=arguments.until_stdin_closes,
        commands=arguments.commands,
        faults=[parse_fault(text) for text in arguments.fault],
        to_bootloader=arguments.to_bootloader,
        factory=partial(pack_firmware, arguments.personality),
    )
    asyncio.run(run(request, announce=lambda line: print(line, flush=True)))
    return ENDED


def _list_personalities() -> None:
    for name in list_personalities():
        print(f"{name:28} {load_personality(name).title}")


def _list_defects() -> None:
    for defect in BUILTIN.values():
        if defect.reference:
            print(f"{defect.name}\n    {defect.about} (class {defect.reference})")
    print("path/to/file.py:NAME\n    one of your own: virtualdevice/system/defects.py says how")


def _list_faults() -> None:
    for kind, about in ABOUT.items():
        print(f"{form_of(kind)}\n    {about}")
    print(f"PHASE is one of {', '.join(Phase)}")


LISTS = {
    "personalities": _list_personalities,
    "defects": _list_defects,
    "faults": _list_faults,
}


def _show(arguments: argparse.Namespace) -> int:
    """ConfigurationError, as `run` would end with."""
    personality = load_personality(arguments.personality)
    build_system_server(personality, defects=arguments.defect, settings=_settings(arguments.set))
    print(f"{personality.name}: {personality.title}")
    print(f"Android API {personality.api}, locale {personality.locale}")
    if personality.about:
        print(personality.about)
    for name in sorted(personality.packages):
        print(f"  package {name}")
    return ENDED


def main(argv: Sequence[str] | None = None) -> int:
    """The exit status."""
    try:
        arguments = _parser().parse_args(argv)
        if arguments.command == "list":
            LISTS[arguments.what]()
            return ENDED
        if arguments.command == "show":
            return _show(arguments)
        if arguments.command == "ota":
            return run_ota_command(arguments)
        return _run(arguments)
    except HostCannot as error:
        print(f"virtualdevice: {error}", file=sys.stderr)
        return HOST_CANNOT
    except (ConfigurationError, FaultError, _OptionError) as error:
        print(f"virtualdevice: {error}", file=sys.stderr)
        return BAD_OPTION


if __name__ == "__main__":
    sys.exit(main())

"""`python -m virtualdevice ota build|image`: firmware for virtual phones, as files."""

from __future__ import annotations

import argparse
import io
import sys
import zipfile
from pathlib import Path
from typing import Any

from virtualdevice.ota.firmware import pack_firmware
from virtualdevice.system.personality import load_personality

__all__ = ["add_ota_commands", "run_ota_command"]

PLACEHOLDER = b"ANDROID!".ljust(4096, b"\0")
"""A boot image of which nothing is looked at: fastboot's update wants one."""


def add_ota_commands(commands: Any, parser_class: type[argparse.ArgumentParser]) -> None:
    """`commands` is what `add_subparsers` made."""
    ota = commands.add_parser("ota", help="build OTA packages and images for virtual phones")
    verbs = ota.add_subparsers(dest="verb", required=True, parser_class=parser_class)
    build = verbs.add_parser("build", help="an OTA package, for sideload or update_engine_client")
    build.add_argument("--to", required=True, metavar="PERSONALITY", help="a name, or a .yaml file")
    build.add_argument("--from", dest="source", metavar="PERSONALITY", help="the build it updates")
    build.add_argument("-o", "--output", required=True, type=Path, metavar="OTA.zip")
    build.add_argument("--incremental", action="store_true", help="only for a phone on --from")
    build.add_argument("--downgrade", action="store_true", help="let it lead to an older build")
    build.add_argument("--wipe", action="store_true", help="take user data with it")
    build.add_argument("--key", type=Path, help="PEM or PKCS#12 (default: the maker's own)")
    build.add_argument("--product", action="append", default=[], help="for this device instead")
    build.add_argument("--size", type=int, default=0, metavar="BYTES", help="fill the image up")
    image = verbs.add_parser("image", help="a system image, or a ZIP for `fastboot update`")
    image.add_argument("--to", required=True, metavar="PERSONALITY")
    image.add_argument("-o", "--output", required=True, type=Path, metavar="system.img|update.zip")
    image.add_argument("--size", type=int, default=0, metavar="BYTES")


def run_ota_command(arguments: argparse.Namespace) -> int:
    """The exit status. ConfigurationError."""
    content = _package(arguments) if arguments.verb == "build" else _image(arguments)
    arguments.output.write_bytes(content)
    sys.stdout.write(f"{arguments.output}: {len(content)} bytes\n")
    return 0


def _package(arguments: argparse.Namespace) -> bytes:
    # What signs is large, and a device is started by the same program.
    from holdfast.apk.keys import SigningKey
    from virtualdevice.ota.package import PackagePlan, build_package

    key = SigningKey.load(arguments.key) if arguments.key else None
    plan = PackagePlan(
        target=arguments.to,
        source=arguments.source,
        incremental=arguments.incremental,
        downgrade=arguments.downgrade,
        wipe=arguments.wipe,
        key=key,
        products=tuple(arguments.product),
        size_bytes=arguments.size,
    )
    return build_package(plan)


def _image(arguments: argparse.Namespace) -> bytes:
    image = pack_firmware(arguments.to, size_bytes=arguments.size)
    if arguments.output.suffix != ".zip":
        return image
    product = load_personality(arguments.to).build.device
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("android-info.txt", f"require product={product}\n")
        archive.writestr("boot.img", PLACEHOLDER)
        archive.writestr("system.img", image)
    return made.getvalue()

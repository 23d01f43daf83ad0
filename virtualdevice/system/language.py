"""The language that Android speaks from one boot to the next.

What the user chose in the settings (Settings.System.SYSTEM_LOCALES, from Android 7; see
Settings.System.getConfiguration), else what the persistent properties say, else the build's own.
"""

from __future__ import annotations

import json
from dataclasses import replace

from virtualdevice.seams import Machine
from virtualdevice.system.personality import Personality
from virtualdevice.system.properties import PERSISTENT_FILE
from virtualdevice.system.settings import file_of

__all__ = ["as_chosen", "resource_qualifier"]

FIRST_SETTING_API = 24
FIRST_TAG_API = 23


async def as_chosen(personality: Personality, machine: Machine) -> Personality:
    """The build as it is in this boot; its disk is there."""
    locales = ""
    if personality.api >= FIRST_SETTING_API:
        system = await _kept(machine, file_of(("system", 0)))
        locales = system.get("system_locales", "")
    properties = await _kept(machine, PERSISTENT_FILE)
    if personality.api >= FIRST_TAG_API:
        locales = locales or properties.get("persist.sys.locale", "")
    elif language := properties.get("persist.sys.language", ""):
        region = properties.get("persist.sys.country", "")
        locales = f"{language}-{region}" if region else language
    first = locales.partition(",")[0].strip()
    return replace(personality, locale=first) if first else personality


def resource_qualifier(locale: str) -> str:
    """As Configuration.resourceQualifierString() writes a BCP 47 tag: `zh-rCN`, `b+zh+Hans+CN`."""
    language, *more = locale.split("-")
    if len(more) > 1 or (more and len(more[0]) > 3):
        return f"b+{locale.replace('-', '+')}"
    return "-r".join([language, *more])


async def _kept(machine: Machine, file: str) -> dict[str, str]:
    try:
        kept = json.loads(await machine.files.read(file))
    except (OSError, ValueError):
        return {}
    return {str(name): str(value) for name, value in kept.items()}

"""Putting a system server together from what the command line says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from holdfast.errors import ConfigurationError
from virtualdevice.seams import SystemServer
from virtualdevice.system.builtin_defects import BUILTIN
from virtualdevice.system.defects import Defects, load_defect
from virtualdevice.system.personality import Personality
from virtualdevice.system.server import AndroidServer
from virtualdevice.system.settings import NAMESPACES

__all__ = ["build_system_server"]


def build_system_server(
    personality: Personality, *, defects: Sequence[str], settings: Mapping[str, str]
) -> SystemServer:
    """`defects` are names or `path.py:NAME`, on top of the personality's own.

    `settings` are `NAMESPACE.KEY` (a setting) or a property's name, each with its value. Both hold
    for every firmware that this device boots later.
    """

    def configure(booted: Personality) -> tuple[Personality, Defects]:
        names = dict.fromkeys((*booted.defects, *defects))
        chosen = [load_defect(name, BUILTIN) for name in names]
        return _with_settings(booted, settings), Defects(chosen)

    return AndroidServer(*configure(personality), configure=configure)


def _with_settings(personality: Personality, settings: Mapping[str, str]) -> Personality:
    tables = {name: dict(personality.settings.get(name, {})) for name in NAMESPACES}
    properties = dict(personality.properties)
    for key, value in settings.items():
        namespace, _, name = key.partition(".")
        if not name:
            raise ConfigurationError(f"--set {key}: neither NAMESPACE.KEY nor a property")
        if namespace in tables:
            tables[namespace][name] = value
        else:
            properties[key] = value
    return replace(personality, settings=tables, properties=properties)

"""Who brought a package: the installer of record, who asked for it, and who owns its updates.

Sources: updateSettingsLI of PackageManagerService to 10, commitPackageSettings and InstallSource of
11 and later: each installation writes it anew, and `adb install` without -i leaves none.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from virtualdevice.system.packages.records import PackageRecord
from virtualdevice.system.packages.registry import Registry
from virtualdevice.system.packages.rules import InstallOptions

__all__ = ["Attribution", "attribution", "forget_installer"]

CLEARED_SINCE = 24
"""Before, a package keeps the name of an installer that is gone."""
KNOWN_ONLY_SINCE = 34
"""From 14 on an installer of record that is no package here counts as none."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Attribution:
    installer: str | None
    update_owner: str | None


def attribution(
    options: InstallOptions, before: PackageRecord | None, registry: Registry, *, api: int
) -> Attribution:
    """Ownership of updates is claimed by a first install, and lost by an update that somebody else
    brings."""
    installer = options.installer
    named = api >= KNOWN_ONLY_SINCE and installer and installer != options.initiator
    if named and registry.present(installer or "") is None:
        installer = None
    if before is None:
        owner = installer if options.update_ownership else None
    else:
        owner = before.update_owner if installer == before.update_owner else None
    return Attribution(installer=installer, update_owner=owner)


def forget_installer(registry: Registry, name: str, *, api: int) -> None:
    """A package is gone: what it has installed has no installer any more. Who asked for an
    installation stays known."""
    if api < CLEARED_SINCE:
        return
    for record in registry:
        if name in (record.installer, record.update_owner):
            registry.put(
                replace(
                    record,
                    installer=None if record.installer == name else record.installer,
                    update_owner=None if record.update_owner == name else record.update_owner,
                )
            )

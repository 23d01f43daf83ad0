"""What Android promises of two apps over a life of installs, updates, OTAs, rollbacks and reboots.

A model of its own, in the words of the update-semantics reference and not in those of the virtual
device: it only says what has to come of an operation.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

__all__ = ["BUILDS", "NAMES", "Copy", "Known", "Promises"]

NAMES = ("org.example.chat", "org.example.notes")
Letters = dict[int, set[str]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Copy:
    """An APK of some app, as far as the model goes."""

    signer: str
    version: int


BUILDS: Mapping[str, Mapping[str, Copy]] = {
    "plain": {},
    "chat": {NAMES[0]: Copy(signer="A", version=2)},
    "other": {NAMES[0]: Copy(signer="B", version=3)},
    "older": {NAMES[0]: Copy(signer="A", version=1), NAMES[1]: Copy(signer="A", version=1)},
}
"""What the image of each firmware brings."""


@dataclass(kw_only=True, slots=True)
class Rollback:
    version_from: int
    back_to: Copy
    letters: Letters


@dataclass(kw_only=True, slots=True)
class Known:
    """What we know of an app that has a record.

    `preload` is the image's copy below an update. `fresh`: its ids were not looked at yet.
    """

    copy: Copy
    installed: bool = True
    in_memory: bool = True
    system: bool = False
    preload: Copy | None = None
    letters: Letters = field(default_factory=dict)
    rollback: Rollback | None = None
    app_id: int = 0
    inodes: dict[int, int] = field(default_factory=dict)
    fresh: bool = True

    def lose_data(self) -> None:
        self.letters.clear()
        self.inodes.clear()
        self.fresh = True


class Promises:
    """Each method changes what is known, and says whether the device has to agree to it."""

    def __init__(self, api: int) -> None:
        self.api = api
        self.known: dict[str, Known] = {}
        self.staged: dict[str, Copy] = {}

    def is_too_old(self, name: str, new: Copy) -> bool:
        """Whether it is below what the data belongs to, as this version looks at it."""
        known = self.known.get(name)
        if known is None or new.version >= known.copy.version:
            return False
        return known.installed or (self.api >= 24 and (known.in_memory or self.api >= 36))

    def takes(self, name: str, new: Copy) -> bool:
        """`pm install -r` of it."""
        known = self.known.get(name)
        if known is None:
            return True
        fits_image = known.preload is None or known.preload.signer == new.signer or self.api < 36
        return new.signer == known.copy.signer and fits_image and not self.is_too_old(name, new)

    def install(self, name: str, new: Copy, *, rollback: bool = False) -> bool:
        if not self.takes(name, new):
            return False
        known = self.known.get(name)
        if known is None:
            self.known[name] = Known(copy=new)
            return True
        factory = known.system and known.preload is None
        if rollback and known.installed and not factory:
            letters = {user: set(found) for user, found in known.letters.items()}
            known.rollback = Rollback(version_from=new.version, back_to=known.copy, letters=letters)
        if factory:
            known.preload = known.copy
        known.copy, known.installed, known.in_memory = new, True, True
        return True

    def can_roll_back(self, name: str) -> bool:
        """Whether there is an offer for what is installed now."""
        known = self.known.get(name)
        offer = known.rollback if known is not None and known.installed else None
        return known is not None and offer is not None and offer.version_from == known.copy.version

    def roll_back(self, name: str) -> bool:
        """An offer is taken; a platform rollback may go down, but not below the image (12)."""
        known = self.known[name]
        offer = known.rollback
        if offer is None:
            return False
        back = offer.back_to
        floor = known.preload or (known.copy if known.system else None)
        too_low = self.api >= 31 and floor is not None and back.version < floor.version
        fits_image = known.preload is None or known.preload.signer == back.signer or self.api < 36
        if back.signer != known.copy.signer or not fits_image or too_low:
            return False
        if known.system and known.preload is None:
            known.preload = known.copy
        known.copy, known.rollback = back, None
        known.letters = {user: set(found) for user, found in offer.letters.items()}
        return True

    def uninstall(self, name: str, *, keep: bool = False) -> bool:
        known = self.known.get(name)
        if known is None or (keep and not known.installed):
            return False
        if known.system:
            return self._uninstall_updates(known)
        if keep:
            known.installed, known.rollback = False, None
        else:
            del self.known[name]
        return True

    def _uninstall_updates(self, known: Known) -> bool:
        """The data goes if the factory version is older; nobody can keep it."""
        if known.preload is None:
            return False
        if known.preload.version < known.copy.version:
            known.lose_data()
        known.copy, known.preload, known.rollback = known.preload, None, None
        return True

    def stage(self, name: str, new: Copy) -> bool:
        """It will be installed by the next boot, or is found wanting then."""
        found_early = self.is_too_old(name, new) if self.api >= 31 else not self.takes(name, new)
        if name in self.staged or found_early:
            return False
        self.staged[name] = new
        return True

    def boot(self, image: Mapping[str, Copy], *, applies: bool = True) -> None:
        """A boot of the build with that image; `applies` false: it crashes before what was staged
        is installed."""
        for name in NAMES:
            self._scan(name, image.get(name))
        for known in self.known.values():
            known.in_memory = known.installed
        if not applies:
            return
        if all(self.takes(name, new) for name, new in self.staged.items()):
            for name, new in self.staged.items():
                self.install(name, new)
        self.staged.clear()

    def _scan(self, name: str, preload: Copy | None) -> None:
        """Section 4.1 of the reference, for one package name."""
        known = self.known.get(name)
        if known is None:
            if preload is not None:
                self.known[name] = Known(copy=preload, system=True)
        elif preload is None:
            self._dropped(name, known)
        elif not known.system:
            self._appeared(name, known, preload)
        elif known.preload is None:
            known.copy = preload
        elif preload.version > known.copy.version:
            known.copy, known.preload = preload, None
        else:
            known.preload = preload
            if self.api >= 36 and preload.signer != known.copy.signer:
                known.copy, known.preload = preload, None

    def _dropped(self, name: str, known: Known) -> None:
        if known.system and known.preload is None:
            del self.known[name]
        known.system, known.preload = False, None

    def _appeared(self, name: str, known: Known, preload: Copy) -> None:
        if known.copy.signer != preload.signer:
            self.known[name] = Known(copy=preload, system=True, rollback=known.rollback)
            return
        known.system = True
        if preload.version > known.copy.version or not known.installed:
            known.copy, known.installed = preload, True
        else:
            known.preload = preload

    def listed(self) -> Sequence[str]:
        """`pm list packages -3`."""
        return [n for n, known in self.known.items() if known.installed and not known.system]

"""What was read out of a dialog: losses, promises, requests, with the words that say them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property

from holdfast.dialogs.judgement import Part, Words

__all__ = ["Certainty", "Loss", "Reading", "Target"]


class Certainty(StrEnum):
    """How a loss is stated. DENIED: the text says that it does not happen."""

    CERTAIN = "yes"
    HEDGED = "hedged"
    AVOIDED = "avoided"
    DENIED = "denied"


class Target(StrEnum):
    """What a text says is lost."""

    USER_DATA = "user_data"
    BARE_DATA = "bare_data"
    SMALL_DATA = "small_data"
    APP = "app"
    OTHER = "other"
    NOTHING_NAMED = "nothing_named"


@dataclass(frozen=True, kw_only=True, slots=True)
class Loss:
    """One statement that something is, may be or will not be lost."""

    certainty: Certainty
    target: Target
    words: tuple[Words, ...]
    asked: bool = False

    @property
    def is_of_data(self) -> bool:
        return self.target in (Target.USER_DATA, Target.BARE_DATA)

    @property
    def counts(self) -> bool:
        """A loss of the user's data, or a plain statement that smaller things are deleted."""
        if self.target is Target.SMALL_DATA:
            return not self.asked and self.part is Part.MESSAGE
        return self.is_of_data

    @property
    def part(self) -> Part:
        return self.words[0].part


@dataclass(frozen=True, kw_only=True)
class Reading:
    """All that was read out of title and message. (No slots: what follows from it is kept.)"""

    losses: tuple[Loss, ...] = ()
    kept: tuple[Words, ...] = ()
    keep_option: tuple[Words, ...] = ()
    uninstall: tuple[Words, ...] = ()
    wipe_operation: tuple[Words, ...] = ()
    mismatch: tuple[Words, ...] = ()
    jargon: tuple[Words, ...] = ()
    other_matter: tuple[Words, ...] = ()
    nothing_lost: tuple[Words, ...] = ()
    backup: tuple[Words, ...] = ()
    app_name: tuple[Words, ...] = ()
    amount: tuple[Words, ...] = ()
    whole_device: tuple[Words, ...] = ()

    @cached_property
    def stated_losses(self) -> tuple[Loss, ...]:
        """Losses of data that the text announces, the certain and plainest ones first.

        A hedge in the message takes back what a title says for certain. Advice to make room
        (`delete some photos`) announces nothing; nor does a question about another matter.
        """
        if self.nothing_lost:
            return ()
        told = [x for x in self.losses if x.certainty is not Certainty.DENIED and x.counts]
        if self.other_matter:
            told = [x for x in told if not x.asked]
        hedged = any(x.certainty is not Certainty.CERTAIN and x.part is Part.MESSAGE for x in told)
        sure = any(x.certainty is Certainty.CERTAIN and x.part is Part.MESSAGE for x in told)
        if hedged and not sure:
            told = [x for x in told if x.part is Part.MESSAGE]
        return tuple(sorted(told, key=_plainness))

    @cached_property
    def safe_path(self) -> tuple[Words, ...]:
        """Words for a backup, or for a way that keeps the data beside one that does not."""
        offered = (*self.backup, *self.keep_option)
        if any(x.is_of_data for x in self.stated_losses):
            return (*offered, *self.kept, *(w for x in self.denied_losses for w in x.words))
        return (*offered, *self.kept) if self.uninstall else offered

    @cached_property
    def denied_losses(self) -> tuple[Loss, ...]:
        return tuple(x for x in self.losses if x.certainty is Certainty.DENIED and x.is_of_data)


def _plainness(loss: Loss) -> tuple[bool, bool, bool]:
    """Certain before hedged, named data before `data`, the message before the title."""
    return (
        loss.certainty is not Certainty.CERTAIN,
        loss.target is not Target.USER_DATA,
        loss.part is not Part.MESSAGE,
    )

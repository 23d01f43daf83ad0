"""From what a capture saw of windows and read of the rest, to the values that are judged. Pure."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass

from holdfast.dialogs.asked import AskedWindow, screen_size_px
from holdfast.dialogs.captured import (
    Bounds,
    Button,
    ButtonRole,
    CapturedDialog,
    DialogKind,
    ScreenState,
)
from holdfast.dialogs.hierarchy import Hierarchy
from holdfast.dialogs.ink import measured
from holdfast.dialogs.witness import NewNotice, Witness

__all__ = ["Sight", "dialogs_of"]

_NOWHERE = Bounds(left_px=0, top_px=0, right_px=0, bottom_px=0)


@dataclass(kw_only=True, slots=True)
class Sight:
    """A window from its first to its last sight; seconds on the clock's `monotonic`."""

    number: int
    window: AskedWindow
    first_seen: float
    last_seen: float
    beneath: str | None
    hierarchy: Hierarchy
    screenshot: bytes = b""


def dialogs_of(
    sights: Sequence[Sight],
    witness: Witness,
    *,
    own: Collection[str],
    language: str,
    since_began_ms: Callable[[float], int],
) -> tuple[CapturedDialog, ...]:
    """The windows in order of first sight, then the notifications that nobody opened."""
    seen = tuple(_dialog(sight, witness, language, since_began_ms) for sight in sights)
    return (*seen, *_unopened(seen, witness, own=own, language=language))


def _dialog(
    sight: Sight, witness: Witness, language: str, since_began_ms: Callable[[float], int]
) -> CapturedDialog:
    window = sight.window
    first_seen_ms = since_began_ms(sight.first_seen)
    around = witness.at(first_seen_ms)
    activities = around.activities if around else {}
    return CapturedDialog(
        number=sight.number,
        first_seen_ms=first_seen_ms,
        last_seen_ms=since_began_ms(sight.last_seen),
        kind=window.kind,
        package_name=window.package_name,
        activity=activities.get(window.package_name, ""),
        title=window.title,
        message=window.message,
        buttons=window.buttons,
        texts=measured(window.texts, sight.screenshot) if sight.screenshot else window.texts,
        bounds=window.bounds,
        screenshot=sight.screenshot,
        hierarchy=sight.hierarchy.xml,
        beneath=sight.beneath,
        language=language,
        screen=_state(witness, first_seen_ms, sight.hierarchy),
    )


def _state(witness: Witness, moment_ms: int, hierarchy: Hierarchy | None) -> ScreenState:
    width, height = screen_size_px(hierarchy) if hierarchy else (0, 0)
    rotation = hierarchy.rotation if hierarchy else 0
    around = witness.at(moment_ms)
    if around is None:
        return ScreenState(width_px=width, height_px=height, rotation=rotation)
    return ScreenState(
        width_px=width,
        height_px=height,
        rotation=rotation,
        on=around.on,
        locked=around.locked,
        user_id=around.user_id,
        split=around.split,
    )


def _unopened(
    seen: Sequence[CapturedDialog], witness: Witness, *, own: Collection[str], language: str
) -> Iterator[CapturedDialog]:
    """Notifications that were posted meanwhile and did not come to the screen."""
    shown = {(dialog.package_name, text) for dialog in seen for text in _texts_of(dialog)}
    number = len(seen)
    for new in witness.new_notices:
        notice = new.notice
        text = (notice.text or notice.title).strip()
        is_new = text and (notice.package_name, text) not in shown
        if is_new and notice.package_name not in own:
            number += 1
            yield _notification(new, number, language, _state(witness, new.first_seen_ms, None))


def _texts_of(dialog: CapturedDialog) -> tuple[str, ...]:
    return (dialog.title, *dialog.message.splitlines())


def _notification(
    new: NewNotice, number: int, language: str, screen: ScreenState
) -> CapturedDialog:
    """Its actions are no buttons that anybody could press where it is not shown."""
    notice = new.notice
    return CapturedDialog(
        number=number,
        first_seen_ms=new.first_seen_ms,
        last_seen_ms=new.last_seen_ms,
        kind=DialogKind.NOTIFICATION,
        package_name=notice.package_name,
        activity="",
        title=notice.title,
        message=notice.text,
        buttons=tuple(
            Button(text=text, bounds=_NOWHERE, resource_id="", role=ButtonRole.NEUTRAL)
            for text in notice.actions
        ),
        texts=(),
        bounds=_NOWHERE,
        screenshot=b"",
        hierarchy="",
        beneath=None,
        language=language,
        screen=screen,
    )

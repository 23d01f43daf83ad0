"""What was on the screen over some time, as MP4 with H.264, as Android records it."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass

from virtualdevice.system.screen.view import Frame, View

__all__ = ["Film", "Moment"]

_TICKS_A_SECOND = 1000
_LAST_FRAME_S = 0.01


@dataclass(frozen=True, kw_only=True, slots=True)
class Moment:
    """All that a picture is drawn from."""

    layers: Sequence[tuple[View, bool]]
    frame: Frame
    is_on: bool


class Film:
    """Keeps what pictures are drawn from, and draws none before it is asked for the film."""

    def __init__(self) -> None:
        self._moments: list[tuple[float, Moment]] = []

    def see(self, at_s: float, moment: Moment) -> None:
        """Something that is still as it was takes no room."""
        if not self._moments or self._moments[-1][1] != moment:
            self._moments.append((at_s, moment))

    def mp4(self, *, length_s: float, size: tuple[int, int]) -> bytes:
        """The first moment is seen from the beginning, the last until the end. Takes a while."""
        from fractions import Fraction

        import av  # large, as what draws is, and few devices are ever filmed

        from virtualdevice.system.screen.drawing import draw

        buffer, tick = io.BytesIO(), Fraction(1, _TICKS_A_SECOND)
        with av.open(buffer, "w", format="mp4") as film:
            stream = film.add_stream("libx264", options={"preset": "ultrafast", "bf": "0"})
            stream.width, stream.height = size
            stream.pix_fmt = "yuv420p"
            stream.codec_context.time_base = tick
            stream.codec_context.thread_count = 1
            end_s = max(_LAST_FRAME_S, length_s - _LAST_FRAME_S)
            shown = [(0.0 if n == 0 else at_s, m) for n, (at_s, m) in enumerate(self._moments)]
            before = -1
            for at_s, moment in [*shown, (end_s, shown[-1][1])]:
                image = draw(moment.layers, moment.frame, is_on=moment.is_on).resize(size)
                picture = av.VideoFrame.from_image(image)  # type: ignore[no-untyped-call]
                before = max(before + 1, round(at_s * _TICKS_A_SECOND))
                picture.pts, picture.time_base = before, tick
                film.mux(stream.encode(picture))
            film.mux(stream.encode(None))
        return buffer.getvalue()

"""An app whose screens are lists, described by the personality: Settings, Contacts, demos."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from virtualdevice.system.screen.surface import Surface
from virtualdevice.system.screen.view import Bounds, Frame, Look, View
from virtualdevice.system.screen.widgets import group, label, title_bar, window

__all__ = ["ListApp"]

ROW_DP, BAR_DP = 56, 56


class ListApp(Surface):
    """A row that `screens` names opens the list of those rows; Back leads back. `fields` are the
    resource ids of the text fields above the rows of a screen, by the screen's name."""

    def __init__(
        self,
        *,
        package: str,
        activity: str,
        title: str,
        items: Sequence[str],
        screens: Mapping[str, Sequence[str]] | None = None,
        fields: Mapping[str, Sequence[str]] | None = None,
    ) -> None:
        super().__init__(package=package, activity=activity)
        self._title = title
        self._items = items
        self._screens = screens or {}
        self._fields = fields or {}
        self._path: list[str] = []
        self._scrolled_px = 0

    def clicked(self, key: str) -> None:
        rows = self._rows()
        if key.isdigit() and int(key) < len(rows) and rows[int(key)] in self._screens:
            self._go([*self._path, rows[int(key)]])

    def back(self) -> bool:
        if not self._path:
            return True
        self._go(self._path[:-1])
        return False

    def _go(self, path: list[str]) -> None:
        self._path = path
        self._scrolled_px = 0
        self.focus = ""
        self.texts.clear()

    def _rows(self) -> Sequence[str]:
        return self._screens[self._path[-1]] if self._path else self._items

    def _fields_here(self) -> Sequence[str]:
        return self._fields.get(self._path[-1], ()) if self._path else ()

    def _list_area(self, frame: Frame) -> Bounds:
        top = frame.content.top + frame.dp(BAR_DP + ROW_DP * len(self._fields_here()))
        return Bounds(0, top, frame.width_px, frame.content.bottom)

    def _hidden_px(self, frame: Frame) -> int:
        """How much of the list does not fit on the screen."""
        return max(0, len(self._rows()) * frame.dp(ROW_DP) - self._list_area(frame).height)

    def scroll(self, frame: Frame, by_px: int) -> bool:
        wanted = self._scrolled_px + by_px
        self._scrolled_px = min(max(0, wanted), self._hidden_px(frame))
        return self._scrolled_px == wanted and 0 < wanted < self._hidden_px(frame)

    def build(self, frame: Frame) -> View:
        area = self._list_area(frame)
        rows = []
        for number, text in enumerate(self._rows()):
            top = area.top + number * frame.dp(ROW_DP) - self._scrolled_px
            visible = Bounds(
                0, max(top, area.top), area.right, min(top + frame.dp(ROW_DP), area.bottom)
            )
            if visible.height > frame.dp(ROW_DP) // 3:
                rows.append(self._row(frame, str(number), text, visible))
        listing = View(
            kind="android.widget.ListView",
            bounds=area,
            resource_id="android:id/list",
            scrollable=self._hidden_px(frame) > 0,
            focusable=True,
            children=rows,
        )
        return window(frame, [title_bar(frame, self._title), *self._field_views(frame), listing])

    def _row(self, frame: Frame, key: str, text: str, area: Bounds) -> View:
        inner = Bounds(frame.dp(16), area.top, area.right, area.bottom)
        row = group(
            area,
            [label(text, inner, resource_id="android:id/title")],
            kind="android.widget.LinearLayout",
        )
        row.clickable = row.focusable = True
        row.key = key
        return row

    def _field_views(self, frame: Frame) -> list[View]:
        top = frame.content.top + frame.dp(BAR_DP)
        return [
            View(
                kind="android.widget.EditText",
                bounds=Bounds(
                    frame.dp(8),
                    top + number * frame.dp(ROW_DP),
                    frame.width_px - frame.dp(8),
                    top + number * frame.dp(ROW_DP) + frame.dp(48),
                ),
                text=self.texts.get(name, ""),
                resource_id=f"{self.package}:id/{name}",
                key=name,
                clickable=True,
                long_clickable=True,
                focusable=True,
                editable=True,
                look=Look(background="#ffffff", outline="#9aa0a6", radius_dp=4),
            )
            for number, name in enumerate(self._fields_here())
        ]

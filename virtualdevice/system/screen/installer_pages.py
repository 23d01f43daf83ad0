"""The package installer's screens: full pages up to Android 9, a dialog since 10."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from virtualdevice.system.screen.view import Bounds, Frame, Look, View, text_width_px
from virtualdevice.system.screen.widgets import (
    AlertButton,
    Line,
    alert_dialog,
    group,
    label,
    push_button,
)

__all__ = ["PageButton", "PageFacts", "alert_page", "confirm_page", "result_page"]

RECORDED_SCALE = 2  # the page was measured on a display of 320 dpi
RELATIVE, LINEAR = "android.widget.RelativeLayout", "android.widget.LinearLayout"
FRAME, SCROLL = "android.widget.FrameLayout", "android.widget.ScrollView"


@dataclass(frozen=True, kw_only=True, slots=True)
class PageButton:
    text: str
    key: str
    resource: str


@dataclass(frozen=True, kw_only=True, slots=True)
class PageFacts:
    """What a page shows; `package` prefixes its resource ids."""

    package: str
    label: str
    text: str
    text_resource: str
    buttons: Sequence[PageButton] = ()
    explanation: str = ""
    tabs: Sequence[str] = ()
    details: str = ""
    progress: bool = False


class _Page:
    """Places in the pixels of the recording, brought to the scale of a frame."""

    def __init__(self, frame: Frame, package: str) -> None:
        self.frame = frame
        self.package = package

    def px(self, recorded: float) -> int:
        return round(recorded * self.frame.scale / RECORDED_SCALE)

    def id(self, name: str) -> str:
        return f"{self.package}:id/{name}"

    def box(self, left: float, top: float, right: float, bottom: float) -> Bounds:
        """`right` and `bottom` of 0 or less count from the display's edge; top from the content."""
        content = self.frame.content
        return Bounds(
            content.left + self.px(left),
            content.top + self.px(top) if top >= 0 else content.bottom + self.px(top),
            content.right + self.px(right) if right <= 0 else content.left + self.px(right),
            content.bottom + self.px(bottom) if bottom <= 0 else content.top + self.px(bottom),
        )


def _snippet(page: _Page, facts: PageFacts, *, with_progress: bool) -> View:
    name_width = text_width_px(facts.label, page.frame.dp(22)) + page.px(16)
    icon = View(
        kind="android.widget.ImageView",
        bounds=page.box(48, 48, 112, 112),
        resource_id=page.id("app_icon"),
        look=Look(background="#1e8e3e", radius_dp=4),
    )
    left = page.box(112, 44, 112, 109)
    name = label(
        facts.label,
        Bounds(left.left, left.top, left.left + name_width, left.bottom),
        resource_id=page.id("app_name"),
        size_dp=22,
    )
    bar = View(
        kind="android.widget.ProgressBar",
        bounds=page.box(32, 121, -32, 153),
        resource_id=page.id("progress_bar"),
    )
    divider = group(
        page.box(32, 113, -32, 153),
        [bar] if with_progress else [],
        resource_id=page.id("top_divider"),
    )
    return group(
        page.box(0, 0, 0, 153),
        [icon, name, divider],
        kind=RELATIVE,
        resource_id=page.id("app_snippet"),
    )


def _decor(page: _Page, children: Sequence[View]) -> View:
    white = Look(background="#ffffff")
    frame = page.frame
    inner = group(frame.content, children, kind=RELATIVE)
    content = group(frame.content, [inner], resource_id="android:id/content", look=white)
    return group(frame.bounds, [group(frame.bounds, [content], kind=LINEAR)], look=white)


def _button_row(page: _Page, buttons: Sequence[PageButton], *, lone_half: bool) -> View:
    """Two share the width; a lone one takes its left half, as on the recording."""
    area = page.box(0, -96, 0, 0)
    half = area.width // 2
    views = []
    for number, button in enumerate(buttons):
        whole = len(buttons) == 1 and not lone_half
        left = area.left + number * half
        right = area.right if number == 1 or whole else left + half
        views.append(
            push_button(
                button.text,
                Bounds(left, area.top, right, area.bottom),
                key=button.key,
                resource_id=page.id(button.resource),
            )
        )
    return group(area, views, kind=LINEAR)


def confirm_page(frame: Frame, facts: PageFacts) -> View:
    """PackageInstallerActivity: the question, what the app may do, two buttons."""
    page = _Page(frame, facts.package)
    question = label(
        facts.text,
        page.box(0, 153, 0, 420),
        resource_id=page.id(facts.text_resource),
        size_dp=17,
    )
    middle = _tab_host(page, facts) if facts.tabs else group(page.box(0, 420, 0, -97), [])
    row = group(
        page.box(0, -97, 0, 0), [_button_row(page, facts.buttons, lone_half=True)], kind=LINEAR
    )
    panel = group(
        page.box(0, 153, 0, 0),
        [question, middle, row],
        kind=LINEAR,
        resource_id=page.id("install_confirm_panel"),
    )
    return _decor(page, [_snippet(page, facts, with_progress=True), panel])


def _tab_host(page: _Page, facts: PageFacts) -> View:
    content = page.frame.content
    width = page.px(320)
    left = content.left + (content.width - width) // 2
    top = page.box(0, 420, 0, 532)
    tabs = []
    for number, text in enumerate(facts.tabs):
        begin = left + number * (width // 2) + number
        end = left + (number + 1) * (width // 2)
        area = Bounds(begin, top.top, end, top.bottom)
        width_px = text_width_px(text, page.frame.dp(12))
        text_left = area.centre[0] - width_px // 2
        line = Bounds(
            text_left, area.top + page.px(39), text_left + width_px, area.top + page.px(72)
        )
        title = label(text, line, resource_id="android:id/title", size_dp=12)
        tab = group(area, [title], kind=LINEAR)
        tab.clickable = tab.focusable = True
        tab.selected = title.selected = number == 0
        tabs.append(tab)
    widget = group(
        Bounds(left, top.top, left + width, top.bottom),
        tabs,
        kind="android.widget.TabWidget",
        resource_id="android:id/tabs",
    )
    widget.focusable = True
    container = group(
        top,
        [group(top, [widget])],
        kind="android.widget.HorizontalScrollView",
        resource_id=page.id("tabscontainer"),
    )
    container.focusable = True
    area = page.box(0, 532, 0, -97)
    scroll = group(area, [label(facts.details, area, size_dp=14)], kind=SCROLL)
    scroll.focusable = True
    pager = group(
        area,
        [scroll],
        kind="android.support.v4.view.ViewPager",
        resource_id=page.id("pager"),
    )
    pager.focusable = pager.scrollable = True
    host_area = page.box(0, 420, 0, -97)
    host = group(
        host_area,
        [group(host_area, [container, pager], kind=LINEAR)],
        kind="android.widget.TabHost",
        resource_id="android:id/tabhost",
    )
    host.focusable = host.focused = True
    return host


def result_page(frame: Frame, facts: PageFacts) -> View:
    """InstallAppProgress to 7.1, InstallInstalling/Success/Failed on 8 and 9."""
    page = _Page(frame, facts.package)
    status = label(
        facts.text,
        page.box(0, 153, 0, 234),
        resource_id=page.id(facts.text_resource),
        size_dp=17,
    )
    area = page.box(0, 234, 0, -129)
    inside = []
    if facts.explanation:
        inside.append(
            label(facts.explanation, area, resource_id=page.id("explanation_status"), size_dp=15)
        )
    scroll = group(area, inside, kind=SCROLL)
    scroll.focusable = True
    children = [_snippet(page, facts, with_progress=facts.progress), status, scroll]
    if facts.buttons:
        children.append(
            group(
                page.box(0, -129, 0, 0),
                [_button_row(page, facts.buttons, lone_half=True)],
                kind=LINEAR,
                resource_id=page.id("buttons_panel"),
            )
        )
    return _decor(page, children)


def alert_page(frame: Frame, facts: PageFacts) -> View:
    """AlertActivity since 10: the app's name as title, one text, button1 and button2."""
    extra = []
    if facts.progress:
        extra.append(
            View(
                kind="android.widget.ProgressBar",
                bounds=Bounds(0, 0, frame.width_px, frame.dp(8)),
                resource_id=f"{facts.package}:id/progress",
                look=Look(background="#c4c7cc"),
            )
        )
    return alert_dialog(
        frame,
        title=facts.label,
        body=[Line(text=facts.text, resource_id=f"{facts.package}:id/{facts.text_resource}")],
        buttons=[
            AlertButton(text=b.text, key=b.key, resource_id=f"android:id/{b.resource}")
            for b in facts.buttons
        ],
        extra=extra,
    )

from __future__ import annotations

from dataclasses import replace

from holdfast.userdata.detectors import detect
from holdfast.userdata.diff import diff
from holdfast.userdata.html import render
from holdfast.userdata.values import Area, AreaContent, AreaState
from selftests.holdfast.userdata.made import file, identity, snapshot


def test_no_name_from_a_device_becomes_markup() -> None:
    before = snapshot(file("files/<script>alert(1)</script>.txt"), unseen=("<b>",))
    page = render(diff(before, snapshot()))
    assert "<script>" not in page
    assert "&lt;script&gt;" in page
    assert "<b>" not in page


def test_the_page_says_first_what_would_be_missed_most_and_names_the_damage() -> None:
    before = snapshot(file("files/a"))
    after = snapshot(identity=identity(ce_data_inode=1))
    page = render(diff(before, after), detections=detect(before, after))
    assert page.index("lost its data directory") < page.index("file files/a")
    assert "uninstalled and installed anew" in page
    assert "http" not in page


def test_an_untouched_app_is_said_to_be_untouched() -> None:
    same = snapshot(file("files/a"))
    assert "Everything that was seen before is there" in render(diff(same, same))


def test_a_page_about_nothing_does_not_say_that_all_is_well() -> None:
    areas = {Area.CREDENTIAL: AreaContent(state=AreaState.NOT_SEEN, why="no")}
    blind = snapshot(areas=areas)
    page = render(diff(blind, blind))
    assert "nothing can be said" in page
    assert "Everything" not in page


def test_of_very_many_changes_the_rest_is_counted() -> None:
    before = snapshot(*(file(f"files/{n}", str(n).encode()) for n in range(2500)))
    page = render(diff(before, snapshot()))
    assert "and 500 more" in page


def test_a_right_that_was_taken_away_is_a_loss_though_every_file_is_there() -> None:
    before = snapshot(file("files/a"))
    after = replace(before, identity=replace(identity(), permissions=frozenset()))
    page = render(diff(before, after), detections=detect(before, after))
    assert "Everything that was seen before is there" not in page
    assert "<li>permissions were taken away: android.permission.CAMERA" in page

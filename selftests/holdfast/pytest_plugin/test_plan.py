from __future__ import annotations

from collections.abc import Callable

import pytest

from selftests.holdfast.pytest_plugin.harness import Project

Make = Callable[..., Project]
ENTRY = """version: 1
devices:
  - name: phone
    kind: attached
    serial: phone
    {more}
    prepare: {{goal: {goal}, user_data: wipe, build: "maker/phone:2", package: image.zip}}
  - {{name: idle, kind: avd, avd_name: nightly}}
"""


def planned(made: Project, *, goal: str = "flash", more: str = "") -> str:
    made.write("devices.yaml", ENTRY.format(goal=goal, more=more))
    result = made.run("--plan", "--device", "phone")
    assert result.ret == 0
    return result.stdout.str()


def test_a_plan_names_devices_states_flashes_wipes_and_minutes_and_touches_nothing(
    project: Make,
) -> None:
    made = project()
    made.write("image.zip", "")
    shown = planned(made, more="allow_destructive: true")
    assert "phone (attached): 1 scenarios, about 11 min" in shown
    assert "state: flash (user data: wipe), 1 flash from " in shown
    assert "1 WIPE of user data, to maker/phone:2" in shown
    assert "All devices at once: about 11 min." in shown
    assert made.uses == []
    assert not (made.path / "reports").exists()


@pytest.mark.parametrize(
    ("more", "image", "words"),
    [
        ("", True, "CANNOT BE PREPARED: flash needs 'allow_destructive: true'"),
        ("allow_destructive: true", False, "CANNOT BE PREPARED: flash: there is no "),
    ],
)
def test_what_would_fail_is_in_the_plan(project: Make, more: str, image: bool, words: str) -> None:
    made = project()
    if image:
        made.write("image.zip", "")
    assert words in planned(made, more=more)


def test_a_device_without_a_preparation_is_used_as_it_is(project: Make) -> None:
    made = project("a", "b")
    result = made.run("--plan")
    shown = result.stdout.str()
    assert shown.count("as it is; no flash, no wipe") == 2
    assert made.uses == []


def test_a_virtual_device_that_cannot_be_started_is_in_the_plan(project: Make) -> None:
    made = project()
    made.write(
        "devices.yaml",
        "version: 1\ndevices:\n"
        "  - {name: phone, kind: virtual, personality: aosp-30, defects: [no_such_defect]}\n",
    )
    shown = made.run("--plan", "--device", "phone").stdout.str()
    assert "state: CANNOT BE STARTED: there is no defect 'no_such_defect'; there are: " in shown


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ("", "NOT COVERED: it needs 'allow_destructive: true'"),
        ("allow_destructive: true", "1 flash of ota.zip; behind it the device begins anew"),
    ],
)
def test_the_flashes_of_a_firmware_update_are_in_the_plan(
    project: Make, more: str, words: str
) -> None:
    made = project()
    made.write("image.zip", "")
    shown = planned(made, more=f"firmware_update: ota.zip\n    {more}")
    assert f"in each scenario that updates the firmware: {words}" in shown

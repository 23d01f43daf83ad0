from __future__ import annotations

import fcntl
from collections.abc import Callable

import pytest

from holdfast.apk.probe import ProbeSpec, build_probe
from holdfast.pytest_plugin.settings import workers_for
from selftests.holdfast.pytest_plugin.harness import Project

Make = Callable[..., Project]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--devices", "nowhere.yaml"], "nowhere.yaml: there is no such file"),
        (["--device", "fone"], "no device is called 'fone'; there are: phone"),
        (["--update=new.apk"], "--update needs --base"),
        (["--base=nowhere.apk"], "--base: there is no such file: "),
        (["--base=devices.yaml"], "devices.yaml: not a ZIP archive"),
        (["--defect", "anything"], "no device of this lab can be given a defect"),
    ],
)
def test_a_wrong_option_is_one_sentence_and_status_4(
    project: Make, arguments: list[str], words: str
) -> None:
    result = project().run(*arguments)
    assert result.ret == 4
    assert words in result.stderr.str()
    assert "Traceback" not in result.stderr.str()


def test_base_and_update_of_different_apps_are_refused_by_name(project: Make) -> None:
    made = project()
    for name in ("one", "two"):
        spec = ProbeSpec(package_name=f"org.example.{name}")
        (made.path / f"{name}.apk").write_bytes(build_probe(spec))
    result = made.run("--base=one.apk", "--update=two.apk")
    assert result.ret == 4
    assert "org.example.one and org.example.two" in result.stderr.str()
    assert made.uses == []


def test_a_wrong_devices_file_is_one_sentence_and_status_4(project: Make) -> None:
    made = project()
    made.write("devices.yaml", "version: 1\ndevices:\n  - name: phone\n    knid: attached\n")
    result = made.run()
    assert result.ret == 4
    assert "devices.yaml:3:5: devices[0]: the key 'kind' is missing" in result.stderr.str()


def test_only_the_chosen_devices_are_used(project: Make) -> None:
    made = project("a", "b", "c")
    made.run("--device", "c", "--device", "a")
    assert {use[1] for use in made.uses} == {"a", "c"}


def test_reports_go_where_the_option_says_and_an_earlier_run_is_replaced(project: Make) -> None:
    made = project("a", "b")
    made.run("--reports", "elsewhere")
    made.run("--reports", "elsewhere", "--device", "a")
    records = made.path / "elsewhere" / "evidence"
    assert len(list(records.glob("*/record.json"))) == 1
    assert not (made.path / "reports").exists()


def test_a_folder_with_files_of_somebody_else_is_not_emptied(project: Make) -> None:
    made = project()
    precious = made.path / "reports" / "evidence" / "thesis.txt"
    precious.parent.mkdir(parents=True)
    precious.touch()
    result = made.run()
    assert result.ret == 4
    assert "holds files that no earlier run of this harness wrote" in result.stderr.str()
    assert precious.exists()


def test_a_folder_that_another_run_reports_to_is_refused_and_left_alone(project: Make) -> None:
    made = project()
    made.run()
    with (made.path / "reports" / ".lock").open("wb") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        result = made.run()
        assert result.ret == 4
        assert "another run is writing its reports to " in result.stderr.str()
        assert len(made.records) == 1
        assert made.run("--reports", "elsewhere").ret == 0
    assert made.run().ret == 0


def test_reports_that_cannot_be_written_are_one_sentence_and_status_4(project: Make) -> None:
    made = project()
    made.write("taken", "")
    result = made.run("--reports", "taken/reports")
    assert result.ret == 4
    assert "taken/reports cannot be written: Not a directory; name another" in result.stderr.str()


def test_collecting_touches_no_device_and_no_report(project: Make) -> None:
    made = project()
    result = made.run("--collect-only")
    assert result.ret == 0
    assert made.uses == []
    assert not (made.path / "reports").exists()


def test_choosing_no_test_is_an_error_of_the_command_line(project: Make) -> None:
    assert project().run("-k", "nothing_is_called_so").ret == 4


def test_a_scenario_file_that_does_not_import_is_a_configuration_error(project: Make) -> None:
    made = project()
    made.write("test_updates.py", "import nothing_that_exists\n")
    assert made.run().ret == 4


def test_there_are_as_many_workers_as_devices_within_reason() -> None:
    assert workers_for(1) == 1
    assert workers_for(2) == 2
    assert workers_for(10_000) < 1_000

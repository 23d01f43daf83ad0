from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from holdfast.errors import ConfigurationError
from holdfast.userdata.commands import register
from holdfast.userdata.storing import dump_snapshot
from holdfast.userdata.values import Area, AreaContent, AreaState, Snapshot
from selftests.holdfast.userdata.made import file, identity, snapshot


def program() -> typer.Typer:
    app = typer.Typer()
    register(app)
    return app


def saved(folder: Path, name: str, taken: Snapshot) -> str:
    (folder / name).write_text(dump_snapshot(taken))
    return str(folder / name)


def test_equal_snapshots_end_with_0(tmp_path: Path) -> None:
    one = saved(tmp_path, "one", snapshot(file("files/a")))
    result = CliRunner().invoke(program(), ["diff", one, one])
    assert (result.exit_code, result.output) == (0, "nothing was lost or changed\n")


def test_a_loss_ends_with_1_and_says_what(tmp_path: Path) -> None:
    one = saved(tmp_path, "one", snapshot(file("files/a")))
    two = saved(tmp_path, "two", snapshot())
    result = CliRunner().invoke(program(), ["diff", one, two, "--html", str(tmp_path / "page")])
    assert result.exit_code == 1
    assert result.output == "file files/a (1 byte) in private data is gone\n"
    assert "files/a" in (tmp_path / "page").read_text()


def test_a_right_that_was_taken_away_ends_with_1_though_every_file_is_there(tmp_path: Path) -> None:
    one = saved(tmp_path, "one", snapshot(file("files/a")))
    taken = replace(identity(), permissions=frozenset())
    two = saved(tmp_path, "two", replace(snapshot(file("files/a")), identity=taken))
    result = CliRunner().invoke(program(), ["diff", one, two])
    assert result.exit_code == 1
    assert result.output == (
        "permissions were taken away: android.permission.CAMERA is no longer granted\n"
    )
    in_full = CliRunner().invoke(program(), ["diff", one, two, "--json"])
    assert [d["number"] for d in json.loads(in_full.output)["detections"]] == [22]


def test_json_is_json(tmp_path: Path) -> None:
    one = saved(tmp_path, "one", snapshot(file("files/a")))
    two = saved(tmp_path, "two", snapshot())
    result = CliRunner().invoke(program(), ["diff", one, two, "--json"])
    assert json.loads(result.output)["intact"] is False


def test_nothing_seen_is_no_success(tmp_path: Path) -> None:
    areas = {Area.CREDENTIAL: AreaContent(state=AreaState.NOT_SEEN, why="not debuggable")}
    one = saved(tmp_path, "one", snapshot(areas=areas))
    result = CliRunner().invoke(program(), ["diff", one, one])
    assert result.exit_code == 3
    assert "nothing was lost" not in result.output


def test_a_file_that_is_no_snapshot_is_the_fault_of_the_file(tmp_path: Path) -> None:
    (tmp_path / "one").write_text('{"format": "holdfast-snapshot-1", "snapshot": {}}')
    result = CliRunner().invoke(program(), ["diff", str(tmp_path / "one"), str(tmp_path / "one")])
    assert isinstance(result.exception, ConfigurationError)
    assert str(tmp_path / "one") in str(result.exception)


def test_a_serial_that_no_package_follows_is_refused(tmp_path: Path) -> None:
    arguments = ["snapshot", "serial", "not a package", "-o", str(tmp_path / "out")]
    result = CliRunner().invoke(program(), arguments)
    assert isinstance(result.exception, ConfigurationError)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, "it cannot be read: No such file or directory"),
        (b"\xe7\xad\xbe", "no file that `holdfast snapshot` wrote"),
        (b"{", "no file that `holdfast snapshot` wrote"),
        (b"{}", "not a snapshot of the form holdfast-snapshot-1"),
    ],
)
def test_what_is_no_snapshot_is_refused_in_words(
    tmp_path: Path, content: bytes | None, words: str
) -> None:
    if content is not None:
        (tmp_path / "one").write_bytes(content)
    one = str(tmp_path / "one")
    error = CliRunner().invoke(program(), ["diff", one, one]).exception
    assert isinstance(error, ConfigurationError)
    assert f"{one}: " in str(error)
    assert words in str(error)


@pytest.mark.parametrize(
    ("output", "port", "words"),
    [
        ("nowhere/out", "5037", "out: it cannot be written: No such file or directory"),
        ("out", "adb", "ANDROID_ADB_SERVER_PORT must be a port, not 'adb'"),
    ],
)
def test_a_snapshot_that_could_not_be_kept_is_refused_before_it_is_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, output: str, port: str, words: str
) -> None:
    monkeypatch.setenv("ANDROID_ADB_SERVER_PORT", port)
    arguments = ["snapshot", "nobody", "org.example", "-o", str(tmp_path / output)]
    error = CliRunner().invoke(program(), arguments).exception
    assert isinstance(error, ConfigurationError)
    assert words in str(error)

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner, Result

from holdfast.apk.archive import Apk
from holdfast.apk.commands import register
from holdfast.apk.probe import ProbeSpec, build_probe
from holdfast.apk.signer import sign
from holdfast.apk.verify import verify
from selftests.holdfast.apk.signing_keys import made_key

OLD, NEW = made_key("old"), made_key("new")
PREDICTION_KEYS = {"api", "decision", "code", "text", "data", "why"}
VERIFICATION_KEYS = {"file", "api", "accepted", "scheme", "certs", "findings"}


def run(*words: str | Path) -> Result:
    app = typer.Typer()
    register(app)
    return CliRunner().invoke(app, [str(word) for word in words])


def lines(result: Result) -> list[dict[str, Any]]:
    return [json.loads(line) for line in result.stdout.splitlines()]


@pytest.fixture(name="files")
def _files(tmp_path: Path) -> dict[str, Path]:
    probe = build_probe(ProbeSpec(package_name="com.example.app", labels={"zh-CN": "探针"}))
    contents = {
        "old": sign(probe, signers=[OLD]),
        "new": sign(probe, signers=[NEW]),
        "unsigned": probe,
        "text": b"this is no APK" * 10,
    }
    for name, content in contents.items():
        (tmp_path / f"{name}.apk").write_bytes(content)
    return {name: tmp_path / f"{name}.apk" for name in contents}


def test_predict_says_for_each_level_what_happens(files: dict[str, Path]) -> None:
    result = run("predict", "--json", files["old"], files["old"])
    rows = lines(result)
    assert result.exit_code == 0
    assert [row["api"] for row in rows] == list(range(21, 37))
    assert all(set(row) >= PREDICTION_KEYS for row in rows)
    assert {(row["decision"], row["data"]) for row in rows} == {("update", "kept")}


def test_predict_ends_with_1_where_a_level_refuses(files: dict[str, Path]) -> None:
    result = run("predict", "--json", "--api", "30", files["old"], files["new"])
    (row,) = lines(result)
    assert result.exit_code == 1
    assert (row["decision"], row["code"]) == ("refuse", "INSTALL_FAILED_UPDATE_INCOMPATIBLE")


def test_predict_knows_two_answers_only(files: dict[str, Path], tmp_path: Path) -> None:
    other = tmp_path / "other.apk"
    other.write_bytes(sign(build_probe(ProbeSpec(package_name="com.example.b")), signers=[NEW]))
    (row,) = lines(run("predict", "--json", "--api", "30", files["old"], other))
    assert (row["decision"], row["data"]) == ("update", "n/a")


def test_predict_for_people_is_a_table(files: dict[str, Path]) -> None:
    result = run("predict", files["old"], files["new"])
    rows = result.stdout.splitlines()
    assert rows[0].split() == ["api", "decision", "data", "shown", "why"]
    assert len(rows) == 17


def test_verify_says_who_signed_for_each_level(files: dict[str, Path]) -> None:
    result = run("verify", "--json", "--api", "21", "--api", "33", files["old"])
    rows = lines(result)
    assert result.exit_code == 0
    assert all(set(row) >= VERIFICATION_KEYS for row in rows)
    assert [(row["api"], row["scheme"]) for row in rows] == [(21, "v1"), (33, "v3")]
    assert rows[0]["certs"] == [OLD.cert_sha256]


@pytest.mark.parametrize(("name", "status"), [("unsigned", 1), ("text", 4)])
def test_verify_tells_a_refusal_from_what_is_no_apk(
    files: dict[str, Path], name: str, status: int
) -> None:
    result = run("verify", "--json", "--api", "30", files[name])
    (row,) = lines(result)
    assert result.exit_code == status
    assert row["accepted"] is False
    assert row["findings"][0]["reason"]


def test_inspect_shows_manifest_schemes_and_signers(files: dict[str, Path]) -> None:
    result = run("inspect", "--json", files["old"])
    (facts,) = lines(result)
    assert result.exit_code == 0
    assert facts["package_name"] == "com.example.app"
    assert facts["labels"] == {"zh-CN": "探针"}
    assert facts["schemes"] == ["v1", "v2", "v3"]
    assert facts["signers"][-1]["certs"] == [OLD.cert_sha256]
    assert "com.example.app" in run("inspect", files["old"]).stdout


def test_resign_with_a_new_key_saves_it_for_the_next_time(
    files: dict[str, Path], tmp_path: Path
) -> None:
    out, key = tmp_path / "out.apk", tmp_path / "key.pem"
    made = run("resign", files["old"], out, "--new-key", "--save-key", key, "--json")
    assert made.exit_code == 0
    assert key.stat().st_mode & 0o077 == 0
    again = tmp_path / "again.apk"
    assert run("resign", files["new"], again, "--key", key).exit_code == 0
    (first,) = lines(made)
    details = verify(Apk.from_path(again), api=30).details
    assert details is not None
    assert details.cert_sha256s == (first["cert"],)
    assert run("predict", out, again).exit_code == 0


def test_resign_does_not_overwrite_a_key(files: dict[str, Path], tmp_path: Path) -> None:
    key = tmp_path / "key.pem"
    key.write_bytes(b"precious")
    out = tmp_path / "out.apk"
    result = run("resign", files["old"], out, "--new-key", "--save-key", key)
    assert result.exit_code == 2
    assert key.read_bytes() == b"precious"
    assert not out.exists()


@pytest.mark.parametrize(
    ("words", "status"),
    [
        (["resign", "old", "out"], 2),
        (["resign", "text", "out", "--new-key"], 4),
        (["resign", "old", "out", "--key", "text"], 2),
        (["predict", "old", "absent"], 2),
        (["predict", "old", "old", "--build-type", "secret"], 2),
        (["predict", "old", "text"], 4),
        (["predict", "text", "old"], 4),
        (["inspect", "text"], 4),
        (["verify"], 2),
    ],
)
def test_each_mistake_has_its_status(files: dict[str, Path], words: list[str], status: int) -> None:
    files = {**files, "absent": files["old"].with_name("absent.apk")}
    files["out"] = files["old"].with_name("out.apk")
    result = run(*(files.get(word, word) for word in words))
    assert result.exit_code == status, result.output
    assert not isinstance(result.exception, AssertionError)


def test_a_hostile_text_cannot_write_to_the_terminal(tmp_path: Path) -> None:
    hostile = ProbeSpec(package_name="com.example.app", label="\x1b[2J\nforged  line")
    path = tmp_path / "hostile.apk"
    path.write_bytes(sign(build_probe(hostile), signers=[OLD]))
    shown = run("inspect", path).stdout
    assert "\x1b" not in shown
    assert "\nforged" not in shown

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from holdfast.apk.signer import sign
from holdfast.apk.signing_details import Scheme
from holdfast.apk.verify_command import verify_plainly
from selftests.corpus import needs_corpus
from selftests.holdfast.apk.corpus_cases import corpus_apk
from selftests.holdfast.apk.crafted import key, probe
from selftests.holdfast.apk.test_archive import end_record, patched


@pytest.fixture
def good(tmp_path: Path) -> Path:
    path = tmp_path / "good.apk"
    path.write_bytes(sign(probe(), signers=[key()], schemes={Scheme.V2}))
    return path


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "holdfast", "verify", *arguments],
        capture_output=True,
        text=True,
        check=False,
    )


def test_an_accepted_apk_is_told_in_json(good: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert verify_plainly(["--json", "--api", "34", str(good)]) == 0
    row = json.loads(capsys.readouterr().out)
    assert row == {
        "file": str(good),
        "api": 34,
        "accepted": True,
        "scheme": "v2",
        "certs": [key().cert_sha256],
        "findings": [],
        "uncertain": False,
    }


def test_one_refusing_level_makes_the_status_1(
    good: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert verify_plainly(["--json", "--api", "23", "--api", "24", str(good)]) == 1
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [row["accepted"] for row in rows] == [False, True]
    assert rows[0]["findings"][0]["reason"] == "jar_no_manifest"


def test_all_levels_are_asked_by_default(good: Path, capsys: pytest.CaptureFixture[str]) -> None:
    verify_plainly(["--json", str(good)])
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [row["api"] for row in rows] == list(range(21, 37))


def test_a_file_that_is_no_archive_makes_the_status_4(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "no.apk"
    path.write_bytes(b"nothing of the kind")
    assert verify_plainly(["--json", "--api", "30", str(path)]) == 4
    output = capsys.readouterr()
    assert json.loads(output.out)["findings"][0]["reason"] == "archive_malformed"
    assert "not a ZIP archive" in output.err


def with_a_record_too_many(data: bytes) -> bytes:
    return patched(data, end_record(data) + 10, b"\xff\xff")


def test_an_archive_whose_entries_cannot_be_read_makes_the_status_4(tmp_path: Path) -> None:
    path = tmp_path / "unreadable.apk"
    path.write_bytes(with_a_record_too_many(probe()))
    assert verify_plainly(["--json", "--api", "30", str(path)]) == 4


@needs_corpus
def test_the_command_says_what_verify_says(capsys: pytest.CaptureFixture[str]) -> None:
    """The signature is right, the directory is not: accepted with doubt from API 28 on."""
    path = str(corpus_apk("synth/zip-eocd-count-too-big.apk"))
    assert verify_plainly(["--json", "--api", "28", path]) == 0
    assert json.loads(capsys.readouterr().out)["uncertain"]
    assert verify_plainly(["--json", "--api", "27", "--api", "28", path]) == 1


@pytest.mark.parametrize(
    "arguments",
    [[], ["--help"], ["--json"], ["--api"], ["--api", "x"], ["--api", "-1"], ["--other"], ["no"]],
)
def test_what_is_not_plain_is_left_to_the_whole_program(arguments: list[str]) -> None:
    assert verify_plainly(arguments) is None


def test_a_file_name_with_control_characters_cannot_write_to_the_terminal(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "\x1b[31mred.apk"
    path.write_bytes(b"no archive")
    for form in ([], ["--json"]):
        verify_plainly([*form, "--api", "30", str(path)])
        output = capsys.readouterr()
        assert "\x1b" not in output.out + output.err


def test_the_program_answers_and_explains_wrong_usage(good: Path) -> None:
    assert run("--api", "34", str(good)).returncode == 0
    assert "v2" in run("--api", "34", str(good)).stdout
    assert run("--api", "x", str(good)).returncode == 2
    assert "--api" in run("--help").stdout


def test_answering_loads_neither_the_lab_nor_a_framework(good: Path) -> None:
    program = (
        "import sys; from holdfast.apk.verify_command import verify_plainly;"
        f" verify_plainly(['--json', '--api', '34', {str(good)!r}]);"
        " sys.exit(', '.join({'typer', 'pydantic', 'rich', 'adbutils'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=False)
    assert not done.stderr.strip()

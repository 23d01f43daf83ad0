from __future__ import annotations

from pathlib import Path

import pytest

from holdfast.errors import ConfigurationError
from holdfast.report.record import Outcome, read_records, write_record
from selftests.holdfast.report.records import record


def test_a_record_comes_back_from_disk_as_it_was(tmp_path: Path) -> None:
    written = record("careless", Outcome.FAILED)
    write_record(written, tmp_path)
    assert read_records(tmp_path) == (written,)


def test_a_file_that_is_no_record_is_named(tmp_path: Path) -> None:
    broken = tmp_path / "x" / "record.json"
    broken.parent.mkdir()
    broken.write_text('{"id": 1', encoding="utf-8")
    with pytest.raises(ConfigurationError, match=r"x.record\.json.*no record"):
        read_records(tmp_path)


def test_a_record_that_was_cut_off_while_written_is_not_read(tmp_path: Path) -> None:
    folder = tmp_path / "half"
    folder.mkdir()
    (folder / "record.json.part").write_text('{"id": "ha', encoding="utf-8")
    assert read_records(tmp_path) == ()

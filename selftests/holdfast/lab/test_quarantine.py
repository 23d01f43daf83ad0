from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from holdfast.errors import ConfigurationError
from holdfast.lab.quarantine import QuarantineStore


def test_a_device_is_out_until_it_is_released(tmp_path: Path) -> None:
    store = QuarantineStore(tmp_path / "lab" / "quarantine.sqlite")
    assert store.current("pixel") is None
    store.put("pixel", reason="boot loop after the OTA", owner="nightly", at=10.0)
    out = store.current("pixel")
    assert out is not None
    assert (out.reason, out.owner, out.since) == ("boot loop after the OTA", "nightly", 10.0)
    assert store.release("pixel", by="health job", at=20.0)
    assert store.current("pixel") is None
    assert not store.release("pixel", by="health job", at=30.0)


def test_the_first_reason_stands_and_every_stay_is_remembered(tmp_path: Path) -> None:
    store = QuarantineStore(tmp_path / "quarantine.sqlite")
    store.put("pixel", reason="first", owner="a", at=1.0)
    store.put("pixel", reason="second", owner="b", at=2.0)
    store.release("pixel", by="c", at=3.0)
    store.put("pixel", reason="third", owner="d", at=4.0)
    assert [q.reason for q in store.history("pixel")] == ["third", "first"]
    assert store.history("other") == ()


def test_two_runs_see_the_same_quarantine(tmp_path: Path) -> None:
    path = tmp_path / "quarantine.sqlite"
    QuarantineStore(path).put("pixel", reason="sick", owner="a", at=1.0)
    assert QuarantineStore(path).current("pixel") is not None


def test_a_file_that_is_no_store_is_named(tmp_path: Path) -> None:
    path = tmp_path / "quarantine.sqlite"
    path.write_bytes(b"this is not a database, and long enough to be noticed" * 4)
    with pytest.raises(ConfigurationError, match=r"quarantine\.sqlite.*cannot be used"):
        QuarantineStore(path).current("pixel")


def test_a_file_of_before_is_read_on(tmp_path: Path) -> None:
    path = tmp_path / "quarantine.sqlite"
    with closing(sqlite3.connect(path)) as old, old:
        old.execute(
            "create table quarantine (device text not null, reason text not null, owner text not"
            " null, since real not null, released_at real, released_by text)"
        )
        old.execute("insert into quarantine values ('pixel', 'sick', 'a', 1.0, null, null)")
    out = QuarantineStore(path).current("pixel")
    assert out is not None
    assert not out.by_hand

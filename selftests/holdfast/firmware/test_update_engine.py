from __future__ import annotations

import pytest

from holdfast.firmware.ota_package import Payload
from holdfast.firmware.update_engine import (
    Finished,
    Progress,
    Status,
    read_line,
    update_arguments,
)

PREFIX = "[INFO:update_engine_client_android.cc(92)] "


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (
            "onStatusUpdate(UPDATE_STATUS_DOWNLOADING (3), 0.41)",
            Progress(status=Status.DOWNLOADING, name="DOWNLOADING", share=0.41),
        ),
        (
            "onStatusUpdate(UPDATE_STATUS_NOVEL (77), 0)",
            Progress(status=None, name="NOVEL", share=0.0),
        ),
        (
            "onPayloadApplicationComplete(ErrorCode::kSuccess (0))",
            Finished(number=0, name="Success"),
        ),
        (
            "onPayloadApplicationComplete(ErrorCode::kPayloadHashMismatchError (10))",
            Finished(number=10, name="PayloadHashMismatchError"),
        ),
        ("something else", None),
    ],
)
def test_a_line_of_its_log_is_read(line: str, expected: Progress | Finished | None) -> None:
    assert read_line(PREFIX + line) == expected


def test_only_success_and_not_yet_active_count_as_done() -> None:
    assert Finished(number=0, name="Success").succeeded
    assert Finished(number=52, name="UpdatedButNotActive").succeeded
    assert not Finished(number=10, name="PayloadHashMismatchError").succeeded


def test_headers_go_into_one_argument_line_by_line() -> None:
    payload = Payload(offset_bytes=100, size_bytes=7, headers=("A=1", "B=2"))
    assert update_arguments(payload, uri="file:///data/ota_package/ota.zip")[2:] == (
        "--payload=file:///data/ota_package/ota.zip",
        "--offset=100",
        "--size=7",
        "--headers=A=1\nB=2",
    )

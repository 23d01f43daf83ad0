from __future__ import annotations

import http.client
from pathlib import Path

import pytest

from holdfast.firmware.payload_server import serve_file

CONTENT = bytes(range(256)) * 1000


@pytest.mark.parametrize(
    ("asked", "status", "body"),
    [
        ("", 200, CONTENT),
        ("bytes=0-99", 206, CONTENT[:100]),
        ("bytes=255900-", 206, CONTENT[255900:]),
        ("bytes=255990-999999999", 206, CONTENT[255990:]),
    ],
)
def test_ranges_of_the_one_file_are_served(
    tmp_path: Path, asked: str, status: int, body: bytes
) -> None:
    file = tmp_path / "update.zip"
    file.write_bytes(CONTENT)
    with serve_file(file) as (port, where):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        connection.request("GET", where, headers={"Range": asked} if asked else {})
        answer = connection.getresponse()
        assert (answer.status, answer.read()) == (status, body)
        connection.close()


@pytest.mark.parametrize(
    ("path", "asked", "status"), [("/etc/passwd", "", 404), ("", "bytes=256000-", 416)]
)
def test_nothing_else_is_served(tmp_path: Path, path: str, asked: str, status: int) -> None:
    file = tmp_path / "update.zip"
    file.write_bytes(CONTENT)
    with serve_file(file) as (port, where):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        connection.request("GET", path or where, headers={"Range": asked} if asked else {})
        assert connection.getresponse().status == status
        connection.close()

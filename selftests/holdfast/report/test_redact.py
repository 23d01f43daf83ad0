from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.report.redact import Redactor

REDACTOR = Redactor(salt=b"one run")


@pytest.mark.parametrize(
    ("line", "secret"),
    [
        ("Account {name=li.wei@example.com, type=com.example}", "li.wei@example.com"),
        ("Authorization: Bearer abc.def-123456789", "abc.def-123456789"),
        ('{"access_token":"s3cr3tvalue"}', "s3cr3tvalue"),
        ("psk=hunter2hunter2", "hunter2hunter2"),
        ('mWifiInfo SSID: "Home of Li", BSSID: 00:11:22:aa:bb:cc', "Home of Li"),
        ("BSSID: 00:11:22:aa:bb:cc", "00:11:22:aa:bb:cc"),
        ("call to +86 138 0013 8000 ended", "138 0013 8000"),
        ("line1Number=13800138000", "13800138000"),
        ("imei: 490154203237518", "490154203237518"),
        ("iccid 89860012345678901234", "89860012345678901234"),
        ("imsi=460001234567890", "460001234567890"),
        ("eyJhbGciOiJI.eyJzdWIiOiIx.SflKxwRJ", "eyJzdWIiOiIx"),
    ],
)
def test_a_secret_is_taken_out_of_its_line(line: str, secret: str) -> None:
    redacted = REDACTOR.text(line)
    assert secret not in redacted
    assert "[" in redacted


@pytest.mark.parametrize(
    "line",
    [
        "Package [org.example.chat] (1672889d): versionCode=2 targetSdk=22",
        "2026-11-24 23:16:49.123  1000  1000 I PackageManager: Upgrading from A to B",
        "123456789012345 is no IMEI: its check digit is wrong",
        "SMARTISAN/trident/trident:7.1.1/NGI77B/1:user/release-keys",
    ],
)
def test_what_is_no_secret_stays(line: str) -> None:
    assert REDACTOR.text(line) == line


def test_one_secret_has_one_mark_in_a_run_and_another_in_the_next() -> None:
    line = "a@example.com b@example.com a@example.com"
    first, second, third = REDACTOR.text(line).split("] ")
    assert first == third.rstrip("]")
    assert first != second
    assert REDACTOR.text(line) != Redactor(salt=b"another run").text(line)


@given(st.text(max_size=300))
def test_no_text_makes_it_fail(text: str) -> None:
    assert isinstance(REDACTOR.text(text), str)

from __future__ import annotations

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.errors import DeviceLost
from holdfast.journal import Attachment, StepEnded, StepStarted
from holdfast.report.redact import Redactor

REDACTOR = Redactor(salt=b"one run")

LEAKS = (
    # accounts
    ("Account {name=li.wei@example.com, type=com.example}", "li.wei@example.com"),
    ("Account {name=13800138000, type=com.xiaomi}", "13800138000"),
    ("Account {name=Li Wei, type=org.example.mail}", "Li Wei"),
    ('<td title="li.wei&#64;example.com">', "li.wei"),
    ("GET /login?user=li.wei%40example.com&x=1", "li.wei"),
    # tokens and secrets
    ("Authorization: Bearer abc.def-123456789", "abc.def-123456789"),
    ("Authorization: Basic bGk6aHVudGVyMg==", "bGk6aHVudGVyMg"),
    ('{"access_token":"s3cr3tvalue"}', "s3cr3tvalue"),
    (r'{"body": "{\"refreshToken\":\"s3cr3tvalue\"}"}', "s3cr3tvalue"),
    ("<input value=&quot;x&quot; password=&quot;s3cr3tvalue&quot;>", "s3cr3tvalue"),
    ("GET /sync?token=s3cr3tvalue&since=1", "s3cr3tvalue"),
    ("url=https%3A%2F%2Fexample.com%2F%3Faccess_token%3Ds3cr3tvalue%26a", "s3cr3tvalue"),
    ("[persist.vendor.api_key]: [s3cr3tvalue]", "s3cr3tvalue"),
    ("Set-Cookie: SID=s3cr3tvalue; Path=/", "s3cr3tvalue"),
    ("I/Login: otp=4711", "4711"),
    ("eyJhbGciOiJI.eyJzdWIiOiIx.SflKxwRJ", "eyJzdWIiOiIx"),
    ("oauth2:ya29.a0AfH6SMBx-abcdefghijk", "a0AfH6SMBx"),
    ("key AIzaSyA1234567890abcdefghijklmnopqrstuv", "AIzaSyA1234567890"),
    ("fcm dGhpc2lzYXQ:APA91bHPRgkF3JUikC4ENAHEeMrd41Zxv3hVZjC9", "APA91bHPRgkF3JU"),
    # Wi-Fi
    ("psk=hunter2hunter2", "hunter2hunter2"),
    ('<string name="PreSharedKey">&quot;hunter2hunter2&quot;</string>', "hunter2hunter2"),
    ('mWifiInfo SSID: "Home of Li", BSSID: 00:11:22:aa:bb:cc', "Home of Li"),
    ("BSSID: 00:11:22:aa:bb:cc", "00:11:22:aa:bb:cc"),
    ('{"ssid":"Home of Li","rssi":-50}', "Home of Li"),
    ("<p>SSID: &quot;Home of Li&quot;</p>", "Home of Li"),
    ('<string name="SSID">&quot;Home of Li&quot;</string>', "Home of Li"),
    ("WIFI:T:WPA;S:Home of Li;P:hunter2hunter2;;", "hunter2hunter2"),
    ("wifi-00-11-22-aa-bb-cc.png", "00-11-22-aa-bb-cc"),
    # phone numbers
    ("call to +86 138 0013 8000 ended", "138 0013 8000"),
    ("line1Number=13800138000", "13800138000"),
    ("D/Dialer: startActivity tel:13800138000", "13800138000"),
    ("smsto%3A13800138000", "13800138000"),
    ("短信发送给 13800138000 成功", "13800138000"),
    ("call 138-0013-8000 now", "138-0013-8000"),
    ('{"phoneNumber": "030 1234567"}', "030 1234567"),
    ("Row: 0 _id=1, data1=030-1234567", "030-1234567"),
    ("screenshot-of-+8613800138000.png", "8613800138000"),
    # IMEI, SIM
    ("imei: 490154203237518", "490154203237518"),
    ("Device ID = 49-015420-323751-8", "49-015420-323751-8"),
    ("[persist.radio.imei]: [490154203237518]", "490154203237518"),
    ("[persist.radio.imei]: [123456789012345]", "123456789012345"),
    ("meid=A0000012345678", "A0000012345678"),
    ("shot-490154203237518.png", "490154203237518"),
    ("iccid 89860012345678901234", "89860012345678901234"),
    ("imsi=460001234567890", "460001234567890"),
    ('"subscriberId":"460001234567890"', "460001234567890"),
)


@pytest.mark.parametrize(("line", "secret"), LEAKS)
def test_a_secret_is_taken_out_of_its_line(line: str, secret: str) -> None:
    redacted = REDACTOR.text(line)
    assert secret not in redacted
    assert "[" in redacted


@pytest.mark.parametrize(("line", "secret"), LEAKS)
def test_what_was_redacted_is_not_redacted_again(line: str, secret: str) -> None:
    once = REDACTOR.text(line)
    assert REDACTOR.text(once) == once


@pytest.mark.parametrize(
    "line",
    [
        "Package [org.example.chat] (1672889d): versionCode=2 targetSdk=22",
        "2026-11-24 23:16:49.123  1000  1000 I PackageManager: Upgrading from A to B",
        "123456789012345 is no IMEI: its check digit is wrong",
        "SMARTISAN/trident/trident:7.1.1/NGI77B/1:user/release-keys",
        "firstInstallTime=2026-11-24 23:16:49",
        "ceDataInode=1389012 deDataInode=1389013",
        "1 204 of 1 204 messages in EnMicroMsg.db are gone",
        "sha256 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        "signatures:[1a2b3c4d], past signatures:[]",
        "session 1380013800 of 127.0.0.1:5555",
        "Failure [INSTALL_FAILED_UPDATE_INCOMPATIBLE: Package org.example signatures do not match]",
        "userId=10061 gids=[3003]",
        '"duration_s": 4.490154203237518',
        '<node class="android.widget.EditText" password="false" selected="false" />',
        "duration_s=13800138.25",
        "the token of the lease with token 3 is held by run x",
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


@dataclass(frozen=True, kw_only=True, slots=True)
class _Told:
    why: str
    steps: tuple[str, ...]
    facts: dict[str, object]


def test_every_text_of_a_value_is_redacted_and_the_rest_stays() -> None:
    told = _Told(
        why="a@example.com", steps=("tel:13800138000",), facts={"x": 1, "y": "psk=hunter22"}
    )
    redacted = REDACTOR.value(told)
    assert "example.com" not in redacted.why
    assert "138" not in redacted.steps[0]
    assert redacted.facts["x"] == 1
    assert "hunter22" not in str(redacted.facts["y"])


def test_of_an_attachment_name_and_text_are_redacted_and_pictures_are_kept() -> None:
    shot = Attachment(
        name="490154203237518.png", media_type="image/png", data=b"a@b.example", step_id=1, at=0.0
    )
    page = Attachment(
        name="x",
        media_type="text/html",
        data="<p>+8613800138000 \ufffd".encode(),
        step_id=1,
        at=0.0,
    )
    kept, redacted = REDACTOR.event(shot), REDACTOR.event(page)
    assert isinstance(kept, Attachment)
    assert isinstance(redacted, Attachment)
    assert "490154203237518" not in kept.name
    assert kept.data == shot.data
    assert b"13800138000" not in redacted.data


def test_steps_and_their_errors_are_redacted_and_errors_keep_their_name() -> None:
    began = REDACTOR.event(
        StepStarted(step_id=1, parent_id=None, title="sms to +8613800138000", at=0.0,
                    parameters={"by": "a@example.com"})
    )  # fmt: skip
    ended = REDACTOR.event(StepEnded(step_id=1, at=1.0, error=DeviceLost("psk=hunter2hunter2")))
    assert isinstance(began, StepStarted)
    assert isinstance(ended, StepEnded)
    assert "138" not in began.title
    assert "@example" not in began.parameters["by"]
    assert type(ended.error).__name__ == "DeviceLost"
    assert "hunter2" not in str(ended.error)


@given(st.text(max_size=300))
def test_no_text_makes_it_fail(text: str) -> None:
    assert isinstance(REDACTOR.text(text), str)

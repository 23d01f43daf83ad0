"""Secrets taken out of what leaves the lab: accounts, tokens, phone numbers, IMEI, Wi-Fi.

Redaction errs on the side of taking out too much; the same secret always gives the same mark within
one run, so that a reader can still see that two lines speak of one account. Pictures are kept as
they are: what stands on a screenshot of a real account is the operator's to keep.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass, replace
from enum import Enum
from typing import Any, TypeVar

from holdfast.journal import Attachment, DestructiveCommand, Event, Fact, StepEnded, StepStarted

__all__ = ["Redactor"]

T = TypeVar("T")
# What stands between a name and its value in properties, JSON (also inside of a JSON string), XML,
# HTML, SQL, URLs and dumps: `"key":"value"`, `[key]: [value]`, `key=&quot;value&quot;`, `key%3D`.
_MARKED = r"\[(?:email|token|secret|account|ssid|mac|phone|sim|imsi|imei) [0-9a-f]{6}\]"
_QUOTE = r"(?:\\?[\"']|&quot;|&#3[49];)"
_EQUALS = rf"(?:{_QUOTE}|\])?\s*(?:[:=>]|%3[ADad]|=&gt;|=>)\s*(?!{_MARKED})"
_IS = rf"{_EQUALS}(?:{_QUOTE}|\[)?"
_WORD = r"[^\s\"'\\,;&<>{}()\[\]|]"
_QUOTED_OR_WORD = (
    r"(?:\\?\"[^\"\n\\]{1,64}\\?\"|'[^'\n]{1,64}'|&quot;.{1,64}?&quot;|&#3[49];.{1,64}?&#3[49];"
    r"|\[[^\]\n]{1,64}\]|[^\s,;<>\[\]{}\"']+)"
)
_PHONE = r"\+?\d[\d ()./-]{5,18}\d"
# IMEI and MEID (15 digits, Luhn), ICCID (19-20 digits), phone numbers in international form and
# those of mainland China, which begin with 1.
_PATTERNS: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("email", re.compile(r"[\w.+-]{1,64}(?:@|%40|&#64;)[\w-]{1,63}(?:\.[\w-]{1,63}){1,4}")),
    ("token", re.compile(r"(?i)\b(?:bearer|basic|oauth2?|digest)(?::|\s|%20)+([\w.~+/=-]{8,})")),
    (
        "secret",
        re.compile(
            r"(?i)(?:token|api_?-?key|client_?secret|password|passwd|pwd|"
            r"passphrase|psk|preSharedKey|session_?-?id|cookie|auth_?code|otp|pin_?code|secret_?key)"
            rf"{_IS}(?!(?:true|false|null|none)\b)({_WORD}{{3,}})"
        ),
    ),
    ("token", re.compile(r"\beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]{4,}")),
    (
        "token",
        re.compile(
            r"\b(?:ya29\.[\w.-]{10,}|AIza[\w-]{30,}|gh[pousr]_\w{20,}|xox[abprs]-[\w-]{10,}"
            r"|AKIA[0-9A-Z]{16}|[\w-]{11}:APA91b[\w-]{20,})"
        ),
    ),
    (
        "account",
        re.compile(r"\bAccount ?\{ ?name=([^,}\n]{1,64}), ?type="),
    ),
    (
        "ssid",
        re.compile(
            r"(?i)(?:\bb?ssid|\bwifi_?ssid|\bnetworkName|\bConfigKey)"
            rf"{_EQUALS}({_QUOTED_OR_WORD})"
        ),
    ),
    ("ssid", re.compile(r"(?<=WIFI:)((?:T:\w+;)?S:[^;\n]+;(?:T:\w+;)?P:[^;\n]+)")),
    ("mac", re.compile(r"\b[0-9A-Fa-f]{2}(?:[:-][0-9A-Fa-f]{2}){5}\b")),
    ("phone", re.compile(rf"(?i)\b(?:tel|sms|smsto|mms|mmsto|callto)(?::|%3A)({_PHONE})")),
    ("phone", re.compile(r"(?<![\w+])\+\d[\d ()-]{6,18}\d\b")),
    (
        "phone",
        re.compile(
            r"(?i)(?:msisdn|line1_?number|phone(?:_?numbers?)?|mobile|mNumber|mPhoneNumber"
            rf"|subscriberNumber|originatingAddress|destAddr|data1){_IS}({_PHONE})"
        ),
    ),
    ("phone", re.compile(r"(?<![\w.:=/-])1[3-9]\d(?:[ -]?\d{4}){2}(?![\w.:-])")),
    ("sim", re.compile(r"(?<!\d)89\d{17,18}[Ff]?(?![\dA-Fa-f])")),
    (
        "imsi",
        re.compile(rf"(?i)(?:imsi|subscriber_?id){_IS}(\d{{14,15}})\b"),
    ),
    (
        "imei",
        re.compile(
            rf"(?i)(?:imei|meid|esn|device_?id)(?:[ _]?\d)?{_IS}"
            r"((?:[0-9A-Fa-f]{14}\d?|\d{15}))\b"
        ),
    ),
)
_IMEI = re.compile(r"(?<![\d.])\d{2}[- ]?\d{6}[- ]?\d{6}[- ]?\d(?!\d)")
_TEXTS = ("text/", "application/json", "application/xml")


class Redactor:
    """Takes secrets out. `salt` makes the marks of one run useless for another."""

    def __init__(self, *, salt: bytes) -> None:
        self._salt = salt

    def text(self, text: str) -> str:
        """The text with every secret replaced by `[kind ab12cd]`."""
        for kind, pattern in _PATTERNS:
            text = pattern.sub(self._replacing(kind), text)
        return _IMEI.sub(lambda m: self._mark("imei", m[0]) if _luhn(m[0]) else m[0], text)

    def value(self, value: T) -> T:
        """The same value with every text in it redacted: dataclasses, mappings, tuples, lists."""
        made: Any = value
        match value:
            case Enum():
                return value
            case str():
                made = self.text(value)
            case tuple() | list() | frozenset():
                made = type(value)(self.value(item) for item in value)
            case Mapping():
                made = {self.value(key): self.value(item) for key, item in value.items()}
            case _ if is_dataclass(value) and not isinstance(value, type):
                parts = {f.name: self.value(getattr(value, f.name)) for f in fields(value)}
                made = replace(value, **parts)
            case _:
                return value
        return made  # type: ignore[no-any-return]

    def event(self, event: Event) -> Event:
        """What of a journal goes into reports."""
        match event:
            case StepStarted():
                parameters = {key: self.text(text) for key, text in event.parameters.items()}
                return replace(event, title=self.text(event.title), parameters=parameters)
            case StepEnded() if event.error is not None:
                return replace(event, error=self.error(event.error))
            case Attachment():
                return replace(event, name=self.text(event.name), data=self._data(event))
            case DestructiveCommand():
                return replace(
                    event, command=self.text(event.command), target=self.text(event.target)
                )
            case Fact() if isinstance(event.value, str):
                return replace(event, value=self.text(event.value))
            case _:
                return event

    def error(self, error: BaseException) -> BaseException:
        """An error of the same name that says the same."""
        said = self.text(str(error))
        if said == str(error):
            return error
        same_name: type[Exception] = type(type(error).__name__, (Exception,), {})
        return same_name(said)

    def _data(self, attachment: Attachment) -> bytes:
        if not attachment.media_type.startswith(_TEXTS):
            return attachment.data
        text = attachment.data.decode("utf-8", "surrogateescape")
        return self.text(text).encode("utf-8", "surrogateescape")

    def _replacing(self, kind: str) -> Callable[[re.Match[str]], str]:
        def replace_match(match: re.Match[str]) -> str:
            if not match.re.groups:
                return self._mark(kind, match[0])
            start, end = match.start(1) - match.start(), match.end(1) - match.start()
            return match[0][:start] + self._mark(kind, match[1]) + match[0][end:]

        return replace_match

    def _mark(self, kind: str, secret: str) -> str:
        if re.search(_MARKED, secret):
            return secret
        raw = secret.encode("utf-8", "surrogateescape")
        return f"[{kind} {hashlib.sha256(self._salt + raw).hexdigest()[:6]}]"


def _luhn(text: str) -> bool:
    """Whether the check digit is right, as that of every IMEI (3GPP TS 23.003, annex B)."""
    digits = [int(c) for c in text if c.isdigit()]
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = digit * (2 if place % 2 else 1)
        total += value - 9 if value > 9 else value
    return total % 10 == 0

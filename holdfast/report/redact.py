"""Secrets taken out of what leaves the lab: accounts, tokens, phone numbers, IMEI, Wi-Fi.

Redaction errs on the side of taking out too much; the same secret always gives the same mark within
one run, so that a reader can still see that two lines speak of one account.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable

__all__ = ["Redactor"]

# IMEI and MEID (15 digits, Luhn), ICCID (19-20 digits), phone numbers in international form.
_PATTERNS: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("email", re.compile(r"[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,4}")),
    ("token", re.compile(r"(?i)\b(?:bearer|basic)\s+([\w.~+/=-]{8,})")),
    (
        "secret",
        re.compile(
            r"(?i)\b(?:access_?token|auth_?token|refresh_?token|id_?token|api_?key|client_?secret|"
            r"password|passwd|pwd|psk|PreSharedKey|session_?id|cookie)"
            r"[\"']?\s*[:=]\s*[\"']?([^\s\"',;&}]{3,})"
        ),
    ),
    ("jwt", re.compile(r"\beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]{4,}")),
    (
        "ssid",
        re.compile(r"(?i)\bb?ssid[\"']?\s*[:=]\s*(\"[^\"\n]{1,64}\"|'[^'\n]{1,64}'|[^\s,;]+)"),
    ),
    ("mac", re.compile(r"\b[0-9A-Fa-f]{2}(?::[0-9A-Fa-f]{2}){5}\b")),
    ("phone", re.compile(r"(?<![\w.+-])\+\d[\d ()-]{6,18}\d\b")),
    (
        "phone",
        re.compile(
            r"(?i)\b(?:msisdn|line1number|phone(?:_?number)?)[\"']?\s*[:=]\s*([+\d][\d ()-]{5,})"
        ),
    ),
    ("sim", re.compile(r"\b89\d{17,18}\b")),
    ("imsi", re.compile(r"(?i)\bimsi[\"']?\s*[:=]\s*(\d{14,15})\b")),
)
_IMEI = re.compile(r"(?<!\d)\d{15}(?!\d)")


class Redactor:
    """Takes secrets out of texts. `salt` makes the marks of one run useless for another."""

    def __init__(self, *, salt: bytes) -> None:
        self._salt = salt

    def text(self, text: str) -> str:
        """The text with every secret replaced by `[kind ab12cd]`."""
        for kind, pattern in _PATTERNS:
            text = pattern.sub(self._replacing(kind), text)
        return _IMEI.sub(lambda m: self._mark("imei", m[0]) if _luhn(m[0]) else m[0], text)

    def _replacing(self, kind: str) -> Callable[[re.Match[str]], str]:
        def replace(match: re.Match[str]) -> str:
            if not match.re.groups:
                return self._mark(kind, match[0])
            start, end = match.start(1) - match.start(), match.end(1) - match.start()
            return match[0][:start] + self._mark(kind, match[1]) + match[0][end:]

        return replace

    def _mark(self, kind: str, secret: str) -> str:
        return f"[{kind} {hashlib.sha256(self._salt + secret.encode()).hexdigest()[:6]}]"


def _luhn(digits: str) -> bool:
    """Whether the check digit is right, as that of every IMEI (3GPP TS 23.003, annex B)."""
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (2 if place % 2 else 1)
        total += value - 9 if value > 9 else value
    return total % 10 == 0

"""The open APK corpus as values: one case an APK, with what each API level's devices say."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from selftests.corpus import CORPUS

APK_CORPUS = CORPUS / "apk"
FILES = APK_CORPUS / "files"


@dataclass(frozen=True, kw_only=True, slots=True)
class DeviceVerdict:
    """What devices of one level say; `scheme` is None where the corpus does not tell."""

    accepted: bool
    scheme: str | None
    cert_sha256s: tuple[str, ...]
    uncertain: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class CorpusCase:
    """`device` maps API levels to verdicts; `idsig` is the v4 file's path below `files/`."""

    file: str
    device: Mapping[int, DeviceVerdict]
    idsig: str | None

    @property
    def path(self) -> Path:
        return FILES / self.file


def _verdict(told: Mapping[str, Any]) -> DeviceVerdict:
    return DeviceVerdict(
        accepted=told["ok"],
        scheme=told.get("scheme"),
        cert_sha256s=tuple(sorted(told.get("certs", ()))),
        uncertain="uncertain" in told,
    )


@cache
def corpus_cases() -> tuple[CorpusCase, ...]:
    """All cases; none where the corpus is not there."""
    listing = APK_CORPUS / "cases.jsonl"
    if not listing.exists():
        return ()
    cases = (json.loads(line) for line in listing.read_text(encoding="utf-8").splitlines())
    return tuple(
        CorpusCase(
            file=case["file"],
            device={int(api): _verdict(told) for api, told in case["device"].items()},
            idsig=case.get("idsig"),
        )
        for case in cases
    )


def corpus_apk(name: str) -> Path:
    return FILES / name


def corpus_json(name: str) -> Any:
    """A JSON file beside the cases."""
    return json.loads((APK_CORPUS / name).read_text(encoding="utf-8"))

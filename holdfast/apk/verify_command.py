"""`holdfast verify`, apart from the other commands: it imports little, so that it starts at once.

Judging APKs is done one by one in scripts, where a program that loads for longer than it works is a
nuisance. Options that are not plain go to the whole program, which explains them.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from holdfast.apk.archive import Apk
from holdfast.apk.format_error import ApkFormatError
from holdfast.apk.tables import cell, table, write_json
from holdfast.apk.verification import Finding, Reason, Verification
from holdfast.apk.verify import verify

__all__ = ["ALL_LEVELS", "verification_facts", "verify_files", "verify_plainly"]

ALL_LEVELS = range(21, 37)
REFUSED, NOT_AN_APK = 1, 4


def verify_files(files: Sequence[Path], *, levels: Sequence[int], as_json: bool) -> int:
    """Print what devices of those levels say of each file; the exit status.

    0 where all accept all, 1 where one refuses, 4 where a file is no archive.
    """
    status = 0
    for path in files:
        answers, is_archive = _verified(path, levels)
        rows = [verification_facts(answer, file=str(path)) for answer in answers]
        if as_json:
            write_json(rows)
        else:
            sys.stdout.write(f"{cell(path)}\n")
            columns = ["api", "accepted", "scheme", "certs", "findings"]
            sys.stdout.write(table(rows, columns))
        refused = REFUSED if is_archive else NOT_AN_APK
        status = max(status, 0 if all(answer.accepted for answer in answers) else refused)
    return status


def verify_plainly(arguments: Sequence[str]) -> int | None:
    """Run the command if its arguments are plain; None for the whole program to deal with them.

    Plain are `--json`, `--api N` (1 to 3 digits, any number of times) and files that exist.
    """
    levels: list[int] = []
    files: list[Path] = []
    as_json = False
    waiting = iter(arguments)
    for argument in waiting:
        if argument == "--json":
            as_json = True
        elif argument == "--api":
            level = next(waiting, "")
            if not (level.isascii() and level.isdecimal() and len(level) <= 3):
                return None
            levels.append(int(level))
        elif argument.startswith("-") or not Path(argument).is_file():
            return None
        else:
            files.append(Path(argument))
    if not files:
        return None
    return verify_files(files, levels=levels or ALL_LEVELS, as_json=as_json)


def _verified(path: Path, levels: Sequence[int]) -> tuple[list[Verification], bool]:
    """The answers, and whether the file is an archive that can be read at all."""
    try:
        with Apk.from_path(path) as apk:
            answers = [verify(apk, api=level) for level in levels]
    except (ApkFormatError, OSError) as error:
        sys.stderr.write(f"holdfast: {cell(path)}: {cell(error)}\n")
        finding = Finding(reason=Reason.ARCHIVE_MALFORMED, detail=str(error))
        answers = [
            Verification(api=level, accepted=False, scheme=None, details=None, findings=(finding,))
            for level in levels
        ]
    is_archive = any(
        answer.accepted or answer.findings[0].reason is not Reason.ARCHIVE_MALFORMED
        for answer in answers
    )
    return answers, is_archive


def verification_facts(verification: Verification, *, file: str) -> dict[str, Any]:
    details = verification.details
    return {
        "file": file,
        "api": verification.api,
        "accepted": verification.accepted,
        "scheme": verification.scheme,
        "certs": list(details.cert_sha256s) if details else [],
        "findings": [
            {"reason": finding.reason, "detail": finding.detail, "scheme": finding.scheme}
            for finding in verification.findings
        ],
        "uncertain": verification.uncertain,
    }

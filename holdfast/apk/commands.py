"""`holdfast inspect`, `verify`, `predict` and `resign`.

Exit statuses: 0 accepted (or updated), 1 refused, 2 wrong usage, 4 not an APK.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from typer.models import OptionInfo

from holdfast.apk.archive import Apk, ApkFormatError
from holdfast.apk.decide import Decision, Delivery, Door, Outcome
from holdfast.apk.keys import KeyKind, SigningKey
from holdfast.apk.predict import API_LEVELS, Situation
from holdfast.apk.predict import predict as predict_decisions
from holdfast.apk.reporting import decision_facts, facts_of
from holdfast.apk.signer import resign as resign_apk
from holdfast.apk.tables import table, write_json
from holdfast.apk.verify_command import ALL_LEVELS, verify_files
from holdfast.errors import ConfigurationError

__all__ = ["register"]

REFUSED, USAGE, NOT_AN_APK = 1, 2, 4

_File = Annotated[Path, typer.Argument(exists=True, dir_okay=False, readable=True)]
_Files = Annotated[list[Path], typer.Argument(exists=True, dir_okay=False, readable=True)]
_Json = Annotated[bool, typer.Option("--json", help="One JSON object a line.")]
_Levels = Annotated[
    list[int] | None, typer.Option("--api", help="API level; may be given several times.")
]


class BuildType(StrEnum):
    """ro.build.type."""

    USER = "user"
    USERDEBUG = "userdebug"
    ENG = "eng"


def _file_option(explanation: str) -> OptionInfo:
    option: OptionInfo = typer.Option(exists=True, dir_okay=False, help=explanation)
    return option


_Via = Annotated[Door, typer.Option(help="How the update is delivered.")]
_Build = Annotated[BuildType, typer.Option(help="Of the firmware.")]
_Replace = Annotated[bool, typer.Option(help="-r, or not (-R).")]
_Downgrade = Annotated[bool, typer.Option("--downgrade", "-d", help="-d.")]
_Test = Annotated[bool, typer.Option("--test", "-t", help="-t.")]
_Bypass = Annotated[bool, typer.Option("--bypass-low-target-sdk-block", help="From 14 on.")]
_KeptData = Annotated[
    bool, typer.Option("--kept-data", help="Nothing is left but what `uninstall -k` leaves.")
]
_System = Annotated[bool, typer.Option("--system", help="The installed APK is a system app.")]
_Preload = Annotated[Path | None, _file_option("Its copy on the system image.")]
_Others = Annotated[list[Path] | None, _file_option("Also installed; several times.")]

_In = Annotated[Path, typer.Argument(metavar="IN", exists=True, dir_okay=False)]
_Out = Annotated[Path, typer.Argument(metavar="OUT", dir_okay=False)]
_Key = Annotated[Path | None, _file_option("PEM or PKCS#12; or PKCS#8 with --cert.")]
_Cert = Annotated[Path | None, _file_option("X.509, PEM or DER.")]
_Password = Annotated[str, typer.Option(envvar="HOLDFAST_KEY_PASSWORD", help="Of the key file.")]
_NewKey = Annotated[bool, typer.Option("--new-key", help="Make a key.")]
_Kind = Annotated[KeyKind, typer.Option(help="What --new-key makes.")]
_SaveKey = Annotated[
    Path | None, typer.Option(dir_okay=False, help="Where the new key goes, as PEM.")
]


def register(app: typer.Typer) -> None:
    """Add the four commands to the `holdfast` program."""
    app.command()(inspect)
    app.command()(verify)
    app.command()(predict)
    app.command()(resign)


def _complain(sentence: str) -> None:
    sys.stderr.write(f"holdfast: {sentence}\n")


@contextmanager
def _opened(paths: Sequence[Path]) -> Iterator[list[Apk]]:
    """The APKs; whatever is none ends the command with its exit status."""
    with ExitStack() as stack:
        apks = []
        for path in paths:
            try:
                apks.append(stack.enter_context(Apk.from_path(path)))
            except (ApkFormatError, OSError) as error:
                _complain(f"{path}: {error}")
                raise typer.Exit(NOT_AN_APK) from error
        try:
            yield apks
        except ApkFormatError as error:
            _complain(f"{' or '.join(str(path) for path in paths)}: {error}")
            raise typer.Exit(NOT_AN_APK) from error


def inspect(files: _Files, *, as_json: _Json = False) -> None:
    """What an APK's manifest says, how it is signed, and by whom."""
    status = 0
    for path in files:
        try:
            with Apk.from_path(path) as apk:
                facts = facts_of(apk, file=str(path))
        except (ApkFormatError, OSError) as error:
            _complain(f"{path}: {error}")
            status = NOT_AN_APK
            continue
        if as_json:
            write_json([facts])
        else:
            signers = facts.pop("signers")
            lines = [{"fact": name, "value": value} for name, value in facts.items()]
            sys.stdout.write(table(lines, ["fact", "value"]) + "\n")
            columns = ["api", "accepted", "scheme", "certs", "lineage"]
            sys.stdout.write(table(signers, columns) + "\n")
    raise typer.Exit(status)


def verify(files: _Files, *, api: _Levels = None, as_json: _Json = False) -> None:
    """Does a device of each level take this APK's signature?"""
    raise typer.Exit(verify_files(files, levels=api or ALL_LEVELS, as_json=as_json))


def predict(
    installed: _File,
    update: _File,
    *,
    api: _Levels = None,
    as_json: _Json = False,
    via: _Via = Door.PM_INSTALL,
    build_type: _Build = BuildType.USER,
    replace: _Replace = True,
    downgrade: _Downgrade = False,
    test: _Test = False,
    bypass_low_target_sdk_block: _Bypass = False,
    kept_data: _KeptData = False,
    system: _System = False,
    preload: _Preload = None,
    other: _Others = None,
) -> None:
    """Will phones take this update, and keep the data?"""
    levels, others = api or list(API_LEVELS), other or []
    delivery = Delivery(
        door=via,
        replace=replace,
        forbid_replace=not replace,
        allow_downgrade=downgrade,
        allow_test=test,
        bypass_low_target_sdk=bypass_low_target_sdk_block,
    )
    with _opened([installed, update, *others, *([preload] if preload else [])]) as apks:
        situation = Situation(
            build_type=build_type,
            others=apks[2 : 2 + len(others)],
            system=system,
            preload=apks[-1] if preload else None,
            uninstalled_keeping_data=kept_data,
        )
        decisions = predict_decisions(
            apks[0], apks[1], apis=levels, delivery=delivery, situation=situation
        )
    _tell_decisions(levels, decisions, door=via, as_json=as_json)


def _tell_decisions(
    levels: Sequence[int], decisions: Sequence[Decision], *, door: Door, as_json: bool
) -> None:
    pairs = zip(levels, decisions, strict=True)
    rows = [decision_facts(decision, api=level, door=door) for level, decision in pairs]
    if as_json:
        write_json(rows)
    else:
        sys.stdout.write(table(rows, ["api", "decision", "data", "shown", "why"]))
    refused = any(decision.outcome is Outcome.REFUSE for decision in decisions)
    raise typer.Exit(REFUSED if refused else 0)


def resign(
    source: _In,
    target: _Out,
    *,
    key: _Key = None,
    cert: _Cert = None,
    password: _Password = "",
    new_key: _NewKey = False,
    kind: _Kind = KeyKind.EC_P256,
    save_key: _SaveKey = None,
    as_json: _Json = False,
) -> None:
    """The same APK, signed by another key."""
    if (key is None) == (not new_key):
        raise typer.BadParameter("give exactly one of --key and --new-key")
    try:
        if key is None:
            chosen = SigningKey.generate(kind)
        else:
            chosen = SigningKey.load(key, certificate=cert, password=password)
        with _opened([source]) as (apk,):
            signed = resign_apk(apk, key=chosen)
        if save_key is not None:
            _save_secretly(save_key, chosen.to_pem())
        target.write_bytes(signed)
    except ConfigurationError as error:
        _complain(str(error))
        raise typer.Exit(USAGE) from error
    except OSError as error:
        _complain(f"{error.filename}: {error.strerror}")
        raise typer.Exit(USAGE) from error
    row = {"file": str(target), "cert": chosen.cert_sha256, "size_bytes": len(signed)}
    if as_json:
        write_json([row])
    else:
        sys.stdout.write(table([row], list(row)))


def _save_secretly(path: Path, secret: bytes) -> None:
    """For the owner alone; an existing file, which may be another key, is left as it is."""
    path.touch(mode=0o600, exist_ok=False)
    path.write_bytes(secret)

"""What is asked of the device around an app's data: one script of questions, and its answers read.

None of the questions needs root, shows anything on the screen or starts the app. A question that
this Android does not know leaves its fact empty.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from holdfast.android.package_record import PackageRecord, parse_dumpsys_package
from holdfast.userdata.framing import frames
from holdfast.userdata.script import CHECKSUM_TOOLS, Flavour
from holdfast.userdata.values import Facts, Identity, Reach

__all__ = ["Answers", "facts_script", "read_answers", "run_as"]

_TOOLS = ("find", "stat", "xargs", "tar", *CHECKSUM_TOOLS)
_PROVIDERS = {
    "text messages": "content://sms",
    "contacts": "content://com.android.contacts/raw_contacts",
    "calls": "content://call_log/calls",
    "calendar events": "content://com.android.calendar/events",
    "pictures": "content://media/external/images/media",
    "videos": "content://media/external/video/media",
    "sound files": "content://media/external/audio/media",
}
_ROLES = (
    "SMS",
    "HOME",
    "BROWSER",
    "DIALER",
    "ASSISTANT",
    "CALL_SCREENING",
    "CALL_REDIRECTION",
    "WALLET",
)
_PROPERTIES = (
    "ro.build.fingerprint",
    "ro.build.version.incremental",
    "ro.build.type",
    "ro.boot.slot_suffix",
    "ro.crypto.type",
    "ro.crypto.state",
    "persist.sys.language",
    "persist.sys.locale",
    "persist.sys.timezone",
    "sys.boot_completed",
)
_GETPROP = re.compile(r"^\[([^\]]+)\]: \[(.*)\]$", re.MULTILINE)
_PACKAGE = re.compile(r"^package:(?:\S*=)?([\w.]+)(?:.*?\suid:(\d+))?", re.MULTILINE)
_APEX = re.compile(r"^package:(\S+) versionCode:(\d+)", re.MULTILINE)
_USER = re.compile(r"UserInfo\{(\d+):([^:]*):", re.MULTILINE)
_ACCOUNT = re.compile(r"^\s*Account \{name=(.*), type=(.*)\}", re.MULTILINE)
_RUNNING = re.compile(r"UserInfo\{(\d+):[^}]*\} running", re.MULTILINE)
_ENABLED = re.compile(r"^ *User (\d+):.*\benabled=(\d)", re.MULTILINE)
_RUN_AS_OF_USERS = frozenset({24, 25})
_RUN_AS_OF_USERS_AGAIN = 29
"""In 8 and 9 run-as looks for the directory of the first user whoever is named, and refuses."""
_NO_SETTINGS_OF_USERS = frozenset({26, 27})
"""There `settings list` takes no --user (SettingsService of 8.0 and 8.1)."""
_REQUESTED = re.compile(r"^( *)requested permissions:\n(?:\1 +.*\n?)*", re.MULTILINE)
_APP_OP = re.compile(r"^(?:Uid mode: )?([A-Z_0-9]+): (\w+)", re.MULTILINE)


@dataclass(frozen=True, kw_only=True, slots=True)
class Answers:
    """`complete` is whether the last answer came. `access_error` is run-as's refusal, or why
    nobody can look. `other_users` are those beside the first one who have the app. `locked`: the
    key of this user's storage is not there, so that only device-protected data can be seen."""

    user_id: int
    locked: bool
    other_users: tuple[int, ...]
    complete: bool
    reach: Reach
    run_as: bool
    access_error: str
    flavour: Flavour
    checksum: str
    has_tar: bool
    shows_labels: bool
    identity: Identity
    facts: Facts


def run_as(package_name: str, user_id: int) -> str:
    """The beginning of a command that the app's own user runs."""
    return f"run-as {package_name} --user {user_id}" if user_id else f"run-as {package_name}"


def facts_script(package_name: str, *, nonce: str, api: int, user_id: int = 0) -> str:
    """The questions. `package_name` must have been checked to be one. Of a user beside the first
    one only what is each user's own is asked."""
    whose = f"--user {user_id} " if user_id else ""
    asked = {
        "id": "id",
        "run-as": f"{run_as(package_name, user_id)} id 2>&1",
        "tools": "for t in " + " ".join(_TOOLS) + '; do command -v "$t"; done',
        "printf": "find / -maxdepth 0 -printf %i:%T@ 2>/dev/null",
        "label": "stat -c %C /data 2>/dev/null",
        "package": f"dumpsys package {package_name} 2>&1",
        "path": f"pm path {whose}{package_name} 2>&1",
        "properties": "getprop",
        "users": "pm list users 2>&1",
        "storage": "ls -d ROOT 2>&1 && { [ -w ROOT ] || echo it cannot be written; }".replace(
            "ROOT", f"/storage/emulated/{user_id}/" if user_id else "/sdcard/"
        ),
        "app-ops": f"appops get {whose}{package_name} 2>&1",
        **_of_the_user(api, whose),
        **({} if user_id else _of_the_device(api)),
    }
    body = "".join(f'p "F {name}"; {command}\necho\n' for name, command in asked.items())
    return f'p() {{ print -r -- "@{nonce} $1"; }}\nprint\n{body}p ". done"\n'


def _of_the_user(api: int, whose: str) -> dict[str, str]:
    asked = {
        f"rows {k}": f"content query {whose}--uri {u} --projection _id 2>&1"
        for k, u in _PROVIDERS.items()
    }
    if api >= 23 and not (whose and api in _NO_SETTINGS_OF_USERS):
        asked |= {f"settings {n}": f"settings list {whose}{n} 2>&1" for n in ("secure", "system")}
    if api >= 29:
        asked |= {f"role {r}": f"cmd role holders {whose}android.app.role.{r} 2>&1" for r in _ROLES}
    return asked


def _of_the_device(api: int) -> dict[str, str]:
    asked = {
        "boot": "cat /proc/sys/kernel/random/boot_id",
        "accounts": "dumpsys account 2>&1",
        "packages": "pm list packages -U -u 2>&1" if api >= 26 else "pm list packages -u 2>&1",
    }
    if api >= 23:
        asked["settings global"] = "settings list global 2>&1"
        asked["volumes"] = "sm list-volumes 2>&1"
    if api >= 29:
        asked["apex"] = "pm list packages --apex-only --show-versioncode 2>&1"
    return asked


def read_answers(
    output: bytes, *, package_name: str, nonce: str, api: int, user_id: int = 0
) -> Answers:
    """Read the whole output of `facts_script`."""
    answers: dict[str, str] = {}
    complete = False
    pending = b""
    for piece in frames([output], nonce):
        pending += piece.data
        if piece.kind == b".":
            complete = pending.strip() == b"done"
        if piece.last and piece.kind == b"F":
            name, _, text = pending.decode("utf-8", "replace").replace("\r\n", "\n").partition("\n")
            answers[name.strip()] = text.rstrip("\n")
        pending = b"" if piece.last else pending
    tools = {line.rpartition("/")[2] for line in answers.get("tools", "").split()}
    record = parse_dumpsys_package(answers.get("package", ""), package_name, api=api)
    reach, access_error = _reach(answers, api=api, user_id=user_id)
    return Answers(
        user_id=user_id,
        locked=_is_locked(answers.get("properties", ""), user_id),
        other_users=_other_users(record),
        complete=complete,
        reach=reach,
        run_as=answers.get("run-as", "").startswith("uid="),
        access_error=access_error,
        flavour=_flavour(tools, answers.get("printf", "")),
        checksum=next((t for t in CHECKSUM_TOOLS if t in tools), CHECKSUM_TOOLS[-1]),
        has_tar="tar" in tools,
        shows_labels=":" in answers.get("label", ""),
        identity=_identity(
            record,
            installed=answers.get("path", "").startswith("package:"),
            dump=answers.get("package", ""),
            user_id=user_id,
        ),
        facts=_facts(answers, api, user_id),
    )


def _is_locked(properties: str, user_id: int) -> bool:
    """With a key for each user's files, the system says when a user's key is there."""
    by_file = "[ro.crypto.type]: [file]" in properties
    return by_file and f"[sys.user.{user_id}.ce_available]: [true]" not in properties


def _other_users(record: PackageRecord | None) -> tuple[int, ...]:
    users = record.users if record else ()
    return tuple(sorted(u.user_id for u in users if u.user_id and u.installed))


def _flavour(tools: set[str], printed: str) -> Flavour:
    if not {"find", "stat", "xargs"} <= tools:
        return Flavour.TOOLBOX
    prints = re.fullmatch(r"\d+:\d+(\.\d+)?", printed.strip())
    return Flavour.PRINTF if prints and "sha256sum" in tools else Flavour.TOYBOX


def _reach(answers: Mapping[str, str], *, api: int, user_id: int) -> tuple[Reach, str]:
    if user_id and str(user_id) not in _RUNNING.findall(answers.get("users", "")):
        return Reach.EXTERNAL, "this user does not run"
    if answers.get("id", "").startswith("uid=0("):
        return Reach.ROOT, ""
    if user_id and api not in _RUN_AS_OF_USERS and api < _RUN_AS_OF_USERS_AGAIN:
        return Reach.EXTERNAL, "run-as of this Android reaches the first user alone"
    refusal = answers.get("run-as", "").strip()
    return (Reach.RUN_AS, "") if refusal.startswith("uid=") else (Reach.EXTERNAL, refusal)


def _requested(dump: str) -> frozenset[str]:
    """The permissions that the app asks for (dumpsys lists them by API 23 and up)."""
    block = _REQUESTED.search(dump)
    return frozenset(re.findall(r"[\w.]+\.permission\.\w+", block[0]) if block else ())


def _identity(
    record: PackageRecord | None, *, installed: bool, dump: str, user_id: int
) -> Identity:
    if record is None:
        return Identity(installed=installed)
    user = record.user(user_id)
    enabled = dict(_ENABLED.findall(dump)).get(str(user_id))
    first_install_time = user.first_install_time if user else None
    return Identity(
        installed=installed and (user is None or user.installed is not False),
        record=True,
        app_id=record.app_id,
        first_install_time=first_install_time or record.first_install_time,
        last_update_time=record.last_update_time,
        ce_data_inode=user.ce_data_inode if user else None,
        signers=record.signature_hashes,
        past_signers=record.past_signature_hashes,
        version_code=record.version_code,
        installer=record.installer,
        code_path=record.code_path,
        enabled=int(enabled) if enabled else None,
        launched=None if user is None or user.not_launched is None else not user.not_launched,
        stopped=user.stopped if user else None,
        hidden=user.hidden if user else None,
        suspended=user.suspended if user else None,
        flags=record.flags,
        permissions=record.granted_to(user_id),
        requested=_requested(dump),
    )


def _facts(answers: Mapping[str, str], api: int, user_id: int) -> Facts:
    properties = dict(_GETPROP.findall(answers.get("properties", "")))
    storage = answers.get("storage", "").strip()
    return Facts(
        api=api,
        build_fingerprint=properties.get("ro.build.fingerprint", ""),
        properties={
            name: properties[name]
            for name in (*_PROPERTIES, f"sys.user.{user_id}.ce_available")
            if name in properties
        },
        settings=_settings(answers),
        packages={n: int(u) for n, u in _PACKAGE.findall(answers.get("packages", "")) if u},
        apex_versions={n: int(v) for n, v in _APEX.findall(answers.get("apex", ""))},
        counts=_counts(answers),
        app_ops=_app_ops(answers.get("app-ops", "")),
        roles=_roles(answers),
        users={} if user_id else {int(n): u for n, u in _USER.findall(answers.get("users", ""))},
        accounts=_accounts(answers.get("accounts", "")),
        volumes=_volumes(answers.get("volumes")),
        boot_id=answers.get("boot", "").strip(),
        storage_error="" if re.fullmatch(r"/\S+", storage) else storage,
    )


def _settings(answers: Mapping[str, str]) -> dict[str, str]:
    found = {}
    for namespace in ("global", "secure", "system"):
        for line in answers.get(f"settings {namespace}", "").splitlines():
            name, equals, value = line.partition("=")
            if equals and re.fullmatch(r"[\w.:-]+", name):
                found[f"{namespace}/{name}"] = value
    return found


def _counts(answers: Mapping[str, str]) -> dict[str, int]:
    found = {}
    for what in _PROVIDERS:
        lines = answers.get(f"rows {what}", "").splitlines()
        rows = sum(line.startswith("Row:") for line in lines)
        if rows or any(line.startswith("No result found") for line in lines):
            found[what] = rows
    return found


def _app_ops(text: str) -> dict[str, str] | None:
    if "No operations." in text:
        return {}
    return dict(_APP_OP.findall(text)) or None


def _roles(answers: Mapping[str, str]) -> dict[str, str]:
    found = {}
    for role in _ROLES:
        holder = answers.get(f"role {role}", "").strip()
        if re.fullmatch(r"[\w.]*(?:[;\n][\w.]+)*", holder) and f"role {role}" in answers:
            found[role] = holder
    return found


def _accounts(text: str) -> tuple[str, ...] | None:
    if "Accounts:" not in text:
        return None
    return tuple(sorted({f"{name} ({kind})" for name, kind in _ACCOUNT.findall(text)}))


def _volumes(text: str | None) -> tuple[str, ...] | None:
    lines = [line.strip() for line in (text or "").splitlines() if line.strip()]
    if not lines or not all(
        re.match(r"(private|public|emulated|stub|obb|asec|disk)\b", x) for x in lines
    ):
        return None
    return tuple(sorted(lines))

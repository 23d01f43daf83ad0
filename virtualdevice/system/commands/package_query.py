"""`pm list`, `pm path`, `pm dump` and other questions."""

from __future__ import annotations

from collections.abc import Sequence

from virtualdevice.system.activities import short_component
from virtualdevice.system.commands.arguments import CommandRefused, IllegalArgument, Words
from virtualdevice.system.commands.package_staged import list_staged
from virtualdevice.system.commands.package_words import is_java, pm_refused
from virtualdevice.system.commands.user_words import one_user, user_named
from virtualdevice.system.commands.users import user_lines
from virtualdevice.system.invocation import Invocation
from virtualdevice.system.packages.dump import dump_package
from virtualdevice.system.packages.records import PackageRecord, uid_of
from virtualdevice.system.phone import Phone

__all__ = [
    "dump",
    "has_feature",
    "list_something",
    "path",
    "query_activities",
    "resolve_activity",
]

HOME = "android.intent.category.HOME"
LAUNCHER = "android.intent.category.LAUNCHER"
FEATURES = (
    "android.hardware.touchscreen",
    "android.hardware.wifi",
    "android.software.app_widgets",
    "android.software.device_admin",
    "android.software.home_screen",
    "android.software.input_methods",
)


MERGED_API = 33
"""From then on a list without --user is one of all users' packages."""
OPTIONS_SINCE = {
    "-d": 21, "-e": 21, "-f": 21, "-i": 21, "-l": 21, "-s": 21, "-u": 21, "-3": 21, "-U": 26,
    "--show-versioncode": 26, "--uid": 26, "-a": 29, "--apex-only": 29, "--factory-only": 34,
    "--match-libraries": 34, "--show-stopped": 34, "-q": 35,
}  # fmt: skip
TYPES_SINCE = {
    "package": 21, "packages": 21, "users": 21, "features": 21, "permissions": 21,
    "permission-groups": 21, "libraries": 21, "instrumentation": 21, "staged-sessions": 30,
    "sdks": 33, "initial-non-stopped-system-packages": 34,
}  # fmt: skip


class Listing:
    """Which packages `pm list packages` shows, and what of them."""

    def __init__(self, phone: Phone, call: Invocation, words: Words) -> None:
        self.shown: set[str] = set()
        self.user_ids = phone.parts.users.ids if phone.api >= MERGED_API else (0,)
        self.uid: int | None = None
        while (option := words.option()) is not None:
            if option == "--user":
                chosen = user_named(phone, words.value(option))
                self.user_ids = phone.parts.users.ids if chosen is None else (chosen,)
                continue
            if OPTIONS_SINCE.get(option, 99) > phone.api:
                raise _not_listed(phone, call, f"Error: Unknown option: {option}")
            self.shown.add(option)
            if option == "--uid":
                self.shown.add("-U")
                self.uid = _number(phone, call, words.value(option))
        self.filter = words.next() or ""

    def admits(self, record: PackageRecord) -> bool:
        """Whether the record is among what was asked for."""
        shown = self.shown
        states = [record.user(user_id) for user_id in self.user_ids]
        there = record.code_present and any(state.installed for state in states)
        if not there and not shown & {"-u", "-a"}:
            return False
        enabled = any(state.enabled in (0, 1) for state in states)
        uids = [uid_of(user_id, record.app_id) for user_id in self.user_ids]
        excluded = (
            ("-s" in shown and not record.is_system)
            or ("-3" in shown and record.is_system)
            or ("-d" in shown and enabled)
            or ("-e" in shown and not enabled)
            or (self.uid is not None and self.uid not in uids)
        )
        return not excluded and self.filter in record.name

    def line(self, record: PackageRecord) -> str:
        text = "package:"
        if "-f" in self.shown:
            text += f"{record.base_apk}="
        text += record.name
        if "--show-versioncode" in self.shown:
            text += f" versionCode:{record.version_code}"
        if "-i" in self.shown:
            text += f"  installer={record.installer or 'null'}"
        if "-U" in self.shown:
            users = [n for n in self.user_ids if record.user(n).installed] or self.user_ids[:1]
            text += f" uid:{','.join(str(uid_of(n, record.app_id)) for n in users)}"
        return text


def _number(phone: Phone, call: Invocation, text: str) -> int:
    try:
        return int(text)
    except ValueError as error:
        problem = f'java.lang.NumberFormatException: For input string: "{text}"'
        raise _not_listed(phone, call, f"Error: {problem}") from error


def _not_listed(phone: Phone, call: Invocation, text: str) -> CommandRefused:
    return pm_refused(phone, call, text, status=255)


async def list_something(phone: Phone, call: Invocation, words: Words) -> int:
    what = words.next()
    if what is None:
        raise _not_listed(phone, call, "Error: didn't specify type of data to list")
    if TYPES_SINCE.get(what, 99) > phone.api:
        raise _not_listed(phone, call, f"Error: unknown list type '{what}'")
    if what == "staged-sessions":
        return await list_staged(phone, call, words)
    lines: list[str] = []
    if what in ("packages", "package"):
        try:
            listing = Listing(phone, call, words)
        except IllegalArgument as problem:
            text = f"Error: java.lang.IllegalArgumentException: {problem.message}"
            raise _not_listed(phone, call, text) from problem
        lines = [listing.line(r) for r in phone.parts.registry if listing.admits(r)]
    elif what == "users":
        lines = user_lines(phone)
    elif what == "features":
        lines = [f"feature:{name}" for name in FEATURES]
    elif what == "permissions":
        lines = _permissions(phone, call, words)
    await call.write("".join(f"{line}\n" for line in lines))
    return 0


def _permissions(phone: Phone, call: Invocation, words: Words) -> list[str]:
    """Those that apps declare, none of which is a runtime one; without groups or labels."""
    shown: set[str] = set()
    while (option := words.option()) is not None:
        if option not in ("-d", "-f", "-g", "-s", "-u"):
            raise pm_refused(phone, call, f"Error: Unknown option: {option}")
        shown.add(option)
    group = words.next()
    head = "Dangerous Permissions:" if "-d" in shown else "All Permissions:"
    if "-d" not in shown and "-u" in shown:
        head = "Dangerous and Normal Permissions:"
    lines = [head, ""]
    prefix = ""
    if shown & {"-g", "-s"}:
        lines.append("+ ungrouped:" if "-f" in shown else "ungrouped:")
        prefix = "  "
    if "-d" in shown or group is not None:
        return lines
    for record in phone.parts.registry:
        for name in record.declared_permissions:
            lines.append(f"{prefix}{'+ ' if '-f' in shown else ''}permission:{name}")
            if "-f" in shown:
                lines.append(f"{prefix}  package:{record.name}")
    return lines


async def path(phone: Phone, call: Invocation, words: Words) -> int:
    """Nothing and status 1 if it is not there."""
    user_id = one_user(phone, words)
    name = words.next() if is_java(phone, call) else words.demanded()
    if name is None:
        raise pm_refused(phone, call, "Error: no package specified")
    record = phone.parts.registry.installed(name, user_id)
    if record is None:
        raise pm_refused(phone, call, "")
    await call.out("\n".join(f"package:{record.code_path}/{apk}" for apk in record.apk_names))
    return 0


async def has_feature(phone: Phone, call: Invocation, words: Words) -> int:
    name, version = words.next(), words.next()
    if name is None:
        raise pm_refused(phone, call, "Error: expected FEATURE name", on_stdout=False)
    if version is not None and not version.isdigit():
        text = f"Error: illegal version number {version}"
        raise pm_refused(phone, call, text, on_stdout=False)
    found = name in FEATURES and int(version or 0) == 0
    await call.out("true" if found else "false")
    return 0 if found else 1


async def dump(phone: Phone, call: Invocation, words: Words) -> int:
    name = words.next()
    if name is None:
        raise pm_refused(phone, call, "Error: no package specified", on_stdout=False)
    text = dump_package(phone.parts, name)
    indented = "\n".join(f"  {line}" if line else line for line in text.splitlines())
    await call.out(f"DUMP OF SERVICE package:\n{indented}")
    return 0


async def resolve_activity(phone: Phone, call: Invocation, words: Words) -> int:
    """`--brief|--components [-c CATEGORY] PACKAGE`: the activity that a launcher icon opens; with
    the category HOME the launcher itself."""
    rest = words.rest()
    found = phone.screen.home.component if HOME in rest else _opened_by_icon(phone, rest)
    if not found:
        await call.out("No activity found")
        return 0
    if "--brief" in rest and "--components" not in rest:
        await call.out(MATCH)
    await call.out(short_component(found))
    return 0


async def query_activities(phone: Phone, call: Invocation, words: Words) -> int:
    """With the category HOME the launcher, else what icons open; of one package, if it is named."""
    rest = words.rest()
    found = [phone.screen.home.component] if HOME in rest else []
    if LAUNCHER in rest:
        found = [
            f"{record.name}/{phone.activities.launcher_activity(record)}"
            for record in phone.parts.registry
            if record.launcher_activity
            and phone.parts.registry.installed(record.name)
            and rest[-1] in (record.name, LAUNCHER)
        ]
    if not found:
        await call.out("No activities found")
        return 0
    lines = [] if "--components" in rest else [f"{len(found)} activities found:"]
    for number, each in enumerate(found):
        shown = short_component(each)
        if "--components" in rest:
            lines.append(shown)
            continue
        lines.append(f"  Activity #{number}:")
        if "--brief" in rest:
            lines.append(f"    {MATCH}")
        lines.append(f"    {shown}")
    await call.out("\n".join(lines))
    return 0


MATCH = "priority=0 preferredOrder=0 match=0x108000 specificIndex=-1 isDefault=true"


def _opened_by_icon(phone: Phone, words: Sequence[str]) -> str:
    names = [word for word in words if phone.parts.registry.installed(word)]
    record = phone.parts.registry.installed(names[-1]) if names else None
    if record is None or not record.launcher_activity:
        return ""
    return f"{record.name}/{phone.activities.launcher_activity(record)}"

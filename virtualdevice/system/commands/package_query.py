"""`pm list`, `pm path`, `pm dump` and other questions."""

from __future__ import annotations

from collections.abc import Sequence

from virtualdevice.system.commands.arguments import CommandRefused, Words
from virtualdevice.system.commands.package_staged import list_staged
from virtualdevice.system.commands.user_words import one_user, user_named
from virtualdevice.system.commands.users import user_lines
from virtualdevice.system.invocation import Invocation
from virtualdevice.system.packages.dump import dump_package
from virtualdevice.system.packages.records import PackageRecord, uid_of
from virtualdevice.system.phone import Phone

__all__ = ["dump", "list_something", "path", "resolve_activity"]

HOME = "android.intent.category.HOME"
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


class Listing:
    """Which packages `pm list packages` shows, and what of them."""

    def __init__(self, phone: Phone, words: Words) -> None:
        self.shown: set[str] = set()
        self.user_ids = phone.parts.users.ids if phone.api >= MERGED_API else (0,)
        self.uid: int | None = None
        while (option := words.option()) is not None:
            if option == "--user":
                chosen = user_named(phone, words.value(option))
                self.user_ids = phone.parts.users.ids if chosen is None else (chosen,)
            elif option == "--uid":
                self.uid = int(words.value(option))
            else:
                self.shown.add(option)
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


async def list_something(phone: Phone, call: Invocation, words: Words) -> int:
    what = words.required("Error: didn't specify type of data to list")
    if what == "staged-sessions" and phone.api >= 30:
        return await list_staged(phone, call, words)
    if what in ("packages", "package"):
        listing = Listing(phone, words)
        lines = [listing.line(r) for r in phone.parts.registry if listing.admits(r)]
    elif what == "users":
        lines = user_lines(phone)
    elif what == "features":
        lines = [f"feature:{name}" for name in FEATURES]
    elif what == "permissions":
        lines = ["All Permissions:", ""]
        declared = (p for record in phone.parts.registry for p in record.declared_permissions)
        lines += [f"+ permission:{name}" for name in declared]
    elif what in ("instrumentation", "libraries", "permission-groups"):
        lines = []
    else:
        raise CommandRefused(f"Error: unknown list type '{what}'")
    if lines:
        await call.out("\n".join(lines))
    return 0


async def path(phone: Phone, call: Invocation, words: Words) -> int:
    """Nothing and status 1 if it is not there."""
    user_id = one_user(phone, words)
    name = words.required("Error: no package specified")
    record = phone.parts.registry.installed(name, user_id)
    if record is None:
        return 1
    await call.out("\n".join(f"package:{record.code_path}/{apk}" for apk in record.apk_names))
    return 0


async def dump(phone: Phone, call: Invocation, words: Words) -> int:
    name = words.required("Error: no package specified")
    text = dump_package(phone.parts, name)
    indented = "\n".join(f"  {line}" if line else line for line in text.splitlines())
    await call.out(f"DUMP OF SERVICE package:\n{indented}")
    return 0


async def resolve_activity(phone: Phone, call: Invocation, words: Words) -> int:
    """`--brief [-c CATEGORY] PACKAGE`: the activity that a launcher icon opens; with the category
    HOME the launcher itself."""
    brief = "--brief" in (rest := words.rest())
    found = phone.screen.home.component if HOME in rest else _opened_by_icon(phone, rest)
    if not found:
        await call.out("No activity found")
        return 0
    if brief:
        await call.out("priority=0 preferredOrder=0 match=0x108000 specificIndex=-1 isDefault=true")
    await call.out(found)
    return 0


def _opened_by_icon(phone: Phone, words: Sequence[str]) -> str:
    names = [word for word in words if phone.parts.registry.installed(word)]
    record = phone.parts.registry.installed(names[-1]) if names else None
    if record is None or not record.launcher_activity:
        return ""
    return f"{record.name}/{phone.activities.launcher_activity(record)}"

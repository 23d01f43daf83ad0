"""`pm install` in one command: its options, and what it answers."""

from __future__ import annotations

from collections.abc import Sequence

from holdfast.apk.decision import Door
from virtualdevice.system.commands.arguments import (
    CommandRefused,
    IllegalArgument,
    Words,
    exception_head,
)
from virtualdevice.system.commands.package_words import (
    is_java,
    one_user_named,
    pm_refused,
    pm_threw,
)
from virtualdevice.system.commands.user_words import user_named
from virtualdevice.system.invocation import Invocation
from virtualdevice.system.packages.answers import InstallAnswer, refusal
from virtualdevice.system.packages.candidate import ApkFile
from virtualdevice.system.packages.room import creation_problem
from virtualdevice.system.packages.rules import InstallOptions, RollbackPolicy
from virtualdevice.system.phone import Phone

__all__ = [
    "ParsedOptions",
    "free_bytes",
    "incremental",
    "install",
    "install_existing",
    "need_room",
    "read_size",
    "report",
    "report_staged",
]

APK_LIMIT_BYTES = 2 << 30
SHELL_PACKAGE, SHELL_ASKS_SINCE = "com.android.shell", 34
OTHER_SOURCE, SOURCES_SINCE = 1, 33
STAGED = "/data/app/vmdl1.tmp/base.apk"
SERVICE_API, POSITIVE_SIZE_API, SHELL_OPENS_API = 24, 26, 28
SEVERAL_APKS_API, NO_GROUP_API, BOOTED_ONLY_API = 30, 33, 36
WITH_VALUE = {
    "--originating-uri": 21, "--referrer": 21, "--abi": 21, "--install-location": 21,
    "--install-reason": 26, "--volume": 23, "--preload-reason": 29,
    "--rollback": 29, "--staged-ready-timeout": 31,
}  # fmt: skip
WITHOUT_EFFECT = {
    "-f": 21, "-F": 21, "-l": 21, "-s": 21, "--dont-kill": 24, "--force-uuid": 23,
    "--force-sdk": 24, "--full": 26, "--instant": 26, "--ephemeral": 24, "--preload": 28,
    "--instantapp": 26, "--force-queryable": 30, "--skip-verification": 30,
    "--no-incremental": 30, "--skip-enable": 34,
    "--force-non-staged": 31, "--restrict-permissions": 29, "--ignore-dexopt-profile": 35,
    "--apex": 29, "--streaming": 30, "--no-streaming": 30,
}  # fmt: skip
FLAGS = {
    "-r": ("replace", 21),
    "-R": ("forbid_replace", 28),
    "-t": ("allow_test", 21),
    "-d": ("allow_downgrade", 21),
    "--allow-downgrade": ("allow_downgrade", 29),
    "--request-downgrade": ("allow_downgrade", 29),
    "-g": ("grant_permissions", 23),
    "--grant-all-requested-permissions": ("grant_permissions", 34),
    "--staged": ("staged", 29),
    "--multi-package": ("multi_package", 29),
    "--update-ownership": ("update_ownership", 34),
    "--bypass-low-target-sdk-block": ("bypass_low_target_sdk", 34),
}
NAMED = {"-i": "installer", "-p": "inherit_from", "--pkg": "package_name"}
"""Options, and the API level that brought each; `makeInstallParams` of every version."""


class ParsedOptions:
    """The options of one install command, and the size that -S announced (-1: none).

    `waits`: a staged install is to be reported when it was verified, not when it was handed in.
    """

    def __init__(self, phone: Phone, call: Invocation, words: Words) -> None:
        self.size_bytes = -1
        self.waits = True
        self._values: dict[str, bool | str | int | RollbackPolicy | None] = {
            "initiator": SHELL_PACKAGE if phone.api >= SHELL_ASKS_SINCE else None,
            "package_source": OTHER_SOURCE if phone.api >= SOURCES_SINCE else 0,
        }
        self._phone = phone
        self._call = call
        self._api = phone.api
        while (option := words.option()) is not None:
            self._take(option, words)

    def _take(self, option: str, words: Words) -> None:
        self._values["given"] = True
        flag, since = FLAGS.get(option, ("", 0))
        if flag and self._api >= since:
            self._values[flag] = True
        elif option in NAMED:
            self._values[NAMED[option]] = words.value(option)
        elif option == "-S":
            self.size_bytes = self._size(words.value(option))
        elif option == "--user":
            self._values["user_id"] = self._user(words.value(option))
        elif option == "--package-source" and self._api >= 35:
            self._values["package_source"] = int(words.value(option))
        elif option == "--enable-rollback" and self._api >= 29:
            self._values["rollback_policy"] = RollbackPolicy(int(words.number(default=0)))
        elif option == "--staged-ready-timeout" and self._api >= 31:
            self.waits = words.value(option) != "0"
        elif option in ("--wait", "--no-wait") and self._api == 30:
            self.waits = option == "--wait"
        elif self._api >= WITH_VALUE.get(option, 99):
            words.value(option)
        elif self._api < WITHOUT_EFFECT.get(option, 99):
            raise self._unknown(option)

    def _size(self, text: str) -> int:
        size_bytes = read_size(self._phone, self._call, text)
        if size_bytes <= 0 and self._api >= POSITIVE_SIZE_API:
            raise IllegalArgument("Size must be positive")
        return size_bytes

    def _user(self, word: str) -> int | None:
        """No session can be made for a user who is not there (what the versions before 15 say of
        that was not read)."""
        user_id = user_named(self._phone, word)
        check_user_is_there(self._phone, self._call, user_id)
        return user_id

    def _unknown(self, option: str) -> CommandRefused:
        if self._api < SERVICE_API:
            return pm_refused(self._phone, self._call, f"Error: Unknown option: {option}")
        kind = "Unsupported" if option == "--multi-package" else "Unknown"
        return IllegalArgument(f"{kind} option {option}")

    @property
    def options(self) -> InstallOptions:
        return InstallOptions(**self._values)  # type: ignore[arg-type]


def check_user_is_there(phone: Phone, call: Invocation, user_id: int | None) -> None:
    """None stands for all users."""
    if user_id is not None and phone.parts.users.get(user_id) is None:
        raise pm_refused(phone, call, f"Failure [user {user_id} doesn't exist]")


def read_size(phone: Phone, call: Invocation, text: str) -> int:
    """Long.parseLong."""
    try:
        return int(text)
    except ValueError as error:
        problem = f'For input string: "{text}"'
        raise pm_threw(phone, call, "NumberFormatException", problem) from error


async def install(phone: Phone, call: Invocation, words: Words) -> int:
    """`pm install [options] [PATH|-]…`; with -S and no path the APK comes from stdin."""
    if phone.api >= BOOTED_ONLY_API and not phone.booted:
        raise pm_refused(phone, call, "Error: device is still booting.")
    parsed = ParsedOptions(phone, call, words)
    if parsed.options.multi_package and phone.api >= NO_GROUP_API:
        raise IllegalArgument("Unsupported option --multi-package")
    paths = words.rest()
    if phone.api < SEVERAL_APKS_API:
        paths = paths[:1]
    if not paths or paths[0] == "-":
        _check_stream(phone, call, parsed, paths)
        return await _install_stream(phone, call, parsed)
    if phone.api < SERVICE_API:
        await call.error(f"\tpkg: {paths[0]}")
    return await _install_paths(phone, call, parsed, paths)


def _check_stream(
    phone: Phone, call: Invocation, parsed: ParsedOptions, paths: Sequence[str]
) -> None:
    if phone.api < SERVICE_API:
        text = f"\tpkg: {paths[0]}" if paths else "\tpkg: null\nError: no package specified"
        raise pm_refused(phone, call, text)
    if parsed.size_bytes <= 0 and is_java(phone, call) and not paths:
        raise pm_refused(phone, call, "Error: java.lang.NullPointerException")
    if parsed.size_bytes <= 0:
        text = "Error: must either specify a package size or an APK file"
        raise pm_refused(phone, call, text)
    if len(paths) > 1:
        raise pm_refused(phone, call, "Error: can't specify SPLIT(s) along with STDIN")


async def _install_stream(phone: Phone, call: Invocation, parsed: ParsedOptions) -> int:
    """What a stream that ends early has brought is no APK."""
    await need_room(phone, call, "install", parsed.size_bytes)
    data = await call.read(parsed.size_bytes)
    return await _finish(phone, call, parsed, [ApkFile(name="base.apk", data=data, path=STAGED)])


async def _install_paths(
    phone: Phone, call: Invocation, parsed: ParsedOptions, paths: Sequence[str]
) -> int:
    files = []
    for text in paths:
        path = call.path(text)
        try:
            data = await phone.parts.files.read(path, limit_bytes=APK_LIMIT_BYTES)
        except OSError as error:
            raise await _unreadable(phone, call, text) from error
        name = "base.apk" if len(paths) == 1 else path.rpartition("/")[2]
        files.append(ApkFile(name=name, data=data, path=path if phone.api < 24 else STAGED))
    if phone.api >= SERVICE_API:
        await need_room(phone, call, "install", sum(len(file.data) for file in files))
    return await _finish(phone, call, parsed, files)


async def need_room(phone: Phone, call: Invocation, verb: str, size_bytes: int) -> None:
    """A session of that size can be made; else it throws. Java's `pm` prints that itself."""
    if size_bytes <= await free_bytes(phone):
        return
    text = creation_problem(phone.api)
    if is_java(phone, call):
        raise pm_refused(phone, call, f"Error: {text}")
    raise CommandRefused(f"\n{exception_head(phone.api, verb)}\n{text}", status=255)


async def free_bytes(phone: Phone) -> int:
    return (await phone.parts.machine.space()).free_bytes


async def _unreadable(phone: Phone, call: Invocation, path: str) -> CommandRefused:
    """What each version says of a file that is not there."""
    if phone.api < SERVICE_API:
        return pm_refused(phone, call, "Failure [INSTALL_FAILED_INVALID_URI]")
    text = f"Error: Can't open non-file: {path}"
    if is_java(phone, call):
        return pm_refused(phone, call, text)
    if phone.api < SHELL_OPENS_API:
        await call.out(text)
        return pm_threw(phone, call, "IllegalArgumentException", text)
    text = f"Error: Can't open file: {path}"
    hint = "Consider using a file under /data/local/tmp/"
    await call.error(f"Error: Unable to open file: {path}\n{hint}\n{text}")
    return pm_threw(phone, call, "IllegalArgumentException", text)


async def _finish(
    phone: Phone, call: Invocation, parsed: ParsedOptions, files: list[ApkFile]
) -> int:
    options, uid = parsed.options, call.caller.uid
    if options.staged:
        session = await phone.sessions.create(options, owner_uid=uid)
        await phone.sessions.open(session.id, caller_uid=uid)
        for file in files:
            await phone.sessions.write(session, file.name, file.data)
        answer = await phone.sessions.commit(session, door=Door.SESSION_SHELL, caller_uid=uid)
        return await report_staged(phone, call, answer, session.id, waits=parsed.waits)
    door = Door.PM_INSTALL if phone.api < 24 else Door.SESSION_SHELL
    answer = await phone.installer.install(files, options, door=door, caller_uid=uid)
    return await report(phone, call, answer, by_session=False)


async def report_staged(
    phone: Phone, call: Invocation, answer: InstallAnswer, session_id: int, *, waits: bool
) -> int:
    """From 11 on the shell waits until a staged session is ready, or has failed."""
    session = await phone.sessions.staging.get(session_id)
    if session is None or phone.api < 30 or not waits:
        return await report(phone, call, answer, by_session=True)
    if session.failed:
        await call.out(f"Error [{session.error_code}] [{session.error}]")
        return 1
    await call.out("Success. Reboot device to apply staged session")
    return 0


async def report(phone: Phone, call: Invocation, answer: InstallAnswer, *, by_session: bool) -> int:
    """Print the answer where this version prints it; the exit status that goes with it."""
    line = answer.line(phone.api, by_session=by_session)
    if answer.succeeded:
        await call.out(line)
        return 0
    raise pm_refused(phone, call, line)


async def install_existing(phone: Phone, call: Invocation, words: Words) -> int:
    """For a package that is there for another user, or that `--user` uninstalled. Without `--user`
    it was for user 0, from 11 on it is for the current one."""
    user_id = 0 if phone.api < 30 else phone.user_controller.current_id
    waits = False
    while (option := words.option()) is not None:
        if option == "--user":
            user_id = one_user_named(phone, call, words.value(option))
        elif EXISTING_OPTIONS.get(option, 99) > phone.api:
            raise pm_refused(phone, call, f"Error: Unknown option: {option}")
        waits = waits or option == "--wait"
    name = words.next()
    if name is None:
        raise pm_refused(phone, call, "Error: package name not specified")
    if waits:
        await call.out(f"Installing package {name} for user: {user_id}")
    record = phone.parts.registry.get(name)
    if record is None or not record.code_present:
        text = f"Package {name} doesn't exist"
        if waits:
            text = "Received intent for package install"
        else:
            text = f"android.content.pm.PackageManager$NameNotFoundException: {text}"
        raise pm_refused(phone, call, text)
    check_user_is_there(phone, call, user_id)
    await phone.installer.install_existing(record, user_id)
    done = "Received intent for package install"
    await call.out(done if waits else f"Package {name} installed for user: {user_id}")
    return 0


EXISTING_OPTIONS = {
    "--instant": 26, "--ephemeral": 26, "--full": 26, "--wait": 29, "--restrict-permissions": 29,
}  # fmt: skip


async def incremental(phone: Phone, call: Invocation, words: Words) -> int:
    """Not offered: adb then streams."""
    words.rest()
    refused = refusal("INSTALL_FAILED_INTERNAL_ERROR", "Incremental installation not allowed.")
    return await report(phone, call, refused, by_session=True)

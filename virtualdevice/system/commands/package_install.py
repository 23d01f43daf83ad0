"""`pm install` in one command: its options, and what it answers."""

from __future__ import annotations

from holdfast.apk.decision import Door
from virtualdevice.system.commands.arguments import CommandRefused, Words
from virtualdevice.system.commands.user_words import one_user, user_named
from virtualdevice.system.invocation import Invocation
from virtualdevice.system.packages.answers import InstallAnswer, refusal
from virtualdevice.system.packages.candidate import ApkFile
from virtualdevice.system.packages.room import creation_problem
from virtualdevice.system.packages.rules import InstallOptions, RollbackPolicy
from virtualdevice.system.phone import Phone

__all__ = [
    "ParsedOptions",
    "exception_head",
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

    def __init__(self, words: Words, *, phone: Phone) -> None:
        self.size_bytes = -1
        self.waits = True
        self._values: dict[str, bool | str | int | RollbackPolicy | None] = {
            "initiator": SHELL_PACKAGE if phone.api >= SHELL_ASKS_SINCE else None,
            "package_source": OTHER_SOURCE if phone.api >= SOURCES_SINCE else 0,
        }
        self._phone = phone
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
            self.size_bytes = read_size(words.value(option))
        elif option == "--user":
            self._values["user_id"] = _existing_user(self._phone, words.value(option))
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
            raise _unknown(option, self._api)

    @property
    def options(self) -> InstallOptions:
        return InstallOptions(**self._values)  # type: ignore[arg-type]


def _existing_user(phone: Phone, word: str) -> int | None:
    user_id = user_named(phone, word)
    if user_id is not None and phone.parts.users.get(user_id) is None:
        raise CommandRefused(f"Failure [user {user_id} doesn't exist]")
    return user_id


def _unknown(option: str, api: int) -> CommandRefused:
    """From 7 on the parser throws, and ShellCommand prints the exception."""
    if api < 24:
        return CommandRefused(f"Error: Unknown option: {option}")
    text = f"java.lang.IllegalArgumentException: Unknown option {option}"
    return CommandRefused(f"\n{exception_head(api, 'install')}\n{text}", status=255)


def exception_head(api: int, verb: str) -> str:
    """What ShellCommand says above an exception's stack."""
    if api < 26:
        return "Exception occurred while dumping:"
    return (
        f"Exception occurred while executing '{verb}':"
        if api >= 30
        else ("Exception occurred while executing:")
    )


def read_size(text: str) -> int:
    if not text.isdigit() or int(text) == 0:
        raise CommandRefused("Error: must specify an APK size")
    return int(text)


async def install(phone: Phone, call: Invocation, words: Words) -> int:
    """`pm install [options] [PATH|-]…`; with -S and no path the APK comes from stdin."""
    if phone.api >= 36 and not phone.booted:
        await call.error("Error: device is still booting.")
        return 1
    parsed = ParsedOptions(words, phone=phone)
    paths = words.rest()
    if parsed.size_bytes >= 0 and paths in ([], ["-"]):
        await need_room(phone, call, "install", parsed.size_bytes)
        data = await call.read(parsed.size_bytes)
        if len(data) < parsed.size_bytes:
            await call.out("Failure [INSTALL_FAILED_INVALID_APK: unexpected end of the stream]")
            return 1
        files = [ApkFile(name="base.apk", data=data, path=_staged_path())]
        return await _finish(phone, call, parsed, files)
    if not paths:
        text = "Error: must either specify a package size or an APK file"
        await _complain(phone, call, text if phone.api >= 24 else "Error: no package specified")
        return 1
    if phone.api < 24:
        await call.error(f"\tpkg: {paths[0]}")
    return await _install_paths(phone, call, parsed, paths)


async def _install_paths(
    phone: Phone, call: Invocation, parsed: ParsedOptions, paths: list[str]
) -> int:
    files = []
    for number, text in enumerate(paths):
        path = call.path(text)
        try:
            data = await phone.parts.files.read(path, limit_bytes=APK_LIMIT_BYTES)
        except OSError:
            return await _unreadable(phone, call, text)
        name = "base.apk" if len(paths) == 1 else f"{number}_{path.rpartition('/')[2]}"
        shown = path if phone.api < 24 else _staged_path()
        files.append(ApkFile(name=name, data=data, path=shown))
    if phone.api >= 24:
        await need_room(phone, call, "install", sum(len(file.data) for file in files))
    return await _finish(phone, call, parsed, files)


async def need_room(phone: Phone, call: Invocation, verb: str, size_bytes: int) -> None:
    """A session of that size can be made; else it throws. Java's `pm` prints that itself."""
    if size_bytes <= await free_bytes(phone):
        return
    text = creation_problem(phone.api)
    if phone.api < 28 and call.name == "pm":
        raise CommandRefused(f"Error: {text}")
    raise CommandRefused(f"\n{exception_head(phone.api, verb)}\n{text}", status=255)


async def free_bytes(phone: Phone) -> int:
    return (await phone.parts.machine.space()).free_bytes


def _staged_path() -> str:
    return "/data/app/vmdl1.tmp/base.apk"


async def _unreadable(phone: Phone, call: Invocation, path: str) -> int:
    """What each version says of a file that is not there."""
    if phone.api < 24:
        await call.error("Failure [INSTALL_FAILED_INVALID_URI]")
        return 1 if phone.api >= 22 else 0
    if phone.api < 28:
        await call.error(f"Error: Can't open non-file: {path}")
        return 1
    await call.error(
        f"Error: Unable to open file: {path}\nConsider using a file under /data/local/tmp/"
    )
    head = exception_head(phone.api, "install")
    await call.error(
        f"\n{head}\njava.lang.IllegalArgumentException: Error: Can't open file: {path}"
    )
    return 255


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
    await _complain(phone, call, line)
    return 1 if phone.api >= 22 else 0


async def _complain(phone: Phone, call: Invocation, line: str) -> None:
    """Java's `pm` (to 8.1) complains on stderr, `cmd package` on stdout."""
    if phone.api < 28 and call.name == "pm":
        await call.error(line)
    else:
        await call.out(line)


async def install_existing(phone: Phone, call: Invocation, words: Words) -> int:
    """For a package that is there for another user, or that `--user` uninstalled."""
    user_id = one_user(phone, words)
    name = words.required("Error: package name not specified")
    record = phone.parts.registry.get(name)
    if record is None or not record.code_present:
        await call.out(
            f"android.content.pm.PackageManager$NameNotFoundException: Package {name} doesn't exist"
        )
        return 1
    _existing_user(phone, str(user_id))
    await phone.installer.install_existing(record, user_id)
    await call.out(f"Package {name} installed for user: {user_id}")
    return 0


async def incremental(phone: Phone, call: Invocation, words: Words) -> int:
    """Not offered: adb then streams."""
    words.rest()
    refused = refusal("INSTALL_FAILED_INTERNAL_ERROR", "Incremental installation not allowed.")
    return await report(phone, call, refused, by_session=True)

"""`pm install`, and the session commands behind `adb install` and `install-multiple`."""

from __future__ import annotations

from dataclasses import replace

from holdfast.apk.decision import Door
from virtualdevice.system.commands.arguments import CommandRefused, Words
from virtualdevice.system.invocation import Invocation
from virtualdevice.system.packages.answers import InstallAnswer, refusal
from virtualdevice.system.packages.candidate import ApkFile
from virtualdevice.system.packages.rules import InstallOptions
from virtualdevice.system.packages.sessions import Session, is_valid_file_name
from virtualdevice.system.phone import Phone

__all__ = ["abandon", "commit", "create", "install", "install_existing", "remove_split", "write"]

APK_LIMIT_BYTES = 2 << 30
WITH_VALUE = frozenset(
    [
        "--originating-uri",
        "--referrer",
        "--abi",
        "--install-location",
        "--install-reason",
        "--volume",
        "--preload-reason",
        "--package-source",
        "--rollback",
        "--staged-ready-timeout",
    ]
)
WITHOUT_EFFECT = frozenset(
    [
        "-f",
        "-F",
        "-l",
        "-s",
        "--dont-kill",
        "--force-uuid",
        "--force-sdk",
        "--full",
        "--instant",
        "--ephemeral",
        "--preload",
        "--instantapp",
        "--multi-package",
        "--force-queryable",
        "--skip-verification",
        "--no-incremental",
        "--enable-rollback",
        "--update-ownership",
        "--skip-enable",
        "--force-non-staged",
        "--restrict-permissions",
        "--request-downgrade",
        "--ignore-dexopt-profile",
        "--apex",
        "--streaming",
        "--no-streaming",
    ]
)


class ParsedOptions:
    """The options of one install command, and the size that -S announced (-1: none)."""

    def __init__(self, words: Words, *, api: int) -> None:
        self.size_bytes = -1
        self.user = "all"
        self._values: dict[str, bool | str | None] = {}
        self._api = api
        while (option := words.option()) is not None:
            self._take(option, words)

    def _take(self, option: str, words: Words) -> None:
        self._values["given"] = True
        flags = {
            "-r": "replace",
            "-R": "forbid_replace",
            "-t": "allow_test",
            "-d": "allow_downgrade",
            "--allow-downgrade": "allow_downgrade",
            "--request-downgrade": "allow_downgrade",
            "-g": "grant_permissions",
            "--grant-all-requested-permissions": "grant_permissions",
            "--staged": "staged",
            "--bypass-low-target-sdk-block": "bypass_low_target_sdk",
        }
        named = {"-i": "installer", "-p": "inherit_from", "--pkg": "package_name"}
        if option in flags:
            self._values[flags[option]] = True
        elif option in named:
            self._values[named[option]] = words.value(option)
        elif option == "-S":
            self.size_bytes = _size(words.value(option))
        elif option == "--user":
            self.user = words.value(option)
        elif option in WITH_VALUE:
            words.value(option)
        elif option not in WITHOUT_EFFECT:
            raise CommandRefused(f"Error: Unknown option: {option}")

    @property
    def options(self) -> InstallOptions:
        return InstallOptions(**self._values)  # type: ignore[arg-type]


def _size(text: str) -> int:
    if not text.isdigit() or int(text) == 0:
        raise CommandRefused("Error: must specify an APK size")
    return int(text)


async def install(phone: Phone, call: Invocation, words: Words) -> int:
    """`pm install [options] [PATH|-]…`; with -S and no path the APK comes from stdin."""
    if phone.api >= 36 and not phone.booted:
        await call.error("Error: device is still booting.")
        return 1
    parsed = ParsedOptions(words, api=phone.api)
    paths = words.rest()
    if parsed.size_bytes >= 0 and paths in ([], ["-"]):
        data = await call.read(parsed.size_bytes)
        if len(data) < parsed.size_bytes:
            await call.out("Failure [INSTALL_FAILED_INVALID_APK: unexpected end of the stream]")
            return 1
        files = [ApkFile(name="base.apk", data=data, path=_staged_path())]
        return await _finish(phone, call, parsed.options, files)
    if not paths:
        text = "Error: must either specify a package size or an APK file"
        await _complain(phone, call, text if phone.api >= 24 else "Error: no package specified")
        return 1
    if phone.api < 24:
        await call.error(f"\tpkg: {paths[0]}")
    return await _install_paths(phone, call, parsed.options, paths)


async def _install_paths(
    phone: Phone, call: Invocation, options: InstallOptions, paths: list[str]
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
    return await _finish(phone, call, options, files)


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
    what = "Exception occurred while executing"
    head = f"{what} 'install':" if phone.api >= 30 else f"{what}:"
    await call.error(
        f"\n{head}\njava.lang.IllegalArgumentException: Error: Can't open file: {path}"
    )
    return 255


async def _finish(
    phone: Phone, call: Invocation, options: InstallOptions, files: list[ApkFile]
) -> int:
    door = Door.PM_INSTALL if phone.api < 24 else Door.SESSION_SHELL
    answer = await phone.installer.install(files, options, door=door, caller_uid=call.caller.uid)
    return await report(phone, call, answer, by_session=False)


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


async def create(phone: Phone, call: Invocation, words: Words) -> int:
    parsed = ParsedOptions(words, api=phone.api)
    session = phone.sessions.create(parsed.options, owner_uid=call.caller.uid)
    await call.out(f"Success: created install session [{session.id}]")
    return 0


def _session(phone: Phone, call: Invocation, words: Words) -> Session:
    text = words.required("Error: Session id required")
    session = phone.sessions.get(int(text)) if text.isdigit() else None
    if session is None or call.caller.uid not in (0, session.owner_uid):
        raise CommandRefused(
            f"Error: java.lang.SecurityException: Caller has no access to session {text}"
        )
    return session


async def write(phone: Phone, call: Invocation, words: Words) -> int:
    """`install-write [-S BYTES] SESSION NAME [PATH|-]`."""
    size_bytes = -1
    while (option := words.option()) is not None:
        if option != "-S":
            raise CommandRefused(f"Unknown option: {option}")
        size_bytes = _size(words.value(option))
    session = _session(phone, call, words)
    name = words.required("Error: split name required")
    path = words.next() or "-"
    if not is_valid_file_name(name):
        raise CommandRefused(f"Error: java.lang.IllegalArgumentException: Invalid name: {name}")
    if path == "-":
        if size_bytes < 0:
            article = "an" if phone.api >= 30 else "a"
            raise CommandRefused(f"Error: must specify {article} APK size")
        data = await call.read(size_bytes)
        if len(data) < size_bytes:
            raise CommandRefused(f"Error: failed to write; expected {size_bytes} bytes")
    else:
        try:
            data = await phone.parts.files.read(call.path(path), limit_bytes=APK_LIMIT_BYTES)
        except OSError as error:
            raise CommandRefused(f"Error: failed to write; {error}") from error
    session.files[name if name.endswith(".apk") else f"{name}.apk"] = data
    await call.out(f"Success: streamed {len(data)} bytes")
    return 0


async def remove_split(phone: Phone, call: Invocation, words: Words) -> int:
    session = _session(phone, call, words)
    session.removed_splits.append(words.required("Error: split name required"))
    await call.out("Success")
    return 0


async def commit(phone: Phone, call: Invocation, words: Words) -> int:
    while words.option() is not None:
        continue
    session = _session(phone, call, words)
    answer = await phone.sessions.commit(
        session, door=Door.SESSION_SHELL, caller_uid=call.caller.uid
    )
    return await report(phone, call, answer, by_session=True)


async def abandon(phone: Phone, call: Invocation, words: Words) -> int:
    session = _session(phone, call, words)
    phone.sessions.abandon(session.id)
    await call.out("Success")
    return 0


async def install_existing(phone: Phone, call: Invocation, words: Words) -> int:
    """For a package that is there for another user, or that `--user` uninstalled."""
    user = "0"
    while (option := words.option()) is not None:
        if option == "--user":
            user = words.value(option)
    name = words.required("Error: package name not specified")
    record = phone.parts.registry.get(name)
    if record is None or not record.code_present:
        raise CommandRefused(
            f"android.content.pm.PackageManager$NameNotFoundException: Package {name} doesn't exist"
        )
    phone.parts.registry.put(record.with_user(0, replace(record.user(), hidden=False)))
    await phone.parts.save_packages()
    await call.out(f"Package {name} installed for user: {user}")
    return 0


async def incremental(phone: Phone, call: Invocation, words: Words) -> int:
    """Not offered: adb then streams."""
    words.rest()
    refused = refusal("INSTALL_FAILED_INTERNAL_ERROR", "Incremental installation not allowed.")
    return await report(phone, call, refused, by_session=True)

"""Which shell commands destroy a user's data: a command line in, what it would destroy out.

Doubt counts as destruction: a deletion whose target is not plainly the harness's own temporary
folder is one. What a command says, not what it is meant for, is judged.
"""

from __future__ import annotations

import posixpath
import re
import shlex
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from holdfast.journal import DestructionKind

__all__ = ["Destruction", "destructions"]

SCRATCH = "/data/local/tmp/"
_MAX_DEPTH = 5


@dataclass(frozen=True, kw_only=True, slots=True)
class Destruction:
    """`target` is a package name, a path, a partition, or `*` for the whole device."""

    kind: DestructionKind
    target: str


def destructions(command: str, *, stdin: str = "") -> tuple[Destruction, ...]:
    """What running `command` in the device's shell would destroy, in order, each once.

    `stdin` counts where the command is a shell that reads it.
    """
    found = list(_in_script(command, depth=0))
    if stdin and any(_name(words[0]) in _SHELLS for words in _simple_commands(command) if words):
        found.extend(_in_script(stdin, depth=1))
    return tuple(dict.fromkeys(found))


_SHELLS = frozenset({"sh", "mksh", "ash", "bash"})
# Commands whose last words are a command again: name -> how many own words to skip at least.
_CARRIERS = {
    "su": 0, "nohup": 0, "exec": 0, "command": 0, "setsid": 0, "time": 0, "env": 0, "xargs": 0,
    "toybox": 0, "busybox": 0, "toolbox": 0, "timeout": 1, "nice": 0, "run-as": 1, "eval": 0,
    "!": 0, "if": 0, "then": 0, "else": 0, "elif": 0, "while": 0, "until": 0, "do": 0, "{": 0,
}  # fmt: skip
_ASSIGNMENT = re.compile(r"[A-Za-z_]\w*=")
_SUBSTITUTION = re.compile(r"\$\(|`")
_DELETERS = frozenset({"rm", "rmdir", "unlink", "shred", "truncate", "mv"})


def _in_script(script: str, *, depth: int) -> Iterator[Destruction]:
    if depth > _MAX_DEPTH:
        yield Destruction(kind=DestructionKind.DELETE_FILES, target=script.strip()[:200])
        return
    for words in _simple_commands(script):
        yield from _in_command(words, depth=depth)


def _in_command(words: Sequence[str], *, depth: int) -> Iterator[Destruction]:
    while words and _ASSIGNMENT.match(words[0]):
        words = words[1:]
    if not words:
        return
    for word in words:
        if _SUBSTITUTION.search(word):
            inner = word.replace("$(", ";").replace("`", ";").replace(")", ";")
            yield from _in_script(inner, depth=depth + 1)
    name, rest = _name(words[0]), list(words[1:])
    if name in _SHELLS:
        yield from _shell_call(rest, depth)
    elif name in _CARRIERS:
        yield from _carried(name, rest, depth)
    elif name in _DELETERS:
        yield from _deletions(name, rest)
    elif name in _JUDGES:
        yield from _JUDGES[name](rest)


def _name(word: str) -> str:
    return posixpath.basename(word)


def _shell_call(rest: list[str], depth: int) -> Iterator[Destruction]:
    """`sh -c 'script'`; a script file's content is unknown, and is the harness's own."""
    for number, word in enumerate(rest):
        if word.startswith("-") and word.endswith("c") and number + 1 < len(rest):
            yield from _in_script(rest[number + 1], depth=depth + 1)
            return


def _carried(name: str, rest: list[str], depth: int) -> Iterator[Destruction]:
    """A command inside a command. Every tail of it is judged, so that no option hides it."""
    for start, word in enumerate(rest):
        inner = _name(word)
        if start >= _CARRIERS[name] and inner not in _CARRIERS:
            yield from _in_command(rest[start:], depth=depth + 1)
        if " " in word or name == "eval":
            yield from _in_script(word, depth=depth + 1)


def _deletions(name: str, rest: list[str]) -> Iterator[Destruction]:
    """Deleting, emptying or moving away anything outside of the harness's temporary folder."""
    paths = [word for word in rest if not word.startswith("-")]
    if name == "mv":
        paths = paths[:-1]
    if name == "truncate" and "-s" in rest:
        size = rest[rest.index("-s") + 1 : rest.index("-s") + 2]
        paths = [path for path in paths if path not in size]
    for path in paths or (["?"] if name != "mv" and not rest else []):
        if not _is_scratch(path):
            yield Destruction(kind=DestructionKind.DELETE_FILES, target=path)


def _is_scratch(path: str) -> bool:
    plain = "$" not in path and "`" not in path
    return plain and posixpath.normpath(path).startswith(SCRATCH)


def _pm(rest: list[str]) -> Iterator[Destruction]:
    verb = rest[0] if rest else ""
    kinds = {
        "uninstall": DestructionKind.UNINSTALL,
        "uninstall-system-updates": DestructionKind.UNINSTALL,
        "clear": DestructionKind.CLEAR_DATA,
        "remove-user": DestructionKind.REMOVE_USER,
        "rollback-app": DestructionKind.RESTORE,
        "trim-caches": DestructionKind.CLEAR_DATA,
        "reset-permissions": DestructionKind.CLEAR_DATA,
    }
    if verb in kinds:
        yield Destruction(kind=kinds[verb], target=_operand(rest[1:]))


def _operand(words: Sequence[str]) -> str:
    """The first word that is no option nor an option's value; `*` if there is none."""
    takes_value = {"--user", "--versionCode", "-n", "--uid"}
    skip = False
    for word in words:
        if skip:
            skip = False
        elif word in takes_value:
            skip = True
        elif not word.startswith("-"):
            return word
    return "*"


def _cmd(rest: list[str]) -> Iterator[Destruction]:
    service = rest[0] if rest else ""
    if service == "package":
        yield from _pm(rest[1:])
    elif service == "testharness" or (service == "recovery" and "wipe" in " ".join(rest)):
        yield Destruction(kind=DestructionKind.WIPE_USERDATA, target="*")
    elif service in ("backup", "bmgr"):
        yield from _bmgr(rest[1:])


def _am(rest: list[str]) -> Iterator[Destruction]:
    text = " ".join(rest)
    if "MASTER_CLEAR" in text or "FACTORY_RESET" in text:
        yield Destruction(kind=DestructionKind.WIPE_USERDATA, target="*")
    if rest[:1] == ["clear-debug-app"]:
        return
    if "android.intent.action.DELETE" in text or "UNINSTALL_PACKAGE" in text:
        package = re.search(r"package:([\w.]+)", text)
        target = package[1] if package else "*"
        yield Destruction(kind=DestructionKind.UNINSTALL, target=target)


def _bmgr(rest: list[str]) -> Iterator[Destruction]:
    if rest[:1] == ["wipe"]:
        yield Destruction(kind=DestructionKind.WIPE_USERDATA, target=_operand(rest[1:]))
    elif rest[:1] == ["restore"]:
        yield Destruction(kind=DestructionKind.RESTORE, target=_operand(rest[1:]))


def _find(rest: list[str]) -> Iterator[Destruction]:
    acts = "-delete" in rest
    for word in ("-exec", "-execdir", "-ok"):
        if word in rest:
            acts = acts or any(True for _ in _in_command(rest[rest.index(word) + 1 :], depth=0))
    roots = [word for word in rest[: _first_option(rest)] if not _is_scratch(word)]
    if acts:
        for root in roots:
            yield Destruction(kind=DestructionKind.DELETE_FILES, target=root)


def _first_option(words: Sequence[str]) -> int:
    return next((n for n, word in enumerate(words) if word.startswith(("-", "(", "!"))), len(words))


def _dd(rest: list[str]) -> Iterator[Destruction]:
    for word in rest:
        if word.startswith("of=/dev/block"):
            yield Destruction(kind=DestructionKind.FLASH, target=word[3:])


def _whole_device(rest: list[str]) -> Iterator[Destruction]:
    yield Destruction(kind=DestructionKind.WIPE_USERDATA, target=rest[-1] if rest else "*")


def _volume(rest: list[str]) -> Iterator[Destruction]:
    """vdc and sm: formatting or partitioning storage."""
    if {"format", "partition", "wipe", "forget", "destroy_user_storage"} & set(rest):
        yield Destruction(kind=DestructionKind.WIPE_USERDATA, target=rest[-1])


def _recovery(rest: list[str]) -> Iterator[Destruction]:
    if any("wipe" in word for word in rest):
        yield Destruction(kind=DestructionKind.WIPE_USERDATA, target="*")


_JUDGES: dict[str, Callable[[list[str]], Iterator[Destruction]]] = {
    "pm": _pm, "cmd": _cmd, "am": _am, "bmgr": _bmgr, "find": _find, "dd": _dd,
    "wipe": _whole_device, "mkfs": _whole_device, "mke2fs": _whole_device,
    "make_ext4fs": _whole_device, "mkfs.ext4": _whole_device, "mkfs.f2fs": _whole_device,
    "make_f2fs": _whole_device, "newfs_msdos": _whole_device, "blkdiscard": _whole_device,
    "vdc": _volume, "sm": _volume, "recovery": _recovery, "uncrypt": _recovery,
}  # fmt: skip


def _simple_commands(script: str) -> Iterator[list[str]]:
    """The words of each simple command: operators and line ends part commands, quotes join words.

    Unquoted substitutions come out as commands of their own. Text that is no whole command (an
    open quote) is judged with its quotes taken away.
    """
    joined = script.replace("\\\n", "")
    try:
        tokens = _tokens(joined)
    except ValueError:
        tokens = _tokens(joined.replace("'", " ").replace('"', " ").replace("\\", " "))
    words: list[str] = []
    for token in tokens:
        if set(token) <= _OPERATORS:
            if words:
                yield words
            words = []
        else:
            words.append(token)
    if words:
        yield words


_OPERATORS = frozenset(";&|()`\n")


def _tokens(script: str) -> list[str]:
    lexer = shlex.shlex(script, posix=True, punctuation_chars="".join(_OPERATORS))
    lexer.whitespace = " \t\r"
    lexer.whitespace_split = True
    lexer.commenters = ""
    return list(lexer)

"""Reading a command's words the way Android's ShellCommand does."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from virtualdevice.system.invocation import Invocation

__all__ = ["CommandRefused", "IllegalArgument", "Words", "exception_head", "throwing", "thrown"]


class CommandRefused(Exception):
    """The command cannot go on; the exit status is `status`. The text goes to stderr, to stdout
    with `on_stdout`: services write most of their complaints where they write their answers."""

    def __init__(self, text: str, *, status: int = 1, on_stdout: bool = False) -> None:
        super().__init__(text)
        self.status = status
        self.on_stdout = on_stdout

    async def tell(self, call: Invocation) -> None:
        """Nothing, if there is no text."""
        if str(self):
            await (call.out(str(self)) if self.on_stdout else call.error(str(self)))


class IllegalArgument(CommandRefused):
    """java.lang.IllegalArgumentException, or a kind of it, from the reading of words; `message` is
    its own text. Commands that print it otherwise than after `Error: ` catch it."""

    def __init__(self, message: str, *, kind: str = "IllegalArgumentException") -> None:
        super().__init__(f"Error: {message}")
        self.message = message
        self.kind = kind


def exception_head(api: int, verb: str) -> str:
    """What ShellCommand says above an exception's stack."""
    if api < 26:
        return "Exception occurred while dumping:"
    if api < 30:
        return "Exception occurred while executing:"
    return f"Exception occurred while executing '{verb}':"


def thrown(api: int, verb: str, kind: str, text: str) -> CommandRefused:
    """An exception that a service's command did not catch: ShellCommand to 10 tells a
    SecurityException apart, BasicShellCommandHandler from 11 on does not. The stack is left out."""
    name = f"java.lang.{kind}: {text}"
    if api < 30 and kind == "SecurityException":
        return CommandRefused(f"Security exception: {text}\n\n{name}", status=255)
    return CommandRefused(f"\n{exception_head(api, verb)}\n{name}", status=255)


@contextmanager
def throwing(api: int, call: Invocation) -> Iterator[None]:
    """Words that a service's command cannot read end it with the exception that it met."""
    try:
        yield
    except IllegalArgument as problem:
        raise thrown(api, call.arguments[0], problem.kind, problem.message) from problem


class Words:
    """The words from left to right; options come before the first word that is none."""

    def __init__(self, words: Sequence[str]) -> None:
        self._words = list(words)
        self._last = ""

    def __len__(self) -> int:
        return len(self._words)

    def option(self) -> str | None:
        """The next word if it is an option; `--` ends them. A single `-` is none."""
        if not self._words or not self._words[0].startswith("-") or self._words[0] == "-":
            return None
        self._last = self._words.pop(0)
        return None if self._last == "--" else self._last

    def next(self) -> str | None:
        if not self._words:
            return None
        self._last = self._words.pop(0)
        return self._last

    def demanded(self) -> str:
        """ShellCommand.getNextArgRequired: the next word, or an exception that names the last."""
        word = self.next()
        if word is None:
            raise IllegalArgument(f'Argument expected after "{self._last}"')
        return word

    def required(self, what: str) -> str:
        """The next word; CommandRefused with `what` if there is none."""
        if not self._words:
            raise CommandRefused(what)
        return self._words.pop(0)

    def value(self, option: str) -> str:
        """The argument of an option."""
        word = self.next()
        if word is None:
            raise IllegalArgument(f'Argument expected after "{option}"')
        return word

    def number(self, *, default: int) -> int:
        """The next word if it is a number; it may be left out."""
        return int(self._words.pop(0)) if self._words and self._words[0].isdigit() else default

    def rest(self) -> list[str]:
        rest, self._words = self._words, []
        return rest

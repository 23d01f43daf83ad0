"""Reading a command's words the way Android's ShellCommand does."""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["CommandRefused", "Words"]


class CommandRefused(Exception):
    """The command cannot go on; the text goes to stderr, and the exit status is `status`."""

    def __init__(self, text: str, *, status: int = 1) -> None:
        super().__init__(text)
        self.status = status


class Words:
    """The words from left to right; options come before the first word that is none."""

    def __init__(self, words: Sequence[str]) -> None:
        self._words = list(words)

    def __len__(self) -> int:
        return len(self._words)

    def option(self) -> str | None:
        """The next word if it is an option; `--` ends them. A single `-` is none."""
        if not self._words or not self._words[0].startswith("-") or self._words[0] == "-":
            return None
        word = self._words.pop(0)
        return None if word == "--" else word

    def next(self) -> str | None:
        return self._words.pop(0) if self._words else None

    def required(self, what: str) -> str:
        """The next word; CommandRefused with `what` if there is none."""
        if not self._words:
            raise CommandRefused(what)
        return self._words.pop(0)

    def value(self, option: str) -> str:
        """The argument of an option."""
        return self.required(f"Error: Argument expected after {option!r}".replace("'", '"'))

    def number(self, *, default: int) -> int:
        """The next word if it is a number; it may be left out."""
        return int(self._words.pop(0)) if self._words and self._words[0].isdigit() else default

    def rest(self) -> list[str]:
        rest, self._words = self._words, []
        return rest

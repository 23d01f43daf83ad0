"""The words by which commands name users: a number, `all`, `current` or `cur`."""

from __future__ import annotations

from virtualdevice.system.commands.arguments import CommandRefused, IllegalArgument, Words
from virtualdevice.system.phone import Phone

__all__ = ["one_user", "user_named", "user_option"]


def user_named(phone: Phone, word: str) -> int | None:
    """None for `all` (UserHandle.parseUserArg)."""
    if word == "all":
        return None
    if word in ("current", "cur"):
        return phone.user_controller.current_id
    try:
        return int(word)
    except ValueError as error:
        raise IllegalArgument(f"Bad user number: {word}") from error


def user_option(phone: Phone, words: Words, *, default: int | None = 0) -> int | None:
    """That of `--user`; all other options before the first word are skipped."""
    user_id = default
    while (option := words.option()) is not None:
        if option == "--user":
            user_id = user_named(phone, words.value(option))
    return user_id


def one_user(phone: Phone, words: Words, *, default: int = 0) -> int:
    """As user_option, for what is done for one user only."""
    user_id = user_option(phone, words, default=default)
    if user_id is None:
        text = "java.lang.IllegalArgumentException: Call does not support special user #-1"
        raise CommandRefused(f"Error: {text}", status=255 if phone.api >= 28 else 1)
    return user_id

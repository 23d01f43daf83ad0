"""Who answers `pm`, and in which words it says that it cannot go on.

To 8.1 `pm` is a Java program of its own (Pm.java): it complains on stderr, and 5.0's ends with
status 0 whatever came. From 9 on it is `cmd package` (PackageManagerShellCommand), which complains
where it answers, for the most part. Both names are there from 7.0 to 8.1, with a few verbs that
Java's `pm` only hands on.
"""

from __future__ import annotations

from virtualdevice.system.commands.arguments import CommandRefused, IllegalArgument, thrown
from virtualdevice.system.commands.user_words import user_named
from virtualdevice.system.invocation import Invocation
from virtualdevice.system.phone import Phone

__all__ = ["is_java", "one_user_named", "pm_refused", "pm_threw", "pm_unread"]

FIRST_SERVICE_API = 28
FIRST_STATUS_API = 22


def is_java(phone: Phone, call: Invocation) -> bool:
    """Whether Java's `pm` was called, and no service."""
    return call.name == "pm" and phone.api < FIRST_SERVICE_API


def pm_refused(
    phone: Phone, call: Invocation, text: str, *, status: int = 1, on_stdout: bool = True
) -> CommandRefused:
    """`status` and `on_stdout` are the service's."""
    if is_java(phone, call):
        return CommandRefused(text, status=1 if phone.api >= FIRST_STATUS_API else 0)
    return CommandRefused(text, status=status, on_stdout=on_stdout)


def pm_threw(phone: Phone, call: Invocation, kind: str, text: str) -> CommandRefused:
    """What the package manager threw at the command."""
    if is_java(phone, call):
        return pm_refused(phone, call, f"Error: java.lang.{kind}: {text}")
    return thrown(phone.api, call.arguments[0], kind, text)


def pm_unread(phone: Phone, call: Invocation, problem: IllegalArgument) -> CommandRefused:
    """What the reading of the words threw."""
    return pm_threw(phone, call, problem.kind, problem.message)


def one_user_named(phone: Phone, call: Invocation, word: str) -> int:
    """For what is done for one user only."""
    if is_java(phone, call) and not word.isdigit():
        raise pm_refused(phone, call, "Error: no USER_ID specified")
    user_id = user_named(phone, word)
    if user_id is None:
        text = "Call does not support special user #-1"
        raise pm_threw(phone, call, "IllegalArgumentException", text)
    return user_id

"""Intents as `am`'s words spell them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from virtualdevice.system.activities import Intent
from virtualdevice.system.commands.arguments import CommandRefused, Words

__all__ = ["StartOptions", "read_intent"]

SIMPLE: dict[str, Callable[[Intent, str], Intent]] = {
    "-a": lambda intent, value: replace(intent, action=value),
    "-d": lambda intent, value: replace(intent, data=value),
    "-t": lambda intent, value: replace(intent, type=value),
    "-p": lambda intent, value: replace(intent, package=value),
}
EXTRA_OPTIONS = frozenset(
    [
        "-e",
        "--es",
        "--ez",
        "--ei",
        "--el",
        "--ef",
        "--eu",
        "--ecn",
        "--eia",
        "--ela",
        "--efa",
        "--esa",
        "--eial",
        "--esal",
    ]
)
VALUE_OPTIONS = frozenset(
    [
        "--display",
        "--windowingMode",
        "--activityType",
        "--task",
        "-P",
        "--start-profiler",
        "--receiver-permission",
        "--sampling",
    ]
)
MAIN, LAUNCHER = "android.intent.action.MAIN", "android.intent.category.LAUNCHER"
VIEW = "android.intent.action.VIEW"


class StartOptions:
    """What of `am start` is not the intent."""

    def __init__(self) -> None:
        self.wait = False
        self.user = "current"
        self.stop_first = False


def read_intent(words: Words, options: StartOptions) -> Intent:
    """All that is left of the words."""
    intent = Intent()
    while len(words):
        word = words.next() or ""
        intent = _take(intent, word, words, options)
    return intent


def _take(intent: Intent, word: str, words: Words, options: StartOptions) -> Intent:
    if word in SIMPLE:
        return SIMPLE[word](intent, words.value(word))
    if word == "-c":
        return replace(intent, categories=(*intent.categories, words.value(word)))
    if word in ("-n", "--component"):
        component = words.value(word)
        if "/" not in component:
            raise CommandRefused(f"Error: Bad component name: {component}")
        return replace(intent, component=component)
    if word == "-f":
        return replace(intent, flags=int(words.value(word), 0))
    if word in EXTRA_OPTIONS:
        name, value = words.value(word), words.value(word)
        return replace(intent, extras={**intent.extras, name: value})
    if word == "--esn":
        return replace(intent, extras={**intent.extras, words.value(word): ""})
    if not word.startswith("-"):
        return _positional(intent, word)
    if word == "--user":
        options.user = words.value(word)
    elif word in VALUE_OPTIONS:
        words.value(word)
    options.wait = options.wait or word == "-W"
    options.stop_first = options.stop_first or word == "-S"
    return intent


def _positional(intent: Intent, word: str) -> Intent:
    """The last word may be a URI, a component or a package."""
    if ":" in word:
        return replace(intent, action=intent.action or VIEW, data=word)
    if "/" in word:
        action = intent.action or MAIN
        return replace(intent, action=action, categories=(LAUNCHER,), component=word)
    return replace(intent, action=MAIN, categories=(LAUNCHER,), package=word)

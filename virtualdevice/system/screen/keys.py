"""Android's key codes (android.view.KeyEvent), as far as this phone heeds them."""

from __future__ import annotations

from enum import IntEnum

__all__ = ["KEY_NAMES", "KeyCode", "key_code", "letter_of"]


class KeyCode(IntEnum):
    HOME = 3
    BACK = 4
    DPAD_UP = 19
    DPAD_DOWN = 20
    DPAD_LEFT = 21
    DPAD_RIGHT = 22
    DPAD_CENTER = 23
    VOLUME_UP = 24
    VOLUME_DOWN = 25
    POWER = 26
    CAMERA = 27
    COMMA = 55
    PERIOD = 56
    TAB = 61
    SPACE = 62
    ENTER = 66
    DEL = 67
    MINUS = 69
    MENU = 82
    SEARCH = 84
    ESCAPE = 111
    MOVE_HOME = 122
    MOVE_END = 123
    NUMPAD_ENTER = 160
    VOLUME_MUTE = 164
    APP_SWITCH = 187
    SLEEP = 223
    WAKEUP = 224
    PASTE = 279


ZERO, A = 7, 29
PUNCTUATION = {KeyCode.COMMA: ",", KeyCode.PERIOD: ".", KeyCode.SPACE: " ", KeyCode.MINUS: "-"}
KEY_NAMES = {
    "home": KeyCode.HOME,
    "back": KeyCode.BACK,
    "left": KeyCode.DPAD_LEFT,
    "right": KeyCode.DPAD_RIGHT,
    "up": KeyCode.DPAD_UP,
    "down": KeyCode.DPAD_DOWN,
    "center": KeyCode.DPAD_CENTER,
    "menu": KeyCode.MENU,
    "search": KeyCode.SEARCH,
    "enter": KeyCode.ENTER,
    "delete": KeyCode.DEL,
    "del": KeyCode.DEL,
    "recent": KeyCode.APP_SWITCH,
    "volume_up": KeyCode.VOLUME_UP,
    "volume_down": KeyCode.VOLUME_DOWN,
    "volume_mute": KeyCode.VOLUME_MUTE,
    "camera": KeyCode.CAMERA,
    "power": KeyCode.POWER,
}


def letter_of(code: int) -> str:
    """What the key types; empty for a key that types nothing."""
    if ZERO <= code <= ZERO + 9:
        return str(code - ZERO)
    if A <= code <= A + 25:
        return chr(ord("a") + code - A)
    return PUNCTUATION.get(KeyCode(code), "") if code in set(KeyCode) else ""


def key_code(word: str) -> int | None:
    """`4`, `BACK` or `KEYCODE_BACK`; None if it is no key."""
    if word.isdigit():
        return int(word)
    name = word.upper().removeprefix("KEYCODE_")
    if name in KeyCode.__members__:
        return KeyCode[name]
    if len(name) == 1 and name.isalpha():
        return A + ord(name) - ord("A")
    return ZERO + int(name) if len(name) == 1 and name.isdigit() else None

"""Which language a dialog is written in, whatever the device says.

By script first (Hangul is Korean, kana are Japanese, …); between languages of one script by the
words that each file lists as `common`, and by the letters that only one of them has.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from functools import cache

from holdfast.dialogs.captured import DialogText
from holdfast.dialogs.wording import closest_language, known_languages, rules_for

__all__ = ["language_of", "same_language"]

# Scripts that one language of ours alone is written in.
_ONE_LANGUAGE = {
    "HANGUL": "ko",
    "HIRAGANA": "ja",
    "KATAKANA": "ja",
    "HEBREW": "he",
    "DEVANAGARI": "hi",
    "THAI": "th",
    "GREEK": "el",
}
_SCRIPTS = (*_ONE_LANGUAGE, "CJK", "CYRILLIC", "ARABIC", "LATIN")
_SHARED: dict[str, tuple[str, ...]] = {
    "CJK": ("zh-CN", "zh-TW", "ja"),
    "CYRILLIC": ("ru", "uk"),
    "ARABIC": ("ar", "fa"),
}
# A few words of Latin script (an app's name, `OK`) stand in texts of every script.
_ENOUGH_LETTERS = 4
_WORD = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)?")


def language_of(dialog: DialogText) -> str:
    """The tag of the rules that fit the words; the dialog's own tag where the words do not tell."""
    said = closest_language(dialog.language)
    text = dialog.whole or " ".join(dialog.buttons)
    if dialog.app_name:
        text = text.replace(dialog.app_name, " ")
    scripts = _scripts(text)
    script = _main_script(scripts)
    if script is None:
        return said or dialog.language
    if script in _ONE_LANGUAGE:
        return _ONE_LANGUAGE[script]
    rivals = _rivals(script)
    if script == "LATIN" and said is not None and said not in rivals:
        # Few Latin letters in a dialog of another script are names of apps and versions.
        rivals = (*rivals, said)
    return _closest_by_words(text, rivals, said) or said or dialog.language


def same_language(written_in: str, device: str) -> bool:
    """Whether a user of the device's language reads it. Both forms of Chinese count apart."""
    return written_in == (closest_language(device) or device)


@cache
def _script_of(character: str) -> str | None:
    if not character.isalpha():
        return None
    name = unicodedata.name(character, "")
    return next((s for s in _SCRIPTS if name.startswith(s)), None)


def _scripts(text: str) -> Counter[str]:
    found = Counter(map(_script_of, text))
    return Counter({script: n for script, n in found.items() if script is not None})


def _main_script(scripts: Counter[str]) -> str | None:
    """The script of the text; names in Latin letters do not outweigh words of another."""
    if scripts["HIRAGANA"] + scripts["KATAKANA"] >= 2:
        return "HIRAGANA"
    others = [(n, s) for s, n in scripts.items() if s != "LATIN" and n >= _ENOUGH_LETTERS]
    if others and max(others)[0] * 4 >= scripts["LATIN"]:
        return max(others)[1]
    return "LATIN" if scripts["LATIN"] >= _ENOUGH_LETTERS else None


@cache
def _rivals(script: str) -> tuple[str, ...]:
    apart = {*_ONE_LANGUAGE.values(), *(t for tags in _SHARED.values() for t in tags)}
    named = _SHARED.get(script) or tuple(t for t in known_languages() if t not in apart)
    return tuple(t for t in named if t in known_languages())


def _closest_by_words(text: str, rivals: tuple[str, ...], said: str | None) -> str | None:
    """The rival whose common words are most in the text; `said` wins unless clearly beaten."""
    counts: dict[str, int] = {}
    words = set(_WORD.findall(unicodedata.normalize("NFC", text).lower()))
    for tag in rivals:
        rules = rules_for(tag)
        counts[tag] = rules.common_words(text, words) if rules is not None else 0
    best = max(counts.values(), default=0)
    own = counts.get(said or "", 0)
    if best < 2 or best < own + 2:
        return said
    return next(tag for tag, n in counts.items() if n == best)

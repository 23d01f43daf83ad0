"""The wording rules of each language: files that a native speaker can mend, read into patterns.

`languages/README.md` says what each list of such a file means. A file's name is its language tag.
"""

from __future__ import annotations

import tomllib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Final

from holdfast.dialogs.patterns import Folded, Hit, PatternError, Patterns, Script, fold
from holdfast.errors import ConfigurationError, Place

__all__ = [
    "LanguageRules",
    "Meaning",
    "closest_language",
    "known_languages",
    "load_language",
    "rules_for",
]

_OTHER_KEYS = frozenset({"name", "script", "false_warning", "common", "abbreviations"})
LANGUAGES: Final = Path(__file__).with_name("languages")


class Meaning(StrEnum):
    """What the words of a list mean. The lists of a language file bear these names."""

    IGNORE = "ignore"
    USER_DATA = "user_data"
    BARE_DATA = "bare_data"
    SMALL_DATA = "small_data"
    OTHER_THING = "other_thing"
    OTHER_MATTER = "other_matter"
    NOTHING_LOST = "nothing_lost"
    LOST = "lost"
    NOT_KEPT = "not_kept"
    DATA_LOSS = "data_loss"
    KEPT = "kept"
    KEEP_OPTION = "keep_option"
    NOT = "not"
    MAYBE = "maybe"
    TO_AVOID = "to_avoid"
    CANNOT_RETURN = "cannot_return"
    NOT_BACKED_UP = "not_backed_up"
    BREAK = "break"
    UNINSTALL = "uninstall"
    APP = "app"
    WIPE_OPERATION = "wipe_operation"
    SIGNATURE = "signature"
    DIFFERS = "differs"
    CONFLICT = "conflict"
    BACKUP = "backup"
    WHOLE_DEVICE = "whole_device"
    BUTTON_CANCEL = "button_cancel"
    BUTTON_DISMISS = "button_dismiss"
    BUTTON_CONFIRM = "button_confirm"
    BUTTON_BACKUP = "button_backup"


# Of lists that both hold a label, the first here counts.
BUTTONS = (
    Meaning.BUTTON_CANCEL,
    Meaning.BUTTON_BACKUP,
    Meaning.BUTTON_CONFIRM,
    Meaning.BUTTON_DISMISS,
)
_BUTTON_ORDER = tuple(m.value for m in BUTTONS)
# Words that are met in any language: programs are translated only in part.
_EVERYWHERE: dict[str, str] = {
    "button_cancel": "cancel; <android:string/cancel>; not now; later; no; deny; skip; back",
    "button_dismiss": "ok; done; close; got it; <android:string/ok>",
    "button_confirm": "<android:string/yes>; yes; continue; install; update; uninstall; delete",
    "button_backup": "backup; back up",
    # The package manager's own codes, which some installers show as they are.
    "conflict": "install_failed_update_incompatible; install_failed_shared_user_incompatible; "
    "install_parse_failed_inconsistent_certificates; install_failed_conflicting_provider",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class FalseWarning:
    """A warning that shipped though the operation is harmless. A text is one if it states a loss
    as certain and every pattern of `parts` is found in it."""

    parts: tuple[Patterns, ...]
    seen_in: str


@dataclass(frozen=True, kw_only=True, slots=True)
class LanguageRules:
    """One language: its script, its words, and texts known to be false."""

    language: str
    name: str
    script: Script
    patterns: Patterns
    button_patterns: Patterns
    false_warnings: tuple[FalseWarning, ...]
    common: frozenset[str]
    abbreviations: frozenset[str]

    def common_words(self, text: str, words: Collection[str]) -> int:
        """How many different `common` words of the language are in a text, whose words are given
        in lower case."""
        if not self.script.spaced:
            return sum(word in text for word in self.common)
        return len(self.common.intersection(words))

    def fold(self, text: str) -> Folded:
        return fold(text, self.script)

    def find(self, folded: Folded) -> list[Hit]:
        return self.patterns.find(folded.text)

    def button_meaning(self, label: str) -> Meaning | None:
        """What a button's words say: the longest words of a list that stand first in it."""
        hits = self.button_patterns.find(self.fold(label.strip()).text)
        if not hits:
            return None
        first = min(hit.start for hit in hits)
        rivals = [hit for hit in hits if hit.start == first]
        best = max(rivals, key=lambda hit: (hit.end, -_BUTTON_ORDER.index(hit.category)))
        if best.category == Meaning.BUTTON_CANCEL and _goes_on_without_backup(hits, best):
            return Meaning.BUTTON_CONFIRM
        return Meaning(best.category)

    def false_warning(self, text: str) -> FalseWarning | None:
        """The known false warning that `text` is, if it announces a loss at all."""
        folded = self.fold(text).text
        return next(
            (w for w in self.false_warnings if all(part.find(folded) for part in w.parts)), None
        )


def _goes_on_without_backup(hits: list[Hit], refusal: Hit) -> bool:
    """`No backup, continue to install` refuses the backup, not the installation."""
    after = [h for h in hits if h.start > refusal.start]
    backups = [h.start for h in after if h.category == Meaning.BUTTON_BACKUP]
    return any(
        h.category == Meaning.BUTTON_CONFIRM and h.start > place for h in after for place in backups
    )


@cache
def known_languages() -> tuple[str, ...]:
    """The tags that rules exist for."""
    return tuple(sorted(path.stem for path in LANGUAGES.glob("*.toml")))


# Tags that Android still uses, or that differ from a file's name without differing in what matters.
_SAME: dict[str, str] = {
    "iw": "he", "in": "id", "zh": "zh-CN", "zh-SG": "zh-CN", "zh-HANS": "zh-CN",
    "zh-HANT": "zh-TW", "zh-HK": "zh-TW", "zh-MO": "zh-TW", "pt": "pt-BR",
}  # fmt: skip


@cache
def rules_for(language: str) -> LanguageRules | None:
    """The rules of a language tag (`de-AT` and `de_AT` mean `de`); None if there are none."""
    tag = closest_language(language)
    return load_language(LANGUAGES / f"{tag}.toml") if tag else None


@cache
def closest_language(language: str) -> str | None:
    """The file that serves a tag."""
    parts = language.replace("_", "-").split("-")
    parts = [parts[0].lower(), *(p.removeprefix("r").upper() for p in parts[1:])]
    for length in range(len(parts), 0, -1):
        tag = "-".join(parts[:length])
        tag = _SAME.get(tag, tag)
        if tag in known_languages():
            return tag
    return None


@cache
def load_language(path: Path) -> LanguageRules:
    """Read a language file. Raises ConfigurationError that names file, list and pattern."""
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigurationError(str(error), place=Place(file=path)) from error
    script = _script(content, path)
    words = {
        m: (*_lines(content, m.value, path), *_listed(_EVERYWHERE.get(m.value, "")))
        for m in Meaning
    }
    unknown = set(content) - {m.value for m in Meaning} - _OTHER_KEYS
    if unknown:
        raise ConfigurationError(
            f"unknown list; allowed are {', '.join(Meaning)}",
            place=Place(file=path, path=min(unknown)),
        )
    try:
        return LanguageRules(
            language=path.stem,
            name=str(content.get("name", path.stem)),
            script=script,
            patterns=Patterns(
                ((m.value, p) for m, lines in words.items() if m not in BUTTONS for p in lines),
                script=script,
            ),
            button_patterns=Patterns(
                ((m.value, p) for m in BUTTONS for p in words[m]),
                script=script,
            ),
            false_warnings=_false_warnings(content, path, script),
            common=frozenset(" ".join(_lines(content, "common", path)).lower().split()),
            abbreviations=_plain_words(content, "abbreviations", path, script),
        )
    except PatternError as error:
        raise ConfigurationError(str(error), place=Place(file=path)) from error


def _script(content: Mapping[str, object], path: Path) -> Script:
    table = content.get("script", {})
    allowed = {"spaced", "fold_accents", "turkish_i", "joiner_is_space"}
    if not isinstance(table, dict) or not set(table) <= allowed:
        place = Place(file=path, path="script")
        raise ConfigurationError(f"allowed are {', '.join(sorted(allowed))}", place=place)
    return Script(**{key: bool(value) for key, value in table.items()})


def _lines(content: Mapping[str, object], key: str, path: Path) -> tuple[str, ...]:
    value = content.get(key, "")
    if not isinstance(value, str):
        raise ConfigurationError(
            "must be a text, a pattern a line", place=Place(file=path, path=key)
        )
    return _listed(value)


def _plain_words(
    content: Mapping[str, object], key: str, path: Path, script: Script
) -> frozenset[str]:
    lines = _lines(content, key, path)
    return frozenset(fold(word, script).text for line in lines for word in line.split())


def _listed(text: str) -> tuple[str, ...]:
    """Patterns, one a line or several on a line with `;` between; `#` begins a comment."""
    lines = (line.partition("#")[0] for line in text.splitlines())
    return tuple(p.strip() for line in lines for p in line.split(";") if p.strip())


def _false_warnings(
    content: Mapping[str, object], path: Path, script: Script
) -> tuple[FalseWarning, ...]:
    entries = content.get("false_warning", [])
    place = Place(file=path, path="false_warning")
    if not isinstance(entries, list) or any(set(e) != {"all_of", "seen_in"} for e in entries):
        raise ConfigurationError("must be tables of `all_of` and `seen_in`", place=place)
    return tuple(
        FalseWarning(
            parts=tuple(
                Patterns((("part", p) for p in _listed(line)), script=script)
                for line in str(entry["all_of"]).strip().splitlines()
            ),
            seen_in=str(entry["seen_in"]),
        )
        for entry in entries
    )

"""What the judge says about a dialog: values with the words that decided, and their JSON form."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from holdfast.dialogs.policy import Clause, Demand

__all__ = [
    "ClauseResult",
    "DataLossStatement",
    "DialogVerdict",
    "FalseAlarm",
    "Judgement",
    "Operation",
    "Outcome",
    "Part",
    "Words",
]


class DialogVerdict(StrEnum):
    CORRECT_WARNING = "correct_warning"
    INADEQUATE_WARNING = "inadequate_warning"
    NOT_A_DATA_WARNING = "not_a_data_warning"


class DataLossStatement(StrEnum):
    """Whether the words say that the user's data will be lost."""

    YES = "yes"
    HEDGED = "hedged"
    NO = "no"


class Outcome(StrEnum):
    MET = "met"
    MISSED = "missed"
    UNDECIDABLE = "undecidable"


class Operation(StrEnum):
    """What the operation that the dialog announces does, where that is known from elsewhere."""

    KEEPS_DATA = "keeps_data"
    DESTROYS_DATA = "destroys_data"
    UNKNOWN = "unknown"


class Part(StrEnum):
    """Where in a dialog words stand."""

    TITLE = "title"
    MESSAGE = "message"
    BUTTON = "button"


@dataclass(frozen=True, kw_only=True, slots=True, order=True)
class Words:
    """Words of the dialog that decided something.

    `start` and `end` count characters of that part in Unicode's composed form (NFC); of a button,
    `index` says which one.
    """

    part: Part
    text: str
    start: int
    end: int
    index: int = 0

    def to_json(self) -> dict[str, object]:
        return {
            "part": self.part.value,
            "text": self.text,
            "start": self.start,
            "end": self.end,
            "index": self.index,
        }


@dataclass(frozen=True, kw_only=True, slots=True)
class ClauseResult:
    """One clause: what came out, why in one sentence, and the dialog's own words for it."""

    clause: Clause
    demand: Demand
    outcome: Outcome
    why: str
    words: tuple[Words, ...] = ()

    @property
    def required(self) -> bool:
        return self.demand is Demand.REQUIRED

    @property
    def fails(self) -> bool:
        """A required clause that is missed."""
        return self.required and self.outcome is Outcome.MISSED

    def to_json(self) -> dict[str, object]:
        return {
            "clause": self.clause.value,
            "demand": self.demand.value,
            "outcome": self.outcome.value,
            "why": self.why,
            "words": [words.to_json() for words in self.words],
        }


@dataclass(frozen=True, kw_only=True, slots=True)
class FalseAlarm:
    """The words announce a loss that does not happen. `known`: a mistranslation that shipped."""

    why: str
    words: tuple[Words, ...]
    known: bool

    def to_json(self) -> dict[str, object]:
        return {
            "why": self.why,
            "words": [words.to_json() for words in self.words],
            "known": self.known,
        }


@dataclass(frozen=True, kw_only=True, slots=True)
class Judgement:
    """Everything said of one dialog. `written_in` is the language whose rules read it."""

    id: str
    verdict: DialogVerdict
    why: str
    says_data_will_be_lost: DataLossStatement
    names_consequence_in_plain_words: bool
    relies_on_jargon_only: bool
    names_the_app: bool
    offers_cancel: bool
    offers_backup_or_safe_path: bool
    is_safe_update_statement: bool
    clauses: tuple[ClauseResult, ...]
    written_in: str
    false_alarm: FalseAlarm | None = None

    @property
    def missed(self) -> tuple[ClauseResult, ...]:
        return tuple(c for c in self.clauses if c.outcome is Outcome.MISSED)

    @property
    def failing(self) -> tuple[ClauseResult, ...]:
        """The required clauses that it misses."""
        return tuple(c for c in self.clauses if c.fails)

    def clause(self, clause: Clause) -> ClauseResult:
        return next(c for c in self.clauses if c.clause is clause)

    def to_json(self) -> dict[str, object]:
        """As `holdfast judge` writes it: one flat object, clauses as a list of objects."""
        return {
            "id": self.id,
            "verdict": self.verdict.value,
            "why": self.why,
            "says_data_will_be_lost": self.says_data_will_be_lost.value,
            "names_consequence_in_plain_words": self.names_consequence_in_plain_words,
            "relies_on_jargon_only": self.relies_on_jargon_only,
            "names_the_app": self.names_the_app,
            "offers_cancel": self.offers_cancel,
            "offers_backup_or_safe_path": self.offers_backup_or_safe_path,
            "is_safe_update_statement": self.is_safe_update_statement,
            "written_in": self.written_in,
            "false_warning": self.false_alarm.to_json() if self.false_alarm else None,
            "clauses": [clause.to_json() for clause in self.clauses],
        }

"""What a correct warning must say and do: the clauses, each required or only advised.

The clauses follow the lawyers' answer in the report of 2018; `policy.yaml` is the default, and a
lab may write its own. A policy changes what is demanded, never what is seen: every clause is always
judged and shown.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Final

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap
from ruamel.yaml.error import YAMLError

from holdfast.errors import ConfigurationError, Place

__all__ = ["DEFAULT_POLICY", "Clause", "ClausePolicy", "Demand", "Policy", "load_policy"]

DEFAULT_POLICY: Final = Path(__file__).with_name("policy.yaml")
MAX_POLICY_BYTES = 1_000_000


class Clause(StrEnum):
    """One thing that a correct warning does."""

    BEFORE_ANYTHING_IS_DESTROYED = "before_anything_is_destroyed"
    SAYS_DATA_WILL_BE_LOST = "says_data_will_be_lost"
    PLAIN_WORDS = "plain_words"
    NAMES_THE_APP = "names_the_app"
    WHAT_OR_HOW_MUCH = "what_or_how_much"
    SAFE_WAY_OUT = "safe_way_out"
    AFFIRMATIVE_NOT_DEFAULT = "affirmative_not_default"
    SECOND_CONFIRMATION = "second_confirmation"
    RISK_SET_APART = "risk_set_apart"
    BACKUP_OFFERED = "backup_offered"
    IN_DEVICE_LANGUAGE = "in_device_language"
    TEXT_NOT_CUT_OFF = "text_not_cut_off"


class Demand(StrEnum):
    """Whether a warning that misses the clause is inadequate, or only worse than it could be."""

    REQUIRED = "required"
    ADVISED = "advised"


@dataclass(frozen=True, kw_only=True, slots=True)
class ClausePolicy:
    """`asks`: the clause in one sentence, as a vendor reads it."""

    demand: Demand
    asks: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Policy:
    """Every clause with its demand, and where it was written."""

    name: str
    file: Path
    clauses: Mapping[Clause, ClausePolicy]

    def requires(self, clause: Clause) -> bool:
        return self.clauses[clause].demand is Demand.REQUIRED


@cache
def load_policy(path: Path = DEFAULT_POLICY) -> Policy:
    """Read a policy. Raises ConfigurationError that names file, line, path and what is allowed."""
    content = _read(path)
    allowed = {"version", "name", "clauses"}
    for key in content:
        if key not in allowed:
            raise _wrong(path, content, str(key), f"unknown key; allowed: {_names(allowed)}")
    if content.get("version") != 1:
        raise _wrong(path, content, "version", "must be 1")
    clauses = content.get("clauses")
    if not isinstance(clauses, CommentedMap):
        raise _wrong(path, content, "clauses", "must map clauses to their demand")
    known = {c.value for c in Clause}
    for key in clauses:
        if key not in known:
            raise _wrong(
                path, clauses, f"clauses.{key}", f"unknown clause; allowed: {_names(known)}"
            )
    missing = known - set(clauses)
    if missing:
        raise _wrong(path, content, "clauses", f"leaves out {_names(missing)}")
    return Policy(
        name=str(content.get("name", path.stem)),
        file=path,
        clauses={c: _clause(path, clauses, c) for c in Clause},
    )


def _read(path: Path) -> CommentedMap:
    try:
        raw = path.read_bytes()
        if len(raw) > MAX_POLICY_BYTES:
            raise ConfigurationError("larger than a megabyte", place=Place(file=path))
        content = YAML(typ="rt").load(raw.decode("utf-8"))
    except OSError as error:
        what = f"it cannot be read: {error.strerror}"
        raise ConfigurationError(what, place=Place(file=path)) from error
    except UnicodeDecodeError as error:
        raise ConfigurationError("it is no UTF-8 text", place=Place(file=path)) from error
    except YAMLError as error:
        raise ConfigurationError(f"is no YAML: {error}", place=Place(file=path)) from error
    if not isinstance(content, CommentedMap):
        raise ConfigurationError("must be a mapping", place=Place(file=path))
    return content


def _clause(path: Path, clauses: CommentedMap, clause: Clause) -> ClausePolicy:
    where = f"clauses.{clause}"
    entry = clauses[clause.value]
    if not isinstance(entry, CommentedMap) or set(entry) != {"demand", "asks"}:
        raise _wrong(path, clauses, where, "must have `demand` and `asks`, and nothing else")
    demand, asks = entry["demand"], entry["asks"]
    if demand not in {d.value for d in Demand}:
        raise _wrong(path, entry, f"{where}.demand", f"must be {' or '.join(Demand)}")
    if not isinstance(asks, str) or not asks.strip():
        raise _wrong(path, entry, f"{where}.asks", "must be a sentence")
    return ClausePolicy(demand=Demand(demand), asks=" ".join(asks.split()))


def _wrong(path: Path, within: CommentedMap, where: str, what: str) -> ConfigurationError:
    key = where.rpartition(".")[2]
    line = within.lc.key(key)[0] + 1 if key in within else within.lc.line + 1
    return ConfigurationError(what, place=Place(file=path, line=line, path=where))


def _names(names: set[str]) -> str:
    return ", ".join(sorted(names))

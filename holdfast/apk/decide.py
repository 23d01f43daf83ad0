"""The package manager's decision on one APK, for every Android from 5.0 to 16.

The checks come in each version's own order, because an earlier one hides the later ones: a lower
version by another signer is told to be a downgrade, not a stranger. `predict` and the virtual
device both rest on this.
"""

from __future__ import annotations

from holdfast.apk import decide_identity as identity
from holdfast.apk import decide_stages as stages
from holdfast.apk.codes import Code
from holdfast.apk.decide_case import Case, Refusal, Stage
from holdfast.apk.decide_signers import explain
from holdfast.apk.decision import (
    Candidate,
    DataFate,
    Decision,
    Delivery,
    DeviceRules,
    Door,
    InstalledPackage,
    Outcome,
    Preload,
)

__all__ = [
    "Candidate",
    "DataFate",
    "Decision",
    "Delivery",
    "DeviceRules",
    "Door",
    "InstalledPackage",
    "Outcome",
    "Preload",
    "decide",
]

_SCAN: tuple[Stage, ...] = (
    stages.code_missing,
    stages.scheme_too_old,
    identity.providers,
    stages.libraries,
    identity.platform_signed_joins,
    identity.shared_user_joined,
)
# 5.0 compares permissions first, and signers only while it replaces.
_LOLLIPOP: tuple[Stage, ...] = (
    stages.downgrade,
    stages.older_sdk,
    stages.test_only,
    stages.certificates,
    identity.permissions,
    stages.abis,
    stages.already_exists,
    identity.signer_late,
    identity.shared_user_changed,
    *_SCAN,
)
_BEFORE_SESSIONS: tuple[Stage, ...] = (
    stages.downgrade,
    stages.older_sdk,
    stages.test_only,
    stages.certificates,
    stages.opting_out,
    identity.signer,
    identity.permissions,
    stages.abis,
    stages.already_exists,
    identity.shared_user_changed,
    *_SCAN,
)
# From 7.0 on every install is a session, whose APKs are verified when it is committed.
_SESSIONS: tuple[Stage, ...] = (
    stages.certificates,
    stages.updatable,
    stages.split_missing,
    stages.downgrade,
    stages.older_sdk,
    stages.malformed,
    stages.target_sdk_floor,
    stages.test_only,
    stages.opting_out,
    identity.signer,
    identity.permission_groups,
    identity.permissions,
    stages.abis,
    stages.already_exists,
    stages.restricted,
    identity.shared_user_changed,
    *_SCAN,
)
_ORDER: tuple[tuple[int, tuple[Stage, ...]], ...] = (
    (24, _SESSIONS),
    (22, _BEFORE_SESSIONS),
    (0, _LOLLIPOP),
)


def _stages(case: Case) -> tuple[Stage, ...]:
    order = next(order for since, order in _ORDER if case.api >= since)
    by_session = case.delivery.door is not Door.PM_INSTALL
    first = (stages.base_missing, stages.certificates) if by_session else (stages.base_missing,)
    return first + order


def decide(candidate: Candidate, rules: DeviceRules, delivery: Delivery) -> Decision:
    """What `rules.api` does with the candidate; a value, whatever it is."""
    case = Case(candidate=candidate, rules=rules, delivery=delivery)
    for stage in _stages(case):
        refusal = stage(case)
        if refusal is not None:
            return _refused(case, refusal)
    record = case.record
    return Decision(
        outcome=Outcome.INSTALL if case.installed is None else Outcome.UPDATE,
        code=Code.SUCCEEDED,
        data=DataFate.NONE if record is None else DataFate.KEPT,
        signing_after=candidate.verification.details,
        why=_why_taken(case, record),
        uncertain=candidate.verification.uncertain,
    )


def _why_taken(case: Case, record: InstalledPackage | None) -> str:
    new = case.signing
    if record is None or new is None:
        return "nothing of that name is there"
    if record.upgrade_key_sets:
        why = "signed by what the record's upgrade key sets, or its signers, ask for"
    else:
        why = explain(new, record.signing, api=case.api)
    return why if record.installed else f"{why}; it takes over what uninstall -k has left"


def _refused(case: Case, refusal: Refusal) -> Decision:
    record = case.record
    return Decision(
        outcome=Outcome.REFUSE,
        code=refusal.code,
        text=refusal.text,
        data=DataFate.NONE if record is None else DataFate.KEPT,
        signing_after=None if record is None else record.signing,
        why=refusal.why,
        extra=refusal.extra,
        log=refusal.log or refusal.text,
        uncertain=case.candidate.verification.uncertain,
    )

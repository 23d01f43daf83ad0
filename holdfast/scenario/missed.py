"""What a user misses though no file of the app shows it, as far as a verdict counts it."""

from __future__ import annotations

from holdfast.scenario.evidence import Evidence

__all__ = ["missed_by_user"]

# App-ops, permissions and roles: see userdata/detectors.py. Android asks for them in one app.
_ASKED_FOR = frozenset({21, 22, 23})
_ASKS = "permissioncontroller", "grantpermissions", "requestrole"


def missed_by_user(evidence: Evidence) -> tuple[str, ...]:
    """What the user misses though no file shows it: rights, settings, another app's records.

    Where somebody answered Android's own question about a permission or a role, what changed of
    them is that answer.
    """
    theirs = _ASKED_FOR if _answered_for_rights(evidence) else frozenset()
    return tuple(
        f"{detection.title}: {detection.evidence[0]}"
        for detection in evidence.detections
        if detection.missed and detection.number not in theirs
    )


def _answered_for_rights(evidence: Evidence) -> bool:
    answered = {answer.number for answer in evidence.answers}
    return any(
        word in f"{dialog.package_name}/{dialog.activity}".lower()
        for dialog in evidence.dialogs
        if dialog.number in answered
        for word in _ASKS
    )

"""What becomes of an update on every Android: installed APK and update APK, level by level."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from holdfast.apk.archive import Apk
from holdfast.apk.decide import Candidate, Decision, Delivery, DeviceRules, InstalledPackage, decide
from holdfast.apk.decide_case import Case
from holdfast.apk.decide_stages import certificates, older_sdk
from holdfast.apk.decision import DataFate, Outcome, Preload

__all__ = ["API_LEVELS", "Situation", "predict"]

API_LEVELS = range(21, 37)
"""Android 5.0 to 16."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Situation:
    """What else is so on the device. `others` are further installed APKs.

    `system`: the installed APK is on the system image; `preload`: another copy is, of which the
    installed one is an update. `uninstalled_keeping_data`: nothing but `uninstall -k`'s record.
    """

    build_type: str = "user"
    others: Sequence[Apk] = ()
    system: bool = False
    preload: Apk | None = None
    uninstalled_keeping_data: bool = False


def predict(
    installed: Apk,
    update: Apk,
    *,
    apis: Iterable[int] = API_LEVELS,
    delivery: Delivery | None = None,
    situation: Situation | None = None,
) -> tuple[Decision, ...]:
    """One decision for each level, in the order of `apis`.

    Where the installed APK could not be on a level at all, the decision is its own refusal, and
    says so. Raises ApkFormatError if one of the files is no APK.
    """
    delivery, situation = delivery or Delivery(), situation or Situation()
    return tuple(_predict(installed, update, api, delivery, situation) for api in apis)


def _predict(
    installed: Apk, update: Apk, api: int, delivery: Delivery, situation: Situation
) -> Decision:
    before = Candidate.of(installed, api=api)
    impossible = _cannot_be_there(before, api)
    if impossible is not None:
        return impossible
    present = (*(Candidate.of(other, api=api) for other in situation.others), before)
    taken = (_package(candidate, api) for candidate in present)
    packages = {package.package_name: package for package in taken if package is not None}
    own = before.manifest.package_name
    packages[own] = replace(
        packages[own],
        system=situation.system or situation.preload is not None,
        preload=_preload(situation, api),
        installed=not situation.uninstalled_keeping_data,
    )
    rules = DeviceRules(api=api, build_type=situation.build_type, packages=packages)
    return decide(Candidate.of(update, api=api), rules, delivery)


def _package(candidate: Candidate, api: int) -> InstalledPackage | None:
    """None for an APK that this level would not have taken."""
    details = candidate.verification.details
    return None if details is None else InstalledPackage.of(candidate.manifest, details, api=api)


def _preload(situation: Situation, api: int) -> Preload | None:
    if situation.preload is None:
        return None
    package = _package(Candidate.of(situation.preload, api=api), api)
    if package is None:
        return None
    return Preload(version_code=package.version_code, signing=package.signing)


def _cannot_be_there(before: Candidate, api: int) -> Decision | None:
    signed = replace(before, signing_of_old_scheme=None)
    case = Case(candidate=signed, rules=DeviceRules(api=api), delivery=Delivery())
    refusal = older_sdk(case) or certificates(case)
    if refusal is None:
        return None
    return Decision(
        outcome=Outcome.REFUSE,
        code=refusal.code,
        text=refusal.text,
        data=DataFate.NONE,
        why=f"the installed APK itself cannot be on API {api}: {refusal.why}",
        uncertain=before.verification.uncertain,
    )

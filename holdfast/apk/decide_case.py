"""One question put to the package manager, and what a check may answer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from holdfast.apk.codes import Code
from holdfast.apk.decision import Candidate, Delivery, DeviceRules, InstalledPackage
from holdfast.apk.signing_details import SigningDetails
from holdfast.apk.texts import Message, message

__all__ = ["PLATFORM", "Case", "Refusal", "Stage", "failed_scan"]

PLATFORM = "android"
"""The package whose signer is the platform's."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Refusal:
    code: Code
    text: str
    why: str
    extra: str = ""
    log: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Case:
    """One question put to the package manager."""

    candidate: Candidate
    rules: DeviceRules
    delivery: Delivery

    @property
    def api(self) -> int:
        return self.rules.api

    @property
    def name(self) -> str:
        return self.candidate.manifest.package_name

    @property
    def record(self) -> InstalledPackage | None:
        """What is known of the package, also after `uninstall -k`."""
        return self.rules.packages.get(self.name)

    @property
    def installed(self) -> InstalledPackage | None:
        record = self.record
        return record if record is not None and record.installed else None

    @property
    def replacing(self) -> InstalledPackage | None:
        return self.installed if self.delivery.replaces(self.api) else None

    @property
    def signing(self) -> SigningDetails | None:
        return self.candidate.signing

    def says(self, kind: Message, **values: object) -> str:
        return message(kind, self.api, package=self.name, path=self.candidate.path, **values)

    def others(self) -> list[InstalledPackage]:
        return [p for name, p in self.rules.packages.items() if name != self.name]


Stage = Callable[[Case], Refusal | None]


def failed_scan(case: Case, text: str, *, reconciling: bool = False) -> str:
    """How errors of scanning are wrapped."""
    if case.api < 29:
        code_path = case.candidate.code_path or f"/data/app/{case.name}-1"
        return f"Package couldn't be installed in {code_path}: {text}"
    return f"Reconciliation failed...: {text}" if reconciling else f"Scanning Failed.: {text}"

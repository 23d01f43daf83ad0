"""What the package manager answers, in the words and on the stream of each Android version."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["NUMBERS", "InstallAnswer", "status_of"]

NUMBERS = {
    "INSTALL_SUCCEEDED": 1,
    "INSTALL_FAILED_ALREADY_EXISTS": -1,
    "INSTALL_FAILED_INVALID_APK": -2,
    "INSTALL_FAILED_INVALID_URI": -3,
    "INSTALL_FAILED_INSUFFICIENT_STORAGE": -4,
    "INSTALL_FAILED_UPDATE_INCOMPATIBLE": -7,
    "INSTALL_FAILED_UID_CHANGED": -24,
    "INSTALL_FAILED_INTERNAL_ERROR": -110,
    "INSTALL_FAILED_ABORTED": -115,
    "INSTALL_PARSE_FAILED_NOT_APK": -100,
    "INSTALL_FAILED_MISSING_SPLIT": -28,
}
SUCCESS, FAILURE, ABORTED, INVALID, STORAGE = 0, 1, 3, 4, 6
CONFLICT, INCOMPATIBLE = 5, 7
STATUS_BY_CODE = {
    "INSTALL_SUCCEEDED": SUCCESS,
    "INSTALL_FAILED_ALREADY_EXISTS": CONFLICT,
    "INSTALL_FAILED_INVALID_APK": INVALID,
    "INSTALL_FAILED_INVALID_URI": INVALID,
    "INSTALL_FAILED_UID_CHANGED": INVALID,
    "INSTALL_PARSE_FAILED_NOT_APK": INVALID,
    "INSTALL_FAILED_INSUFFICIENT_STORAGE": STORAGE,
    "INSTALL_FAILED_UPDATE_INCOMPATIBLE": CONFLICT,
    "INSTALL_FAILED_ABORTED": ABORTED,
    "INSTALL_FAILED_MISSING_SPLIT": INCOMPATIBLE,
}


def status_of(code: str) -> int:
    """The PackageInstaller status of a code that the decision table does not give one for."""
    return STATUS_BY_CODE.get(code, FAILURE)


@dataclass(frozen=True, kw_only=True, slots=True)
class InstallAnswer:
    """The end of one installation. `status` is PackageInstaller's public one; `number` the old;
    `log` what the log has instead of the text."""

    code: str
    text: str = ""
    number: int = 0
    status: int = SUCCESS
    package_name: str = ""
    extra: str = ""
    log: str = ""

    @property
    def succeeded(self) -> bool:
        return self.code == "INSTALL_SUCCEEDED"

    def line(self, api: int, *, by_session: bool) -> str:
        """`Success`, `Failure [CODE: text]`; before 7.0 `pm install` gives the code alone."""
        if self.succeeded:
            return "Success"
        if self.text and (api >= 24 or by_session):
            return f"Failure [{self.code}: {self.text}]"
        return f"Failure [{self.code}{self.extra}]"


def refusal(code: str, text: str = "", *, package_name: str = "") -> InstallAnswer:
    """A refusal that is decided before the rules are asked."""
    return InstallAnswer(
        code=code,
        text=text,
        number=NUMBERS.get(code, -110),
        status=status_of(code),
        package_name=package_name,
    )

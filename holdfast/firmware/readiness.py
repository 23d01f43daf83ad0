"""Ready, proved by services: tables of questions, after the boot itself was waited for.

That `sys.boot_completed` is set says little; each of these is something that a test will lean on.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from holdfast.deadline import Deadline, wait_until
from holdfast.device.shell import Shell
from holdfast.errors import DeviceRefused, LabError

__all__ = ["QUESTIONS", "USABLE", "Question", "prove_ready", "prove_usable"]

_ONE_LOOK_S = 20.0
_FOCUS = re.compile(r"mCurrentFocus=Window\{\S+ (?:u\d+ )?([\w.]+/[\w.$]+)")
_RESOLVED = re.compile(r"^([\w.]+)/[\w.$]+\s*$", re.MULTILINE)
# They take the launcher's place until the user's storage is open, the phone is set up, or somebody
# has chosen among several.
_NO_LAUNCHER = re.compile(r"FallbackHome|setupwizard|provision|ResolverActivity", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True, slots=True)
class Question:
    """`holds` judges what `command` prints."""

    service: str
    command: str
    holds: Callable[[str], bool]
    min_api: int = 21


def _question(service: str, command: str, answer: str, *, min_api: int = 21) -> Question:
    """`answer` must be found in what it prints."""
    pattern = re.compile(answer, re.MULTILINE)

    def holds(said: str) -> bool:
        return pattern.search(said) is not None

    return Question(service=service, command=command, holds=holds, min_api=min_api)


def _launcher_in_front(said: str) -> bool:
    """Where Android tells which one it is (from 7), the window in front must be that one's."""
    focus = _FOCUS.search(said)
    if focus is None or _NO_LAUNCHER.search(focus[1]):
        return False
    resolved = _RESOLVED.search(said)
    return resolved is None or focus[1].startswith(f"{resolved[1]}/")


QUESTIONS: tuple[Question, ...] = (
    _question("the boot has completed", "getprop sys.boot_completed", r"^1$"),
    _question("the boot animation has ended", "echo is=$(getprop init.svc.bootanim)",
              r"^is=(stopped)?$"),
    _question("the package manager answers", "pm path android", r"^package:/"),
    _question("the activity manager answers", "service check activity", r": found"),
    _question("shared storage is mounted", "ls -d /sdcard/. && echo mounted", r"^mounted$"),
    _question("the user's storage is open",
              "echo $(getprop ro.crypto.type)=$(getprop sys.user.0.ce_available)",
              r"^file=true$|^(?!file=)\w*=", min_api=24),
    _question("a window has the focus", "dumpsys window windows; dumpsys window | grep mCurrent",
              r"mCurrentFocus=Window\{"),
    # It returns when the queues are idle; what it prints differs, and vendors took the verb out.
    _question("no broadcast is waiting", "am wait-for-broadcast-idle >/dev/null 2>&1; echo idle",
              r"^idle$", min_api=26),
)  # fmt: skip
"""After each boot."""

USABLE: tuple[Question, ...] = (
    Question(
        service="the launcher is in front",
        command="input keyevent 3; "
        "cmd package resolve-activity --brief -a android.intent.action.MAIN"
        " -c android.intent.category.HOME 2>/dev/null; "
        "dumpsys window windows | grep mCurrent; dumpsys window | grep mCurrent",
        holds=_launcher_in_front,
    ),
)
"""Once it is set up."""


def prove_ready(
    shell: Shell,
    *,
    api: int,
    deadline: Deadline,
    device: str,
    questions: Sequence[Question] = QUESTIONS,
) -> None:
    """Ask each until it is answered rightly. LabError names the service that is not ready."""
    for question in questions:
        if api >= question.min_api:
            _prove(shell, question, deadline, device)


def prove_usable(
    shell: Shell, ui: Callable[[Deadline], object], *, api: int, deadline: Deadline, device: str
) -> None:
    """A person could begin, and a test could look: the launcher is in front, and the UI server
    answers to `ui`. LabError names what is not so."""
    prove_ready(shell, api=api, deadline=deadline, device=device, questions=USABLE)
    try:
        ui(deadline)
    except LabError as error:
        raise LabError(
            f"not ready: the UI server answers is not so; {error}", device=device
        ) from error


def _prove(shell: Shell, question: Question, deadline: Deadline, device: str) -> None:
    last = {"said": ""}

    def answered() -> bool:
        step = deadline.within(_ONE_LOOK_S)
        try:
            said = shell.run(question.command, deadline=step).all_text
        except (LabError, DeviceRefused) as error:
            last["said"] = str(error)
            return False
        last["said"] = " ".join(said.split())[-200:]
        return question.holds(said)

    try:
        wait_until(answered, deadline, what=question.service, every_s=0.2, device=device)
    except LabError as error:
        raise LabError(
            f"not ready: {question.service} is not so; `{question.command}` says {last['said']!r}",
            device=device,
        ) from error

"""Ready, proved by services: a table of questions, after the boot itself was waited for.

That `sys.boot_completed` is set says little; each of these is something that a test will lean on.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from holdfast.deadline import Deadline, wait_until
from holdfast.device.shell import Shell
from holdfast.errors import DeviceRefused, LabError

__all__ = ["QUESTIONS", "Question", "prove_ready"]

_ONE_LOOK_S = 20.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Question:
    """`answer` must be found in what `command` prints."""

    service: str
    command: str
    answer: re.Pattern[str]
    min_api: int = 21


def _question(service: str, command: str, answer: str, *, min_api: int = 21) -> Question:
    pattern = re.compile(answer, re.MULTILINE)
    return Question(service=service, command=command, answer=pattern, min_api=min_api)


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


def prove_ready(shell: Shell, *, api: int, deadline: Deadline, device: str) -> None:
    """Ask each until it is answered rightly. LabError names the service that is not ready."""
    for question in QUESTIONS:
        if api < question.min_api:
            continue
        last = {"said": ""}

        def answered(asked: Question = question, last: dict[str, str] = last) -> bool:
            step = deadline.within(_ONE_LOOK_S)
            try:
                said = shell.run(asked.command, deadline=step).all_text
            except (LabError, DeviceRefused) as error:
                last["said"] = str(error)
                return False
            last["said"] = " ".join(said.split())[-200:]
            return asked.answer.search(said) is not None

        try:
            wait_until(answered, deadline, what=question.service, every_s=0.2, device=device)
        except LabError as error:
            raise LabError(
                f"not ready: {question.service} is not so; `{question.command}` says "
                f"{last['said']!r}",
                device=device,
            ) from error

"""A rig without a device, for tests of the plugin: it answers from a file beside the scenarios.

`answers.json` maps a device's name to what its scenarios come to: a verdict, or one of the ways to
fail of `FakeRig._fail`. Every use is noted in `uses.log`, so that a test can see that no device was
shared.
"""

from __future__ import annotations

import errno
import json
import os
import signal
from pathlib import Path

from holdfast.errors import ConfigurationError, DeviceRefused, LabError
from holdfast.journal import DestructionKind, Journal, Ledger
from holdfast.pytest_plugin.rig import DeviceFacts, Need, NotCovered
from holdfast.scenario.result import ScenarioPlan, ScenarioResult, VerdictKind

ANSWERS = "answers.json"
USES = "uses.log"
PHONE_NUMBER, ACCOUNT, PASSWORD, IMEI = (
    "13800138000", "li.wei@example.com", "hunter2hunter2", "490154203237518",
)  # fmt: skip


class FakeRig:
    """Behaves as `answers.json` in `folder` says."""

    def __init__(self, name: str, folder: Path) -> None:
        self._name = name
        self._folder = folder
        self._journal = Journal()
        self._ledger = Ledger(self._journal)
        self._note("made")

    def ready(self, journal: Journal, ledger: Ledger) -> DeviceFacts:
        self._journal, self._ledger = journal, ledger
        if self._answer() == "never_ready":
            raise LabError("it does not boot", device=self._name)
        return DeviceFacts(
            name=self._name,
            model=f"model of {self._name}",
            build=f"maker/{self._name}:7.1.1",
            api=25,
            offers=frozenset({Need.STORE}),
        )

    def run(self, plan: ScenarioPlan) -> ScenarioResult:
        self._note("run")
        answer = self._answer()
        with self._journal.step("deliver", route=plan.route):
            self._journal.attach("dialog", "words", media_type="text/plain")
            self._fail(answer)
        return ScenarioResult(plan=plan, verdict=VerdictKind(answer), reasons=("as it was told",))

    def suspect(self, why: str) -> None:
        self._note(f"suspect {why}")

    def release(self) -> None:
        self._note("release")

    def _fail(self, answer: str) -> None:
        match answer:
            case "leaks":
                with self._journal.step(f"call tel:{PHONE_NUMBER}", account=ACCOUNT):
                    page = f"<p>psk={PASSWORD}</p>"
                    self._journal.attach(f"shot {IMEI}.html", page, media_type="text/html")
                raise LabError(f"it asked {ACCOUNT} for password={PASSWORD}", device=self._name)
            case "lab":
                raise LabError("the cable fell out", device=self._name)
            case "refused":
                raise DeviceRefused("push", answer="No space left", device=self._name)
            case "configuration":
                raise ConfigurationError("this is no APK")
            case "bug":
                raise ZeroDivisionError("our own fault")
            case "full":
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            case "not_covered":
                raise NotCovered("no store adapter")
            case "interrupt":
                raise KeyboardInterrupt
            case "die":
                os.kill(os.getpid(), signal.SIGKILL)
            case "terminated":
                os.kill(os.getpid(), signal.SIGTERM)
            case "hang":
                signal.pause()
            case "undeclared":
                self._ledger.record(
                    device=self._name,
                    kind=DestructionKind.UNINSTALL,
                    target="org.example.chat",
                    command="pm uninstall org.example.chat",
                )

    def _answer(self) -> str:
        answers: dict[str, str] = json.loads((self._folder / ANSWERS).read_text(encoding="utf-8"))
        return answers.get(self._name, VerdictKind.UPDATED_DATA_INTACT.value)

    def _note(self, what: str) -> None:
        with (self._folder / USES).open("a", encoding="utf-8") as log:
            log.write(f"{os.getpid()} {self._name} {what}\n")

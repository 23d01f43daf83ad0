"""Records for the report tests: a small run with one of each outcome."""

from __future__ import annotations

import io
from pathlib import Path

from PIL import Image

from holdfast.report.record import (
    AttachmentRecord,
    LedgerLine,
    Outcome,
    StepRecord,
    TestRecord,
    write_record,
)
from holdfast.scenario.result import (
    AskedClause,
    DialogSeen,
    Persona,
    Route,
    ScenarioPlan,
    ScenarioResult,
    UpdateKind,
    VerdictKind,
)

HOSTILE = "<script>alert('x')</script>\x00 & \"quoted\""


def result(
    verdict: VerdictKind, *, message: str = "APP签名不一致，可能导致数据丢失"
) -> ScenarioResult:
    return ScenarioResult(
        plan=ScenarioPlan(
            update=UpdateKind.SAME_SIGNER, route=Route.STORE_PUSH, persona=Persona.CARELESS
        ),
        verdict=verdict,
        reasons=("the warning was not correct",),
        missed_clauses=("says that the data will be lost",),
        dialogs=(
            DialogSeen(
                number=1,
                kind="dialog",
                package_name="com.smartisanos.appstore",
                title="",
                message=message,
                buttons=("取消", "确认"),
                language="zh-CN",
                first_seen_ms=700,
                stayed_ms=900,
                verdict="inadequate_warning",
                answered="careless tapped 确认 after 0.4 s",
                clauses=(
                    AskedClause(
                        clause="says that the data will be lost",
                        outcome="missed",
                        required=True,
                        words="可能",
                    ),
                ),
                screenshot="dialog 1",
            ),
        ),
        changes=("1 204 of 1 204 messages in EnMicroMsg.db are gone",),
    )


def record(
    name: str,
    outcome: Outcome,
    *,
    device: str = "nut-pro-2",
    why: str = "because",
    ticket: str = "",
) -> TestRecord:
    passed = outcome in (Outcome.PASSED, Outcome.UNEXPECTED_PASS)
    verdict = (
        VerdictKind.UPDATED_DATA_INTACT if passed else VerdictKind.LOSS_AFTER_INADEQUATE_WARNING
    )
    return TestRecord(
        id=f"{device}-{name}",
        nodeid=f"tests/test_store.py::{name}[{device}]",
        title=f"same_signer by store_push {name}",
        device=device,
        model="OD103",
        build="SMARTISAN/trident/trident:7.1.1/NGI77B/1:user/release-keys",
        api=25,
        outcome=outcome,
        why=why,
        started_at=1_700_000_000.0,
        duration_s=4.25,
        ticket=ticket,
        result=None if outcome is Outcome.NOT_COVERED else result(verdict),
        steps=(StepRecord(title="lease", depth=0, started_at=1.0, duration_s=0.5),),
        attachments=(
            AttachmentRecord(name="dialog 1", file="dialog-1.png", media_type="image/png"),
        ),
        ledger=(
            LedgerLine(
                at=1.0,
                kind="uninstall",
                target="org.example.chat",
                command="pm uninstall org.example.chat",
                declared_by="restore to a clean state",
            ),
        ),
    )


def write_with_picture(test_record: TestRecord, evidence: Path) -> None:
    write_record(test_record, evidence)
    picture = io.BytesIO()
    Image.new("RGB", (1080, 1920), "white").save(picture, "PNG")
    (evidence / test_record.id / "dialog-1.png").write_bytes(picture.getvalue())

from __future__ import annotations

import io

from holdfast.pytest_plugin.progress import Finished, LiveProgress, PlainProgress
from holdfast.report.record import Outcome


def finished(outcome: Outcome, why: str = "because") -> Finished:
    return Finished(device="phone", title="it keeps", outcome=outcome, why=why, duration_s=1.25)


def test_a_log_gets_one_line_for_each_finished_test() -> None:
    stream = io.StringIO()
    shown = PlainProgress(stream)
    shown.expect({"phone": 2, "": 10})
    shown.at("phone", "it keeps", "deliver")
    shown.finished(finished(Outcome.PASSED))
    shown.finished(finished(Outcome.FAILED, "lost\nall"))
    shown.close()
    assert stream.getvalue().splitlines() == [
        "12 scenarios on 1 device: phone",
        "[ 1/12] phone                    it keeps: ok (1.2 s)",
        "[ 2/12] phone                    it keeps: FAILED (1.2 s) - lost all",
    ]


def test_a_single_scenario_is_counted_in_the_singular() -> None:
    stream = io.StringIO()
    PlainProgress(stream).expect({"phone": 1})
    assert stream.getvalue() == "1 scenario on 1 device: phone\n"


def test_a_log_tells_what_somebody_has_to_do() -> None:
    stream = io.StringIO()
    PlainProgress(stream).at("phone", "it keeps", "waiting for somebody to accept the key")
    assert stream.getvalue() == "phone: waiting for somebody to accept the key (it keeps)\n"


def test_a_terminal_shows_a_row_for_each_device_and_what_did_not_pass() -> None:
    stream = io.StringIO()
    shown = LiveProgress(stream)
    shown.expect({"phone": 2, "tablet": 1})
    shown.at("tablet", "it keeps", "reboot")
    shown.finished(finished(Outcome.FAILED, "lost [red]all[/]"))
    table = shown.as_text()
    shown.close()
    assert "FAILED  phone  it keeps: lost [red]all[/]" in stream.getvalue()
    assert "1/2" in table
    assert "it keeps · reboot" in table

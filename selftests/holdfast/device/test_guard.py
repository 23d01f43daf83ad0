"""The guard before the shell: nothing that destroys data is sent undeclared."""

from __future__ import annotations

import pytest

from holdfast.deadline import Deadline
from holdfast.device.guard import GuardedShell
from holdfast.device.packages import Packages
from holdfast.errors import ConfigurationError, HarnessFault
from holdfast.journal import Declaration, DestructionKind, Journal, Ledger
from selftests.holdfast.device.fakes import FakeFiles, FakeShell


def soon() -> Deadline:
    return Deadline.after(60)


UNINSTALL = Declaration(
    device="phone",
    kind=DestructionKind.UNINSTALL,
    target="org.example.app",
    reason="the control",
)


class Bench:
    def __init__(self, *replies: tuple[str, str]) -> None:
        self.plain = FakeShell(replies=[*replies, ("", "")])
        self.ledger = Ledger(Journal())
        self.shell = GuardedShell(self.plain, device="phone", ledger=self.ledger)
        self.files = FakeFiles()
        self.packages = Packages(self.shell, self.files, api=34)


def test_an_undeclared_uninstall_is_refused_and_never_sent() -> None:
    bench = Bench()
    with pytest.raises(HarnessFault, match="undeclared"):
        bench.packages.uninstall("org.example.app", deadline=soon())
    assert bench.plain.sent == []
    assert len(bench.ledger.undeclared) == 1


def test_a_declared_one_is_sent_and_stands_in_the_ledger() -> None:
    bench = Bench(("pm uninstall", "Success"))
    with bench.ledger.declared(UNINSTALL):
        assert bench.packages.uninstall("org.example.app", deadline=soon()).success
    assert bench.plain.sent == ["pm uninstall org.example.app"]
    assert bench.ledger.undeclared == ()


def test_a_declaration_for_one_app_covers_no_other() -> None:
    bench = Bench()
    with bench.ledger.declared(UNINSTALL), pytest.raises(HarnessFault):
        bench.packages.uninstall("org.example.other", deadline=soon())


def test_a_stream_and_a_script_on_the_input_are_guarded_too() -> None:
    bench = Bench()
    with pytest.raises(HarnessFault):
        list(bench.shell.stream("rm -r /sdcard/DCIM", deadline=soon()))
    with pytest.raises(HarnessFault):
        bench.shell.run("sh", deadline=soon(), stdin=b"pm clear org.example.app\n")
    assert bench.plain.sent == []


def test_an_install_sends_exactly_the_flags_it_was_given() -> None:
    bench = Bench(("pm install", "Success"))
    bench.packages.install(b"apk", ("-r", "-d"), deadline=soon())
    assert bench.plain.sent[-1].startswith("pm install -r -d /data/local/tmp/holdfast-")
    bench.packages.install(b"apk", deadline=soon())
    assert bench.plain.sent[-1].startswith("pm install /data/local/tmp/holdfast-")


def test_a_refused_install_is_not_tried_again_nor_anything_uninstalled() -> None:
    refusal = "Failure [INSTALL_FAILED_UPDATE_INCOMPATIBLE]"
    bench = Bench(("pm install", refusal))
    answer = bench.packages.install(b"apk", ("-r",), deadline=soon())
    assert answer.code == "INSTALL_FAILED_UPDATE_INCOMPATIBLE"
    assert len(bench.plain.sent) == 1
    assert bench.ledger.commands == []


def test_a_session_is_made_written_and_committed() -> None:
    bench = Bench(
        ("install-create", "Success: created install session [77]"),
        ("install-write", "Success: streamed 3 bytes"),
        ("install-commit", "Success"),
    )
    assert bench.packages.install_session(b"apk", ("-r",), deadline=soon()).success
    sent = bench.plain.sent
    assert sent[0] == "pm install-create -r"
    assert sent[1].startswith("pm install-write -S 3 77 base.apk /data/local/tmp/")
    assert sent[2] == "pm install-commit 77"


def test_a_session_that_cannot_be_written_is_abandoned_and_its_answer_kept() -> None:
    bench = Bench(
        ("install-create", "Success: created install session [77]"),
        ("install-write", "Error: no space"),
        ("install-abandon", "Success"),
    )
    answer = bench.packages.install_session(b"apk", ("-r",), deadline=soon())
    assert "no space" in answer.raw
    assert not answer.success
    assert "pm install-abandon 77" in bench.plain.sent


@pytest.mark.parametrize("name", ["x; rm -r /sdcard", "a", "-k", "a..b", ""])
def test_what_is_no_package_name_reaches_no_shell(name: str) -> None:
    bench = Bench()
    with pytest.raises(ConfigurationError):
        bench.packages.record(name, deadline=soon())
    assert bench.plain.sent == []

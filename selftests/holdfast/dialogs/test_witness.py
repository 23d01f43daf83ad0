"""What is read beside the screen: when the app was gone, and what was notified unseen."""

from __future__ import annotations

from dataclasses import dataclass, field

from holdfast.dialogs.captured import Destroyed
from holdfast.dialogs.witness import Witness
from selftests.holdfast.dialogs.test_surroundings import NEW, NOTIFICATIONS, OLD

PACKAGE = """\
Packages:
  Package [com.chat] (1a2b):
    userId=10050
    versionCode=1 minSdk=21 targetSdk=30
    codePath=/data/app/com.chat-{path}
    firstInstallTime=2026-01-01 10:00:00
    lastUpdateTime=2026-01-01 10:00:00
    User 0: ceDataInode={inode} installed=true hidden=false
"""
WHOLE, ANEW = PACKAGE.format(path=1, inode=7), PACKAGE.format(path=2, inode=9)


@dataclass
class Phone:
    """Each read takes 10 ms."""

    package: str = WHOLE
    around: str = OLD
    notices: str = ""
    now_ms: int = 0
    asked: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.witness = Witness(self.ask, now_ms=lambda: self.now_ms, package_name="com.chat")

    def ask(self, command: str) -> str:
        self.asked.append(command)
        self.now_ms += 10
        return "\n-- holdfast --\n".join((self.package, self.around, self.notices))

    def look_at(self, moment_ms: int) -> None:
        self.now_ms = moment_ms
        self.witness.look()


def test_the_app_was_destroyed_between_the_last_good_read_and_the_first_bad_one() -> None:
    phone = Phone()
    phone.look_at(0)
    phone.look_at(500)
    phone.package = ""
    phone.look_at(900)
    phone.package = ANEW
    phone.look_at(1500)
    assert phone.witness.destroyed(lost=True) == Destroyed(after_ms=500, by_ms=910)


def test_an_app_that_was_installed_anew_counts_as_destroyed() -> None:
    phone = Phone()
    phone.look_at(0)
    phone.package = ANEW
    phone.look_at(600)
    assert phone.witness.destroyed(lost=True) == Destroyed(after_ms=0, by_ms=610)


def test_a_loss_that_leaves_no_mark_is_dated_by_nothing() -> None:
    phone = Phone()
    phone.look_at(0)
    phone.look_at(600)
    assert phone.witness.destroyed(lost=True) is None
    assert Phone().witness.destroyed(lost=True) is None


def test_where_nothing_is_lost_everything_was_there_to_the_end() -> None:
    phone = Phone()
    phone.look_at(0)
    phone.package = ANEW
    phone.look_at(600)
    assert phone.witness.destroyed(lost=False) == Destroyed(after_ms=600)


def test_only_notifications_that_came_meanwhile_are_new() -> None:
    phone = Phone(notices=NOTIFICATIONS.partition("    NotificationRecord(0x0d")[0])
    phone.look_at(0)
    phone.notices = NOTIFICATIONS
    phone.look_at(600)
    phone.look_at(700)
    (new,) = phone.witness.new_notices
    assert new.notice.title == "USB debugging connected"
    assert (new.first_seen_ms, new.last_seen_ms) == (610, 710)


def test_the_state_of_the_screen_is_that_of_the_first_read_behind_a_moment() -> None:
    phone = Phone()
    phone.look_at(0)
    phone.around = NEW
    phone.look_at(600)
    before, after = phone.witness.at(0), phone.witness.at(300)
    assert before
    assert after
    assert (before.on, after.on, after.locked) == (True, False, True)
    assert phone.witness.screen_is_off


def test_an_answer_that_was_cut_off_tells_nothing() -> None:
    phone = Phone()
    phone.witness = Witness(lambda _: "half", now_ms=lambda: 0, package_name="com.chat")
    phone.witness.look()
    assert phone.witness.at(0) is None


def test_it_only_reads() -> None:
    phone = Phone()
    phone.look_at(0)
    changing = ("input ", "settings put", "am start", "am broadcast", "pm ", "rm ", "wm ")
    assert not any(words in phone.asked[0] for words in changing)

"""What else decides what a user could see, from the texts of several Android versions."""

from __future__ import annotations

import pytest

from holdfast.dialogs.notices import Notice, read_notices
from holdfast.dialogs.surroundings import read_surroundings

OLD = """\
  mWakefulness=Awake
Display Power: state=ON
    mShowingLockscreen=false mShowingDream=false
  mCurrentFocus=Window{2a u0 com.store/com.store.ui.Update}
    mResumedActivity: ActivityRecord{1b u0 com.chat/.Main t12}
user 0
"""
NEW = """\
  mWakefulness=Dozing
    showing=true
  topResumedActivity=ActivityRecord{1b u10 com.chat/.Main t12}
  mWindowingMode=multi-window
user 10
"""
NOTIFICATIONS = """\
    NotificationRecord(0x0a2b3c: pkg=com.store user=UserHandle{0} id=7 tag=u importance=4 key=0|c)
                android.title=String (App updates)
                android.text=String (Chat (beta) may lose data)
      [0] "Ignore" -> PendingIntent{7: PendingIntentRecord{8 com.store broadcastIntent}}
      [1] "Update" -> PendingIntent{9: PendingIntentRecord{a com.store broadcastIntent}}
    NotificationRecord(0x0d: pkg=android user=UserHandle{-1} id=26 tag=null)
                android.title=SpannableString (USB debugging connected)
"""


def test_a_screen_that_is_on_and_unlocked_with_its_activities() -> None:
    around = read_surroundings(OLD)
    assert (around.on, around.locked, around.user_id, around.split) == (True, False, 0, False)
    assert around.activities == {"com.store": "com.store.ui.Update", "com.chat": "com.chat.Main"}


def test_a_dozing_locked_split_screen_of_another_user() -> None:
    around = read_surroundings(NEW)
    assert (around.on, around.locked, around.user_id, around.split) == (False, True, 10, True)


@pytest.mark.parametrize("text", ["", "Can't find service: power", "user \n"])
def test_what_a_version_does_not_print_is_not_known(text: str) -> None:
    around = read_surroundings(text)
    assert (around.on, around.locked, around.user_id) == (None, None, None)


def test_notifications_are_read_with_their_actions() -> None:
    assert read_notices(NOTIFICATIONS) == (
        Notice(
            package_name="com.store",
            title="App updates",
            text="Chat (beta) may lose data",
            actions=("Ignore", "Update"),
        ),
        Notice(package_name="android", title="USB debugging connected"),
    )


def test_no_notification_is_no_notice() -> None:
    assert read_notices("Can't find service: notification") == ()

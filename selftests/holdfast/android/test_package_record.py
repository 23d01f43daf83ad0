"""`dumpsys package`, from Android 5 to 16. The first text was recorded on a real Android 5.1.1; the
others have the shapes that Settings.dumpPackageLPr prints in each version."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from holdfast.android.package_record import parse_dumpsys_package

API_22 = """\
Activity Resolver Table:
  Non-Data Actions:
      android.intent.action.MAIN:
        2a84ab74 org.example.alpha/.Main

Packages:
  Package [org.example.alpha] (1672889d):
    userId=10015 gids=[3003]
    pkg=Package{3ad23112 org.example.alpha}
    codePath=/data/app/org.example.alpha-2
    versionCode=2 targetSdk=22
    versionName=2.0 beta
    flags=[ DEBUGGABLE HAS_CODE ALLOW_CLEAR_USER_DATA ALLOW_BACKUP ]
    dataDir=/data/data/org.example.alpha
    firstInstallTime=2026-11-23 23:16:42
    lastUpdateTime=2026-11-23 23:16:49
    signatures=PackageSignatures{16fb0ae0 [f741199]}
    pkgFlags=[ DEBUGGABLE HAS_CODE ALLOW_CLEAR_USER_DATA ALLOW_BACKUP ]
    User 0:  installed=true hidden=false stopped=true notLaunched=true enabled=0
    grantedPermissions:
      android.permission.INTERNET
"""
API_28 = """\
Packages:
  Package [com.example] (c2f1a3b):
    userId=10123
    codePath=/data/app/com.example-aBc==
    versionCode=7 minSdk=21 targetSdk=28
    versionName=7.0
    apkSigningVersion=3
    firstInstallTime=2026-11-01 10:00:00
    lastUpdateTime=2026-11-02 11:00:00
    installerPackageName=com.android.vending
    signatures=PackageSignatures{a1b2c3 version:3, signatures:[deadbeef], past signatures:[cafe flags: 17, f00d flags: 1f]}
    pkgFlags=[ HAS_CODE ALLOW_CLEAR_USER_DATA ]
    User 0: ceDataInode=131074 installed=true hidden=false suspended=false stopped=false
      runtime permissions:
        android.permission.CAMERA: granted=true, flags=[ USER_SET ]
        android.permission.READ_CONTACTS: granted=false

Hidden system packages:
  Package [com.example] (99aa):
    userId=10123
    versionCode=1 minSdk=21 targetSdk=26
"""  # noqa: E501
API_35 = """\
Packages:
  Package [com.example] (c2f1a3b):
    appId=10234
    codePath=/data/app/~~x==/com.example-y==
    versionCode=8 minSdk=21 targetSdk=35
    lastUpdateTime=2026-11-02 11:00:00
    signatures=PackageSignatures{a1b2c3 version:3, signatures:[deadbeef, feed], past signatures:[]}
    pkgFlags=[ HAS_CODE ]
    User 0: ceDataInode=42 deDataInode=43 installed=false hidden=false suspended=false
      firstInstallTime=2026-11-01 10:00:00
      dataDir=/data/user/0/com.example
    User 10: ceDataInode=52 deDataInode=53 installed=true
      firstInstallTime=2026-11-05 10:00:00
"""


def test_android_5_names_user_id_and_bare_permissions() -> None:
    record = parse_dumpsys_package(API_22, "org.example.alpha", api=22)
    assert record is not None
    assert (record.app_id, record.version_code, record.version_name) == (10015, 2, "2.0 beta")
    assert record.first_install_time == "2026-11-23 23:16:42"
    assert record.debuggable
    assert record.granted == {"android.permission.INTERNET"}
    assert record.code_path == "/data/app/org.example.alpha-2"


def test_the_identity_hashes_of_android_5_and_6_are_no_signatures() -> None:
    record = parse_dumpsys_package(API_22, "org.example.alpha", api=22)
    assert record is not None
    assert record.signature_hashes == ()


def test_the_line_ends_of_an_old_shell_change_nothing() -> None:
    windows = API_22.replace("\n", "\r\n")
    assert parse_dumpsys_package(windows, "org.example.alpha") == parse_dumpsys_package(
        API_22, "org.example.alpha"
    )


def test_android_9_tells_signers_past_signers_and_the_datas_inode() -> None:
    record = parse_dumpsys_package(API_28, "com.example", api=28)
    assert record is not None
    assert record.signature_hashes == ("deadbeef",)
    assert record.past_signature_hashes == ("cafe", "f00d")
    assert record.signing_version == 3
    assert record.installer == "com.android.vending"
    user = record.user(0)
    assert user is not None
    assert (user.ce_data_inode, user.installed) == (131074, True)
    assert record.granted == {"android.permission.CAMERA"}


def test_the_hidden_preload_behind_an_update_is_not_taken_for_the_app() -> None:
    record = parse_dumpsys_package(API_28, "com.example")
    assert record is not None
    assert record.version_code == 7


def test_android_15_tells_times_and_directories_for_each_user() -> None:
    record = parse_dumpsys_package(API_35, "com.example", api=35)
    assert record is not None
    assert record.app_id == 10234
    assert record.first_install_time == "2026-11-01 10:00:00"
    assert record.signature_hashes == ("deadbeef", "feed")
    assert [user.user_id for user in record.users] == [0, 10]
    assert record.users[0].installed is False
    assert record.users[0].data_dir == "/data/user/0/com.example"


def test_a_record_that_lists_no_user_is_read_all_the_same() -> None:
    record = parse_dumpsys_package("  Package [a.b] (1f):\n    versionCode=3 targetSdk=30\n", "a.b")
    assert record is not None
    assert (record.version_code, record.users) == (3, ())


@given(st.lists(st.sampled_from([*API_28.splitlines(), *API_35.splitlines(), "", " ", "  x"])))
def test_any_mixture_of_lines_is_read_or_refused_but_never_an_error(lines: list[str]) -> None:
    parse_dumpsys_package("\n".join(lines), "com.example")


def test_a_package_that_is_not_there_has_no_record() -> None:
    assert parse_dumpsys_package(API_28, "com.exam") is None
    assert parse_dumpsys_package("Unable to find package: x\n", "x") is None

from __future__ import annotations

from collections.abc import Mapping

import pytest

from holdfast.android.destruction import destructions
from holdfast.device.shell import quote
from holdfast.userdata.collect import area_roots
from holdfast.userdata.facts import Answers, facts_script, read_answers
from holdfast.userdata.script import Flavour, ScriptPlan, area_script, second_look_script
from holdfast.userdata.values import Area, Reach

NONCE = "0123456789abcdef"
PACKAGE = "com.example.chat"


def answered(answers: Mapping[str, str], *, api: int = 30, end: str = "done") -> Answers:
    text = "\n" + "".join(f"@{NONCE} F {name}\n{said}\n\n" for name, said in answers.items())
    output = f"{text}@{NONCE} . {end}\n".encode()
    return read_answers(output, package_name=PACKAGE, nonce=NONCE, api=api)


def test_an_answer_that_was_cut_is_not_complete() -> None:
    assert answered({"id": "uid=2000(shell)"}).complete
    assert not answered({"id": "uid=2000(shell)"}, end="").complete


@pytest.mark.parametrize(
    ("who", "app", "reach"),
    [
        ("uid=0(root) gid=0(root)", "uid=10123(u0_a123)", Reach.ROOT),
        ("uid=2000(shell)", "uid=10123(u0_a123)", Reach.RUN_AS),
        ("uid=2000(shell)", "run-as: package not debuggable: x", Reach.EXTERNAL),
    ],
)
def test_how_far_we_reach_is_what_the_device_says(who: str, app: str, reach: Reach) -> None:
    assert answered({"id": who, "run-as": app}).reach is reach


@pytest.mark.parametrize(
    ("tools", "printed", "flavour", "checksum"),
    [
        ("md5", "", Flavour.TOOLBOX, "md5"),
        ("find stat xargs md5sum sha1sum", "", Flavour.TOYBOX, "sha1sum"),
        ("find stat xargs sha1sum sha256sum", "", Flavour.TOYBOX, "sha256sum"),
        ("find stat xargs sha256sum", "2:1795564162.667", Flavour.PRINTF, "sha256sum"),
        ("find stat xargs sha256sum", "find: bad arg '-printf'", Flavour.TOYBOX, "sha256sum"),
    ],
)
def test_the_best_tools_that_are_there_are_used(
    tools: str, printed: str, flavour: Flavour, checksum: str
) -> None:
    paths = "\n".join(f"/system/bin/{tool}" for tool in tools.split())
    read = answered({"tools": paths, "printf": printed})
    assert (read.flavour, read.checksum) == (flavour, checksum)


def test_what_the_device_cannot_answer_stays_empty() -> None:
    refused = "java.lang.SecurityException: uid 2000 does not have …"
    read = answered(
        {
            "app-ops": refused,
            "accounts": refused,
            "volumes": "sh: sm: not found",
            "rows contacts": "Error while accessing provider:com.android.contacts",
            "role SMS": "Unknown command",
        }
    ).facts
    assert (read.app_ops, read.accounts, read.volumes) == (None, None, None)
    assert (read.counts, read.roles) == ({}, {})


def test_rows_of_other_apps_are_counted() -> None:
    rows = "Row: 0 _id=1\nRow: 1 _id=2"
    read = answered({"rows contacts": rows, "rows text messages": "No result found."}).facts
    assert read.counts == {"contacts": 2, "text messages": 0}


def test_settings_users_and_packages_are_read() -> None:
    read = answered(
        {
            "settings system": "font_scale=1.15\nringtone=content://x?a=b",
            "users": "Users:\n\tUserInfo{0:Owner:13} running\n\tUserInfo{10:Work:30}",
            "packages": "package:a.b uid:10001\npackage:c.d uid:10002,1010002",
        }
    ).facts
    assert read.settings["system/ringtone"] == "content://x?a=b"
    assert read.users == {0: "Owner", 10: "Work"}
    assert read.packages == {"a.b": 10001, "c.d": 10002}


@pytest.mark.parametrize("api", [21, 23, 26, 30, 36])
def test_the_questions_destroy_nothing_and_fit_an_old_adbd(api: int) -> None:
    script = facts_script(PACKAGE, nonce=NONCE, api=api)
    assert destructions(script) == ()
    assert len(script) < 3500


@pytest.mark.parametrize("flavour", list(Flavour))
@pytest.mark.parametrize("prefix", ["", f"run-as {PACKAGE} "])
def test_the_scripts_destroy_nothing_and_fit_an_old_adbd(flavour: Flavour, prefix: str) -> None:
    plan = ScriptPlan(
        nonce=NONCE,
        flavour=flavour,
        checksum="sha256sum",
        roots=area_roots(PACKAGE, api=36),
    )
    for script in (area_script(plan), second_look_script(plan)):
        command = f"{prefix}sh -c {quote(script)}"
        assert destructions(command) == ()
        assert "'" not in script
        assert len(command) < 3500


def test_a_root_that_would_need_quoting_is_refused() -> None:
    plan = ScriptPlan(
        nonce=NONCE,
        flavour=Flavour.PRINTF,
        checksum="sha256sum",
        roots={Area.CREDENTIAL: "/data/data/$(reboot)"},
    )
    with pytest.raises(ValueError, match="not a directory of an app"):
        area_script(plan)


@pytest.mark.parametrize(("api", "asked"), [(25, True), (26, False), (27, False), (28, True)])
def test_settings_of_a_second_user_are_not_asked_where_the_command_refuses(
    api: int, asked: bool
) -> None:
    script = facts_script(PACKAGE, nonce=NONCE, api=api, user_id=10)
    assert ("settings list --user 10 secure" in script) == asked
    assert "settings list secure" in facts_script(PACKAGE, nonce=NONCE, api=api)

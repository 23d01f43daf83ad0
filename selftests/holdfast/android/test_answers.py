"""What the package manager answers, in the words of its versions."""

from __future__ import annotations

import pytest

from holdfast.android.answers import created_session, read_answer


@pytest.mark.parametrize(
    "raw",
    [
        "\tpkg: /data/local/tmp/a.apk\r\nSuccess\r\n",
        "Success\n",
        "Success: streamed 8551 bytes\n",
        "Success. Reboot device to apply staged session\n",
        "Warning: dexopt\nCompleted with warning(s)\n",
    ],
)
def test_a_success_is_known_in_every_form(raw: str) -> None:
    assert read_answer(raw).success


def test_a_failure_of_android_5_has_a_code_alone() -> None:
    answer = read_answer("\tpkg: x\r\nFailure [INSTALL_FAILED_UPDATE_INCOMPATIBLE]\r\n")
    assert (answer.success, answer.code, answer.text) == (
        False,
        "INSTALL_FAILED_UPDATE_INCOMPATIBLE",
        "",
    )


def test_a_failure_of_later_versions_has_a_text_too() -> None:
    answer = read_answer(
        "Failure [INSTALL_FAILED_UPDATE_INCOMPATIBLE: Existing package a.b signatures do not "
        "match newer version; ignoring!]\n"
    )
    assert answer.code == "INSTALL_FAILED_UPDATE_INCOMPATIBLE"
    assert answer.text.startswith("Existing package a.b")


@pytest.mark.parametrize(
    ("raw", "code", "text"),
    [
        ("Failure [not installed for 0]\n", "FAILURE", "not installed for 0"),
        ("Failure - not installed for 0\n", "FAILURE", "not installed for 0"),
        ("Failure [-99]\n", "-99", ""),
        ("Failed\n", "FAILED", ""),
        ("Failure\n", "FAILURE", ""),
    ],
)
def test_odd_failures_keep_their_words(raw: str, code: str, text: str) -> None:
    answer = read_answer(raw)
    assert (answer.success, answer.code, answer.text) == (False, code, text)


@pytest.mark.parametrize(
    "raw",
    [
        "Exception occurred while executing:\nRequested internal only, but not enough space\n",
        "Error: java.lang.IllegalStateException: ☃No storage with enough free space; res=-1\n",
        "Error: failed to write; Failed to allocate 25455935 because only 4657152 allocatable\n",
        "Error: failed to write; Failed to free 467197098 on storage device at /data\n",
        "Error: failed to write; Failed to free enough space\r\n",
        "Failure [INSTALL_FAILED_INSUFFICIENT_STORAGE]\n",
    ],
)
def test_want_of_room_says_nothing_of_the_update(raw: str) -> None:
    answer = read_answer(raw)
    assert not answer.success
    assert answer.understood
    assert answer.blames_the_state


@pytest.mark.parametrize("raw", ["", "Killed\n", "Error: java.lang.SecurityException: no\n"])
def test_what_is_no_answer_is_no_success_and_says_so(raw: str) -> None:
    answer = read_answer(raw)
    assert not answer.success
    assert not answer.understood


def test_success_inside_of_other_words_is_none() -> None:
    assert not read_answer("Error: Successor not found\n").success


def test_the_number_of_a_session_is_read() -> None:
    assert created_session("Success: created install session [1039473226]\r\n") == 1039473226
    assert created_session("Error: java.lang.SecurityException") is None

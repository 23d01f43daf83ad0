"""Changes to copies of programs."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from virtualdevice.machine.elf import interpreter_of, with_interpreter, without_error_prefix

THREE_BYTES = b"\xbe\x03\0\0\0\x48\x8d\x3d"


def a_dynamic_program() -> bytes:
    found = shutil.which("toybox")
    if found is None:
        pytest.skip("toybox is not installed: 'apt-get install toybox'")
    return Path(found).read_bytes()


def test_the_loader_s_path_is_replaced_in_place() -> None:
    program = a_dynamic_program()
    before = interpreter_of(program)
    assert before is not None
    changed = with_interpreter(program, b"/system/lib64/ld.so")
    assert interpreter_of(changed) == "/system/lib64/ld.so"
    assert len(changed) == len(program)
    assert sum(a != b for a, b in zip(program, changed, strict=True)) <= len(str(before))


def test_a_path_that_does_not_fit_is_an_error() -> None:
    with pytest.raises(ValueError, match="does not fit"):
        with_interpreter(a_dynamic_program(), b"/" + b"x" * 200)


def test_what_is_no_dynamic_program_stays() -> None:
    assert interpreter_of(b"#!/bin/sh\n") is None
    assert with_interpreter(b"#!/bin/sh\n", b"/x") == b"#!/bin/sh\n"


def test_the_prefix_of_errors_is_written_with_length_nothing() -> None:
    code = THREE_BYTES + (4).to_bytes(4, "little") + b"\x90" * 4 + b"E: \0"
    assert without_error_prefix(code, api=34) == code.replace(b"\xbe\x03", b"\xbe\x00")


def test_other_calls_of_three_bytes_stay() -> None:
    code = THREE_BYTES + (4).to_bytes(4, "little") + b"\x90" * 4 + b"abc\0"
    assert without_error_prefix(code, api=34) == code


def test_old_shells_say_not_found_only() -> None:
    text = b"x\0inaccessible or not found\0y"
    assert without_error_prefix(text, api=34) == text
    assert without_error_prefix(text, api=28) == b"x\0not found" + bytes(16) + b"\0y"

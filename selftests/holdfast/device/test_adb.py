from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from holdfast.deadline import Deadline
from holdfast.device import adb
from holdfast.device.adb import AdbLink
from holdfast.errors import DeadlineExceeded, LeaseLost


@pytest.fixture
def silent() -> Iterator[int]:
    """The port of an adb server that accepts, and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def test_a_server_that_never_answers_is_named_within_its_own_bound_and_not_the_jobs(
    silent: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(adb, "_ANSWER_S", 0.2)
    link = AdbLink(device="phone", serial="x", server_port=silent)
    job = Deadline.after(1200)
    with pytest.raises(
        DeadlineExceeded, match=r"phone: adb's answer to `host:transport:x` did not"
    ):
        link.open("shell:id", deadline=job)
    assert job.remaining_s > 1000


def test_nothing_is_said_to_a_device_that_is_somebody_elses(silent: int) -> None:
    def refuse() -> None:
        raise LeaseLost("token 2 is held by run new", device="phone")

    link = AdbLink(device="phone", serial="x", server_port=silent, permit=refuse)
    with pytest.raises(LeaseLost):
        link.open("shell:id", deadline=Deadline.after(5))

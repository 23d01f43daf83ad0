from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.pytest_plugin.scheduler import DeviceScheduler, device_of

DEVICES = ("phone", "phone-2", "tablet")


@dataclass(eq=False)
class FakeWorker:
    """Takes orders as xdist's worker does; `owned` are the devices that it was ever given."""

    todo: list[int] = field(default_factory=list)
    stopped: bool = False

    @property
    def shutting_down(self) -> bool:
        return self.stopped

    def send_runtest_some(self, indices: Sequence[int]) -> None:
        assert not self.stopped
        self.todo += indices

    def shutdown(self) -> None:
        self.stopped = True

    def can_run(self) -> bool:
        """A worker runs a test only when it knows what comes after it."""
        return len(self.todo) > 1 or (bool(self.todo) and self.stopped)


def collection(*counts: int) -> list[str]:
    return [
        f"tests/test_a.py::test_{n}[{device}]"
        for device, count in zip(DEVICES, counts, strict=True)
        for n in range(count)
    ]


def begin(scheduler: DeviceScheduler, tests: Sequence[str], count: int) -> list[FakeWorker]:
    workers = [FakeWorker() for _ in range(count)]
    for worker in workers:
        scheduler.add_node(worker)
    for worker in workers:
        scheduler.add_node_collection(worker, tests)
    assert scheduler.collection_is_completed
    scheduler.schedule()
    return workers


@given(
    counts=st.tuples(*[st.integers(0, 5)] * 3).filter(any),
    workers=st.integers(1, 5),
    choices=st.lists(st.integers(0, 4), max_size=60),
)
def test_every_test_runs_once_and_no_device_is_at_two_workers(
    counts: tuple[int, int, int], workers: int, choices: list[int]
) -> None:
    tests = collection(*counts)
    scheduler = DeviceScheduler(names=DEVICES, workers=workers)
    fleet = begin(scheduler, tests, workers)
    owner: dict[str, FakeWorker] = {}
    ran: list[int] = []
    order = [*choices, *range(workers)]
    while any(worker.can_run() for worker in fleet):
        for choice in order:
            worker = fleet[choice % workers]
            if not worker.can_run():
                continue
            index = worker.todo.pop(0)
            assert owner.setdefault(device_of(tests[index], DEVICES), worker) is worker
            ran.append(index)
            scheduler.mark_test_complete(worker, index)
    assert sorted(ran) == list(range(len(tests)))
    assert scheduler.tests_finished
    assert not scheduler.has_pending
    assert all(worker.stopped for worker in fleet)


def test_the_tests_of_a_dead_workers_device_go_on_elsewhere_but_not_the_one_it_died_in() -> None:
    tests = collection(3, 3, 0)
    scheduler = DeviceScheduler(names=DEVICES, workers=2)
    first, second = begin(scheduler, tests, 2)
    assert scheduler.remove_node(first) == tests[first.todo[0]]
    scheduler.mark_test_complete(second, second.todo.pop(0))
    scheduler.mark_test_complete(second, second.todo.pop(0))
    assert second.todo == [5, 1, 2]


def test_a_worker_that_comes_later_takes_what_is_left() -> None:
    tests = collection(3, 0, 0)
    scheduler = DeviceScheduler(names=DEVICES, workers=1)
    (first,) = begin(scheduler, tests, 1)
    scheduler.remove_node(first)
    late = FakeWorker()
    scheduler.add_node(late)
    scheduler.add_node_collection(late, tests)
    scheduler.schedule()
    assert late.todo == [1, 2]
    scheduler.mark_test_complete(late, late.todo.pop(0))
    assert late.stopped


def test_a_worker_that_found_other_tests_is_given_none() -> None:
    scheduler = DeviceScheduler(names=DEVICES, workers=2)
    good, odd = FakeWorker(), FakeWorker()
    scheduler.add_node(good)
    scheduler.add_node(odd)
    scheduler.add_node_collection(good, collection(1, 1, 0))
    scheduler.add_node_collection(odd, collection(1, 0, 0))
    assert odd.stopped
    assert scheduler.collection_is_completed
    scheduler.schedule()
    assert len(good.todo) == 2


@pytest.mark.parametrize(
    ("nodeid", "device"),
    [
        ("tests/test_a.py::test_b[phone]", "phone"),
        ("tests/test_a.py::test_b[phone-2]", "phone-2"),
        ("tests/test_a.py::test_b[phone-2-words]", "phone-2"),
        ("tests/test_a.py::test_b[phone-words]", "phone"),
        ("tests/test_a.py::test_b[words]", ""),
        ("tests/test_a.py::test_b", ""),
    ],
)
def test_a_node_id_names_its_device(nodeid: str, device: str) -> None:
    assert device_of(nodeid, DEVICES) == device

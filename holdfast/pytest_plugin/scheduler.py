"""Which worker runs what: a device's tests stay with one worker, so that no device is ever shared.

It implements xdist's Scheduling protocol (xdist/scheduler/protocol.py, 3.8). A worker starts its
last test only when it knows what comes next, so the next batch (or the end) is sent to it as soon
as one test is left.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

__all__ = ["DeviceScheduler", "Worker", "device_of"]


class Worker(Protocol):
    """What the scheduler needs of xdist's WorkerController."""

    @property
    def shutting_down(self) -> bool: ...

    def send_runtest_some(self, indices: Sequence[int]) -> None: ...

    def shutdown(self) -> None: ...


def device_of(nodeid: str, names: Sequence[str]) -> str:
    """The device that a node id's parameters begin with; empty for a test that uses none."""
    parameters = nodeid.rpartition("::")[2].partition("[")[2].removesuffix("]")
    found = [n for n in names if parameters == n or parameters.startswith(f"{n}-")]
    return max(found, key=len, default="")


@dataclass(kw_only=True, slots=True)
class _Share:
    """What one worker has: its collection, and the indices that it has yet to finish."""

    collection: list[str] | None = None
    pending: list[int] = field(default_factory=list)


class DeviceScheduler:
    """Deals out whole devices, the one with most tests first; also to a worker that comes later."""

    def __init__(self, *, names: Sequence[str], workers: int) -> None:
        self._names = names
        self._expected = workers
        self._shares: dict[Worker, _Share] = {}
        self._batches: deque[list[int]] | None = None
        self._collection: list[str] = []

    @property
    def nodes(self) -> list[Worker]:
        return list(self._shares)

    @property
    def collection_is_completed(self) -> bool:
        collected = sum(share.collection is not None for share in self._shares.values())
        return self._batches is not None or collected >= self._expected

    @property
    def tests_finished(self) -> bool:
        """xdist shuts its workers down when this is true: one test each may still be under way."""
        if self._batches is None or self._batches:
            return False
        return all(len(share.pending) < 2 for share in self._shares.values())

    @property
    def has_pending(self) -> bool:
        return bool(self._batches) or any(share.pending for share in self._shares.values())

    def add_node(self, node: Worker) -> None:
        self._shares[node] = _Share()

    def add_node_collection(self, node: Worker, collection: Sequence[str]) -> None:
        """Take what a worker found. One that differs from the others is given nothing to do."""
        share = self._shares[node]
        share.collection = list(collection)
        if not self._collection:
            self._collection = list(collection)
        if share.collection != self._collection:
            del self._shares[node]
            self._expected -= 1
            node.shutdown()

    def mark_test_complete(
        self,
        node: Worker,
        item_index: int,
        duration: float = 0,  # noqa: ARG002 - xdist's protocol
    ) -> None:
        self._shares[node].pending.remove(item_index)
        self._feed(node)

    def mark_test_pending(self, item: str) -> None:
        raise ValueError(f"a device's test cannot be taken back: {item}")

    def remove_pending_tests_from_node(self, node: Worker, indices: Sequence[int]) -> None:
        raise ValueError(f"a device's tests cannot be taken from {node}: {list(indices)}")

    def remove_node(self, node: Worker) -> str | None:
        """Forget a worker that is gone; the test that it died in, if any.

        That test is not run again; the others of its device go to another worker.
        """
        pending = self._shares.pop(node).pending
        if not pending:
            return None
        crashed, *rest = pending
        if rest and self._batches is not None:
            self._batches.extend(self._by_device(rest))
        for other in self.nodes:
            self._feed(other)
        return self._collection[crashed]

    def schedule(self) -> None:
        """Deal out the collection; called again when a worker comes later."""
        if self._batches is None:
            batches = self._by_device(range(len(self._collection)))
            self._batches = deque(sorted(batches, key=len, reverse=True))
        for node in self.nodes:
            self._feed(node)

    def _by_device(self, indices: Sequence[int]) -> list[list[int]]:
        batches: dict[str, list[int]] = {}
        for index in indices:
            device = device_of(self._collection[index], self._names)
            batches.setdefault(device, []).append(index)
        return list(batches.values())

    def _feed(self, node: Worker) -> None:
        share = self._shares[node]
        if node.shutting_down or share.collection is None or len(share.pending) > 1:
            return
        if not self._batches:
            node.shutdown()
            return
        batch = self._batches.popleft()
        share.pending += batch
        node.send_runtest_some(batch)
        if len(share.pending) == 1:
            self._feed(node)

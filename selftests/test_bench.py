"""The benchmarks' own machinery; what they measure is not run here."""

from __future__ import annotations

import pytest

from selftests.bench.__main__ import benches, main
from selftests.bench.measurement import Measurement, in_turn


@pytest.mark.parametrize(
    ("at_most", "at_least", "kept"),
    [(3.0, None, True), (1.0, None, False), (None, 2.0, True), (None, 2.5, False)],
)
def test_a_promise_is_kept_or_missed(
    at_most: float | None, at_least: float | None, kept: bool
) -> None:
    measured = Measurement(what="x", value=2.0, unit="x", at_most=at_most, at_least=at_least)
    assert measured.is_kept is kept
    assert ("MISSED" in str(measured)) is not kept


def test_what_could_not_be_measured_says_so_and_breaks_no_promise() -> None:
    absent = Measurement(what="x", value=None, unit="x", at_least=2.0, note="no tool")
    assert absent.is_kept
    assert "not measured" in str(absent)
    assert "no tool" in str(absent)


def test_runs_alternate_and_the_median_counts() -> None:
    order: list[str] = []

    def run(name: str, values: list[float]) -> float:
        order.append(name)
        return values.pop(0)

    first, second = [9.0, 1.0, 5.0, 3.0], [0.0, 2.0, 2.0, 2.0]
    medians = in_turn(
        {"a": lambda: run("a", first), "b": lambda: run("b", second)},
        rounds=3,
    )
    assert medians == {"a": 3.0, "b": 2.0}
    assert order == ["a", "b"] * 4


def test_an_unknown_benchmark_is_wrong_usage(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["nothing"]) == 2
    assert "apk" in benches()
    assert "no benchmark named nothing" in capsys.readouterr().err

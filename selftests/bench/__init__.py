"""Benchmarks: `python -m selftests.bench [NAME…]`.

A module in this package with a function `measure() -> Iterator[Measurement]` is a benchmark of its
name, and its docstring's first line says what it measures. Ratios are of things that were run in
turn within the same minutes on the same machine.
"""

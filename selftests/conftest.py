"""What all tests of ours share.

Hypothesis draws the same examples in every run, so that a run is red for what was changed alone;
`--hypothesis-profile=random` draws others, as `make life` does. Tables that tests make, row by row,
are shown at the end of the run: also from other processes.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import settings

settings.register_profile("steady", derandomize=True)
settings.register_profile("random", derandomize=False, print_blob=True)
settings.load_profile("steady")

_PREFIX = "row of "


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """A test gives a row by `record_property("row of TITLE", "the row")`."""
    tables: dict[str, list[str]] = {}
    for title, row in _rows(terminalreporter):
        tables.setdefault(title, []).append(row)
    for title, rows in sorted(tables.items()):
        terminalreporter.section(title, sep="-")
        for row in sorted(rows):
            terminalreporter.write_line(row)


def _rows(terminalreporter: pytest.TerminalReporter) -> Iterator[tuple[str, str]]:
    for reports in terminalreporter.stats.values():
        for report in reports:
            if getattr(report, "when", "") != "call":
                continue
            for name, value in report.user_properties:
                if name.startswith(_PREFIX):
                    yield name.removeprefix(_PREFIX), str(value)

"""The matrix of checks and defects, what is wrong with it, and how it is shown."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass

from jinja2 import Environment, StrictUndefined

from selftests.proof.stages import Row

__all__ = ["Matrix"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Matrix:
    """`clean` are devices without a defect; `rows` one device for each defect.

    `not_rehearsed` names checks that no defect of this run can turn red, and why. `whole`: every
    built-in defect was run, so that checks which stay green can be held against it.
    """

    checks: tuple[str, ...]
    clean: Sequence[Row]
    rows: Sequence[Row]
    not_rehearsed: Mapping[str, str]
    whole: bool = True

    @property
    def faults(self) -> tuple[str, ...]:
        """Why the proof fails, in words; nothing if it holds."""
        return tuple(self._faults())

    @property
    def seen(self) -> tuple[Row, ...]:
        return tuple(row for row in self.rows if row.red)

    @property
    def false_alarms(self) -> tuple[Row, ...]:
        return tuple(row for row in self.clean if row.red)

    def _faults(self) -> Iterator[str]:
        for row in (*self.clean, *self.rows):
            if row.error:
                yield f"{row.name} on {row.personality}: the lab failed: {row.error}"
        for row in self.false_alarms:
            for check, words in row.red.items():
                yield f"false alarm on {row.personality}: {check}: {words[0]}"
        for row in self.rows:
            if not row.red and not row.error:
                yield f"no check sees the defect {row.name}"
        if self.whole:
            yield from self._idle_checks()

    def _idle_checks(self) -> Iterator[str]:
        turned = {check for row in self.rows for check in row.red}
        for check in self.checks:
            if check not in turned and check not in self.not_rehearsed:
                yield f"no defect turns the check red: {check}"
            if check in turned and check in self.not_rehearsed:
                yield f"a defect turns red what is listed as not rehearsed: {check}"

    @property
    def summary(self) -> str:
        return (
            f"{len(self.seen)} of {len(self.rows)} defects are seen; "
            f"{len(self.false_alarms)} false alarms in {len(self.clean)} clean runs"
        )

    def to_json(self) -> str:
        document = {
            "summary": self.summary,
            "faults": list(self.faults),
            "checks": list(self.checks),
            "not_rehearsed": dict(self.not_rehearsed),
            "clean": [asdict(row) for row in self.clean],
            "defects": [asdict(row) for row in self.rows],
        }
        return json.dumps(document, indent=2)

    def to_html(self) -> str:
        environment = Environment(autoescape=True, undefined=StrictUndefined)
        return environment.from_string(_PAGE).render(matrix=self, rows=[*self.clean, *self.rows])


_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1"><title>Proof</title><style>
body { font: 15px/1.4 system-ui, sans-serif; margin: 2rem; }
table { border-collapse: collapse; } td, th { border: 1px solid #ccc; padding: .2rem .4rem; }
th.check { writing-mode: vertical-rl; transform: rotate(180deg); font-weight: 400; }
td { text-align: center; }
td.red { background: #b42318; color: #fff; } td.green { background: #d8f0dd; color: #17603a; }
</style></head><body>
<h1>Every check against every defect</h1>
<p>{{ matrix.summary }}</p>
{% if matrix.faults %}<ul>{% for fault in matrix.faults %}<li>{{ fault }}</li>
{% endfor %}</ul>{% else %}<p>The proof holds.</p>{% endif %}
<p>✗: the check turned red on that device, as it must on a defect; ✓: it stayed green.</p>
<table><tr><th scope="col">device</th>
{% for check in matrix.checks %}<th class="check" scope="col">{{ check }}</th>
{% endfor %}</tr>
{% for row in rows %}<tr><th scope="row">{{ row.name }} ({{ row.personality }})</th>
{% for check in matrix.checks %}{% if check in row.red %}
<td class="red" title="{{ row.red[check] | join('; ') }}">✗</td>{% else %}<td class="green">✓</td>
{% endif %}{% endfor %}</tr>
{% endfor %}</table>
<h2>Not rehearsed</h2><ul>{% for check, why in matrix.not_rehearsed.items() %}
<li>{{ check }}: {{ why }}</li>{% endfor %}</ul>
</body></html>
"""

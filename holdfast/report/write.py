"""All reports of a run, from the records that its workers left."""

from __future__ import annotations

from pathlib import Path

from holdfast.report.html import html_page
from holdfast.report.junit import junit_xml
from holdfast.report.metrics import metrics_text
from holdfast.report.record import read_records
from holdfast.report.summary import Summary, summarise

__all__ = ["write_reports"]


def write_reports(evidence: Path, out: Path, *, wall_s: float | None = None) -> Summary:
    """Write index.html, junit.xml and metrics.prom into `out`.

    `evidence` is the folder that `write_record` wrote into; `wall_s` how long the run took.
    Raises ConfigurationError for a file there that is no record.
    """
    summary = summarise(read_records(evidence), wall_s=wall_s)
    out.mkdir(parents=True, exist_ok=True)
    (out / "index.html").write_text(html_page(summary, evidence), encoding="utf-8")
    (out / "junit.xml").write_bytes(junit_xml(summary))
    (out / "metrics.prom").write_bytes(metrics_text(summary))
    return summary

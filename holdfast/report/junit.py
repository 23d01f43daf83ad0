"""JUnit XML, as CI servers read it: one testsuite a device.

The format is that of the Jenkins xUnit schema: `failure` is the product's fault, `error` the
lab's or ours, `skipped` what was not covered or is a known issue.
"""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Iterable
from datetime import UTC, datetime

from holdfast.report.record import Outcome, TestRecord
from holdfast.report.summary import Summary

__all__ = ["junit_xml"]

_ELEMENT = {
    Outcome.FAILED: "failure",
    Outcome.UNEXPECTED_PASS: "failure",
    Outcome.INCONCLUSIVE: "error",
    Outcome.MISCONFIGURED: "error",
    Outcome.ERROR: "error",
    Outcome.NOT_COVERED: "skipped",
    Outcome.KNOWN_FAILURE: "skipped",
}
_XML_FORBIDS = {c: "\N{REPLACEMENT CHARACTER}" for c in range(32) if chr(c) not in "\t\n\r"}


def junit_xml(summary: Summary) -> bytes:
    """The whole run as one UTF-8 document."""
    root = ET.Element("testsuites", name="holdfast")
    _count(root, summary.records)
    for device in summary.devices:
        records = [r for r in summary.records if r.device == device]
        suite = ET.SubElement(root, "testsuite", name=_clean(device))
        _count(suite, records)
        suite.set("timestamp", datetime.fromtimestamp(records[0].started_at, UTC).isoformat())
        properties = ET.SubElement(suite, "properties")
        for name, value in (("model", records[0].model), ("build", records[0].build)):
            ET.SubElement(properties, "property", name=name, value=_clean(value))
        for record in records:
            suite.append(_case(record))
    ET.indent(root)
    document: bytes = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    return document


def _count(element: ET.Element, records: Iterable[TestRecord]) -> None:
    kinds = [_ELEMENT.get(r.outcome) for r in records]
    element.set("tests", str(len(kinds)))
    element.set("failures", str(kinds.count("failure")))
    element.set("errors", str(kinds.count("error")))
    element.set("skipped", str(kinds.count("skipped")))
    element.set("time", f"{sum(r.duration_s for r in records):.3f}")


def _case(record: TestRecord) -> ET.Element:
    case = ET.Element(
        "testcase",
        name=_clean(record.title),
        classname=_clean(f"{record.device}.{record.nodeid.partition('::')[0]}"),
        time=f"{record.duration_s:.3f}",
    )
    kind = _ELEMENT.get(record.outcome)
    if kind:
        why = f"{record.ticket}: {record.why}" if record.ticket else record.why
        found = ET.SubElement(case, kind, message=_clean(why))
        if kind != "skipped":
            found.set("type", str(record.result.verdict if record.result else record.outcome))
        found.text = _clean(_details(record))
    return case


def _details(record: TestRecord) -> str:
    lines = [record.error] if record.error else []
    if record.result:
        lines += [*record.result.reasons, *record.result.changes]
        lines += [f"missed: {clause}" for clause in record.result.missed_clauses]
    return "\n".join(lines)


def _clean(text: str) -> str:
    return text.translate(_XML_FORBIDS)

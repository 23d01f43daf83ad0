"""Numbers for lab dashboards, as an OpenMetrics text file (Prometheus' textfile collector)."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Gauge
from prometheus_client.openmetrics.exposition import generate_latest

from holdfast.report.record import Outcome
from holdfast.report.summary import Summary

__all__ = ["metrics_text"]


def metrics_text(summary: Summary) -> bytes:
    """Results by device and outcome, durations by device, and when the run ended."""
    registry = CollectorRegistry()
    results = Gauge(
        "holdfast_scenarios",
        "Scenarios of the last run",
        ["device", "build", "outcome"],
        registry=registry,
    )
    seconds = Gauge(
        "holdfast_scenario_seconds",
        "Seconds that the scenarios of the last run took on a device",
        ["device"],
        registry=registry,
    )
    ended = Gauge(
        "holdfast_run_ended_timestamp_seconds", "When the last run ended", registry=registry
    )
    for device in summary.devices:
        mine = [r for r in summary.records if r.device == device]
        build = next((r.build for r in mine if r.build), "")
        for outcome in Outcome:
            count = sum(r.outcome is outcome for r in mine)
            results.labels(device=device, build=build, outcome=outcome.value).set(count)
        seconds.labels(device=device).set(sum(r.duration_s for r in mine))
    ended.set(max((r.started_at + r.duration_s for r in summary.records), default=0.0))
    text: bytes = generate_latest(registry)
    return text

"""Scenarios: from a plan to a verdict with its evidence."""

from holdfast.scenario.covered import not_covered
from holdfast.scenario.run import run_scenario
from holdfast.scenario.updates import AppUnderTest, UpdateMissing

__all__ = ["AppUnderTest", "UpdateMissing", "not_covered", "run_scenario"]

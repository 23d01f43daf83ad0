"""Reports: subscribers of what happened, with no judgement of their own."""

from holdfast.report.write import write_reports

__all__ = ["write_reports"]

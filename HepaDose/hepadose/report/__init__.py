"""The report of one analysis: HTML with figures, CSV and JSON.

Only this package draws and rounds. matplotlib and jinja2 are imported inside the functions that need them; the tables
(:func:`write_flr_tables`) need neither.
"""

from hepadose.report.html import render_flr_report
from hepadose.report.tables import flr_result_as_dict
from hepadose.report.write import write_flr_report, write_flr_tables

__all__ = ["flr_result_as_dict", "render_flr_report", "write_flr_report", "write_flr_tables"]

"""The timing log: what ran, was edited or waited for, for how long and on what, one JSON line at a time.

A step writes a ``started`` line and, when it ends, a ``finished`` line with everything about it. Both reach the disk
before the step goes on, so that the file is readable while it is written and a crash leaves the name of the step
that was running. Nothing in it leads to a patient: what a step worked on appears only as a hash with a salt that is
drawn anew for every :class:`TimingLog` and never written; texts that look like a path, a UID or a date are withheld.
"""

from hepadose.timing.log import IDLE_LIMIT_S, Step, TimingLog, software_versions
from hepadose.timing.records import WITHHELD, Outcome, StepKind, TimingRecord, read_timing_log
from hepadose.timing.summary import TimingRow, format_duration, format_summary, summarize

__all__ = [
    "IDLE_LIMIT_S",
    "WITHHELD",
    "Outcome",
    "Step",
    "StepKind",
    "TimingLog",
    "TimingRecord",
    "TimingRow",
    "format_duration",
    "format_summary",
    "read_timing_log",
    "software_versions",
    "summarize",
]

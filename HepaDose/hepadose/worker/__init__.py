"""Long work in a child process: the window stays alive, and Cancel ends everything that was started.

Each ``start_…`` function returns a :class:`WorkerJob` at once. Whoever started it calls :meth:`WorkerJob.poll` now and
then (in a window: from a timer) and :meth:`WorkerJob.result` when it is done. Images go to the child and back as files
in a folder that only the user can read and that is gone when the job has ended.
"""

from hepadose.worker.job import JobState, JobStatus, WorkerJob
from hepadose.worker.messages import WorkerDiedError
from hepadose.worker.outcomes import (
    CaseSources,
    LoadedCase,
    LoadedPreflight,
    LoadedStructure,
    RegistrationOutcome,
    mark_of,
)
from hepadose.worker.segmenters import SegmenterChoice, available_segmenters
from hepadose.worker.start import (
    start_check_computer,
    start_load_case,
    start_load_treatment,
    start_register,
    start_sample_patient,
    start_sample_treatment,
    start_segment,
)
from hepadose.worker.treatment import LoadedTreatment

__all__ = [
    "CaseSources",
    "JobState",
    "JobStatus",
    "LoadedCase",
    "LoadedPreflight",
    "LoadedStructure",
    "LoadedTreatment",
    "RegistrationOutcome",
    "SegmenterChoice",
    "WorkerDiedError",
    "WorkerJob",
    "available_segmenters",
    "mark_of",
    "start_check_computer",
    "start_load_case",
    "start_load_treatment",
    "start_register",
    "start_sample_patient",
    "start_sample_treatment",
    "start_segment",
]

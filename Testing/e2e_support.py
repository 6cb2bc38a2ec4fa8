"""What the end-to-end tests share: runs that take mask and transform from the truth and need no registration."""

from __future__ import annotations

from pathlib import Path

from hepadose.batch.job import FlrJob


def truth_options(patient: Path) -> list[str]:
    """The command-line options of :func:`truth_job`."""
    truth = patient / "truth"
    return [
        "--reaction-file",
        str(truth / "reaction.nrrd"),
        "--transform",
        str(truth / "follow_up_to_planning.nrrd"),
        "--transform-error",
        "0.5",
    ]


def truth_job(patient: Path) -> FlrJob:
    """The true reaction and transform, with a stated error of 0.5 mm."""
    truth = patient / "truth"
    return FlrJob(
        reaction_file=truth / "reaction.nrrd",
        transform_file=truth / "follow_up_to_planning.nrrd",
        transform_error_mm=0.5,
    )

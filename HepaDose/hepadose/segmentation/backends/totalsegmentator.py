"""TotalSegmentator as a segmenter, where the user has installed it: liver and liver lesions.

References
----------
Wasserthal et al., Radiology: Artificial Intelligence 2023, doi:10.1148/ryai.230024.
"""

from __future__ import annotations

import contextlib
import io
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hepadose.errors import EmptyRegionError, HepaDoseError, MissingDependencyError, UnreadableFileError
from hepadose.findings import ok, warning
from hepadose.images import Image, resample
from hepadose.provenance import SegmentationOrigin
from hepadose.segmentation.backends.foreign import ForeignSegmenter, installed_version, words_of
from hepadose.segmentation.engine import EngineResult
from hepadose.segmentation.preprocess import require_ct
from hepadose.segmentation.protocol import Progress, SegmentationInputs
from hepadose.segmentation.runtimes import DeviceName, RuntimeChoice

SUBJECT = "TotalSegmentator"
_KEY = "totalsegmentator"


@dataclass(frozen=True)
class _Task:
    task: str
    finds: str
    file: str
    arguments: dict[str, Any]


TASKS = {
    "totalsegmentator-liver": _Task("liver", "liver", "liver.nii.gz", {"task": "total", "roi_subset": ["liver"]}),
    "totalsegmentator-liver-lesions": _Task(
        "tumor", "liver lesions", "liver_lesions.nii.gz", {"task": "liver_lesions"}
    ),
}
"""By the key under which the user chooses them."""


class TotalSegmentatorSegmenter(ForeignSegmenter):
    """One of TotalSegmentator's tasks.

    Parameters
    ----------
    key : str
        One of :data:`TASKS`.
    choice : RuntimeChoice, optional
        Only its device counts.

    Raises
    ------
    MissingDependencyError
        If TotalSegmentator is not installed.
    """

    def __init__(self, key: str, choice: RuntimeChoice | None = None) -> None:
        self._call = _python_api()
        self._task, self._choice = TASKS[key], choice or RuntimeChoice()
        self.task = self._task.task
        self.name = f"{SUBJECT} {self._task.finds}"
        self.version = installed_version("TotalSegmentator")

    def run(
        self, inputs: SegmentationInputs, progress: Progress | None = None
    ) -> tuple[EngineResult, SegmentationOrigin]:
        """Draw the region, see :meth:`ForeignSegmenter.run`.

        Raises
        ------
        HepaDoseError
            Also if TotalSegmentator fails, or ends without a result.
        """
        tell = progress or (lambda stage, fraction: None)
        tell("Handing the CT over to TotalSegmentator", 0.0)
        require_ct(inputs.follow_up_ct)
        began = time.perf_counter()
        with tempfile.TemporaryDirectory(prefix="hepadose-") as folder:
            found = self._found(inputs.follow_up_ct, Path(folder), tell)
        mask = inputs.follow_up_ct.with_array(resample(found, inputs.follow_up_ct, nearest=True).array > 0)
        if not mask.array.any():
            raise EmptyRegionError(f"TotalSegmentator found no {self._task.finds} on the CT; draw it by hand.")
        tell("Done", 1.0)
        findings = (
            ok(SUBJECT, words_of(mask)),
            warning(SUBJECT, "It sends anonymous usage statistics unless its own settings forbid it."),
        )
        origin = SegmentationOrigin(SUBJECT, self.version, detail=f"task {self._task.arguments['task']}")
        seconds = {"network": time.perf_counter() - began}
        return EngineResult(mask, None, findings, f"{SUBJECT} {self.version}", seconds, 1), origin

    def _found(self, ct: Image, folder: Path, tell: Progress) -> Image:
        import SimpleITK as sitk

        source, output = folder / "ct.nii.gz", folder / "found"
        sitk.WriteImage(ct.to_sitk(), str(source))
        tell("TotalSegmentator is running", 0.05)
        device = "cpu" if self._choice.device is DeviceName.CPU else "gpu"
        _quietly(self._call, source, output, device=device, quiet=True, **self._task.arguments)
        files = [output / self._task.file, *sorted(output.glob("*.nii.gz"))]
        existing = [path for path in files if path.is_file()]
        if not existing:
            raise UnreadableFileError("TotalSegmentator ended without a result; run it alone to see what it says.")
        return Image.from_sitk(sitk.ReadImage(str(existing[0])))


def _python_api() -> Any:
    try:
        from totalsegmentator.python_api import totalsegmentator
    except ImportError as problem:
        raise MissingDependencyError(
            "TotalSegmentator is not installed: pip install TotalSegmentator, or use a model of HepaDose."
        ) from problem
    return totalsegmentator


def _quietly(call: Any, *arguments: Any, **options: Any) -> None:
    """Call what prints to the console and may try to end the program."""
    said = io.StringIO()
    try:
        with contextlib.redirect_stdout(said):
            call(*arguments, **options)
    except SystemExit as problem:
        raise HepaDoseError(
            "TotalSegmentator ended itself, as it does where a task needs a license or weights cannot be downloaded; "
            "run it alone to see what it says."
        ) from problem
    except (RuntimeError, OSError, ValueError) as problem:
        raise HepaDoseError(
            f"TotalSegmentator failed ({type(problem).__name__}); run it alone to see what it says."
        ) from problem

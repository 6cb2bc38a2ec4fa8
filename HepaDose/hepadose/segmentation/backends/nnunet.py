"""The user's own nnU-Net v2 model, run by nnU-Net itself where it is installed.

References
----------
Isensee et al., Nature Methods 2021, doi:10.1038/s41592-020-01008-z.
"""

from __future__ import annotations

import contextlib
import io
import json
import time
from pathlib import Path
from typing import Any

import numpy as np

from hepadose.errors import EmptyRegionError, MissingDependencyError, ModelIntegrityError
from hepadose.findings import ok
from hepadose.images import Image, resample
from hepadose.provenance import SegmentationOrigin
from hepadose.segmentation.backends.foreign import ForeignSegmenter, installed_version, words_of
from hepadose.segmentation.backends.pickle_scan import require_harmless_checkpoint
from hepadose.segmentation.engine import EngineResult
from hepadose.segmentation.preprocess import AIR_HU, model_grid, require_ct
from hepadose.segmentation.protocol import Progress, SegmentationInputs
from hepadose.segmentation.runtimes import DeviceName, RuntimeChoice

CHECKPOINT = "checkpoint_final.pth"
_TASK_WORDS = {
    "reaction": ("reaction", "flr"),
    "tumor": ("tumor", "tumour", "lesion", "cancer", "metastasis"),
    "liver": ("liver",),
}
"""Words in a label's name that say what it is; the first task with a match counts, so that "liver tumor" is a tumor."""


def is_nnunet_folder(folder: Path) -> bool:
    """Whether a folder looks like one that nnU-Net v2 has trained ("…Trainer__…Plans__3d_fullres").

    Parameters
    ----------
    folder : Path

    Returns
    -------
    bool
    """
    return (folder / "plans.json").is_file() and (folder / "dataset.json").is_file()


class NnUnetSegmenter(ForeignSegmenter):
    """A model that nnU-Net v2 has trained on CT.

    Parameters
    ----------
    folder : Path
        With dataset.json, plans.json and folders "fold_0", "fold_1", … or "fold_all".
    choice : RuntimeChoice, optional
        Only its device counts.

    Raises
    ------
    MissingDependencyError
        If nnU-Net is not installed.
    ModelIntegrityError
        If a file is missing, or a checkpoint could run code.
    """

    def __init__(self, folder: Path, choice: RuntimeChoice | None = None) -> None:
        self._folder, self._choice = Path(folder), choice or RuntimeChoice()
        dataset = _dataset(self._folder)
        self._label, self.task = _label_and_task(dataset)
        self._folds = _folds(self._folder)
        for fold in self._folds:
            require_harmless_checkpoint(self._folder / f"fold_{fold}" / CHECKPOINT)
        self._predictor_class, self._torch = _packages()
        self.name = f"nnU-Net {dataset.get('name') or self._folder.parent.name}"
        self.version = installed_version("nnunetv2")

    def run(
        self, inputs: SegmentationInputs, progress: Progress | None = None
    ) -> tuple[EngineResult, SegmentationOrigin]:
        """Draw the region, see :meth:`ForeignSegmenter.run`."""
        tell = progress or (lambda stage, fraction: None)
        ct = inputs.follow_up_ct
        require_ct(ct)
        began = time.perf_counter()
        tell("Loading the nnU-Net model", 0.0)
        predictor = self._predictor()
        tell("nnU-Net is running", 0.05)
        # nnU-Net knows no orientation; it was trained on images whose axes lie along the patient's.
        straight = _along_patient(ct)
        labels = _predicted(predictor, straight)
        found = straight.with_array(labels == self._label)
        mask = resample(found, ct)
        if not mask.array.any():
            raise EmptyRegionError(f"The model {self.name} found no {self.task} on the CT; draw it by hand.")
        tell("Done", 1.0)
        origin = SegmentationOrigin(self.name, self.version, detail=f"folds {', '.join(map(str, self._folds))}")
        seconds = {"network": time.perf_counter() - began}
        return EngineResult(mask, None, (ok("nnU-Net", words_of(mask)),), f"nnU-Net {self.version}", seconds, 1), origin

    def _predictor(self) -> Any:
        torch = self._torch
        use_card = self._choice.device is not DeviceName.CPU and torch.cuda.is_available()
        device = torch.device("cuda", 0) if use_card else torch.device("cpu")
        with contextlib.redirect_stdout(io.StringIO()):
            predictor = self._predictor_class(
                tile_step_size=0.5,
                use_gaussian=True,
                use_mirroring=False,
                perform_everything_on_device=use_card,
                device=device,
                verbose=False,
                verbose_preprocessing=False,
                allow_tqdm=False,
            )
            predictor.initialize_from_trained_model_folder(
                str(self._folder), use_folds=self._folds, checkpoint_name=CHECKPOINT
            )
        return predictor


def _along_patient(ct: Image) -> Image:
    """The CT with axes along the patient's; only flipped or permuted where it lies so already."""
    import SimpleITK as sitk

    if np.allclose(np.abs(ct.direction).max(axis=0), 1.0, atol=1e-4):
        return Image.from_sitk(sitk.DICOMOrient(ct.to_sitk(), "LPS"))
    return resample(ct, model_grid(ct, ct.spacing_mm), outside=AIR_HU)


def _predicted(predictor: Any, image: Image) -> np.ndarray:
    """Labels [k, j, i]; nnU-Net's own SimpleITK reader gives arrays and spacings in this order."""
    with contextlib.redirect_stdout(io.StringIO()):
        return predictor.predict_single_npy_array(
            image.array[None].astype(np.float32), {"spacing": list(image.spacing_kji_mm)}, None, None, False
        )


def _dataset(folder: Path) -> dict[str, Any]:
    try:
        dataset = json.loads((folder / "dataset.json").read_text(encoding="utf-8"))
        channels = dataset.get("channel_names") or dataset.get("modality")
        one_ct = len(channels) == 1 and str(next(iter(channels.values()))).upper() == "CT"
    except (OSError, ValueError, AttributeError, TypeError) as problem:
        raise ModelIntegrityError(
            "The nnU-Net model's dataset.json cannot be read; choose its folder again."
        ) from problem
    if not one_ct:
        raise ModelIntegrityError(
            'The nnU-Net model was not trained on CT alone (channel_names must be {"0": "CT"}); it cannot be used here.'
        )
    return dataset


def _label_and_task(dataset: dict[str, Any]) -> tuple[int, str]:
    """The label that is drawn, and what it is."""
    labels = dataset.get("labels", {})
    plain = {str(name).lower(): value for name, value in labels.items() if isinstance(value, int) and value > 0}
    for task, words in _TASK_WORDS.items():
        for name, value in plain.items():
            if any(word in name for word in words):
                return value, task
    raise ModelIntegrityError(
        f"The nnU-Net model draws none of liver, tumor and reaction: its labels are {', '.join(map(str, labels))}."
    )


def _folds(folder: Path) -> tuple[int | str, ...]:
    numbered = sorted(path.parent.name[5:] for path in folder.glob(f"fold_*/{CHECKPOINT}"))
    folds = tuple(int(name) for name in numbered if name.isdecimal())
    if not folds and "all" in numbered:
        return ("all",)
    if not folds:
        raise ModelIntegrityError(f"The nnU-Net model has no fold with a {CHECKPOINT}; choose the trained folder.")
    return folds


def _packages() -> tuple[Any, Any]:
    try:
        import torch
        from nnunetv2.inference.predict_from_raw_data import nnUNetPredictor
    except ImportError as problem:
        raise MissingDependencyError(
            "nnU-Net is not installed: pip install nnunetv2, or use a model of HepaDose."
        ) from problem
    return nnUNetPredictor, torch

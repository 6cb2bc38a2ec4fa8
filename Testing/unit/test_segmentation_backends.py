"""TotalSegmentator and users' nnU-Net models: real calling code against modules with the real signatures."""

from __future__ import annotations

import pickle
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk
import torch

from hepadose.errors import EmptyRegionError, HepaDoseError, MissingDependencyError, ModelIntegrityError
from hepadose.images import Image
from hepadose.segmentation.backends import open_segmenter
from hepadose.segmentation.backends.pickle_scan import require_harmless_checkpoint
from hepadose.segmentation.protocol import SegmentationInputs, Segmenter
from hepadose.segmentation.runtimes import DeviceName, RuntimeChoice

from foreign_models import Payload, fake_module, monai_folder, nnunet_folder
from model_example import LIVER_HU, example_ct

ON_PROCESSOR = RuntimeChoice(device=DeviceName.CPU, threads=1)


@pytest.fixture
def absent(monkeypatch):
    """None of the other projects is installed."""
    for name in ("totalsegmentator", "nnunetv2", "monai"):
        monkeypatch.setitem(sys.modules, name, None)


def bright_parts(image: sitk.Image) -> sitk.Image:
    """What the fakes find: everything as dense as the liver."""
    return sitk.Cast(sitk.And(image > LIVER_HU - 20, image < LIVER_HU + 20), sitk.sitkUInt8)


def totalsegmentator(
    input,
    output=None,
    ml=False,
    nr_thr_resamp=1,
    nr_thr_saving=6,
    fast=False,
    nora_tag="None",
    preview=False,
    task="total",
    roi_subset=None,
    statistics=False,
    radiomics=False,
    crop_path=None,
    body_seg=False,
    force_split=False,
    output_type="nifti",
    quiet=False,
    verbose=False,
    test=0,
    skip_saving=False,
    device="gpu",
    license_number=None,
    statistics_exclude_masks_at_border=True,
    no_derived_masks=False,
    v1_order=False,
    fastest=False,
    roi_subset_robust=None,
):
    """The signature of version 2; writes one file per class."""
    print(f"Using Device: {device}")
    name = {"total": "liver", "liver_lesions": "liver_lesions"}[task]
    assert roi_subset == (["liver"] if task == "total" else None)
    Path(output).mkdir()
    sitk.WriteImage(bright_parts(sitk.ReadImage(str(input))), str(Path(output) / f"{name}.nii.gz"))


@pytest.mark.parametrize(
    ("key", "task", "said"),
    [("totalsegmentator-liver", "liver", "total"), ("totalsegmentator-liver-lesions", "tumor", "liver_lesions")],
)
def test_totalsegmentator_draws_on_the_cts_grid(monkeypatch, capsys, key, task, said):
    fake_module(monkeypatch, "totalsegmentator.python_api", totalsegmentator=totalsegmentator)
    segmenter = open_segmenter(key, ON_PROCESSOR)
    assert isinstance(segmenter, Segmenter) and segmenter.task == task
    ct, true = example_ct((5.0, 4.0, 6.0))
    found = segmenter.segment(SegmentationInputs(ct))
    assert found.mask.same_grid_as(ct) and found.mask.array[true.array].mean() > 0.99
    assert f"(task {said})" in str(found.origin)
    assert "usage statistics" in found.findings[-1].text
    assert capsys.readouterr().out == ""


def test_totalsegmentator_that_ends_the_program_becomes_an_error(monkeypatch):
    def leaves(input, output, **options):
        sys.exit(1)

    fake_module(monkeypatch, "totalsegmentator.python_api", totalsegmentator=leaves)
    segmenter = open_segmenter("totalsegmentator-liver-lesions")
    with pytest.raises(HepaDoseError, match="a task needs a license"):
        segmenter.segment(SegmentationInputs(example_ct()[0]))


def test_totalsegmentator_without_a_result_becomes_an_error(monkeypatch):
    fake_module(monkeypatch, "totalsegmentator.python_api", totalsegmentator=lambda *a, **k: None)
    with pytest.raises(HepaDoseError, match="ended without a result"):
        open_segmenter("totalsegmentator-liver").segment(SegmentationInputs(example_ct()[0]))


@pytest.mark.parametrize(
    ("key", "package"), [("totalsegmentator-liver", "TotalSegmentator"), ("nnunet", "nnunetv2"), ("monai", "monai")]
)
def test_a_missing_package_is_told_with_the_way_out(absent, tmp_path, key, package):
    model = {"nnunet": nnunet_folder, "monai": monai_folder}.get(key, lambda folder: key)(tmp_path)
    with pytest.raises(MissingDependencyError, match=f"pip install {package}, or use a model of HepaDose"):
        open_segmenter(str(model))


class FakePredictor:
    """The signatures of nnunetv2.inference.predict_from_raw_data.nnUNetPredictor."""

    def __init__(
        self,
        tile_step_size=0.5,
        use_gaussian=True,
        use_mirroring=True,
        perform_everything_on_device=True,
        device=None,
        verbose=False,
        verbose_preprocessing=False,
        allow_tqdm=True,
    ):
        assert device.type == "cpu" and not perform_everything_on_device
        print("perform_everything_on_device=True is only supported for cuda devices!")

    def initialize_from_trained_model_folder(
        self, model_training_output_dir, use_folds, checkpoint_name="checkpoint_final.pth"
    ):
        self.folds = use_folds
        assert (Path(model_training_output_dir) / f"fold_{use_folds[0]}" / checkpoint_name).is_file()

    def predict_single_npy_array(
        self,
        input_image,
        image_properties,
        segmentation_previous_stage=None,
        output_file_truncated=None,
        save_or_return_probabilities=False,
    ):
        assert input_image.ndim == 4 and input_image.dtype == np.float32
        assert len(image_properties["spacing"]) == 3
        # Axes along the patient's: the head is at the end of the first one, so the lung lies there.
        lung = np.argwhere(input_image[0] < -700)
        print("predicting")
        return (np.abs(input_image[0] - LIVER_HU) < 20).astype(np.uint8) * (2 if len(lung) else 0)


@pytest.fixture
def nnunet(monkeypatch):
    fake_module(monkeypatch, "nnunetv2.inference.predict_from_raw_data", nnUNetPredictor=FakePredictor)


def flipped(image: Image) -> Image:
    """The same patient stored feet last and left to right."""
    corner = image.ijk_to_points([image.shape[2] - 1, 0, image.shape[0] - 1])
    return Image(np.ascontiguousarray(image.array[::-1, :, ::-1]), image.spacing_mm, corner, np.diag([-1.0, 1.0, -1.0]))


@pytest.mark.parametrize("turn", [lambda image: image, flipped], ids=["as it is", "flipped"])
def test_nnunet_draws_the_right_label_on_the_cts_grid(nnunet, tmp_path, capsys, turn):
    folder = nnunet_folder(tmp_path, labels={"background": 0, "spleen": 1, "Liver": 2})
    ct, true = (turn(image) for image in example_ct())
    segmenter = open_segmenter(str(folder), ON_PROCESSOR)
    assert isinstance(segmenter, Segmenter) and segmenter.task == "liver"
    found = segmenter.segment(SegmentationInputs(ct))
    assert found.mask.same_grid_as(ct) and found.mask.array[true.array].all()
    assert "nnU-Net Dataset900_Liver" in str(found.origin) and "folds 0, 1" in str(found.origin)
    assert capsys.readouterr().out == ""


def test_nnunet_on_an_oblique_ct_comes_back_on_its_grid(nnunet, tmp_path):
    ct, true = example_ct()
    angle = np.deg2rad(15)
    direction = np.array([[np.cos(angle), -np.sin(angle), 0], [np.sin(angle), np.cos(angle), 0], [0, 0, 1]])
    tilted = Image(ct.array, ct.spacing_mm, ct.origin_lps, direction)
    folder = nnunet_folder(tmp_path, labels={"background": 0, "spleen": 1, "liver": 2})
    found = open_segmenter(str(folder), ON_PROCESSOR).segment(SegmentationInputs(tilted))
    assert found.mask.same_grid_as(tilted) and found.mask.array[true.array].mean() > 0.8


@pytest.mark.parametrize(
    ("changes", "match"),
    [
        ({"channels": {"0": "T1", "1": "T2"}}, "not trained on CT alone"),
        ({"labels": {"background": 0, "spleen": 1}}, "none of liver, tumor and reaction"),
        ({"folds": ()}, "no fold with a checkpoint_final"),
    ],
)
def test_an_nnunet_model_that_cannot_serve_is_refused(nnunet, tmp_path, changes, match):
    with pytest.raises(ModelIntegrityError, match=match):
        open_segmenter(str(nnunet_folder(tmp_path, **changes)))


def test_a_liver_tumor_is_a_tumor(nnunet, tmp_path):
    folder = nnunet_folder(tmp_path, labels={"background": 0, "liver": 1, "liver_tumour": 2})
    assert open_segmenter(str(folder)).task == "tumor"


def test_an_honest_checkpoint_passes(tmp_path):
    folder = nnunet_folder(tmp_path)
    require_harmless_checkpoint(folder / "fold_0" / "checkpoint_final.pth")


def test_a_checkpoint_that_would_run_code_is_refused_unread(nnunet, tmp_path, capsys):
    folder = nnunet_folder(tmp_path)
    torch.save({"network_weights": Payload()}, folder / "fold_1" / "checkpoint_final.pth")
    with pytest.raises(ModelIntegrityError, match=r'would run "__builtin__\.print" when it is read'):
        open_segmenter(str(folder))
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 nothing", pickle.dumps({"a": 1})])
def test_what_is_no_checkpoint_is_refused(tmp_path, content):
    (tmp_path / "a.pth").write_bytes(content)
    with pytest.raises(ModelIntegrityError, match="no readable file of PyTorch"):
        require_harmless_checkpoint(tmp_path / "a.pth")


def test_a_damaged_pickle_in_a_checkpoint_is_refused(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.pth", "w") as archive:
        archive.writestr("a/data.pkl", b"\x80\x02}q\x00(X\x01")
    with pytest.raises(ModelIntegrityError, match="no readable file of PyTorch"):
        require_harmless_checkpoint(tmp_path / "a.pth")


def test_nothing_found_is_told(nnunet, tmp_path):
    with pytest.raises(EmptyRegionError, match="found no liver"):
        open_segmenter(str(nnunet_folder(tmp_path))).segment(SegmentationInputs(example_ct(liver=False)[0]))

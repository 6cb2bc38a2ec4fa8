"""Models of other projects: real calling code against modules with the real signatures; nothing that could run code."""

from __future__ import annotations

import json
import pickle
import sys
import types
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

from model_example import LIVER_HU, band_module, band_weights, dice, example_ct, safetensors_bytes

ON_PROCESSOR = RuntimeChoice(device=DeviceName.CPU, threads=1)


def fake_module(monkeypatch, name: str, **members) -> None:
    """A module under its real name, with its parents."""
    parts = name.split(".")
    for count in range(1, len(parts) + 1):
        path = ".".join(parts[:count])
        if path not in sys.modules:
            monkeypatch.setitem(sys.modules, path, types.ModuleType(path))
        if count > 1:
            monkeypatch.setattr(sys.modules[".".join(parts[: count - 1])], parts[count - 1], sys.modules[path], False)
    for key, value in members.items():
        monkeypatch.setattr(sys.modules[name], key, value, raising=False)


@pytest.fixture
def absent(monkeypatch):
    """None of the other projects is installed."""
    for name in ("totalsegmentator", "nnunetv2", "monai"):
        monkeypatch.setitem(sys.modules, name, None)


def bright_parts(image: sitk.Image) -> sitk.Image:
    """What the fakes find: everything as dense as the liver."""
    return sitk.Cast(sitk.And(image > LIVER_HU - 20, image < LIVER_HU + 20), sitk.sitkUInt8)


# TotalSegmentator


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


# nnU-Net


def nnunet_folder(tmp_path, labels=None, channels=None, folds=("fold_0", "fold_1")) -> Path:
    """A trained model's folder as nnU-Net v2 leaves it."""
    folder = tmp_path / "Dataset900_Liver" / "nnUNetTrainer__nnUNetPlans__3d_fullres"
    checkpoint = {
        "network_weights": band_module().state_dict(),
        "trainer_name": "nnUNetTrainer",
        "init_args": {"configuration": "3d_fullres"},
        "_best_ema": np.float64(0.9),
        "logging": {"mean_fg_dice": [np.float64(0.5)], "lrs": [1e-2]},
        "inference_allowed_mirroring_axes": (0, 1, 2),
    }
    for fold in folds:
        (folder / fold).mkdir(parents=True)
        torch.save(checkpoint, folder / fold / "checkpoint_final.pth")
    folder.mkdir(parents=True, exist_ok=True)
    dataset = {"channel_names": channels or {"0": "CT"}, "labels": labels or {"background": 0, "liver": 1}}
    (folder / "dataset.json").write_text(json.dumps({"name": "Dataset900_Liver", "file_ending": ".nii.gz", **dataset}))
    (folder / "plans.json").write_text("{}")
    return folder


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


# Checkpoints


class Payload:
    """What would run when it is unpickled."""

    def __reduce__(self):
        return (print, ("this ran",))


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


# MONAI


def monai_folder(tmp_path, network=None, transforms=None, labels=None, safe=True) -> Path:
    """A bundle in the layout of MONAI's model zoo."""
    folder = tmp_path / "liver_ct"
    (folder / "configs").mkdir(parents=True)
    (folder / "models").mkdir()
    steps = [
        {"_target_": "LoadImaged", "keys": "image"},
        {"_target_": "EnsureChannelFirstd", "keys": "image"},
        {"_target_": "Orientationd", "keys": "image", "axcodes": "RAS"},
        {"_target_": "Spacingd", "keys": "image", "pixdim": [5.0, 5.0, 5.0], "mode": "bilinear"},
        {"_target_": "ScaleIntensityRanged", "a_min": -200, "a_max": 300, "b_min": 0, "b_max": 1, "clip": True},
        {"_target_": "EnsureTyped", "keys": "image"},
    ]
    inference = {
        "imports": ["$import glob"],
        "network_def": network or {"_target_": "UNet", "spatial_dims": 3, "in_channels": 1, "out_channels": 2},
        "network": "$@network_def.to(@device)",
        "preprocessing": {"_target_": "Compose", "transforms": transforms or steps},
        "inferer": {"_target_": "SlidingWindowInferer", "roi_size": [32, 32, 32], "sw_batch_size": 4, "overlap": 0.5},
    }
    image = {"modality": "CT", "num_channels": 1}
    form = {
        "inputs": {"image": image},
        "outputs": {"pred": {"channel_def": labels or {"0": "background", "1": "liver"}}},
    }
    metadata = {"version": "0.2.0", "task": "Liver segmentation", "network_data_format": form}
    (folder / "configs" / "inference.json").write_text(json.dumps(inference))
    (folder / "configs" / "metadata.json").write_text(json.dumps(metadata))
    state = {name: array.astype(np.float32) for name, array in band_weights().items()}
    if safe:
        (folder / "models" / "model.safetensors").write_bytes(safetensors_bytes(state))
    else:
        tensors = {name: torch.from_numpy(array) for name, array in state.items()}
        torch.save({"model": tensors}, folder / "models" / "model.pt")
    return folder


def fake_unet(seen):
    """The signature of monai.networks.nets.UNet; the network of the tests behind it, and what it was given."""

    class UNet(torch.nn.Sequential):
        def __init__(self, spatial_dims, in_channels, out_channels, channels=(), strides=(), num_res_units=0):
            super().__init__(*band_module())

        def forward(self, values):
            seen.append(values.shape)
            return super().forward(values)

    return UNet


@pytest.fixture
def monai(monkeypatch):
    seen = []
    fake_module(monkeypatch, "monai.networks.nets", UNet=fake_unet(seen))
    return seen


@pytest.mark.parametrize("safe", [True, False], ids=["safetensors", "model.pt"])
def test_a_monai_bundle_draws_on_the_cts_grid(monai, tmp_path, safe):
    segmenter = open_segmenter(str(monai_folder(tmp_path, safe=safe)), ON_PROCESSOR)
    assert isinstance(segmenter, Segmenter) and segmenter.task == "liver"
    ct, true = example_ct()
    found = segmenter.segment(SegmentationInputs(ct))
    assert dice(found.mask.array, true.array) > 0.95
    assert str(found.origin).startswith("MONAI bundle liver_ct 0.2.0 (weights ")
    assert set(monai) == {(1, 1, 32, 32, 32)}


def test_a_bundle_sees_axes_as_it_was_trained(monai, tmp_path):
    from hepadose.segmentation.backends.monai_bundle import _Oriented

    class Remembers:
        on_gpu, description = False, ""

        def predict(self, tile):
            self.tile = tile
            return tile[0]

    inner = Remembers()
    tile = np.arange(2 * 3 * 4, dtype=np.float32).reshape(1, 1, 2, 3, 4)
    back = _Oriented(inner, (2, 1)).predict(tile)
    # RAS: x from left to right, y from back to front; here x runs to the left and y to the back.
    assert inner.tile.shape == (1, 1, 4, 3, 2)
    assert inner.tile[0, 0, 0, 0, 0] == tile[0, 0, 0, -1, -1]
    assert np.array_equal(back, tile[0])


def step(**content):
    return [content, {"_target_": "Spacingd", "pixdim": [1, 1, 1]}]


@pytest.mark.parametrize(
    ("changes", "match"),
    [
        ({"network": {"_target_": "os.system", "command": "true"}}, '"_target_" must be one of UNet'),
        ({"network": {"_target_": "evil.UNet"}}, '"_target_" must be one of UNet'),
        ({"network": {"_target_": "UNet", "channels": "$__import__('os').system('true')"}}, "not an expression"),
        ({"network": {"_target_": "UNet", "act": ["@other"]}}, "not an expression"),
        ({"network": {"_target_": "UNet", "act": {"name": "%other"}}}, "not an expression"),
        ({"transforms": step(_target_="Lambdad", func="$lambda x: x")}, '"_target_" must be one of'),
        ({"transforms": step(_target_="LoadImaged")}, "transforms with ScaleIntensityRanged"),
        ({"labels": {"0": "background", "1": "spleen"}}, "none of liver, tumor and reaction"),
    ],
)
def test_a_bundle_that_would_have_to_be_run_to_be_read_is_refused(monai, tmp_path, changes, match):
    with pytest.raises(ModelIntegrityError, match=match):
        open_segmenter(str(monai_folder(tmp_path, **changes)))


def test_a_bundle_whose_weights_could_run_code_is_refused(monai, tmp_path, capsys):
    folder = monai_folder(tmp_path, safe=False)
    torch.save({"model": Payload()}, folder / "models" / "model.pt")
    with pytest.raises(ModelIntegrityError, match=r'would run "__builtin__\.print"'):
        open_segmenter(str(folder))
    assert capsys.readouterr().out == ""


def test_a_bundle_whose_weights_do_not_fit_is_refused(monai, tmp_path):
    folder = monai_folder(tmp_path)
    (folder / "models" / "model.safetensors").write_bytes(safetensors_bytes({"x": np.zeros(3, np.float32)}))
    with pytest.raises(ModelIntegrityError, match="weights do not fit"):
        open_segmenter(str(folder), ON_PROCESSOR).segment(SegmentationInputs(example_ct()[0]))


def test_nothing_found_is_told(nnunet, tmp_path):
    with pytest.raises(EmptyRegionError, match="found no liver"):
        open_segmenter(str(nnunet_folder(tmp_path))).segment(SegmentationInputs(example_ct(liver=False)[0]))

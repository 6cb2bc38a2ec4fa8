"""Users' MONAI bundles: taken over as data, never run to be read."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from hepadose.errors import ModelIntegrityError
from hepadose.segmentation.backends import open_segmenter
from hepadose.segmentation.protocol import SegmentationInputs, Segmenter
from hepadose.segmentation.runtimes import DeviceName, RuntimeChoice

from foreign_models import Payload, fake_module, monai_folder
from model_example import band_module, dice, example_ct, safetensors_bytes

ON_PROCESSOR = RuntimeChoice(device=DeviceName.CPU, threads=1)


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

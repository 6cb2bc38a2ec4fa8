"""Networks: parameters, how far they see, and the bookkeeping of their channels."""

import pytest
import torch

from hepadose.errors import GeometryMismatchError, SettingsError
from hepadose.networks import NETWORKS, build
from hepadose.networks.deepmedic import input_sizes
from hepadose.networks.measure import parameter_count, receptive_field
from hepadose.networks.residual_unet import PAPER
from hepadose.networks.resnet_unet import RESNET18_WIDTHS

NARROW = {
    "ResidualUNet3D": {"widths": [4, 4, 4, 4, 4], "stem_width": 4},
    "DeepMedic": {"widths": [2] * 10, "joined_width": 4},
    "FCDenseNet3D": {"growth": 2, "first_width": 4},
    "ResNetUNet": {"widths": [4, 4, 4, 4], "decoder_widths": [4] * 5},
}
SIZES = {"ResidualUNet3D": (32, 48, 32), "DeepMedic": (30, 15, 15), "FCDenseNet3D": (32, 48, 32)}


@pytest.mark.parametrize("name", NETWORKS)
def test_every_network_gives_one_logit_per_label_and_voxel(name):
    size = SIZES.get(name, (3, 64, 96))
    module = build(name, {"in_channels": 2, "out_channels": 3, **NARROW[name]})
    assert module(torch.zeros(2, 2, *size)).shape == (2, 3, *size)


@pytest.mark.parametrize("name", NETWORKS)
def test_every_network_learns_with_all_its_weights(name):
    torch.manual_seed(3)
    module = build(name, NARROW[name])
    logits = module(torch.rand(1, 1, *SIZES.get(name, (3, 64, 96))))
    (logits * torch.randn_like(logits)).sum().backward()
    assert [key for key, weight in module.named_parameters() if weight.grad is None or not weight.grad.any()] == []


@pytest.mark.parametrize("name", NETWORKS)
def test_shipped_weights_of_the_default_network_stay_below_6_mb(name):
    assert 2 * parameter_count(build(name)) < 6e6


def test_the_published_residual_unet_has_4_806_million_parameters():
    assert parameter_count(build("ResidualUNet3D", PAPER)) == 4_806_464
    assert parameter_count(build("ResidualUNet3D", {"widths": (32, 64, 128, 256, 512)})) == pytest.approx(
        19.217e6, abs=500
    )


def test_the_residual_unet_sees_beyond_half_a_meter_at_3_mm():
    module = build("ResidualUNet3D", {"widths": (1, 1, 1, 1, 1)})
    assert receptive_field(module, (224, 16, 16))[0] == 187


def test_dropout_is_in_the_deeper_layers_only():
    module = build("ResidualUNet3D", {"dropout": 0.3})
    rates = [
        {part.p for part in unit.modules() if isinstance(part, torch.nn.Dropout)}
        for unit in (*module.down, module.bottom)
    ]
    assert rates == [{0.0}, {0.0}, {0.3}, {0.3}, {0.3}]


def test_deepmedic_needs_35_23_and_21_voxels_for_15_labels():
    assert input_sizes() == (35, 23, 21)
    module = build("DeepMedic", NARROW["DeepMedic"]).eval()
    inputs = [torch.zeros(1, 1, side, side, side) for side in input_sizes()]
    assert module.forward_segments(*inputs).shape == (1, 2, 15, 15, 15)


def test_each_pathway_of_deepmedic_sees_21_of_its_own_voxels_and_the_widest_315_of_the_image():
    module = build("DeepMedic", {"widths": [1] * 10, "joined_width": 1})
    assert [receptive_field(pathway, (33, 33, 33)) for pathway in module.pathways] == [(21, 21, 21)] * 3
    assert receptive_field(module, (15, 15, 345))[2] == 315


def test_deepmedic_on_a_whole_volume_gives_what_its_segments_give():
    torch.manual_seed(5)
    module = build("DeepMedic", NARROW["DeepMedic"]).eval()
    # In one direction only, so that the volume stays small; 23 blocks of 15 hold the widest field of the middle one.
    volume = torch.rand(1, 1, 15, 15, 23 * 15)
    whole = module(volume)
    block = whole[..., 11 * 15 : 12 * 15]
    inputs = []
    for rate, side in zip((1, 5, 15), input_sizes(), strict=True):
        reduced = torch.nn.functional.avg_pool3d(volume, rate)
        padded = torch.nn.functional.pad(reduced, (0, 0, 10, 10, 10, 10), mode="replicate")
        middle = reduced.shape[-1] // 2
        inputs.append(padded[..., middle - side // 2 : middle + side // 2 + 1])
    assert torch.allclose(module.forward_segments(*inputs), block, atol=1e-5)


def test_fc_densenet_hands_on_the_published_numbers_of_channels():
    module = build("FCDenseNet3D")
    assert [part[2].in_channels for part in module.reduce] == [72, 108, 156, 216]
    assert [part.in_channels for part in module.widen] == [84, 60, 48, 36]
    assert [block.layers[0][2].in_channels for block in module.up] == [300, 216, 156, 108]
    assert module.labels.in_channels == 132
    assert [len(block.layers) for block in (*module.down, module.bottom, *module.up)] == [2, 3, 4, 5, 7, 5, 4, 3, 2]


def test_the_wide_encoder_of_the_resnet_unet_is_resnet_18():
    module = build("ResNetUNet", {"widths": RESNET18_WIDTHS, "slices": 3, "norm": "batch"})
    # ResNet-18 has 11 689 512 parameters, of which 513 000 classify photographs.
    assert parameter_count(module.stem) + parameter_count(module.stages) == 11_689_512 - 513_000


def test_a_slice_is_judged_by_its_neighbors_and_by_no_other():
    module = build("ResNetUNet", {"widths": (1, 1, 1, 1), "decoder_widths": [1] * 5})
    assert receptive_field(module, (9, 32, 32))[0] == 3


@pytest.mark.parametrize(("name", "size"), [("ResidualUNet3D", (20, 32, 32)), ("DeepMedic", (16, 15, 15))])
def test_a_volume_that_cannot_be_halved_is_refused_with_the_sizes_that_can(name, size):
    with pytest.raises(GeometryMismatchError, match="multiple of"):
        build(name, NARROW[name])(torch.zeros(1, 1, *size))


@pytest.mark.parametrize(
    ("name", "arguments", "message"),
    [
        ("VNet", {}, "There is no network 'VNet'"),
        ("DeepMedic", {"depth": 3}, "cannot be built"),
        ("DeepMedic", {"widths": [1, 2]}, "10 layers"),
        ("ResidualUNet3D", {"norm": "layer"}, "'instance' or 'batch'"),
        ("ResNetUNet", {"slices": 2}, "odd"),
    ],
)
def test_what_cannot_be_built_is_refused_in_words(name, arguments, message):
    with pytest.raises(SettingsError, match=message):
        build(name, arguments)

"""Losses: values that can be computed by hand, and gradients that point the right way."""

import math

import pytest
import torch

from hepadose.errors import SettingsError
from hepadose.training.config_parts import LossSettings
from hepadose.training.losses import build_loss, cross_entropy, dice_loss, dual_cross_entropy, focal_loss


def logits_of(*probabilities):
    """One voxel per tuple of probabilities, in a row: (1, labels, 1, 1, voxels)."""
    return torch.tensor(probabilities).log().T[None, :, None, None]


def labels_of(*values):
    return torch.tensor(values)[None, None, None]


HALF = logits_of((0.5, 0.5), (0.5, 0.5))


def test_the_dice_loss_of_two_undecided_voxels_is_known():
    # Shared 0.5, sums 1 and 1, one added above and below: 1 - (1 + 1) / (2 + 1).
    assert float(dice_loss(HALF, labels_of(0, 1))) == pytest.approx(1 / 3)


def test_the_dice_loss_of_a_certain_and_right_answer_is_zero():
    assert float(dice_loss(logits_of((1 - 1e-9, 1e-9), (1e-9, 1.0)), labels_of(0, 1))) == pytest.approx(0, abs=1e-6)


def test_a_label_that_is_neither_there_nor_found_costs_nothing():
    certain = logits_of((1.0, 1e-12), (1.0, 1e-12))
    assert float(dice_loss(certain, labels_of(0, 0))) == pytest.approx(0, abs=1e-6)


def test_cross_entropy_and_focal_loss_are_known():
    logits, labels = logits_of((0.25, 0.75)), labels_of(1)
    assert float(cross_entropy(logits, labels)) == pytest.approx(-math.log(0.75))
    assert float(focal_loss(logits, labels, gamma=2.0)) == pytest.approx(-(0.25**2) * math.log(0.75))
    assert float(focal_loss(logits, labels, gamma=0.0)) == pytest.approx(-math.log(0.75))


def test_dual_cross_entropy_penalizes_what_wrong_labels_get():
    logits = logits_of((0.2, 0.3, 0.5))
    assert float(dual_cross_entropy(logits, labels_of(2))) == pytest.approx(math.log(1.2) + math.log(1.3))
    assert float(dual_cross_entropy(logits_of((1e-12, 1.0)), labels_of(1))) == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize("name", ["dice", "cross_entropy", "focal", "dual_cross_entropy"])
def test_every_loss_falls_when_the_true_label_gets_more(name):
    loss = build_loss(LossSettings({name: 1.0}))
    logits = torch.zeros(1, 3, 1, 1, 4, requires_grad=True)
    labels = labels_of(0, 1, 1, 2)
    loss(logits, labels).backward()
    moved = logits.detach() - 0.5 * logits.grad
    assert float(loss(moved, labels)) < float(loss(logits.detach(), labels))


def test_weights_add_up_the_published_combination():
    labels = labels_of(0, 1)
    settings = LossSettings({"cross_entropy": 1.0, "dual_cross_entropy": 0.5, "dice": 2.0})
    expected = cross_entropy(HALF, labels) + 0.5 * dual_cross_entropy(HALF, labels) + 2 * dice_loss(HALF, labels)
    assert float(build_loss(settings)(HALF, labels)) == pytest.approx(float(expected))


def test_sixteen_bit_logits_are_judged_in_thirty_two():
    assert dice_loss(HALF.bfloat16(), labels_of(0, 1)).dtype == torch.float32
    assert cross_entropy(HALF.bfloat16(), labels_of(0, 1)).dtype == torch.float32


@pytest.mark.parametrize("weights", [{"hinge": 1.0}, {"dice": 0.0}, {}])
def test_unknown_or_no_losses_are_refused(weights):
    with pytest.raises(SettingsError, match="Losses are"):
        build_loss(LossSettings(weights))

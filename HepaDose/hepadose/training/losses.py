"""Losses of the published methods, on logits and label numbers.

All take logits ``(N, labels, k, j, i)`` and labels ``(N, k, j, i)`` and compute in 32 bits, whatever the network did.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import torch
from torch.nn import functional

from hepadose.errors import SettingsError

if TYPE_CHECKING:
    from hepadose.training.config_parts import LossSettings

_SMOOTH = 1.0
Loss = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]


def dice_loss(logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """One minus the soft Dice coefficient, averaged over the labels other than background.

    Counted over the whole batch, so that a patch without a label does not dominate; one voxel is added to numerator and
    denominator, which makes a label absent from both 0.

    Parameters
    ----------
    logits : torch.Tensor, shape (N, labels, k, j, i)
        The background first; 2-D serves as well.
    labels : torch.Tensor, shape (N, k, j, i)
        Whole numbers.

    Returns
    -------
    torch.Tensor
        One number, 0 (perfect) to 1.
    """
    probabilities = torch.softmax(logits.float(), dim=1)
    truth = _one_hot(labels, logits.shape[1])
    over = (0, *range(2, logits.dim()))
    shared = (probabilities * truth).sum(over)
    total = probabilities.sum(over) + truth.sum(over)
    return (1.0 - (2.0 * shared + _SMOOTH) / (total + _SMOOTH))[1:].mean()


def cross_entropy(logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """Mean of −log of the true label's probability.

    Parameters
    ----------
    logits, labels : torch.Tensor
        As for :func:`dice_loss`.

    Returns
    -------
    torch.Tensor
        One number, 0 or more, in 32 bits.
    """
    return functional.cross_entropy(logits.float(), labels)


def dual_cross_entropy(logits: torch.Tensor, labels: torch.Tensor, alpha: float = 1.0) -> torch.Tensor:
    """Mean of Σ log(α + p) over the wrong labels: what was given to them is penalized.

    Parameters
    ----------
    logits, labels : torch.Tensor
    alpha : float
        Positive; 1 makes the loss 0 where nothing is given to a wrong label.

    Returns
    -------
    torch.Tensor
        One number, in 32 bits.

    References
    ----------
    The tumor follow-up study names the loss without a formula; this is the form published with that name.
    """
    probabilities = torch.softmax(logits.float(), dim=1)
    wrong = 1.0 - _one_hot(labels, logits.shape[1])
    return (wrong * torch.log(alpha + probabilities)).sum(dim=1).mean()


def focal_loss(logits: torch.Tensor, labels: torch.Tensor, gamma: float = 2.0) -> torch.Tensor:
    """Cross-entropy weighted by (1 − p)^γ of the true label, so that what is already certain counts little.

    Parameters
    ----------
    logits, labels : torch.Tensor
        As for :func:`dice_loss`.
    gamma : float
        0 gives the cross-entropy.

    Returns
    -------
    torch.Tensor
        One number, 0 or more.

    References
    ----------
    Lin et al., ICCV 2017, doi:10.1109/ICCV.2017.324.
    """
    log_true = -functional.cross_entropy(logits.float(), labels, reduction="none")
    return (-((1.0 - log_true.exp()) ** gamma) * log_true).mean()


def build_loss(settings: LossSettings) -> Loss:
    """The sum of the named losses with their weights.

    Parameters
    ----------
    settings : LossSettings

    Returns
    -------
    callable
        From logits and labels to one number.

    Raises
    ------
    SettingsError
        If a name is unknown or nothing has a weight.
    """
    parts: dict[str, Loss] = {
        "dice": dice_loss,
        "cross_entropy": cross_entropy,
        "focal": lambda logits, labels: focal_loss(logits, labels, settings.focal_gamma),
        "dual_cross_entropy": lambda logits, labels: dual_cross_entropy(logits, labels, settings.dual_alpha),
    }
    unknown = sorted(set(settings.weights) - set(parts))
    if unknown or not any(settings.weights.values()):
        raise SettingsError(f"Losses are {', '.join(parts)} with a weight each, got {settings.weights}.")

    def total(logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        """The weighted sum."""
        return sum(weight * parts[name](logits, labels) for name, weight in settings.weights.items() if weight)

    return total


def _one_hot(labels: torch.Tensor, count: int) -> torch.Tensor:
    return torch.zeros((labels.shape[0], count, *labels.shape[1:]), device=labels.device).scatter_(
        1, labels.unsqueeze(1), 1.0
    )

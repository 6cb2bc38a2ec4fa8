"""On what a training computes, and with how many bits."""

from __future__ import annotations

import torch

from hepadose.errors import SettingsError

_TYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}


def choose_device(name: str) -> torch.device:
    """The processor or the GPU.

    Parameters
    ----------
    name : {"auto", "cpu", "cuda"}
        "auto" is the GPU where PyTorch can use one.

    Returns
    -------
    torch.device

    Raises
    ------
    SettingsError
        If a GPU is asked for and there is none.
    """
    if name == "cuda" and not torch.cuda.is_available():
        raise SettingsError('There is no GPU that PyTorch can use; set run.device to "auto" or "cpu".')
    return torch.device("cuda" if name != "cpu" and torch.cuda.is_available() else "cpu")


class Precision:
    """Mixed precision: products in 16 bits, sums, losses and weights in 32.

    Parameters
    ----------
    name : {"auto", "float32", "bfloat16", "float16"}
        "auto" takes 32 bits on a processor, on a GPU "bfloat16" where it has it and "float16" otherwise.
    device : torch.device

    Raises
    ------
    SettingsError
        If a processor is asked for "float16", which it computes slowly and without scaling.
    """

    def __init__(self, name: str, device: torch.device) -> None:
        if name == "float16" and device.type == "cpu":
            raise SettingsError('A processor trains with "float32" or "bfloat16", not with "float16".')
        self._device, self._type = device, _TYPES[_automatic(device) if name == "auto" else name]
        # Gradients of 16-bit floats with a short exponent vanish unless they are scaled up.
        self._scaler = torch.amp.GradScaler(device.type, enabled=self._type is torch.float16)

    def autocast(self) -> torch.autocast:
        """Computes in the chosen precision while it is entered.

        Returns
        -------
        torch.autocast
            A context; does nothing for 32 bits.
        """
        return torch.autocast(self._device.type, self._type, enabled=self._type is not torch.float32)

    def update(
        self, loss: torch.Tensor, module: torch.nn.Module, optimizer: torch.optim.Optimizer, clip_norm: float
    ) -> float:
        """Change the weights by the loss's gradient, clipped to a norm (0: not); returns the norm before.

        Parameters
        ----------
        loss : torch.Tensor
            One number.
        module : torch.nn.Module
            Whose gradient is clipped.
        optimizer : torch.optim.Optimizer
        clip_norm : float
            Largest norm of the gradient; 0 or less does not clip.

        Returns
        -------
        float
            Norm of the gradient before clipping.
        """
        optimizer.zero_grad(set_to_none=True)
        self._scaler.scale(loss).backward()
        self._scaler.unscale_(optimizer)
        norm = torch.nn.utils.clip_grad_norm_(module.parameters(), clip_norm if clip_norm > 0 else float("inf"))
        self._scaler.step(optimizer)
        self._scaler.update()
        return float(norm)

    def state(self) -> dict:
        """What a checkpoint needs.

        Returns
        -------
        dict
        """
        return self._scaler.state_dict()

    def load_state(self, state: dict) -> None:
        """Take up :meth:`state`.

        Parameters
        ----------
        state : dict
            Empty where the earlier sitting needed no scaling.
        """
        if state and self._scaler.is_enabled():
            self._scaler.load_state_dict(state)


def _automatic(device: torch.device) -> str:
    if device.type == "cpu":
        return "float32"
    return "bfloat16" if torch.cuda.is_bf16_supported() else "float16"

"""Networks by PyTorch: on graphics cards with mixed precision, and on the processor where onnxruntime is absent."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from hepadose.errors import MissingDependencyError, ModelIntegrityError
from hepadose.segmentation.bundle import Bundle
from hepadose.segmentation.runtimes import DeviceFailedError, DeviceMemoryError

if TYPE_CHECKING:
    import torch


class TorchRuntime:
    """A model's network in PyTorch.

    Parameters
    ----------
    bundle : Bundle
        Checked; the network is built from its class name by :func:`hepadose.networks.build`.
    device : str
        "cpu", "cuda" or "mps".
    threads : int
        Of the processor.

    Raises
    ------
    MissingDependencyError
        If PyTorch cannot be imported.
    ModelIntegrityError
        If the network cannot be built or the weights do not fit it.
    """

    def __init__(self, bundle: Bundle, device: str, threads: int) -> None:
        from hepadose.networks import build

        torch = _import_torch()
        module = build(bundle.description.network_class, bundle.description.network_arguments)
        _load(module, bundle)
        self._run = TorchModule(torch, module, device, threads)
        self.on_gpu, self.description = self._run.on_gpu, self._run.description

    def predict(self, tile: np.ndarray) -> np.ndarray:
        """Logits (labels, k, j, i) of a tile (1, C, k, j, i), see :class:`hepadose.segmentation.runtimes.Runtime`."""
        return self._run.predict(tile)


class TorchModule:
    """Any PyTorch network that gives logits of its input's size.

    Parameters
    ----------
    torch : module
    module : torch.nn.Module
    device : str
    threads : int
    """

    def __init__(self, torch, module: torch.nn.Module, device: str, threads: int) -> None:
        self._torch, self.on_gpu = torch, device != "cpu"
        self._device = torch.device(device)
        module.eval().requires_grad_(False)
        if self.on_gpu:
            # Reduced precision and this memory layout are what the tensor cores of a card are made for.
            self._module = module.to(self._device, memory_format=torch.channels_last_3d)
            name = torch.cuda.get_device_name(self._device) if self._device.type == "cuda" else device
            self.description = f"PyTorch {torch.__version__}, {name}"
        else:
            torch.set_num_threads(threads)
            self._module = module.to(self._device)
            self.description = f"PyTorch {torch.__version__}, processor, {threads} thread{'s'[: threads != 1]}"

    def predict(self, tile: np.ndarray) -> np.ndarray:
        """Logits (labels, k, j, i) of a tile (1, C, k, j, i), see :class:`hepadose.segmentation.runtimes.Runtime`."""
        torch = self._torch
        try:
            with torch.inference_mode():
                values = torch.from_numpy(tile).to(self._device)
                if not self.on_gpu:
                    return self._module(values)[0].float().numpy()
                values = values.to(memory_format=torch.channels_last_3d)
                with torch.autocast(self._device.type, dtype=torch.float16):
                    return self._module(values)[0].float().cpu().numpy()
        except (torch.OutOfMemoryError, MemoryError) as problem:
            self._release()
            raise DeviceMemoryError("The memory does not suffice for a tile.") from problem
        except RuntimeError as problem:
            # The processor's allocator and some drivers have no exception of their own.
            if "memory" not in str(problem).lower():
                if not self.on_gpu:
                    raise
                raise DeviceFailedError(f"The graphics card failed ({type(problem).__name__}).") from problem
            self._release()
            raise DeviceMemoryError("The memory does not suffice for a tile.") from problem

    def _release(self) -> None:
        if self._device.type == "cuda":
            self._torch.cuda.empty_cache()


def _import_torch():
    try:
        import torch
    except ImportError as problem:
        raise MissingDependencyError(
            "This runtime needs PyTorch, which is missing or broken: pip install torch"
        ) from problem
    return torch


def _load(module: torch.nn.Module, bundle: Bundle) -> None:
    """Put the checked weights into the network; the file must hold exactly its tensors."""
    import torch

    wanted = module.state_dict()
    missing, surplus = set(wanted) - set(bundle.tensors), set(bundle.tensors) - set(wanted)
    shapes = [name for name in set(wanted) & set(bundle.tensors) if wanted[name].shape != bundle.tensors[name].shape]
    if missing or surplus or shapes:
        raise ModelIntegrityError(
            f"The weights of the model {bundle.description.name} do not fit the network "
            f"{bundle.description.network_class}: {len(missing)} missing, {len(surplus)} unknown, {len(shapes)} of "
            "another shape; get the model again."
        )
    # Copied, because PyTorch warns about memory that must not be written to.
    state = {name: torch.from_numpy(np.array(array)).to(wanted[name].dtype) for name, array in bundle.tensors.items()}
    module.load_state_dict(state)

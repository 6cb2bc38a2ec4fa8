"""The user's own MONAI bundle: its network by name, its preprocessing as data; nothing that it states is run as code.

A bundle's configuration may hold Python expressions. They are never evaluated: what this file reads must be plain
values, and the network must be one of MONAI's own classes.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from hepadose.errors import MissingDependencyError, ModelIntegrityError
from hepadose.findings import ok
from hepadose.provenance import SegmentationOrigin
from hepadose.segmentation.backends.foreign import words_of
from hepadose.segmentation.backends.monai_description import MonaiDescription, read_monai_bundle
from hepadose.segmentation.backends.pickle_scan import require_harmless_checkpoint
from hepadose.segmentation.bundle import Bundle
from hepadose.segmentation.engine import EngineInputs, EngineResult, run_model
from hepadose.segmentation.protocol import Progress, Segmentation, SegmentationInputs
from hepadose.segmentation.runtimes import DeviceName, Ladder, RuntimeChoice
from hepadose.segmentation.safetensors_file import read_safetensors

WEIGHTS = ("models/model.safetensors", "models/model.pt")


def is_monai_bundle(folder: Path) -> bool:
    """Whether a folder is a bundle of MONAI's own layout, which states a "network_def".

    Parameters
    ----------
    folder : Path

    Returns
    -------
    bool
    """
    path = folder / "configs" / "inference.json"
    try:
        return path.is_file() and '"network_def"' in path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return False


class MonaiBundleSegmenter:
    """A bundle for CT whose network is one of MONAI's.

    Parameters
    ----------
    folder : Path
        With configs/metadata.json, configs/inference.json and models/model.safetensors or model.pt.
    choice : RuntimeChoice, optional

    Raises
    ------
    MissingDependencyError
        If MONAI or PyTorch is not installed.
    ModelIntegrityError
        If the bundle states what cannot be taken over without running it, or its weights could run code.
    """

    needs: tuple[str, ...] = ()

    def __init__(self, folder: Path, choice: RuntimeChoice | None = None) -> None:
        self._folder, self._choice = Path(folder), choice or RuntimeChoice()
        self._about: MonaiDescription = read_monai_bundle(self._folder)
        self._weights = _weight_file(self._folder)
        self._networks, self._torch = _packages()
        self.task = self._about.model.task
        self.name, self.version = f"MONAI bundle {self._about.model.name}", self._about.model.version

    def segment(self, inputs: SegmentationInputs, progress: Progress | None = None) -> Segmentation:
        """Draw the region, see :meth:`hepadose.segmentation.backends.ModelSegmenter.segment`."""
        result, origin = self.run(inputs, progress)
        return Segmentation(result.mask, origin, (*result.findings, ok("MONAI bundle", words_of(result.mask))))

    def run(
        self, inputs: SegmentationInputs, progress: Progress | None = None
    ) -> tuple[EngineResult, SegmentationOrigin]:
        """Draw the region, see :meth:`hepadose.segmentation.backends.ModelSegmenter.run`.

        Raises
        ------
        ModelIntegrityError
            Also if the weights do not fit the network.
        """
        content = self._weights.read_bytes()
        bundle = Bundle(self._about.model, self._about.inference, {}, b"", b"", ())
        images = EngineInputs(inputs.follow_up_ct, inputs.planning_ct, inputs.liver)
        result = run_model(bundle, images, self._choice, progress, ladder=lambda: self._ladder(content))
        detail = f"weights {hashlib.sha256(content).hexdigest()[:8]}"
        return result, SegmentationOrigin(self.name, self.version, detail=detail)

    def _ladder(self, content: bytes) -> Ladder:
        from hepadose.segmentation.runtime_torch import TorchModule

        def opened(device: str):
            """The network on a device."""
            module = self._module(content)
            return _Oriented(TorchModule(self._torch, module, device, self._choice.thread_count), self._about.flips)

        steps = [lambda: opened("cpu")]
        if self._choice.device is not DeviceName.CPU and self._torch.cuda.is_available():
            steps.insert(0, lambda: opened("cuda"))
        return Ladder(tuple(steps))

    def _module(self, content: bytes) -> Any:
        """The network with its weights."""
        arguments = dict(self._about.model.network_arguments)
        try:
            module = getattr(self._networks, self._about.model.network_class)(**arguments)
            module.load_state_dict(self._state(content))
        except (TypeError, ValueError, RuntimeError, KeyError) as problem:
            if isinstance(problem, ModelIntegrityError):
                raise
            raise ModelIntegrityError(
                f"The bundle's network {self._about.model.network_class} cannot be built, or its weights do not fit "
                "it; update MONAI or get the bundle again."
            ) from problem
        return module

    def _state(self, content: bytes) -> dict[str, Any]:
        torch = self._torch
        if self._weights.suffix == ".safetensors":
            return {name: torch.from_numpy(np.array(array)) for name, array in read_safetensors(content).items()}
        state = torch.load(self._weights, map_location="cpu", weights_only=True)
        return state.get("model", state) if isinstance(state, dict) else state


@dataclass(frozen=True)
class _Oriented:
    """A network that wants (N, C, i, j, k) with axes that may run the other way."""

    inner: Any
    flips: tuple[int, ...]
    """Axes of (k, j, i) that run against L, P, S."""

    @property
    def on_gpu(self) -> bool:
        """Whether a graphics card runs the network."""
        return self.inner.on_gpu

    @property
    def description(self) -> str:
        """Library, version and device."""
        return self.inner.description

    def predict(self, tile: np.ndarray) -> np.ndarray:
        """Logits (labels, k, j, i) of a tile (1, C, k, j, i), as :class:`Runtime` wants them."""
        turned = np.flip(tile, [axis + 2 for axis in self.flips]).transpose(0, 1, 4, 3, 2)
        found = self.inner.predict(np.ascontiguousarray(turned))
        return np.ascontiguousarray(np.flip(found.transpose(0, 3, 2, 1), [axis + 1 for axis in self.flips]))


def _weight_file(folder: Path) -> Path:
    for name in WEIGHTS:
        path = folder / name
        if path.is_file() and not path.is_symlink():
            if path.suffix == ".pt":
                require_harmless_checkpoint(path)
            return path
    raise ModelIntegrityError(f"The bundle has none of the weight files {', '.join(WEIGHTS)}; get it again.")


def _packages() -> tuple[Any, Any]:
    try:
        import torch
        from monai.networks import nets
    except ImportError as problem:
        raise MissingDependencyError(
            "MONAI is not installed: pip install monai, or use a model of HepaDose."
        ) from problem
    return nets, torch

"""Networks on the processor by onnxruntime: a small package, no PyTorch."""

from __future__ import annotations

import numpy as np

from hepadose.errors import MissingDependencyError, ModelIntegrityError
from hepadose.segmentation.bundle import Bundle
from hepadose.segmentation.runtimes import DeviceMemoryError

_FAILED_ALLOCATION = ("bad_alloc", "allocate memory", "out of memory", "bad allocation")


class OnnxRuntime:
    """A model's graph in onnxruntime.

    Parameters
    ----------
    bundle : Bundle
        Checked; its graph gets its weights from memory, so that no file is opened here.
    threads : int
        Of the processor.

    Raises
    ------
    MissingDependencyError
        If onnxruntime cannot be imported.
    ModelIntegrityError
        If it does not accept the graph.
    """

    on_gpu = False

    def __init__(self, bundle: Bundle, threads: int) -> None:
        try:
            import onnxruntime
        except ImportError as problem:
            raise MissingDependencyError(
                "Networks without PyTorch need onnxruntime, which is missing or broken: pip install onnxruntime"
            ) from problem
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
        options.log_severity_level = 3
        # The arena would keep the memory of the largest tile until the process ends.
        options.enable_cpu_mem_arena = False
        # The session refers to these arrays as long as it lives.
        self._weights = [_array(bundle, tensor) for tensor in bundle.external]
        values = [onnxruntime.OrtValue.ortvalue_from_numpy(array) for array in self._weights]
        if values:
            options.add_external_initializers([tensor.name for tensor in bundle.external], values)
        try:
            self._session = onnxruntime.InferenceSession(bundle.graph, options, providers=["CPUExecutionProvider"])
        except Exception as problem:
            # onnxruntime's own exceptions have no common class but this one.
            raise ModelIntegrityError(
                f"onnxruntime {onnxruntime.__version__} does not accept the graph of the model "
                f"{bundle.description.name}; update onnxruntime or get the model again."
            ) from problem
        self._input = self._session.get_inputs()[0].name
        self.description = f"onnxruntime {onnxruntime.__version__}, processor, {threads} thread{'s'[: threads != 1]}"

    def predict(self, tile: np.ndarray) -> np.ndarray:
        """Logits (labels, k, j, i) of a tile (1, C, k, j, i), see :class:`hepadose.segmentation.runtimes.Runtime`."""
        try:
            return self._session.run(None, {self._input: tile})[0][0]
        except MemoryError as problem:
            raise DeviceMemoryError("The memory does not suffice for a tile.") from problem
        except RuntimeError as problem:
            if any(word in str(problem) for word in _FAILED_ALLOCATION):
                raise DeviceMemoryError("The memory does not suffice for a tile.") from problem
            raise


def _array(bundle: Bundle, tensor) -> np.ndarray:
    stored = bundle.weights[tensor.offset : tensor.offset + tensor.length]
    return np.frombuffer(stored, tensor.dtype).reshape(tensor.shape)

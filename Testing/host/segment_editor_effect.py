"""An effect as scripts see it: its name and its parameters, kept as attributes of the editor's parameter node."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from slicer import vtkMRMLSegmentEditorNode

DEFAULTS = {
    "BrushAbsoluteDiameter": "10",
    "BrushSphere": "0",
    "Threshold.MinimumThreshold": "0",
    "Threshold.MaximumThreshold": "0",
    "Smoothing.SmoothingMethod": "MEDIAN",
    "Smoothing.KernelSizeMm": "3",
    "Islands.Operation": "KEEP_LARGEST_ISLAND",
    "Islands.MinimumSize": "1000",
    "Logical operators.Operation": "COPY",
    "Logical operators.ModifierSegmentID": "",
    "Scissors.Operation": "EraseInside",
}


class Effect:
    """One effect of the editor (qSlicerSegmentEditorAbstractEffect).

    Parameters
    ----------
    name : str
        As on its button.
    node : vtkMRMLSegmentEditorNode
        Keeps the parameters: common ones under their own name, the effect's own as "Effect.Name".
    """

    __slots__ = ("_node", "name")

    def __init__(self, name: str, node: vtkMRMLSegmentEditorNode) -> None:
        self.name, self._node = name, node

    def parameter(self, name: str) -> str:
        """The effect's own parameter as text; empty if unset."""
        return self._read(f"{self.name}.{name}")

    def integerParameter(self, name: str) -> int:
        return int(float(self.parameter(name) or 0))

    def doubleParameter(self, name: str) -> float:
        return float(self.parameter(name) or 0.0)

    def setParameter(self, name: str, value: object) -> None:
        self._write(f"{self.name}.{name}", value)

    def commonParameter(self, name: str) -> str:
        """A parameter that several effects share, as text."""
        return self._read(name)

    def integerCommonParameter(self, name: str) -> int:
        return int(float(self.commonParameter(name) or 0))

    def doubleCommonParameter(self, name: str) -> float:
        return float(self.commonParameter(name) or 0.0)

    def setCommonParameter(self, name: str, value: object) -> None:
        self._write(name, value)

    def _read(self, key: str) -> str:
        value = self._node.GetAttribute(key)
        return DEFAULTS.get(key, "") if value is None else value

    def _write(self, key: str, value: object) -> None:
        text = str(int(value)) if isinstance(value, bool) else str(value)
        if self._node.GetAttribute(key) != text:
            self._node.SetAttribute(key, text)
            self._node.InvokeCustomModifiedEvent(type(self._node).EffectParameterModified)

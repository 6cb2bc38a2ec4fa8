"""``slicer.parameterNodeWrapper``: typed parameters kept by a node of the scene and tied to widgets.

Values are written into the vtkMRMLScriptedModuleNode as texts and node references, so that they are saved and loaded
with the scene. Qt is imported only where widgets are tied.
"""

from host.parameters import connectors_of_objects, connectors_of_values  # noqa: F401 (register their ties)
from host.parameters.connectors import (
    Decimals,
    GuiConnector,
    SingleStep,
    createGuiConnector,
    parameterNodeGuiConnector,
)
from host.parameters.packs import isParameterPack, parameterPack
from host.parameters.serializers import Serializer, parameterNodeSerializer
from host.parameters.types import FloatRange
from host.parameters.validators import (
    Choice,
    Default,
    Exclude,
    IsInstance,
    IsNone,
    Maximum,
    Minimum,
    NotNone,
    RangeBounds,
    WithinRange,
)
from host.parameters.wrapper import (
    findChildWidgetForParameter,
    isParameterNodeWrapper,
    parameterNodeWrapper,
)

__all__ = [
    "Choice",
    "Decimals",
    "Default",
    "Exclude",
    "FloatRange",
    "GuiConnector",
    "IsInstance",
    "IsNone",
    "Maximum",
    "Minimum",
    "NotNone",
    "RangeBounds",
    "Serializer",
    "SingleStep",
    "WithinRange",
    "createGuiConnector",
    "findChildWidgetForParameter",
    "isParameterNodeWrapper",
    "isParameterPack",
    "parameterNodeGuiConnector",
    "parameterNodeSerializer",
    "parameterNodeWrapper",
    "parameterPack",
]

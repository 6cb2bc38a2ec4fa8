"""The class decorator ``parameterNodeWrapper``: typed access to a node, and the tie to widgets."""

from __future__ import annotations

import typing
import weakref

from vtkmodules.vtkCommonCore import vtkCommand

from host.parameters.connectors import GuiConnector, createGuiConnector
from host.parameters.packs import default_of
from host.parameters.serializers import serializer_of
from host.parameters.validators import split_annotated

PROPERTY = "SlicerParameterName"
# Slicer's connectGui gave no tag until the fix of its pull request 8667; a module must stand both.
CONNECT_GUI_GIVES_TAG = True


class Parameter:
    """A parameter of a class: how it is kept and what it is by default."""

    def __init__(self, name, hint, serializer, default):
        self.name, self.hint, self.serializer, self.default = name, hint, serializer, default

    def read(self, node, name):
        if not self.serializer.isIn(node, name):
            self.serializer.write(node, name, self.default)
        return self.serializer.read(node, name)


class Value:
    """A parameter of one node."""

    def __init__(self, parameter, node, prefix):
        self.parameter, self.node, self.name = parameter, node, f"{prefix}{parameter.name}"
        if not parameter.serializer.isIn(node, self.name):
            parameter.serializer.write(node, self.name, parameter.default)

    def read(self):
        return self.parameter.read(self.node, self.name)

    def write(self, value):
        self.parameter.serializer.write(self.node, self.name, value)


class CachedValue(Value):
    """A parameter whose last value is remembered until the node changes."""

    def __init__(self, parameter, node, prefix):
        super().__init__(parameter, node, prefix)
        self._value, self._writing = super().read(), False
        me = weakref.ref(self)

        def follow(_caller, _event):
            value = me()
            if value is not None and not value._writing:
                value._value = Value.read(value)

        self._tag = node.AddObserver(vtkCommand.ModifiedEvent, follow)

    def __del__(self):
        if hasattr(self, "_tag"):
            self.node.RemoveObserver(self._tag)

    def read(self):
        return self._value

    def write(self, value):
        from slicer.util import NodeModify

        self._writing = True
        try:
            # Observers of the node must already find the new value.
            with NodeModify(self.node):
                super().write(value)
                self._value = super().read()
        finally:
            self._writing = False


def parameterNodeWrapper(cls=None):
    """Make a class of typed fields a wrapper of a parameter node.

    Raises
    ------
    TypeError
        If a field has a type that parameters cannot have.
    ValueError
        If the class uses a name that the wrapper needs.
    """
    if cls is None:
        return parameterNodeWrapper
    parameters = {}
    for name, hint in typing.get_type_hints(cls, include_extras=True).items():
        try:
            serializer = serializer_of(hint)
        except TypeError as problem:
            raise TypeError(f"Unable to create serializer for {cls.__name__} member {name}: {problem}") from problem
        parameters[name] = Parameter(name, hint, serializer, default_of(cls, name, hint, serializer))
        setattr(cls, name, _attribute(name))
    for name, member in {"allParameters": parameters, "_is_parameter_node_wrapper": True, **METHODS}.items():
        if hasattr(cls, name):
            raise ValueError(f"Cannot use reserved name '{name}' in a parameterNodeWrapper")
        setattr(cls, name, member)
    cls.__init__, cls.__setattr__ = _initialize, _set_attribute
    return cls


def isParameterNodeWrapper(classOrObj) -> bool:
    """Whether something is a wrapper or its class."""
    return getattr(classOrObj, "_is_parameter_node_wrapper", False)


def _attribute(name):
    return property(lambda self: self._values[name].read(), lambda self, value: self._values[name].write(value))


def _initialize(self, parameterNode, prefix=None):
    self.parameterNode = parameterNode
    self._ties, self._next_tag, self._updating = {}, 0, False
    self._values = {
        name: (CachedValue if parameter.serializer.supportsCaching() else Value)(parameter, parameterNode, prefix or "")
        for name, parameter in self.allParameters.items()
    }


def _set_attribute(self, name, value):
    """Stricter than Slicer, which takes a misspelled parameter for a new attribute."""
    if name != "parameterNode" and not name.startswith("_") and not hasattr(type(self), name):
        raise AttributeError(f"{type(self).__name__} has no parameter '{name}'; it has {', '.join(self.allParameters)}")
    object.__setattr__(self, name, value)


def _parameter(self, name):
    first, _, rest = name.partition(".")
    if first not in self.allParameters:
        known = ", ".join(self.allParameters)
        raise ValueError(f"Cannot find a param with the given name: {first}; {type(self).__name__} has {known}")
    if rest:
        split_annotated(self.allParameters[first].hint)[0].dataType(rest)
    return first, rest


def _data_type(self, name):
    first, rest = _parameter(self, name)
    hint = self.allParameters[first].hint
    return split_annotated(hint)[0].dataType(rest) if rest else hint


def _get_value(self, name):
    first, rest = _parameter(self, name)
    value = self._values[first].read()
    return value.getValue(rest) if rest else value


def _set_value(self, name, value):
    first, rest = _parameter(self, name)
    if rest:
        self._values[first].read().setValue(rest, value)
    else:
        self._values[first].write(value)


def _connect_gui(self, gui):
    is_widget = getattr(gui, "isWidgetType", lambda: False)()
    widgets = gui.findChildren("QWidget") if is_widget else vars(gui).values()
    named = {widget.property(PROPERTY): widget for widget in widgets if widget.property(PROPERTY)}
    tag = _connect_parameters(self, named)
    return tag if CONNECT_GUI_GIVES_TAG else None


def _connect_parameters(self, mapping):
    for name in mapping:
        _parameter(self, name)
    connectors = {
        name: item if isinstance(item, GuiConnector) else createGuiConnector(item, _data_type(self, name))
        for name, item in mapping.items()
    }
    tag, self._next_tag = self._next_tag, self._next_tag + 1
    for name, connector in connectors.items():
        connector.write(_get_value(self, name))
        connector.onChanged(_to_parameter(self, name, connector))
    observer = self.AddObserver(vtkCommand.ModifiedEvent, lambda _caller, _event: _to_widgets(self))
    self._ties[tag] = connectors, observer
    return tag


def _to_parameter(self, name, connector):
    def changed():
        from slicer.util import NodeModify

        if not self._updating:
            with NodeModify(self):
                _set_value(self, name, connector.read())

    return changed


def _to_widgets(self):
    from slicer.util import NodeModify

    if self._updating:
        return
    self._updating = True
    try:
        with NodeModify(self):
            for connectors, _observer in list(self._ties.values()):
                for name, connector in connectors.items():
                    connector.write(_get_value(self, name))
    finally:
        self._updating = False


def _disconnect_gui(self, guiTag):
    if guiTag not in self._ties:
        return
    connectors, observer = self._ties.pop(guiTag)
    for connector in connectors.values():
        connector.onChanged(None)
    self.RemoveObserver(observer)


def _is_cached(self, paramName):
    return isinstance(self._values[_parameter(self, paramName)[0]], CachedValue)


def _default(self, paramName):
    return self.allParameters[_parameter(self, paramName)[0]].default


METHODS = {
    "connectGui": _connect_gui,
    "connectParametersToGui": _connect_parameters,
    "disconnectGui": _disconnect_gui,
    "dataType": _data_type,
    "default": _default,
    "getValue": _get_value,
    "setValue": _set_value,
    "isCached": _is_cached,
    "StartModify": lambda self: self.parameterNode.StartModify(),
    "EndModify": lambda self, wasModified: self.parameterNode.EndModify(wasModified),
    "Modified": lambda self: self.parameterNode.Modified(),
    "AddObserver": lambda self, event, method, priority=0.0: self.parameterNode.AddObserver(event, method, priority),
    "RemoveObserver": lambda self, tag: self.parameterNode.RemoveObserver(tag),
}


def findChildWidgetForParameter(widget, parameter):
    """The child of a widget that shows a parameter; None if there is none."""
    children = widget.findChildren("QWidget")
    return next((child for child in children if child.property(PROPERTY) == parameter), None)

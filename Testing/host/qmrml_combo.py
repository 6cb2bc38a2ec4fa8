"""The selector of a node of the scene, qMRMLNodeComboBox."""

# Classes and methods bear Slicer's own names.

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QSizePolicy, QWidget

from host.ctk_buttons import ctkComboBox
from host.ctk_numbers import row
from host.scene_watch import SceneWatch
from host.signals import emit
from host.standin import stand_in, stored

NODE_ID = Qt.ItemDataRole.UserRole
ACTION = Qt.ItemDataRole.UserRole + 1


def refreshing(name: str, default) -> property:
    """A property that changes what the selector offers."""

    def read(self):
        value = stored(self).get(name, default)
        return list(value) if isinstance(value, list) else value

    def write(self, value):
        stored(self)[name] = value
        self._refresh()

    return property(read, write)


@stand_in
class qMRMLNodeComboBox(QWidget):
    """Shows the nodes of some classes and follows the scene."""

    _defaults = {"selectNodeUponCreation": True}

    def __init__(self, parent=None):
        super().__init__(parent)
        self._scene, self._current, self._attributes, self._labels = None, None, [], {}
        self._combo, self._watch = ctkComboBox(), SceneWatch(self._refresh)
        row(self, self._combo)
        self.setFocusProxy(self._combo)
        self._combo.connect("currentIndexChanged(int)", self._picked)
        self._combo.connect("activated(int)", self._activated)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self._combo.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setEnabled(False)

    nodeTypes = refreshing("nodeTypes", [])
    noneEnabled = refreshing("noneEnabled", False)
    noneDisplay = refreshing("noneDisplay", "None")
    showHidden = refreshing("showHidden", False)
    showChildNodeTypes = refreshing("showChildNodeTypes", True)
    addEnabled = refreshing("addEnabled", True)
    removeEnabled = refreshing("removeEnabled", True)

    @property
    def currentNodeID(self):
        return self._current.GetID() if self._current is not None else ""

    @currentNodeID.setter
    def currentNodeID(self, value):
        self.setCurrentNodeID(value)

    @property
    def currentNodeId(self):
        return self.currentNodeID

    @currentNodeId.setter
    def currentNodeId(self, value):
        self.setCurrentNodeID(value)

    def mrmlScene(self):
        return self._scene

    def setMRMLScene(self, scene):
        if scene is not self._scene:
            self._scene = scene
            self._watch.watch_scene(scene)
            self.setEnabled(scene is not None)
            self._refresh()

    def currentNode(self):
        return self._current

    def setCurrentNode(self, node):
        if isinstance(node, str):
            self.setCurrentNodeID(node)
            return
        if node is not None and not hasattr(node, "GetID"):
            raise TypeError(f"qMRMLNodeComboBox.setCurrentNode needs a node or its ID, got {node!r}")
        self.setCurrentNodeID(node.GetID() if node is not None else "")

    def setCurrentNodeID(self, nodeID):
        index = self._combo.findData(nodeID, NODE_ID) if nodeID else -1
        self._combo.setCurrentIndex(0 if index < 0 and self.noneEnabled else index)
        self._take_current()

    def setCurrentNodeIndex(self, index):
        self._combo.setCurrentIndex(index + self.noneEnabled)

    def nodeCount(self):
        return len(self._nodes())

    def nodeFromIndex(self, index):
        nodes = self._nodes()
        return nodes[index] if 0 <= index < len(nodes) else None

    def addAttribute(self, nodeType, attributeName, attributeValue=None):
        self._attributes.append((nodeType, attributeName, attributeValue))
        self._refresh()

    def removeAttribute(self, nodeType, attributeName):
        self._attributes = [item for item in self._attributes if item[:2] != (nodeType, attributeName)]
        self._refresh()

    def setNodeTypeLabel(self, label, nodeType):
        self._labels[nodeType] = label

    def nodeTypeLabel(self, nodeType):
        return self._labels.get(nodeType) or self._scene.GetTagByClassName(nodeType)

    def addNode(self, nodeType=None):
        nodeType = nodeType or self.nodeTypes[0]
        name = self._scene.GenerateUniqueName(self.baseName or self.nodeTypeLabel(nodeType))
        node = self._scene.AddNewNodeByClass(nodeType, name)
        if self.selectNodeUponCreation:
            self.setCurrentNode(node)
        emit(self, "nodeAddedByUser(vtkMRMLNode*)", node)
        return node

    def removeCurrentNode(self):
        if self._current is not None:
            emit(self, "nodeAboutToBeRemoved(vtkMRMLNode*)", self._current)
            self._scene.RemoveNode(self._current)

    def _nodes(self):
        nodes = [self._scene.GetNthNode(i) for i in range(self._scene.GetNumberOfNodes())] if self._scene else []
        return [node for node in nodes if self._is_shown(node)]

    def _is_shown(self, node):
        if self.showChildNodeTypes:
            is_wanted = any(node.IsA(kind) for kind in self.nodeTypes)
        else:
            is_wanted = node.GetClassName() in self.nodeTypes
        if not is_wanted or (node.GetHideFromEditors() and not self.showHidden):
            return False
        return all(self._has(node, *wanted) for wanted in self._attributes)

    def _has(self, node, kind, name, value):
        if not node.IsA(kind):
            return True
        found = node.GetAttribute(name)
        return found is not None and (value is None or found == str(value))

    def _refresh(self):
        nodes = self._nodes()
        self._watch.watch_nodes(nodes)
        blocked = self._combo.blockSignals(True)
        self._combo.clear()
        if self.noneEnabled:
            self._combo.addItem(self.noneDisplay, "")
        for node in nodes:
            self._combo.addItem(node.GetName(), node.GetID())
        self._add_actions()
        self._combo.setCurrentIndex(self._index_after_refresh(nodes))
        self._combo.blockSignals(blocked)
        self._take_current()

    def _index_after_refresh(self, nodes):
        if self._current in nodes:
            return nodes.index(self._current) + self.noneEnabled
        # Without "None", the first node is chosen as soon as there is one.
        return 0 if nodes or self.noneEnabled else -1

    def _add_actions(self):
        if self._scene is None:
            return
        if self.addEnabled:
            for kind in self.nodeTypes:
                self._add_action(f"Create new {self.nodeTypeLabel(kind)}", lambda kind=kind: self.addNode(kind))
        if self.removeEnabled:
            self._add_action("Delete current", self.removeCurrentNode)

    def _add_action(self, text, function):
        self._combo.addItem(text)
        self._combo.setItemData(self._combo.count - 1, function, ACTION)

    def _picked(self, index):
        if self._combo.itemData(index, ACTION) is None:
            self._take_current()

    def _activated(self, index):
        action = self._combo.itemData(index, ACTION)
        if action is not None:
            self.setCurrentNode(self._current)
            action()
        else:
            emit(self, "nodeActivated(vtkMRMLNode*)", self._current)

    def _take_current(self):
        node_id = self._combo.itemData(self._combo.currentIndex, NODE_ID)
        node = self._scene.GetNodeByID(node_id) if node_id and self._scene else None
        if node is self._current:
            return
        self._current = node
        emit(self, "currentNodeChanged(vtkMRMLNode*)", node)
        emit(self, "currentNodeChanged(bool)", node is not None)
        emit(self, "currentNodeIDChanged(QString)", self.currentNodeID)

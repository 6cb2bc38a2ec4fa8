"""The widget that shows a table view node's table."""

# Classes and arguments bear Slicer's own names.

from __future__ import annotations

from PySide6.QtCore import QAbstractTableModel, QModelIndex, Qt
from PySide6.QtWidgets import QAbstractItemView, QTableView
from vtkmodules.vtkCommonCore import vtkCommand

from host.standin import stand_in
from host.views_follow import Follower

NO_PARENT = QModelIndex()


class TableModel(QAbstractTableModel):
    """Cells of a table node; numbers as VTK writes them, column names above, row numbers beside."""

    def __init__(self, parent=None):
        super().__init__(parent)
        self._table = None

    def show(self, table_node):
        """Show a table node; None empties the view."""
        self.beginResetModel()
        self._table = table_node.GetTable() if table_node is not None else None
        self.endResetModel()

    def rowCount(self, parent=NO_PARENT):
        return 0 if self._table is None or parent.isValid() else self._table.GetNumberOfRows()

    def columnCount(self, parent=NO_PARENT):
        return 0 if self._table is None or parent.isValid() else self._table.GetNumberOfColumns()

    def data(self, index, role=Qt.ItemDataRole.DisplayRole):
        if role not in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.EditRole, Qt.ItemDataRole.ToolTipRole):
            return None
        return self._table.GetValue(index.row(), index.column()).ToString()

    def headerData(self, section, orientation, role=Qt.ItemDataRole.DisplayRole):
        if role != Qt.ItemDataRole.DisplayRole or self._table is None:
            return None
        return self._table.GetColumnName(section) if orientation == Qt.Orientation.Horizontal else str(section + 1)


@stand_in
class qMRMLTableView(QTableView):
    """The table that a table view node names."""

    def __init__(self, parent=None):
        super().__init__(parent)
        self._view_node, self._node = None, None
        self._followed_node = Follower(self._follow_table).until_destroyed(self)
        self._cells = TableModel(self)
        self._followed = Follower(self._show).until_destroyed(self)
        self.setModel(self._cells)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.verticalHeader().setDefaultSectionSize(22)

    def setMRMLScene(self, newScene):
        """The nodes have the scene already."""

    def mrmlTableViewNode(self):
        return self._view_node

    def setMRMLTableViewNode(self, newTableViewNode):
        """Show the table that a view node names, whichever that is."""
        self._view_node = newTableViewNode
        self._followed_node.follow([newTableViewNode], vtkCommand.ModifiedEvent)
        self._follow_table()

    def mrmlTableNode(self):
        return self._node

    def setMRMLTableNode(self, tableNode):
        """Show a table node; None empties the view."""
        self._node = tableNode
        self._followed.follow([tableNode], vtkCommand.ModifiedEvent)
        self._show()

    def tableModel(self):
        return self._cells

    def _follow_table(self):
        self.setMRMLTableNode(self._view_node.GetTableNode())

    def _show(self):
        self._cells.show(self._node)
        self.resizeColumnsToContents()

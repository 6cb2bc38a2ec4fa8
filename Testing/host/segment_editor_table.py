"""The Segment Editor's list of segments: visibility, color, name."""

from __future__ import annotations

from PySide6.QtCore import QSignalBlocker, Qt
from PySide6.QtGui import QColor, QIcon, QPainter, QPen, QPixmap
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableWidget, QTableWidgetItem

VISIBLE, COLOR, NAME = range(3)
ROW_PX = 24
SHOWN_ROWS = 6


class SegmentsTable(QTableWidget):
    """One row per segment.

    Parameters
    ----------
    choose : callable
        Called with the ID of the segment that the user selects.
    """

    def __init__(self, choose, parent=None):
        super().__init__(0, 3, parent)
        self._choose, self._segmentation = choose, None
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setHorizontalHeaderLabels(["", "", "Name"])
        self.verticalHeader().hide()
        self.verticalHeader().setDefaultSectionSize(ROW_PX)
        self.horizontalHeader().setSectionResizeMode(NAME, QHeaderView.ResizeMode.Stretch)
        for column in (VISIBLE, COLOR):
            self.setColumnWidth(column, 30)
        self.setFixedHeight(ROW_PX * (SHOWN_ROWS + 1) + 6)
        self.connect("itemSelectionChanged()", self._selected)
        self.connect("cellClicked(int,int)", self._clicked)
        self.connect("itemChanged(QTableWidgetItem*)", self._renamed)

    def show_segments(self, segmentation, current_id, read_only):
        """Write the segments of a segmentation node and select one; None empties the table."""
        self._segmentation = segmentation
        ids = [] if segmentation is None else segmentation.GetSegmentation().GetSegmentIDs()
        with QSignalBlocker(self):
            self.setRowCount(len(ids))
            for row, segment_id in enumerate(ids):
                self._write(row, segment_id, read_only)
            self.clearSelection()
            if current_id in ids:
                self.selectRow(ids.index(current_id))

    def _write(self, row, segment_id, read_only):
        segment = self._segmentation.GetSegmentation().GetSegment(segment_id)
        visible = self._segmentation.GetDisplayNode().GetSegmentVisibility(segment_id)
        eye, color, name = (QTableWidgetItem() for _column in range(3))
        for item in (eye, color):
            item.setFlags(Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable)
        eye.setIcon(_eye(visible))
        eye.setData(Qt.ItemDataRole.UserRole, segment_id)
        eye.setToolTip("Shown; click to hide" if visible else "Hidden; click to show")
        color.setIcon(_square(QColor.fromRgbF(*segment.GetColor())))
        name.setText(segment.GetName())
        if read_only:
            name.setFlags(name.flags() & ~Qt.ItemFlag.ItemIsEditable)
        for column, item in enumerate((eye, color, name)):
            self.setItem(row, column, item)

    def _id(self, row):
        return self.item(row, VISIBLE).data(Qt.ItemDataRole.UserRole)

    def _selected(self):
        rows = {index.row() for index in self.selectedIndexes()}
        if rows:
            self._choose(self._id(rows.pop()))

    def _clicked(self, row, column):
        if column == VISIBLE:
            display = self._segmentation.GetDisplayNode()
            display.SetSegmentVisibility(self._id(row), not display.GetSegmentVisibility(self._id(row)))

    def _renamed(self, item):
        if item.column() == NAME:
            self._segmentation.GetSegmentation().GetSegment(self._id(item.row())).SetName(item.text())


def _square(color):
    pixmap = QPixmap(16, 16)
    pixmap.fill(color)
    return QIcon(pixmap)


def _eye(is_open):
    """An open or a closed eye, drawn: the fonts here have no such sign."""
    pixmap = QPixmap(16, 16)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(QPen(QColor(60, 60, 60), 1.4))
    if is_open:
        painter.drawEllipse(1, 4, 14, 8)
        painter.setBrush(QColor(60, 60, 60))
        painter.drawEllipse(6, 6, 4, 4)
    else:
        painter.drawArc(1, 2, 14, 9, 200 * 16, 140 * 16)
    painter.end()
    return QIcon(pixmap)

"""Small drawn icons of the effects, so that the grid of buttons can be told apart at a glance."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QIcon, QPainter, QPen, QPixmap, QPolygonF

INK, FILL = QColor(55, 55, 55), QColor(60, 140, 200)


def effect_icon(name):
    """Icon of an effect by the name on its button; the empty name is "no effect"."""
    pixmap = QPixmap(18, 18)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(QPen(INK, 1.5))
    DRAWINGS[name](painter)
    painter.end()
    return QIcon(pixmap)


def _none(painter):
    painter.setBrush(INK)
    painter.drawPolygon(QPolygonF([QPointF(*point) for point in ((4, 2), (4, 14), (7, 11), (12, 11))]))


def _threshold(painter):
    for x, height in ((3, 4), (6, 9), (9, 14), (12, 8), (15, 5)):
        painter.setPen(QPen(FILL if 6 <= x <= 12 else INK, 2))
        painter.drawLine(x, 16, x, 16 - height)


def _paint(painter):
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(FILL)
    painter.drawEllipse(QRectF(2, 2, 14, 14))


def _draw(painter):
    painter.drawPolyline(QPolygonF([QPointF(*point) for point in ((2, 14), (5, 5), (9, 11), (13, 3), (16, 8))]))


def _erase(painter):
    painter.setPen(QPen(INK, 1.5, Qt.PenStyle.DashLine))
    painter.drawEllipse(QRectF(2, 2, 14, 14))


def _smoothing(painter):
    painter.drawArc(QRectF(1, 5, 16, 16), 20 * 16, 140 * 16)
    painter.setPen(QPen(FILL, 1))
    painter.drawPolyline(
        QPolygonF([QPointF(*point) for point in ((1, 12), (4, 6), (7, 9), (10, 4), (13, 9), (17, 12))])
    )


def _scissors(painter):
    painter.drawLine(4, 2, 13, 13)
    painter.drawLine(14, 2, 5, 13)
    painter.drawEllipse(QRectF(2, 12, 4, 4))
    painter.drawEllipse(QRectF(12, 12, 4, 4))


def _islands(painter):
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(FILL)
    painter.drawEllipse(QRectF(1, 5, 10, 10))
    painter.setBrush(QColor(200, 120, 60))
    painter.drawEllipse(QRectF(12, 2, 5, 5))


def _logical(painter):
    painter.setBrush(QColor(60, 140, 200, 110))
    painter.drawEllipse(QRectF(1, 4, 10, 10))
    painter.drawEllipse(QRectF(7, 4, 10, 10))


DRAWINGS = {
    "": _none,
    "Threshold": _threshold,
    "Paint": _paint,
    "Draw": _draw,
    "Erase": _erase,
    "Smoothing": _smoothing,
    "Scissors": _scissors,
    "Islands": _islands,
    "Logical operators": _logical,
}

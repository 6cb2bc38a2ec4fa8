"""The main window has Slicer's parts at their places, and pictures of it show everything up to date."""

import numpy as np
import pytest
import slicer
from PySide6.QtCore import Qt
from PySide6.QtGui import QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel, QPushButton, QVBoxLayout, QWidget
from views_example import HIGH_HU, SHAPE_KJI, add_volume, half_and_half, pixel

from host import screenshots


def pixels(path):
    image = QImage(str(path)).convertToFormat(QImage.Format.Format_RGB888)
    rows = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.bytesPerLine())
    return rows[:, : 3 * image.width()].reshape(image.height(), image.width(), 3).copy()


@pytest.fixture
def tall_panel(slicer_app):
    panel = QWidget()
    column = QVBoxLayout(panel)
    for number in range(60):
        column.addWidget(QPushButton(f"Step {number}"))
    last = QLabel()
    last.setObjectName("last")
    last.setFixedHeight(20)
    last.setStyleSheet("background: #ff00ff;")
    column.addWidget(last)
    slicer_app.window.show_panel("", panel)
    yield panel
    slicer_app.window.show_panel("", None)


def test_slicer_util_finds_the_main_window(slicer_app):
    assert slicer.util.mainWindow() is slicer_app.window.window


def test_panel_left_views_right_in_a_window_of_1280_by_800(slicer_app, tall_panel, tmp_path):
    picture = pixels(slicer_app.screenshot(tmp_path / "window.png"))
    assert picture.shape == (800, 1280, 3)
    window = slicer_app.window.window
    panel_right = slicer_app.window.panel.mapTo(window, slicer_app.window.panel.rect.topRight()).x()
    red = slicer.app.layoutManager().sliceWidget("Red")
    red_left = red.mapTo(window, red.rect.topLeft()).x()
    assert 470 <= panel_right <= 500
    assert panel_right < red_left < 520


def test_a_screenshot_shows_a_change_made_just_before(slicer_app, tmp_path):
    volume = add_volume(slicer_app.scene, half_and_half())
    slicer.util.setSliceViewerLayers(background=volume, fit=True)
    slicer.app.layoutManager().resetSliceViews()
    slicer_app.process_events()
    slicer.util.updateVolumeFromArray(volume, np.full(SHAPE_KJI, HIGH_HU + 100.0))
    picture = pixels(slicer_app.screenshot(tmp_path / "window.png"))
    view = slicer.app.layoutManager().sliceWidget("Red").sliceView()
    corner = view.mapTo(slicer_app.window.window, view.rect.topLeft())
    x, y = pixel(view, (-24.0, 4.0, 0.0))
    assert (picture[corner.y() + y, corner.x() + x] >= 254).all()


def test_a_panel_s_picture_has_what_is_below_the_window_s_edge(slicer_app, tall_panel, tmp_path):
    size = tall_panel.size
    path = screenshots.panel_screenshot(slicer_app.window.panel, tmp_path / "panel.png")
    picture = pixels(path)
    assert picture.shape[0] > 1000
    assert picture.shape[1] == slicer_app.window.panel.viewport().width
    assert (picture[-40:] == (255, 0, 255)).all(axis=2).any()
    assert tall_panel.size == size


def test_one_widget_can_be_pictured(slicer_app, tall_panel, tmp_path):
    button = tall_panel.findChildren(QPushButton)[0]
    picture = pixels(screenshots.widget_screenshot(button, tmp_path / "button.png"))
    assert picture.shape[:2] == (button.height, button.width)


def test_a_picture_that_cannot_be_written_is_an_error(slicer_app, tmp_path):
    with pytest.raises(OSError, match="missing"):
        slicer_app.screenshot(tmp_path / "missing" / "window.png")


def test_the_selector_offers_the_modules_and_selects_by_hand(slicer_app):
    selector = slicer_app.window.selector
    titles = [selector.itemText(index) for index in range(selector.count)]
    assert any(title.startswith("FLRDose") for title in titles)
    selector.setFocus()
    QTest.keyClick(selector, Qt.Key.Key_Home)
    slicer_app.process_events()
    assert slicer_app.window.panel.widget() is not None

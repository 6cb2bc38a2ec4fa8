"""Puts the parts of the stand-in of Slicer in place, once per process."""

from __future__ import annotations

import sys

from host import slicer_parts
from host.application import APPLICATION_LOGICS


def start():
    """Make the application object and the real parts behind it.

    Returns
    -------
    qSlicerApplication, trame_slicer.core.SlicerApp
        ``slicer.app``, and what holds scene and logic.
    """
    import slicer
    import slicer.util
    from trame_slicer.core import SlicerApp

    from host import ctk_module, errors, messages, qt_module

    errors.collect()
    messages.send_qt_messages_to_log()
    sys.modules["qt"], sys.modules["ctk"] = qt_module.make(), ctk_module.make()
    from host.slicer_application import qSlicerApplication

    app = qSlicerApplication()
    slicer_app = SlicerApp()
    messages.send_vtk_messages_to_log()
    app._take(slicer_app)
    for name, module in slicer_parts.submodules().items():
        sys.modules[f"slicer.{name}"] = module
        setattr(slicer, name, module)
    slicer.__getattr__ = slicer_parts.application_member
    slicer.app, slicer.mrmlScene = app, slicer_app.scene
    # Slicer's Colors module does this.
    slicer_app.scene.RegisterNodeClass(slicer.vtkMRMLColorLegendDisplayNode())
    slicer.modules = _modules(slicer_app, app)
    return app, slicer_app


def _modules(slicer_app, app):
    from slicer import vtkSlicerPlotsLogic

    from host.slicer_modules import qSlicerLoadableModule

    namespace = slicer_parts.ModulesNamespace("slicer.modules")
    logics = {name: getattr(slicer_app, attribute) for name, attribute in APPLICATION_LOGICS.items()}
    logics["plots"] = slicer_app.register_module_logic(vtkSlicerPlotsLogic())
    for name, logic in logics.items():
        setattr(namespace, name, qSlicerLoadableModule(name.capitalize(), "", logic, app))
    return namespace


def build_window(host):
    """The main window with views and module panel."""
    from host import main_window, module_selector

    window = main_window.build(host)
    module_selector.give_to(window.window, host)
    host.app.setLayoutManager(window.layout_manager)
    return window

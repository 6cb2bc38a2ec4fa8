"""Hidden module: home of the library ``hepadose``.

Slicer puts the folder of every registered module on the search path before any module is made, so that the package
beside this file can be imported by the other modules, from source and installed. Nothing is imported from it here.
"""

from slicer.i18n import tr as _
from slicer.i18n import translate
from slicer.ScriptedLoadableModule import ScriptedLoadableModule


class HepaDose(ScriptedLoadableModule):
    """Says what the library is; shows nothing."""

    def __init__(self, parent):
        ScriptedLoadableModule.__init__(self, parent)
        self.parent.title = _("HepaDose library")
        self.parent.categories = [translate("qSlicerAbstractCoreModule", "Radiotherapy")]
        self.parent.dependencies = []
        self.parent.contributors = ["HepaDose contributors"]
        self.parent.helpText = _("Computations shared by the HepaDose modules. For research use only.")
        self.parent.acknowledgementText = _("Developed by the HepaDose contributors; Apache License 2.0.")
        self.parent.hidden = True

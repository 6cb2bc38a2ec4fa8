"""Errors that tell the user what is wrong, what was expected and what to do.

Every error the library raises on purpose derives from :class:`HepaDoseError`; the subclasses are named
by what the user can do about it. Doors (widget, command line, batch) catch only this root class.
"""


class HepaDoseError(ValueError):
    """Root of all errors that HepaDose raises on purpose."""


class UnreadableFileError(HepaDoseError):
    """A file cannot be read; remove it or export it again."""


class MissingTagError(HepaDoseError):
    """A DICOM attribute that the computation needs is absent or empty; export again or supply the value."""


class MissingInputError(HepaDoseError):
    """An image, dose, plan or structure that the computation needs was not given."""


class AmbiguousInputError(HepaDoseError):
    """Several inputs would fit; say which one is meant."""


class UnitsError(HepaDoseError):
    """A value is in units that cannot be used, or implausible for its unit."""


class GeometryMismatchError(HepaDoseError):
    """Two images or a structure and an image do not share the geometry the computation needs."""


class EmptyRegionError(HepaDoseError):
    """A structure or region contains no voxel where one is needed."""


class SettingsError(HepaDoseError):
    """A setting lies outside its allowed range."""


class MissingDependencyError(HepaDoseError):
    """A Python package that this step needs is not installed; the message names the command that installs it."""


class ModelIntegrityError(HepaDoseError):
    """The folder of a network is damaged, incomplete or holds what could run code; get it again from its source."""


class NotEnoughMemoryError(HepaDoseError):
    """The computer has too little free memory for the step; close other programs or take a smaller image."""


class OutputError(HepaDoseError):
    """The result cannot be written where it was asked for."""


class CancelledError(HepaDoseError):
    """The user stopped the computation; nothing was written."""


class PreflightError(HepaDoseError):
    """The pre-flight list has red entries; correct what it names before computing."""

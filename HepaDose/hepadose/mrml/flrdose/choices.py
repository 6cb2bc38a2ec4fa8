"""What the combo boxes of FLRDose offer, as people read it, and what the library calls it.

Imported when Slicer starts (the parameter node needs the texts), so nothing heavy is imported here.
"""

from __future__ import annotations

QUANTITIES = {"Physical dose": "physical", "EQD2": "eqd2", "BED": "bed"}
BAND_SIDES = {"Symmetric": "symmetric", "Inner": "inner", "Outer": "outer"}
REGISTRATIONS = {
    "Deformable (rigid + affine + B-spline)": "bspline",
    "Rigid + affine": "affine",
    "Rigid": "rigid",
    "None: already aligned": "none",
}
OVERLAYS = ["Blend", "Checkerboard", "Follow-up CT with dose"]
NOT_STATED = "not stated"
MODALITIES = [NOT_STATED, "CT", "Gd-EOB MRI", "SPIO MRI", "other MRI"]
PHASES = [NOT_STATED, "native", "arterial", "portal venous", "delayed", "hepatobiliary"]
CHILD_PUGH = [NOT_STATED, "no cirrhosis", "A", "B", "C"]

UNKNOWN_ERROR_MM = -0.1
"""Stands for an unknown alignment error in the panel's spin box."""

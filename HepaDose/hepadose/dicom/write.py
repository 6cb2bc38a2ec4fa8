"""The writers under one name: CT, structure set, plan and dose, each referring to the one before."""

from hepadose.dicom.study import CtReference, DicomStudy, ObjectReference
from hepadose.dicom.write_ct import CtSeriesSettings, write_ct_series
from hepadose.dicom.write_rtdose import DoseSettings, write_rtdose
from hepadose.dicom.write_rtplan import PlanBeam, PlanSettings, write_rtplan
from hepadose.dicom.write_rtstruct import StructureMask, StructureSetSettings, write_rtstruct

__all__ = [
    "CtReference",
    "CtSeriesSettings",
    "DicomStudy",
    "DoseSettings",
    "ObjectReference",
    "PlanBeam",
    "PlanSettings",
    "StructureMask",
    "StructureSetSettings",
    "write_ct_series",
    "write_rtdose",
    "write_rtplan",
    "write_rtstruct",
]

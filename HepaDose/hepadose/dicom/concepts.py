"""The coded concepts of written segmentations and reports (SNOMED CT, DCM, UCUM), and a private scheme for the rest.

References
----------
DICOM PS3.16 CID 7150–7159 (segmentation categories and types), CID 218 (quantitative image features).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from hepadose.dicom.study import item

if TYPE_CHECKING:
    from pydicom.dataset import Dataset
    from pydicom.sr.coding import Code

PRIVATE_SCHEME = "99HEPADOSE"


@dataclass(frozen=True)
class Concept:
    """A code, its scheme and its meaning."""

    value: str
    scheme: str
    meaning: str

    def code(self) -> Code:
        """As pydicom has it."""
        from pydicom.sr.coding import Code

        return Code(self.value, self.scheme, self.meaning)

    def item(self) -> Dataset:
        """As an item of a code sequence."""
        return item(CodeValue=self.value, CodingSchemeDesignator=self.scheme, CodeMeaning=self.meaning)


ANATOMICAL = Concept("123037004", "SCT", "Anatomical Structure")
ABNORMAL = Concept("49755003", "SCT", "Morphologically Abnormal Structure")
SPATIAL = Concept("309825002", "SCT", "Spatial and Relational Concept")
LIVER = Concept("10200004", "SCT", "Liver")
LUNGS = Concept("74101002", "SCT", "Lungs")
NEOPLASM = Concept("108369006", "SCT", "Neoplasm")
VOLUME_OF_INTEREST = Concept("111176", "DCM", "Volume of Interest")
VOLUME = Concept("118565006", "SCT", "Volume")
ABSORBED_DOSE = Concept("128513", "DCM", "Absorbed Dose")
MEAN = Concept("373098007", "SCT", "Mean")
RADIOEMBOLIZATION = Concept("433785003", "SCT", "Radioembolization of liver")
ACTIVITY = Concept("ACTIVITY", PRIVATE_SCHEME, "Activity at injection")
UPTAKE_RATIO = Concept("TN_RATIO", PRIVATE_SCHEME, "Tumor to normal liver uptake ratio")
LUNG_SHUNT = Concept("LSF", PRIVATE_SCHEME, "Lung shunt fraction")
BOUNDARY_IOU = Concept("BIOU", PRIVATE_SCHEME, "Boundary intersection over union")

CUBIC_CENTIMETER = Concept("cm3", "UCUM", "cubic centimeter")
GRAY = Concept("Gy", "UCUM", "Gray")
GIGABECQUEREL = Concept("GBq", "UCUM", "gigabecquerel")
NO_UNIT = Concept("1", "UCUM", "no units")

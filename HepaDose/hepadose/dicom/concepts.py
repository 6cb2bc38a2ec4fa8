"""The coded concepts of written segmentations and reports (SNOMED CT, DCM, UCUM), and a private scheme for the rest.

References
----------
DICOM PS3.16 CID 7150–7159 (segmentation categories and types), CID 218 (quantitative image features), CID 6143–6147
(response of lesions, time points, criteria).
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

COMPUTED_TOMOGRAPHY = Concept("77477000", "SCT", "Computed tomography")
LONG_AXIS = Concept("103339001", "SCT", "Long axis")
SHORT_AXIS = Concept("103340004", "SCT", "Short axis")
RECIST_1_1 = Concept("126081", "DCM", "RECIST 1.1")
TIME_POINT = Concept("C2348792", "UMLS", "Time Point")
BASELINE = Concept("C1442488", "UMLS", "Baseline")
NADIR = Concept("C1708760", "UMLS", "Nadir")
POSTTREATMENT = Concept("126074", "DCM", "Posttreatment")
TARGET_LESION = Concept("112074", "DCM", "Target Lesion at Baseline")
NON_TARGET_LESION = Concept("112075", "DCM", "Non-Target Lesion at Baseline")
NEW_LESION = Concept("112076", "DCM", "Non-Lesion at Baseline")
CURRENT_RESPONSE = Concept("112048", "DCM", "Current Response")
TARGET_RESPONSE = {
    "CR": Concept("112041", "DCM", "Target Lesion Complete Response"),
    "PR": Concept("112042", "DCM", "Target Lesion Partial Response"),
    "PD": Concept("112043", "DCM", "Target Lesion Progressive Disease"),
    "SD": Concept("112044", "DCM", "Target Lesion Stable Disease"),
}
"""CID 6143 tells the response of the target lesions only; the response of the patient has private codes."""
OVERALL_RESPONSE = Concept("RESPONSE", PRIVATE_SCHEME, "Overall response")
OVERALL_RESPONSES = {
    "CR": Concept("CR", PRIVATE_SCHEME, "Complete response"),
    "PR": Concept("PR", PRIVATE_SCHEME, "Partial response"),
    "SD": Concept("SD", PRIVATE_SCHEME, "Stable disease"),
    "PD": Concept("PD", PRIVATE_SCHEME, "Progressive disease"),
    "NON_CR_NON_PD": Concept("NON_CR_NON_PD", PRIVATE_SCHEME, "Neither complete response nor progressive disease"),
    "NE": Concept("NE", PRIVATE_SCHEME, "Not evaluable"),
}
LESION_ROLE = Concept("ROLE", PRIVATE_SCHEME, "Role of the lesion")
SUM_OF_DIAMETERS = Concept("SUM_DIAMETERS", PRIVATE_SCHEME, "Sum of diameters of the target lesions")

MILLIMETER = Concept("mm", "UCUM", "millimeter")
DAY = Concept("d", "UCUM", "day")
CUBIC_CENTIMETER = Concept("cm3", "UCUM", "cubic centimeter")
GRAY = Concept("Gy", "UCUM", "Gray")
GIGABECQUEREL = Concept("GBq", "UCUM", "gigabecquerel")
NO_UNIT = Concept("1", "UCUM", "no units")

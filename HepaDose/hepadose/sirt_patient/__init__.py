"""The digital patient for radioembolization: anatomy, planted uptake, images of activity, and the truth beside them."""

from hepadose.sirt_patient.patient import make_sirt_patient
from hepadose.sirt_patient.settings import ActivityScan, SirtPatientSettings, TreatedPart
from hepadose.sirt_patient.truth import PlantedRegion, PlantedSirt, read_sirt_truth

__all__ = [
    "ActivityScan",
    "PlantedRegion",
    "PlantedSirt",
    "SirtPatientSettings",
    "TreatedPart",
    "make_sirt_patient",
    "read_sirt_truth",
]

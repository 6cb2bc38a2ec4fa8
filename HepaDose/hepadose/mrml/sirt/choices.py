"""What the combo boxes of LiverSIRT offer, as people read it, and what the library calls it.

Imported when Slicer starts (the parameter node needs the texts), so nothing heavy is imported here.
"""

from __future__ import annotations

from hepadose.evaluation.score_words import WORDS
from hepadose.sirt.guidance import DISEASES as LIBRARY_DISEASES
from hepadose.sirt.products import products

PRODUCTS = {product.name: key for key, product in products().items()}
TREATMENTS = {
    "One lobe": "unilobar",
    "Both lobes": "bilobar",
    "Radiation segmentectomy": "segmentectomy",
    "Radiation lobectomy": "lobectomy",
}
IMAGE_KINDS = {"Y-90 PET (activity concentration)": "concentration", "MAA or bremsstrahlung SPECT (counts)": "counts"}
BQ_PER_ML = {"Bq/ml": 1.0, "kBq/ml": 1e3, "MBq/ml": 1e6}
METHODS = {"Local deposition": "local deposition", "Voxel kernel": "voxel kernel"}
NOT_STATED = "not stated"
DISEASES = {NOT_STATED: None} | {words: key for key, words in LIBRARY_DISEASES.items()}
NOT_SCORED = "not scored"

UNKNOWN = 0.0
"""Stands in the panel's spin boxes for what is unknown or not wanted."""
SCORES = [NOT_SCORED, *(f"{score:g}: {WORDS[score]}" for score in sorted(WORDS, reverse=True))]
"""The scale of the KU Leuven reader study, the best first."""

"""The random synthetic abdomen: anatomy as a label map, and its rendering as a CT of any phase."""

from hepadose.training.abdomen.generate import Abdomen, bent_abdomen, random_abdomen, with_reaction, with_tumors
from hepadose.training.abdomen.lesions import Reaction, Tumor, TumorLook
from hepadose.training.abdomen.outlined import tissues_of
from hepadose.training.abdomen.render import render_ct
from hepadose.training.abdomen.settings import AbdomenSettings, FieldOfView, LiverKind, RenderingSettings
from hepadose.training.abdomen.tissues import Tissue

__all__ = [
    "Abdomen",
    "AbdomenSettings",
    "FieldOfView",
    "LiverKind",
    "Reaction",
    "RenderingSettings",
    "Tissue",
    "Tumor",
    "TumorLook",
    "bent_abdomen",
    "random_abdomen",
    "render_ct",
    "tissues_of",
    "with_reaction",
    "with_tumors",
]

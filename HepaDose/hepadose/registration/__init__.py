"""Registration of a follow-up CT to the planning CT, with its quality and its error in mm."""

from hepadose.registration.given import use_transform
from hepadose.registration.masks import propagate_mask
from hepadose.registration.pipeline import register
from hepadose.registration.quality import Registration, RegistrationQuality
from hepadose.registration.settings import RegistrationMethod, RegistrationSettings
from hepadose.registration.storage import read_transform, write_transform

__all__ = [
    "Registration",
    "RegistrationMethod",
    "RegistrationQuality",
    "RegistrationSettings",
    "propagate_mask",
    "read_transform",
    "register",
    "use_transform",
    "write_transform",
]

"""A digital patient with a planted reaction: written as DICOM, with the truth beside it."""

"""HepaDose: liver radiotherapy response and dosimetry, independent of any viewer.

Importing the package costs a fraction of a second: sub-packages are imported by whoever needs them.
"""

__version__ = "0.1.0"

RESEARCH_USE = "For research use only. Not a medical device; not for diagnosis or treatment decisions."

"""Write the figures of the sample patient anew, after a change of the digital patient that is meant.

Call: ``python Testing/make_sample_reference.py``
"""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

from hepadose.phantom.patient import make_digital_patient
from hepadose.setup.sample import REFERENCE
from hepadose.setup.sample_figures import measure_sample


def main() -> None:
    """Make the patient and replace the reference beside :mod:`hepadose.setup.sample`."""
    with tempfile.TemporaryDirectory() as folder:
        figures = measure_sample(make_digital_patient(Path(folder) / "patient").dicom_folder)
    # One line per figure, so that a change shows what it changed.
    lines = ",\n".join(f" {json.dumps(name)}: {json.dumps(figures[name])}" for name in sorted(figures))
    REFERENCE.write_text(f"{{\n{lines}\n}}\n", encoding="utf-8")


if __name__ == "__main__":
    main()

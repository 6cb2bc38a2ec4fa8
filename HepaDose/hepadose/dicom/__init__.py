"""DICOM in and out: CT series, RTDOSE, RTSTRUCT and RTPLAN, read tolerantly with findings, written strictly."""

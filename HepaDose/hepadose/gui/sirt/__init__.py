"""The sections of LiverSIRT's panel."""

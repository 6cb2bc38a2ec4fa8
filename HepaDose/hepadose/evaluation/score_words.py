"""The wording of the scale of five points, in half points; imported when the application starts."""

from __future__ import annotations

WORDS = {
    5.0: "clinical use without correction",
    4.5: "glitches only, without impact",
    4.0: "minor corrections with limited effect on the volume, much faster than by hand",
    3.5: "limited corrections, a good starting point, faster than by hand",
    3.0: "moderate corrections, a good starting point, faster than by hand",
    2.5: "major corrections, minor benefit",
    2.0: "major corrections, no benefit",
    1.5: "unusable, start from scratch",
    1.0: "unusable, start from scratch",
}

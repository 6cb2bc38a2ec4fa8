"""Types that exist for parameters."""

from __future__ import annotations


class FloatRange:
    """A lower and an upper number."""

    def __init__(self, minimum=0.0, maximum=0.0):
        if minimum > maximum:
            raise ValueError(f"FloatRange: {minimum} is above {maximum}")
        self.minimum, self.maximum = float(minimum), float(maximum)

    def __eq__(self, other):
        return isinstance(other, FloatRange) and (self.minimum, self.maximum) == (other.minimum, other.maximum)

    __hash__ = None

    def __repr__(self):
        return f"FloatRange({self.minimum}, {self.maximum})"

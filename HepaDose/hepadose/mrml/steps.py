"""Work in short steps, so that a window stays alive between them."""

from __future__ import annotations

from collections.abc import Generator
from typing import TypeVar

T = TypeVar("T")


def finished(steps: Generator[None, None, T]) -> T:
    """Take all steps at once, where nobody waits at a window; gives what they return.

    Examples
    --------
    >>> def count():
    ...     yield
    ...     return 2
    >>> finished(count())
    2
    """
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return end.value

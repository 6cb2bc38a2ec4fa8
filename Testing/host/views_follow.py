"""Following the events of several VTK objects, and leaving them when others take their place."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from vtkmodules.vtkCommonCore import vtkObject


class Follower:
    """Calls one function at every given event of the followed objects.

    Parameters
    ----------
    react : callable
        Called without arguments.
    """

    def __init__(self, react: Callable[[], None]) -> None:
        self._react = react
        self._followed: list[tuple[vtkObject, int]] = []

    def follow(self, objects: Iterable[vtkObject | None], *events: Any) -> None:
        """Leave the objects followed so far and follow these; None is passed over."""
        self.leave()
        for each in objects:
            if each is not None:
                for event in events:
                    self._followed.append((each, each.AddObserver(event, self._on_event)))

    def until_destroyed(self, owner: Any) -> Follower:
        """Leave everything when a Qt object is destroyed; its methods could not be called any more."""
        leave = self.leave
        owner.connect("destroyed()", lambda: leave())
        return self

    def leave(self) -> None:
        """Follow nothing any more."""
        for each, tag in self._followed:
            each.RemoveObserver(tag)
        self._followed = []

    def _on_event(self, _caller: vtkObject, _event: str) -> None:
        self._react()

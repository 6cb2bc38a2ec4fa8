"""One part of a panel: a few widgets, what they do, and when they may be used."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

from hepadose.errors import HepaDoseError


class Section:
    """Base of a panel's parts.

    Parameters
    ----------
    panel : ScriptedLoadableModuleWidget
        Offers ``ui``, ``logic``, ``parameters`` (the wrapped parameter node or None), ``log`` (timing log) and
        ``refresh()``, which updates every section.
    """

    def __init__(self, panel: Any) -> None:
        self.panel = panel
        self.ui = panel.ui

    @property
    def parameters(self) -> Any:
        """The wrapped parameter node; None while the scene is being closed."""
        return self.panel.parameters

    @property
    def logic(self) -> Any:
        """The module's logic."""
        return self.panel.logic

    def step_done(self, own_button: Any, next_button: Any) -> None:
        """Fold this section and open the next one: the work goes on there."""
        own_button.collapsed = True
        next_button.collapsed = False

    @contextlib.contextmanager
    def telling(self, tell: Callable[[HepaDoseError], None], text: str, *, wait_cursor: bool = False) -> Iterator[None]:
        """A block whose errors about the case are told in the panel; any other one is a defect, which Slicer shows.

        Parameters
        ----------
        tell : callable
            Given what is wrong with the case, in words.
        text : str
            What could not be done, above the description of a defect.
        wait_cursor : bool
            Show that the application is at work.
        """
        with self.panel.errorsShown(text, waitCursor=wait_cursor):
            try:
                yield
            except HepaDoseError as problem:
                tell(problem)

    @property
    def busy(self) -> str:
        """What runs in this section, in words; empty where nothing does."""
        return ""

    def update(self) -> None:
        """Bring the widgets up to date with the parameter node."""

    def enter(self) -> None:
        """The panel is shown."""

    def exit(self) -> None:
        """The panel is left."""

    def take_up(self) -> None:
        """Go on where a loaded scene was saved."""

    def segments_changed(self) -> None:
        """Segments were changed, by hand or by the panel."""

    def forget_case(self) -> None:
        """Take away what was shown or said about the case so far: there is another one, or none."""

    def scene_closing(self) -> None:
        """Stop everything: the nodes go away."""
        self.forget_case()

    def cleanup(self) -> None:
        """The panel goes away."""
        self.scene_closing()

"""Slice and 3-D views of nodes that the layout logic has already put into the scene; knows nothing of Qt."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trame_slicer.views import AbstractView, IViewFactory, SliceView, ThreeDView, ViewType

from host.views_render import LazyRendering

if TYPE_CHECKING:
    from slicer import vtkMRMLApplicationLogic, vtkMRMLScene
    from trame_slicer.views import ViewLayoutDefinition


class LayoutSliceView(SliceView):
    """A slice view that takes over the scene's slice node of its name."""

    def __init__(self, *arguments, **settings) -> None:
        super().__init__(*arguments, **settings)
        # Images, outlines and texts lie on the view's pixels: more samples would only take twice the time.
        self.render_window().SetMultiSamples(0)

    def set_scene(self, scene: vtkMRMLScene) -> None:
        AbstractView.set_scene(self, scene)
        self._logic.SetMRMLScene(scene)
        self._logic.SetSliceNode(scene.GetSingletonNode(self.name, "vtkMRMLSliceNode"))
        self.set_view_node(self._logic.GetSliceNode())

    @property
    def logic(self):
        """The vtkMRMLSliceLogic of the view."""
        return self._logic

    def _reset_node_view_properties(self) -> None:
        # The layout gives each slice its orientation; resetting it here would undo the user's choice at every load.
        return


class LayoutThreeDView(ThreeDView):
    """A 3-D view that takes over the scene's view node of its name."""

    def __init__(self, *arguments, **settings) -> None:
        super().__init__(*arguments, **settings)
        # Peeling translucent surfaces and drawing several samples per pixel exclude each other: nothing
        # translucent would be seen.
        self.render_window().SetMultiSamples(0)

    def set_scene(self, scene: vtkMRMLScene) -> None:
        AbstractView.set_scene(self, scene)
        # The logic looks for the view node of its own name when it gets the scene.
        self._logic.SetName(self.name)
        self._logic.SetMRMLScene(scene)
        self.set_view_node(self._logic.GetViewNode())

    @property
    def logic(self):
        """The vtkMRMLViewLogic of the view."""
        return self._logic


VIEW_CLASSES = {ViewType.SLICE_VIEW: LayoutSliceView, ViewType.THREE_D_VIEW: LayoutThreeDView}


class ViewFactory(IViewFactory):
    """Makes the slice and 3-D views that the view manager hands to effects and displayable managers."""

    def can_create_view(self, view: ViewLayoutDefinition) -> bool:
        return view.view_type in VIEW_CLASSES

    def _create_view(
        self, view: ViewLayoutDefinition, scene: vtkMRMLScene, app_logic: vtkMRMLApplicationLogic
    ) -> AbstractView:
        # Drawing waits for the widget that takes the view over.
        waiting = LazyRendering(lambda: None)
        return VIEW_CLASSES[view.view_type](scene, app_logic, view.singleton_tag, scheduled_render_strategy=waiting)

    def _get_slicer_view(self, view: AbstractView) -> AbstractView:
        return view

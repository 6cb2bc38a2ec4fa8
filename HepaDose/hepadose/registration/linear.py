"""Rigid and affine stages with SimpleITK: Mattes mutual information near the liver, reproducible sampling."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from hepadose.images import Image
from hepadose.registration.settings import RegistrationSettings

if TYPE_CHECKING:
    import SimpleITK as sitk

_BINS = 32
_SAMPLING = 0.2
_ITERATIONS = 80
_DIGITS = 6


def refine_linearly(
    fixed: Image,
    moving: Image,
    region: Image,
    start: sitk.Transform,
    settings: RegistrationSettings,
    tick: Callable[[float], None],
) -> sitk.Transform:
    """Improve a rigid or affine transform in place over two resolutions.

    Parameters
    ----------
    fixed, moving : Image
        Clipped HU on isotropic working grids.
    region : Image
        Boolean, on the grid of ``fixed``: the voxels that are compared.
    start : SimpleITK.Euler3DTransform or SimpleITK.AffineTransform
        Takes points of ``fixed`` to points of ``moving``; changed in place and returned.
    settings : RegistrationSettings
        Seed and threads.
    tick : callable
        Called with the fraction done; may raise to stop.

    Raises
    ------
    CancelledError
        Whatever ``tick`` raises is passed on.
    """
    method = _method(region, settings)
    step_mm = 2.0 if start.GetNumberOfParameters() <= 6 else 1.0
    method.SetOptimizerAsRegularStepGradientDescent(step_mm, step_mm / 50.0, _ITERATIONS, 0.6)
    method.SetOptimizerScalesFromPhysicalShift()
    method.SetShrinkFactorsPerLevel([2, 1])
    method.SetSmoothingSigmasPerLevel([3.0, 0.0])
    method.SmoothingSigmasAreSpecifiedInPhysicalUnitsOn()
    method.SetInitialTransform(start, True)
    _execute(method, fixed.to_sitk(), moving.to_sitk(), tick)
    # SimpleITK's last digits depend on how its threads were scheduled; without them the result is the same each time.
    start.SetParameters([round(value, _DIGITS) for value in start.GetParameters()])
    return start


def to_affine(rigid: sitk.Euler3DTransform) -> sitk.AffineTransform:
    """The same mapping with twelve free parameters."""
    import SimpleITK as sitk

    affine = sitk.AffineTransform(3)
    affine.SetCenter(rigid.GetCenter())
    affine.SetMatrix(rigid.GetMatrix())
    affine.SetTranslation(rigid.GetTranslation())
    return affine


def _method(region: Image, settings: RegistrationSettings) -> sitk.ImageRegistrationMethod:
    import SimpleITK as sitk

    method = sitk.ImageRegistrationMethod()
    method.SetNumberOfThreads(settings.threads)
    method.SetMetricAsMattesMutualInformation(_BINS)
    method.SetMetricSamplingStrategy(method.RANDOM)
    method.SetMetricSamplingPercentage(_SAMPLING, settings.seed)
    method.SetMetricFixedMask(region.to_sitk())
    method.SetInterpolator(sitk.sitkLinear)
    return method


def _execute(
    method: sitk.ImageRegistrationMethod, fixed: sitk.Image, moving: sitk.Image, tick: Callable[[float], None]
) -> None:
    """Run; an exception of ``tick`` stops the optimizer first and is raised afterwards, since none may cross C++."""
    import SimpleITK as sitk

    stopped: list[BaseException] = []
    count = 0

    def on_iteration() -> None:
        nonlocal count
        count += 1
        try:
            tick(min(count / (2.0 * _ITERATIONS), 1.0))
        except BaseException as reason:
            stopped.append(reason)
        if stopped:
            method.StopRegistration()

    method.AddCommand(sitk.sitkIterationEvent, on_iteration)
    with _interrupts_noted(stopped):
        method.Execute(fixed, moving)
    if stopped:
        raise stopped[0]


@contextmanager
def _interrupts_noted(stopped: list[BaseException]) -> Iterator[None]:
    """Note Ctrl-C and termination instead of raising: in the middle of C++ they would become another error."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    numbers = (signal.SIGINT, signal.SIGTERM)
    before = {number: signal.getsignal(number) for number in numbers}
    ours = [number for number in numbers if before[number] is signal.default_int_handler]
    for number in ours:
        signal.signal(number, lambda *_: stopped.append(KeyboardInterrupt()))
    try:
        yield
    finally:
        for number in ours:
            signal.signal(number, before[number])

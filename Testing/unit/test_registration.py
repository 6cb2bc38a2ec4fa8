"""Follow-up to planning CT on synthetic livers whose deformation is known."""

import numpy as np
import pytest
import SimpleITK as sitk
from scipy import ndimage

from hepadose.errors import (
    CancelledError,
    EmptyRegionError,
    GeometryMismatchError,
    OutputError,
    SettingsError,
    UnreadableFileError,
)
from hepadose.findings import Level, worst_level
from hepadose.images import Image
from hepadose.registration import (
    RegistrationMethod,
    RegistrationQuality,
    RegistrationSettings,
    propagate_mask,
    read_transform,
    register,
    write_transform,
)
from hepadose.registration.quality import judge, judge_stated_error

COARSE = {"working_spacing_mm": 5.0, "control_spacing_mm": 40.0}
SHIFT_LPS = np.array([35.0, -22.0, 410.0])
HALF_AXES_MM = np.array([62.0, 52.0, 48.0])


def grid(
    spacing_mm: tuple[float, float, float], center_lps: np.ndarray, extent_mm: tuple[float, float, float]
) -> Image:
    size = np.ceil(np.array(extent_mm) / spacing_mm).astype(int)
    origin = np.asarray(center_lps) - (size - 1) / 2 * spacing_mm
    return Image(np.zeros(size[::-1], np.float32), spacing_mm, tuple(origin))


def points_of(image: Image) -> np.ndarray:
    k, j, i = np.indices(image.shape)
    return image.ijk_to_points(np.stack([i, j, k], axis=-1))


def true_mapping(points_lps: np.ndarray) -> np.ndarray:
    """Follow-up points to planning points: another table position and a breath of 8 mm at the dome."""
    moved = points_lps - SHIFT_LPS
    breath = 8.0 / (1.0 + np.exp(-moved[..., 2] / 25.0))
    return moved + np.stack([0.1 * breath, -0.2 * breath, breath], axis=-1)


class Body:
    """A liver with vessels in a trunk, defined in the planning frame at a resolution of 4 mm."""

    def __init__(self) -> None:
        random = np.random.default_rng(3)
        self.frame = grid((4.0, 4.0, 4.0), np.zeros(3), (300.0, 260.0, 240.0))
        points = points_of(self.frame)
        self.liver_radius = np.sqrt(((points / HALF_AXES_MM) ** 2).sum(axis=-1))
        noise = ndimage.gaussian_filter(random.normal(size=self.frame.shape), 2.2)
        self.vessels = np.abs(noise / noise.std()) < 0.25
        trunk = ((points[..., :2] / (130.0, 105.0)) ** 2).sum(axis=-1) < 1
        muscle = ndimage.gaussian_filter(random.normal(size=self.frame.shape), 3.0)
        self.around_hu = np.where(trunk, 20.0 + 250.0 * muscle, -1000.0)

    def _sample(self, values: np.ndarray, points: np.ndarray) -> np.ndarray:
        indices = np.moveaxis(self.frame.lps_to_ijk(points), -1, 0)[::-1]
        return ndimage.map_coordinates(values.astype(np.float32), indices, order=1, mode="nearest")

    def scan(self, image: Image, mapping, liver_hu: float, vessel_hu: float, seed: int) -> tuple[Image, Image]:
        points = mapping(points_of(image))
        liver = self._sample(self.liver_radius, points) < 1
        hu = np.where(
            liver, liver_hu + vessel_hu * self._sample(self.vessels, points), self._sample(self.around_hu, points)
        )
        hu += np.random.default_rng(seed).normal(scale=8.0, size=image.shape)
        return image.with_array(hu.astype(np.float32)), image.with_array(liver)


@pytest.fixture(scope="module")
def pair() -> dict[str, Image]:
    body = Body()
    planning_grid = grid((3.0, 3.0, 4.0), np.zeros(3), (280.0, 240.0, 200.0))
    follow_up_grid = grid((2.5, 2.5, 5.0), np.add(SHIFT_LPS, [5.0, 4.0, -10.0]), (250.0, 230.0, 170.0))
    planning, planning_liver = body.scan(planning_grid, lambda points: points, 75.0, 40.0, seed=1)
    follow_up, follow_up_liver = body.scan(follow_up_grid, true_mapping, 110.0, 55.0, seed=2)
    # The reaction itself, which must not pull at the registration.
    follow_up.array[(np.linalg.norm(points_of(follow_up) - SHIFT_LPS - [20, 5, 5], axis=-1) < 22)] -= 28.0
    return {
        "follow_up": follow_up,
        "planning": planning,
        "planning_liver": planning_liver,
        "follow_up_liver": follow_up_liver,
    }


def without_contour(pair: dict[str, Image]) -> dict[str, Image]:
    return {name: image for name, image in pair.items() if name != "follow_up_liver"}


def mean_error_mm(transform: sitk.Transform, pair: dict[str, Image]) -> float:
    points = points_of(pair["follow_up"])[pair["follow_up_liver"].array][::97]
    mapped = np.array([transform.TransformPoint([float(v) for v in point]) for point in points])
    return float(np.linalg.norm(mapped - true_mapping(points), axis=1).mean())


@pytest.fixture(scope="module")
def with_contours(pair):
    return register(**pair, settings=RegistrationSettings(**COARSE))


@pytest.fixture(scope="module")
def from_images(pair):
    return register(**without_contour(pair), settings=RegistrationSettings(**COARSE))


def test_breathing_is_recovered_with_both_contours(pair, with_contours):
    assert mean_error_mm(with_contours.transform, pair) < 1.2


def test_breathing_is_recovered_from_the_images_alone(pair, from_images):
    assert mean_error_mm(from_images.transform, pair) < 1.5
    assert from_images.quality.liver_dice is None
    assert from_images.quality.liver_mean_distance_mm is None


def test_livers_agree_after_registration(with_contours):
    assert with_contours.quality.liver_dice > 0.96
    assert with_contours.quality.liver_mean_distance_mm < 1.2
    assert with_contours.quality.folded_fraction == 0.0
    assert worst_level(with_contours.findings) is Level.OK


@pytest.mark.parametrize("name", ["with_contours", "from_images"])
def test_the_stated_error_is_of_the_size_of_the_true_one(name, pair, request):
    found = request.getfixturevalue(name)
    true_mm = mean_error_mm(found.transform, pair)
    assert 0.5 * true_mm < found.quality.estimated_error_mm < 2.0 * max(true_mm, 0.5)


def test_a_rigid_registration_states_the_deformation_it_leaves(pair):
    found = register(**pair, settings=RegistrationSettings(method=RegistrationMethod.RIGID, **COARSE))
    true_mm = mean_error_mm(found.transform, pair)
    assert true_mm > 1.3
    assert found.quality.estimated_error_mm == pytest.approx(true_mm, rel=0.5)
    assert found.quality.method == "rigid"
    assert found.quality.jacobian_min == pytest.approx(1.0)


def test_the_same_input_gives_the_same_transform(pair, with_contours):
    again = register(**pair, settings=RegistrationSettings(**COARSE))
    point = [float(value) for value in np.add(SHIFT_LPS, [11, 7, 20])]
    assert again.transform.TransformPoint(point) == with_contours.transform.TransformPoint(point)


def test_the_transform_has_no_jump_far_from_the_liver(with_contours):
    line = SHIFT_LPS + np.linspace(-1, 1, 801)[:, None] * np.array([220.0, 0.0, 0.0])
    mapped = np.array([with_contours.transform.TransformPoint([float(v) for v in point]) for point in line])
    steps = np.linalg.norm(np.diff(mapped, axis=0), axis=1)
    assert steps.max() < 2.0 * np.linalg.norm(line[1] - line[0])


def test_the_summary_carries_the_figures_into_the_result(with_contours):
    summary = with_contours.summary()
    assert summary.method == "rigid + affine + B-spline"
    assert summary.estimated_error_mm == with_contours.quality.estimated_error_mm
    assert summary.liver_dice == with_contours.quality.liver_dice


NOT_REGISTERED = RegistrationSettings(method=RegistrationMethod.NONE)


def test_no_registration_is_the_identity_with_unknown_error(pair):
    found = register(pair["planning"], pair["planning"], pair["planning_liver"], settings=NOT_REGISTERED)
    assert found.transform.TransformPoint((1.0, 2.0, 3.0)) == (1.0, 2.0, 3.0)
    assert np.isnan(found.quality.estimated_error_mm)
    assert found.findings[0].level is Level.WARNING and "not registered" in found.findings[0].text


def test_no_registration_claims_no_frame_of_reference(pair):
    found = register(pair["planning"], pair["planning"], pair["planning_liver"], settings=NOT_REGISTERED)
    assert found.quality.method == "none (taken as they lie)"


@pytest.mark.parametrize("with_liver", [True, False])
def test_scans_that_do_not_overlap_as_they_lie_are_refused_in_words(pair, with_liver):
    images = pair if with_liver else without_contour(pair)
    with pytest.raises(GeometryMismatchError, match=r"The two CTs do not overlap as they lie; align them\."):
        register(**images, settings=NOT_REGISTERED)


def test_livers_that_do_not_meet_are_refused_although_the_scans_overlap(pair):
    planning, liver = pair["planning"], pair["planning_liver"]
    elsewhere = liver.with_array(np.zeros(liver.shape, bool))
    elsewhere.array[:2, :4, :4] = True
    with pytest.raises(GeometryMismatchError, match="do not overlap"):
        register(planning, planning, liver, elsewhere, settings=NOT_REGISTERED)


def test_progress_rises_and_can_stop_every_stage(pair):
    seen: list[tuple[str, float]] = []
    register(**pair, settings=RegistrationSettings(**COARSE), progress=lambda *report: seen.append(report))
    fractions = [fraction for _, fraction in seen]
    assert fractions == sorted(fractions) and fractions[-1] == 1.0
    for stage in ("Rigid registration", "B-spline registration"):

        def stop(name: str, fraction: float, at: str = stage) -> None:
            if name == at:
                raise CancelledError("stopped by the user")

        with pytest.raises(CancelledError, match="stopped by the user"):
            register(**pair, settings=RegistrationSettings(**COARSE), progress=stop)


def test_a_liver_on_another_grid_is_refused(pair):
    with pytest.raises(GeometryMismatchError, match="planning CT and planning liver are on different grids"):
        register(pair["follow_up"], pair["planning"], pair["follow_up_liver"])


def test_an_empty_liver_is_refused(pair):
    empty = pair["planning_liver"].with_array(np.zeros(pair["planning"].shape, bool))
    with pytest.raises(EmptyRegionError, match="liver contour contains no voxel"):
        register(pair["follow_up"], pair["planning"], empty)


@pytest.mark.parametrize(
    "setting, message",
    [
        ({"working_spacing_mm": 0.5}, "working voxel size .* between 1.5 and 6 mm, got 0.5 mm"),
        ({"control_spacing_mm": 500.0}, "between 10 and 80 mm, got 500 mm"),
        ({"stiffness": 0.0}, "stiffness .* between 0.01 and 100, got 0"),
    ],
)
def test_settings_out_of_range_are_refused(setting, message):
    with pytest.raises(SettingsError, match=message):
        RegistrationSettings(**setting)


def quality(**changes) -> RegistrationQuality:
    figures = {"liver_dice": 0.97, "liver_mean_distance_mm": 0.6, "folded_fraction": 0.0, "estimated_error_mm": 1.0}
    return RegistrationQuality(method="test", jacobian_min=0.9, jacobian_max=1.1, **{**figures, **changes})


@pytest.mark.parametrize(
    "changes, level, words",
    [
        ({}, Level.OK, "no folding"),
        ({"liver_dice": 0.88}, Level.WARNING, "below 0.9"),
        ({"liver_dice": 0.75}, Level.ERROR, "failed or a contour is wrong"),
        ({"liver_dice": float("nan")}, Level.ERROR, "agreement of the livers is unknown"),
        ({"liver_mean_distance_mm": float("nan")}, Level.ERROR, "agreement of the livers is unknown"),
        ({"folded_fraction": 0.01}, Level.WARNING, "1 % of it is folded"),
        ({"estimated_error_mm": 3.5}, Level.WARNING, "3.5 mm; check vessels"),
        ({"estimated_error_mm": 7.0}, Level.ERROR, "cannot be trusted"),
    ],
)
def test_quality_gates_speak_in_words(changes, level, words):
    findings = judge(quality(**changes))
    assert worst_level(findings) is level
    assert any(finding.level is level and words in finding.text for finding in findings)
    assert not any("nan" in finding.text for finding in findings)


@pytest.mark.parametrize(
    "stated_mm, estimated_mm, level, text",
    [
        (3.0, 0.8, Level.OK, "Mean error in the liver 3.0 mm, stated by the user (estimated 0.8 mm)."),
        (2.0, np.nan, Level.OK, "Mean error in the liver 2.0 mm, stated by the user (not estimated)."),
        (0.2, 0.8, Level.WARNING, "stated by the user (estimated 0.8 mm); say why it is smaller"),
        (4.0, 0.8, Level.WARNING, "4.0 mm, stated by the user (estimated 0.8 mm); check vessels"),
        (7.0, 0.8, Level.ERROR, "cannot be trusted"),
        (np.nan, 0.8, Level.WARNING, "Mean error in the liver unknown, stated by the user (estimated 0.8 mm)"),
    ],
)
def test_an_error_that_the_user_states_is_said_beside_the_estimated_one(stated_mm, estimated_mm, level, text):
    finding = judge_stated_error(stated_mm, estimated_mm)
    assert finding.level is level
    assert text in finding.text


def test_a_propagated_mask_has_no_staircase():
    image = grid((2.0, 2.0, 6.0), np.zeros(3), (80.0, 80.0, 80.0))
    mask = image.with_array(np.linalg.norm(points_of(image), axis=-1) < 25)
    fine = grid((1.0, 1.0, 1.0), np.zeros(3), (70.0, 70.0, 70.0))
    found = propagate_mask(mask, fine)
    truth = np.linalg.norm(points_of(fine), axis=-1) < 25
    assert found.volume_ml() == pytest.approx(mask.volume_ml(), rel=0.03)
    assert np.count_nonzero(found.array ^ truth) < 0.1 * np.count_nonzero(truth)


def test_a_propagated_mask_follows_the_transform():
    image = grid((2.0, 2.0, 2.0), np.zeros(3), (60.0, 60.0, 60.0))
    mask = image.with_array(np.linalg.norm(points_of(image), axis=-1) < 15)
    found = propagate_mask(mask, image, sitk.TranslationTransform(3, (6.0, 0.0, 0.0)))
    assert image.ijk_to_points(np.argwhere(found.array)[:, ::-1]).mean(axis=0) == pytest.approx([-6, 0, 0], abs=0.05)


def test_an_empty_mask_stays_empty_and_nothing_grows_beyond_the_scan():
    image = grid((2.0, 2.0, 2.0), np.zeros(3), (40.0, 40.0, 40.0))
    assert not propagate_mask(image.with_array(np.zeros(image.shape, bool)), image).array.any()
    larger = grid((2.0, 2.0, 2.0), np.zeros(3), (80.0, 80.0, 80.0))
    assert propagate_mask(image.with_array(np.ones(image.shape, bool)), larger).array.sum() == np.prod(image.shape)


def test_a_transform_survives_writing_and_reading(tmp_path, with_contours):
    point = [float(value) for value in np.add(SHIFT_LPS, [11, 7, 20])]
    path = write_transform(tmp_path / "follow_up_to_planning.h5", with_contours.transform)
    assert read_transform(path).TransformPoint(point) == pytest.approx(with_contours.transform.TransformPoint(point))
    assert [file.name for file in tmp_path.iterdir()] == ["follow_up_to_planning.h5"]


def test_unwritable_and_unreadable_transforms_are_told(tmp_path):
    identity = sitk.Transform(3, sitk.sitkIdentity)
    with pytest.raises(OutputError, match="cannot be written"):
        write_transform(tmp_path / "absent" / "transform.tfm", identity)
    with pytest.raises(SettingsError, match=r"stored as \.h5"):
        write_transform(tmp_path / "transform.png", identity)
    (tmp_path / "damaged.tfm").write_text("nothing")
    with pytest.raises(UnreadableFileError, match=r"damaged\.tfm holds no readable transform"):
        read_transform(tmp_path / "damaged.tfm")

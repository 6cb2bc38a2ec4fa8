"""A loaded case and its registration as nodes: in steps, replaced in place, and the same after saving and loading."""

import numpy as np
import pytest
import SimpleITK as sitk

from hepadose.errors import GeometryMismatchError
from hepadose.findings import ok, warning
from hepadose.images import Image, resample
from hepadose.mrml.automatic import segment_origin_now
from hepadose.mrml.dose import dose_banner_of, fractions_of, is_dose_volume, volume_node_to_dose
from hepadose.mrml.headless import new_headless_scene
from hepadose.mrml.images import require_hardened, volume_node_to_image
from hepadose.mrml.loaded import add_loaded_case, registration_nodes
from hepadose.mrml.nodes import new_node
from hepadose.mrml.save import save_scene
from hepadose.mrml.segmentation import SegmentMask, add_segment, segment_names, segment_to_mask
from hepadose.mrml.stated import case_findings, interval_days_of, registration_findings, registration_summary
from hepadose.mrml.transforms import set_transform
from hepadose.registration.quality import Registration, RegistrationQuality
from hepadose.worker.outcomes import LoadedCase, LoadedStructure, RegistrationOutcome

from flr_example import tilted_direction

FINDINGS = (ok("Dose", "maximum 58.0 Gy; β „quoted“ | 5 %"), warning("Follow-up CT", "1 slice is missing."))
BANNER = "maximum 58.0 Gy in 5 fractions, physical dose, Eclipse"


def noise(shape, seed):
    return np.random.default_rng(seed).integers(-100, 200, shape).astype(np.int16)


@pytest.fixture
def planning():
    return Image(noise((10, 20, 24), 1), (2.0, 2.0, 3.0), (-20.0, -15.0, 100.0), tilted_direction(10.0))


@pytest.fixture
def follow_up():
    return Image(noise((12, 18, 22), 2), (2.1, 2.2, 2.5), (-19.0, -14.0, 101.0), tilted_direction(-8.0))


def structure(grid, name, box, role=""):
    mask = np.zeros(grid.shape, bool)
    mask[box] = True
    return LoadedStructure(name, grid.with_array(mask).cropped(box), (255, 128, 0), role)


@pytest.fixture
def case(planning, follow_up):
    box = (slice(2, 8), slice(4, 16), slice(5, 20))
    body = (slice(0, 10), slice(1, 19), slice(1, 23))
    dose = Image(np.linspace(0, 58, 8 * 9 * 10, dtype=np.float32).reshape(8, 9, 10), (4, 4, 3), planning.origin_lps)
    return LoadedCase(
        planning=planning,
        follow_up=follow_up,
        dose=dose,
        dose_banner=BANNER,
        structures=(structure(planning, "BODY", body, "body"), structure(planning, "Leber", box, "liver")),
        follow_up_structures=(),
        fractions=5,
        prescription_gy=50.0,
        findings=FINDINGS,
        same_frame=False,
        interval_days=183,
    )


def finished(steps):
    """The value of a generator and how many steps it took."""
    count = 0
    while True:
        try:
            next(steps)
            count += 1
        except StopIteration as end:
            return end.value, count


@pytest.fixture
def nodes(scene, case):
    return finished(add_loaded_case(scene, case))[0]


def test_a_case_comes_in_several_steps_with_images_on_their_own_grids(scene, case):
    nodes, steps = finished(add_loaded_case(scene, case))
    assert steps >= 6
    for node, image in ((nodes.planning, case.planning), (nodes.follow_up, case.follow_up), (nodes.dose, case.dose)):
        read = volume_node_to_image(node)
        assert read.same_grid_as(image)
        np.testing.assert_array_equal(read.array, image.array)
    assert is_dose_volume(nodes.dose) and nodes.dose.GetAttribute("DicomRtImport.DoseUnitName") == "GY"
    assert nodes.follow_up_structures is None


def test_structures_keep_name_color_and_origin_with_the_liver_first(nodes, case):
    node = nodes.planning_structures
    assert list(segment_names(node).values()) == ["Leber", "BODY"]
    for one in case.structures:
        np.testing.assert_array_equal(
            segment_to_mask(node, one.name, case.planning).array, resample(one.mask, case.planning).array
        )
    segment = node.GetSegmentation().GetSegment(next(iter(segment_names(node))))
    assert segment.GetColor() == pytest.approx((1.0, 128 / 255, 0.0))
    origin = segment_origin_now(node, "Leber")
    assert (origin.source, origin.detail, origin.edited) == ("RTSTRUCT", 'structure "Leber"', False)


def test_what_was_found_travels_with_the_nodes_through_a_saved_scene(scene, nodes, tmp_path):
    save_scene(scene, tmp_path / "case.mrb")
    opened = new_headless_scene()
    opened.open(tmp_path / "case.mrb")
    follow_up, dose = (opened.scene.GetFirstNodeByName(name) for name in ("Follow-up CT", "Dose (Gy)"))
    assert case_findings(follow_up) == FINDINGS
    assert interval_days_of(follow_up) == 183
    assert (dose_banner_of(dose), fractions_of(dose)) == (BANNER, 5)
    assert not segment_origin_now(opened.scene.GetFirstNodeByName("Structures of the planning CT"), "Leber").edited


def test_nodes_of_other_imports_state_nothing(scene):
    volume = new_node(scene, "vtkMRMLScalarVolumeNode", "CT")
    assert (case_findings(volume), interval_days_of(volume), dose_banner_of(volume)) == ((), None, "")
    assert (case_findings(None), fractions_of(volume), fractions_of(None)) == ((), None, None)
    assert registration_summary(new_node(scene, "vtkMRMLTransformNode", "t")) is None


def test_the_data_tree_has_two_studies_and_no_patient(scene, nodes):
    hierarchy = scene.GetFirstNodeByClass("vtkMRMLSubjectHierarchyNode")
    names = []
    for node in (nodes.planning, nodes.dose, nodes.planning_structures, nodes.follow_up):
        item = hierarchy.GetItemByDataNode(node)
        names.append(hierarchy.GetItemName(hierarchy.GetItemParent(item)))
    assert names == ["Planning", "Planning", "Planning", "Follow-up"]


def test_a_second_case_leaves_the_first_as_it_is(scene, nodes, case):
    other, _steps = finished(add_loaded_case(scene, case))
    assert other.dose is not nodes.dose
    assert volume_node_to_image(nodes.follow_up).same_grid_as(case.follow_up)


def quality(error_mm=1.4, dice=0.95):
    return RegistrationQuality("rigid + affine + B-spline", dice, 1.1, 0.0, 0.8, 1.2, error_mm)


def rigid():
    transform = sitk.Euler3DTransform()
    transform.SetCenter((5.0, -3.0, 110.0))
    transform.SetRotation(0.05, -0.08, 0.1)
    transform.SetTranslation((3.0, -2.0, 4.0))
    return transform


def deformable(grid):
    spline = sitk.BSplineTransformInitializer(grid.to_sitk(), [4, 4, 4])
    spline.SetParameters(np.random.default_rng(3).uniform(-4, 4, len(spline.GetParameters())).tolist())
    # What was added last is applied first: the spline lives on the follow-up CT.
    return sitk.CompositeTransform([rigid(), spline])


def outcome(case, transform, found=None, propagated=True):
    liver = resample(resample(case.planning_liver.mask, case.planning), case.follow_up, transform)
    return RegistrationOutcome(
        registration=Registration(transform, found or quality(), FINDINGS[1:]),
        liver_on_follow_up=liver,
        planning_on_follow_up=resample(case.planning, case.follow_up, transform, outside=-1000.0),
        dose_on_follow_up=resample(case.dose, case.follow_up, transform, outside=np.nan),
        liver_propagated=propagated,
    )


def registered(scene, nodes, result, segmentation=None):
    steps = registration_nodes(
        scene, result, follow_up_volume=nodes.follow_up, dose_volume=nodes.dose, segmentation=segmentation
    )
    return finished(steps)[0]


@pytest.mark.parametrize("kind", ["linear", "deformable", "identity", "field"])
def test_the_transform_node_takes_follow_up_points_to_planning_points(scene, follow_up, kind):
    made = {
        "linear": rigid,
        "deformable": lambda: deformable(follow_up),
        "identity": lambda: sitk.Transform(3, sitk.sitkIdentity),
        "field": lambda: sitk.DisplacementFieldTransform(
            sitk.TransformToDisplacementField(
                deformable(follow_up),
                sitk.sitkVectorFloat64,
                follow_up.shape[::-1],
                follow_up.origin_lps,
                follow_up.spacing_mm,
                follow_up.direction.ravel().tolist(),
            )
        ),
    }
    transform = made[kind]()
    node = new_node(scene, "vtkMRMLTransformNode", "Follow-up CT to planning CT")
    set_transform(node, transform)
    inside = follow_up.ijk_to_points(np.random.default_rng(5).uniform(4, 9, (20, 3)))
    for point in inside:
        expected = np.array(transform.TransformPoint(point.tolist())) * [-1, -1, 1]
        got = node.GetTransformFromParent().TransformPoint((point * [-1, -1, 1]).tolist())
        # Slicer interpolates displacement fields by a cubic.
        np.testing.assert_allclose(got, expected, atol=0.1 if kind == "field" else 1e-3)


def test_a_planning_image_under_the_node_is_seen_on_the_follow_up_ct(scene, nodes, case):
    result = registered(scene, nodes, outcome(case, rigid()))
    nodes.planning.SetAndObserveTransformNodeID(result.transform.GetID())
    with pytest.raises(GeometryMismatchError, match="harden"):
        require_hardened(nodes.planning, "planning CT")
    nodes.planning.HardenTransform()
    seen = resample(volume_node_to_image(nodes.planning), case.follow_up, outside=-1000.0)
    expected = volume_node_to_image(result.planning)
    np.testing.assert_allclose(seen.array, expected.array, atol=0.5)


def test_dose_planning_ct_and_liver_lie_on_the_follow_up_ct(scene, nodes, case):
    found = outcome(case, deformable(case.follow_up))
    result = registered(scene, nodes, found)
    dose = volume_node_to_dose(result.dose)
    assert dose.same_grid_as(case.follow_up)
    np.testing.assert_array_equal(dose.array, found.dose_on_follow_up.array)
    assert np.isnan(dose.array).any()
    assert (dose_banner_of(result.dose), fractions_of(result.dose)) == (BANNER, 5)
    liver = segment_to_mask(result.segmentation, result.liver_segment_id, case.follow_up)
    np.testing.assert_array_equal(liver.array, found.liver_on_follow_up.array)
    origin = segment_origin_now(result.segmentation, result.liver_segment_id)
    assert "carried over by registration" in origin.detail and not origin.edited


def test_registering_again_fills_the_same_nodes_and_keeps_the_reaction(scene, nodes, case):
    first = registered(scene, nodes, outcome(case, deformable(case.follow_up)))
    drawn = case.follow_up.with_array(case.follow_up.array > 150)
    reaction = add_segment(first.segmentation, SegmentMask("Reaction", drawn, (0, 1, 1)))
    count = scene.GetNumberOfNodes()
    found = outcome(case, rigid(), quality(error_mm=float("nan"), dice=None))
    again = registered(scene, nodes, found, first.segmentation)
    assert scene.GetNumberOfNodes() == count
    assert (again.transform, again.dose, again.planning) == (first.transform, first.dose, first.planning)
    assert again.liver_segment_id == first.liver_segment_id
    np.testing.assert_array_equal(volume_node_to_dose(again.dose).array, found.dose_on_follow_up.array)
    np.testing.assert_array_equal(segment_to_mask(again.segmentation, reaction, case.follow_up).array, drawn.array)
    assert again.transform.IsTransformToWorldLinear()
    summary = registration_summary(again.transform)
    assert np.isnan(summary.estimated_error_mm) and summary.liver_dice is None


def test_a_saved_registration_states_the_same_quality_and_maps_the_same_points(scene, nodes, case, tmp_path):
    transform = deformable(case.follow_up)
    found = outcome(case, transform)
    registered(scene, nodes, found)
    save_scene(scene, tmp_path / "case.mrb")
    opened = new_headless_scene()
    opened.open(tmp_path / "case.mrb")
    node = opened.scene.GetFirstNodeByName("Follow-up CT to planning CT")
    assert registration_summary(node) == found.summary
    assert registration_findings(node) == FINDINGS[1:]
    point = case.follow_up.ijk_to_points([8.0, 7.0, 5.0])
    got = node.GetTransformFromParent().TransformPoint((point * [-1, -1, 1]).tolist())
    np.testing.assert_allclose(np.array(got) * [-1, -1, 1], transform.TransformPoint(point.tolist()), atol=1e-3)
    dose = volume_node_to_dose(opened.scene.GetFirstNodeByName("Dose, aligned (Gy)"))
    np.testing.assert_allclose(dose.array, found.dose_on_follow_up.array, rtol=1e-6)
    follow_up = opened.scene.GetFirstNodeByName("Follow-up CT")
    assert follow_up.GetNodeReference("HepaDose.Alignment") is node

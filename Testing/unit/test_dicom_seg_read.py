"""DICOM segmentations: every kind, sparse or in any order, lands voxel by voxel on its own grid; rubbish is refused."""

from __future__ import annotations

import numpy as np
import pytest
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.pixels import pack_bits
from pydicom.uid import ExplicitVRLittleEndian, SegmentationStorage

from hepadose.dicom.outlined import CtChoice, outlines_of_masks, outlines_of_segmentation
from hepadose.dicom.seg import LABEL_MAP_STORAGE, read_segmentation
from hepadose.dicom.study import decimals, item, save
from hepadose.dicom.write import write_ct_series
from hepadose.dicom.write_seg import SegmentMask, algorithm_type, write_seg
from hepadose.errors import GeometryMismatchError, MissingInputError, MissingTagError, UnreadableFileError
from hepadose.images import Image
from hepadose.provenance import SegmentationOrigin

from dicom_example import a_ct, a_study, box_mask, oblique_axes, tamper

GRID = Image(np.zeros((7, 10, 16), bool), (2.0, 3.0, 4.0), (-5.0, -6.0, -7.0))
FRAME_UID = "1.2.3.1.9"


def two_masks(grid=GRID):
    """A block, and inside it a smaller one, with an empty slice in the middle of the block."""
    liver, tumor = (np.zeros(grid.shape, bool) for _ in range(2))
    liver[1:6, 2:8, 3:14] = True
    liver[3] = False
    tumor[4:6, 3:5, 5:9] = True
    return [grid.with_array(liver), grid.with_array(tumor)]


def write_frames(path, masks, kind="BINARY", turned=False, **attributes):
    """A segmentation made from the standard alone: only frames with a voxel, on request in reverse order."""
    first = masks[0]
    frames = [(n, k) for n, mask in enumerate(masks, 1) for k in np.flatnonzero(mask.array.any(axis=(1, 2)))]
    if kind == "LABELMAP":
        frames = [(0, k) for k in range(first.shape[0])]
    frames = frames[::-1] if turned else frames
    planes = [_plane(masks, number, k, kind) for number, k in frames]
    dataset = Dataset()
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset.SOPClassUID = LABEL_MAP_STORAGE if kind == "LABELMAP" else SegmentationStorage
    dataset.SOPInstanceUID, dataset.Modality, dataset.FrameOfReferenceUID = "1.2.3.4.5", "SEG", FRAME_UID
    dataset.SegmentationType = kind
    dataset.Rows, dataset.Columns = first.shape[1:]
    dataset.NumberOfFrames, dataset.SamplesPerPixel = len(frames), 1
    dataset.PhotometricInterpretation, dataset.PixelRepresentation = "MONOCHROME2", 0
    bits = 1 if kind == "BINARY" else 8
    dataset.BitsAllocated = dataset.BitsStored = bits
    dataset.HighBit = bits - 1
    if kind == "FRACTIONAL":
        dataset.MaximumFractionalValue = 200
    stack = np.stack(planes).astype(np.uint8)
    dataset.PixelData = pack_bits(stack) if bits == 1 else stack.tobytes()
    names = ("Liver", "Tumor")
    dataset.SegmentSequence = [
        item(SegmentNumber=n, SegmentLabel=names[n - 1], SegmentAlgorithmType="MANUAL")
        for n in range(1, len(masks) + 1)
    ]
    measures = item(PixelSpacing=decimals(first.spacing_mm[1::-1]), SpacingBetweenSlices=first.spacing_mm[2])
    axes = item(ImageOrientationPatient=decimals(np.round([*first.direction[:, 0], *first.direction[:, 1]], 12)))
    dataset.SharedFunctionalGroupsSequence = [item(PixelMeasuresSequence=[measures], PlaneOrientationSequence=[axes])]
    dataset.PerFrameFunctionalGroupsSequence = [_frame(first, number, k) for number, k in frames]
    for keyword, value in attributes.items():
        delattr(dataset, keyword) if value is None else setattr(dataset, keyword, value)
    dataset.file_meta.MediaStorageSOPClassUID = dataset.SOPClassUID
    dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    return save(dataset, path)


def _plane(masks, number, k, kind):
    if kind == "LABELMAP":
        return sum((n * mask.array[k].astype(np.uint8) for n, mask in enumerate(masks, 1)), start=np.uint8(0))
    return masks[number - 1].array[k] * (100 if kind == "FRACTIONAL" else 1)


def _frame(grid, number, k):
    place = item(ImagePositionPatient=decimals(np.round(grid.ijk_to_points([0, 0, k]), 6)))
    frame = item(PlanePositionSequence=[place])
    if number:
        frame.SegmentIdentificationSequence = [item(ReferencedSegmentNumber=number)]
    return frame


def on(grid, mask):
    """A mask on another grid, voxel center by voxel center; outside it is empty."""
    from hepadose.images import resample

    return resample(mask, grid).array


class TestKinds:
    @pytest.mark.parametrize("turned", [False, True])
    @pytest.mark.parametrize("kind", ["BINARY", "FRACTIONAL"])
    @pytest.mark.parametrize("direction", [np.eye(3), oblique_axes()], ids=["axial", "oblique"])
    def test_frames_left_out_or_in_any_order(self, tmp_path, kind, turned, direction):
        grid = Image(GRID.array, GRID.spacing_mm, GRID.origin_lps, direction)
        drawn = two_masks(grid)
        found = read_segmentation(write_frames(tmp_path / "seg.dcm", drawn, kind, turned))
        assert [one.name for one in found.segments] == ["Liver", "Tumor"]
        for one, mask in zip(found.segments, drawn, strict=True):
            assert np.array_equal(on(grid, one.mask), mask.array)
            assert one.mask.volume_ml() == pytest.approx(mask.volume_ml())
        assert found.frame_of_reference_uid == FRAME_UID
        assert bool(found.findings) == (kind == "FRACTIONAL")

    def test_a_label_map(self, tmp_path):
        liver, tumor = two_masks()
        apart = [liver.with_array(liver.array & ~tumor.array), tumor]
        found = read_segmentation(write_frames(tmp_path / "seg.dcm", apart, "LABELMAP"))
        for one, mask in zip(found.segments, apart, strict=True):
            assert np.array_equal(on(GRID, one.mask), mask.array)

    def test_a_segment_without_frames_is_empty(self, tmp_path):
        liver, tumor = two_masks()
        found = read_segmentation(
            write_frames(tmp_path / "seg.dcm", [liver, tumor.with_array(np.zeros(GRID.shape, bool))])
        )
        assert found.segments[1].mask.volume_ml() == 0.0

    def test_what_highdicom_writes(self, tmp_path):
        pytest.importorskip("highdicom")
        ct = write_ct_series(tmp_path / "ct", a_ct(slices=8, size=20), a_study())
        mask = box_mask(ct.grid, slice(2, 6), slice(3, 16), slice(2, 14))
        segment = SegmentMask(mask, "liver", SegmentationOrigin("net", "1"))
        write_seg(tmp_path / "seg.dcm", {"Liver": segment}, sorted((tmp_path / "ct").glob("*.dcm")))
        (one,) = read_segmentation(tmp_path / "seg.dcm").segments
        assert np.array_equal(on(ct.grid, one.mask), mask.array)
        assert (one.generation, one.algorithm) == ("AUTOMATIC", "net")


class TestRefusals:
    @pytest.mark.parametrize(
        ("attributes", "problem", "words"),
        [
            ({"SegmentSequence": None}, MissingTagError, "SegmentSequence"),
            ({"SharedFunctionalGroupsSequence": None}, MissingTagError, "PixelMeasuresSequence"),
            ({"SOPClassUID": "1.2.840.10008.5.1.4.1.1.2"}, UnreadableFileError, "no DICOM segmentation"),
        ],
    )
    def test_what_is_missing_is_named(self, tmp_path, attributes, problem, words):
        path = write_frames(tmp_path / "seg.dcm", two_masks(), **attributes)
        with pytest.raises(problem, match=words):
            read_segmentation(path)

    def test_frames_that_nothing_describes(self, tmp_path):
        def forget(dataset):
            del dataset.PerFrameFunctionalGroupsSequence[-1]

        path = tamper(write_frames(tmp_path / "seg.dcm", two_masks()), forget)
        with pytest.raises(UnreadableFileError, match="holds 6 frames and describes 5"):
            read_segmentation(path)

    def test_frames_that_are_shifted_against_each_other(self, tmp_path):
        def shift(dataset):
            place = dataset.PerFrameFunctionalGroupsSequence[1].PlanePositionSequence[0]
            place.ImagePositionPatient = [0, 0, place.ImagePositionPatient[2]]

        path = tamper(write_frames(tmp_path / "seg.dcm", two_masks()), shift)
        with pytest.raises(GeometryMismatchError, match="place within their plane"):
            read_segmentation(path)

    def test_uneven_planes(self, tmp_path):
        def lift(dataset):
            place = dataset.PerFrameFunctionalGroupsSequence[1].PlanePositionSequence[0]
            x, y, z = place.ImagePositionPatient
            place.ImagePositionPatient = [x, y, float(z) + 1.3]

        path = tamper(write_frames(tmp_path / "seg.dcm", two_masks()), lift)
        with pytest.raises(GeometryMismatchError, match="unevenly spaced"):
            read_segmentation(path)


class TestOnACt:
    def test_another_grid_in_the_same_frame_is_placed_and_its_loss_told(self, tmp_path):
        write_frames(tmp_path / "seg.dcm", two_masks())
        write_ct_series(tmp_path / "ct", Image(np.zeros((8, 8, 8)), (8.0, 8.0, 8.0), (-5.0, -6.0, -7.0)), a_study())
        outlines = outlines_of_segmentation(tmp_path / "seg.dcm", CtChoice(tmp_path / "ct"))
        mask, findings = outlines.draw(0)
        assert mask.same_grid_as(outlines.ct)
        words = " ".join(finding.text for finding in findings)
        assert "1 slice between drawn ones is empty" in words and "On the grid of the CT" in words

    def test_a_ct_in_another_frame_is_refused(self, tmp_path):
        write_frames(tmp_path / "seg.dcm", two_masks())
        write_ct_series(tmp_path / "ct", a_ct(), a_study(uid="1.2.7"))
        with pytest.raises(GeometryMismatchError, match="drawn on another CT"):
            outlines_of_segmentation(tmp_path / "seg.dcm", CtChoice(tmp_path / "ct"))

    def test_masks_need_a_folder_with_one_ct(self, tmp_path):
        masks, origins = {"Liver": two_masks()[0]}, [SegmentationOrigin("Segment file")]
        write_frames(tmp_path / "seg.dcm", two_masks())
        with pytest.raises(MissingInputError, match="no CT series"):
            outlines_of_masks(masks, origins, CtChoice(tmp_path))
        for uid in ("1.2.7", "1.2.8"):
            write_ct_series(tmp_path / uid, a_ct(), a_study(uid=uid))
        with pytest.raises(GeometryMismatchError, match="2 CT series fit"):
            outlines_of_masks(masks, origins, CtChoice(tmp_path))

    def test_segments_on_a_tilted_ct_are_not_written_beside_its_slices(self, tmp_path):
        pytest.importorskip("highdicom")
        write_ct_series(tmp_path / "ct", a_ct(slices=8, size=20), a_study())
        files = sorted((tmp_path / "ct").glob("*.dcm"))
        for k, path in enumerate(files):
            tamper(path, lambda dataset, k=k: setattr(dataset, "ImagePositionPatient", [-30, -40 + k, -50 + 3 * k]))
        from hepadose.dicom.write_seg import sorted_sources

        _, grid = sorted_sources(files)
        mask = box_mask(grid, slice(2, 5), slice(3, 9), slice(3, 9))
        with pytest.raises(GeometryMismatchError, match="tilted gantry"):
            write_seg(tmp_path / "s.dcm", {"L": SegmentMask(mask, "liver", SegmentationOrigin("net"))}, files)


class TestOrigin:
    @pytest.mark.parametrize("generation", ["MANUAL", "SEMIAUTOMATIC", "AUTOMATIC"])
    def test_how_a_file_was_drawn_is_passed_on(self, generation):
        assert algorithm_type(SegmentationOrigin("RTSTRUCT", generation=generation)) == generation

    def test_an_edited_drawing_of_a_program_is_half_automatic(self):
        assert algorithm_type(SegmentationOrigin("SEG", generation="AUTOMATIC").as_edited()) == "SEMIAUTOMATIC"

    def test_words(self):
        origin = SegmentationOrigin("RTSTRUCT", detail='"Leber"', generation="MANUAL")
        assert str(origin) == 'RTSTRUCT ("Leber"), drawn by hand, not edited'
        assert SegmentationOrigin.from_text(origin.to_text()) == origin

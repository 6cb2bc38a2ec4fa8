"""Compressed CT pixels: every lossless compression a hospital sends, and what happens without its decoder."""

from __future__ import annotations

import numpy as np
import pytest
from pydicom import dcmread
from pydicom.pixels import get_decoder, get_encoder
from pydicom.uid import (
    JPEG2000Lossless,
    JPEGLosslessSV1,
    JPEGLSLossless,
    RLELossless,
)

from hepadose.dicom import ct_pixels
from hepadose.dicom.ct import read_ct_series
from hepadose.dicom.write import write_ct_series
from hepadose.errors import MissingDependencyError, UnreadableFileError

from dicom_example import a_ct, a_study

CT = a_ct(slices=3, size=64)


def compressed(folder, syntax):
    """A series compressed by pydicom's own encoders; the test is skipped where one is not installed."""
    if not get_encoder(syntax).is_available:
        pytest.skip(f"no encoder for {syntax.name}")
    write_ct_series(folder, CT, a_study())
    for path in folder.iterdir():
        dataset = dcmread(path)
        dataset.compress(syntax, generate_instance_uid=False)
        dataset.save_as(path)
    return sorted(folder.iterdir())


def spoil_code_stream(path):
    dataset = dcmread(path)
    dataset.PixelData = dataset.PixelData[:30] + bytes(len(dataset.PixelData) - 38) + dataset.PixelData[-8:]
    dataset.save_as(path)


@pytest.mark.parametrize("syntax", [JPEG2000Lossless, RLELossless, JPEGLSLossless], ids=lambda syntax: syntax.name)
def test_lossless_compression_gives_the_same_hounsfield_units(tmp_path, syntax):
    files = compressed(tmp_path, syntax)
    assert dcmread(files[0]).file_meta.TransferSyntaxUID == syntax
    assert np.array_equal(read_ct_series(files).image.array, CT.array)


def test_jpeg_lossless_written_by_gdcm_gives_the_same_hounsfield_units(tmp_path):
    """SimpleITK's GDCM writes the old JPEG that pydicom cannot write."""
    import SimpleITK as sitk

    if not get_decoder(JPEGLosslessSV1).is_available:
        pytest.skip("no decoder for JPEG lossless")
    write_ct_series(tmp_path, CT, a_study())
    for path in tmp_path.iterdir():
        _recompress_with_gdcm(sitk, path)
    files = list(tmp_path.iterdir())
    assert dcmread(files[0]).file_meta.TransferSyntaxUID == JPEGLosslessSV1
    assert np.array_equal(read_ct_series(files).image.array, CT.array)


def _recompress_with_gdcm(sitk, path):
    """Let GDCM compress the pixels, then put them into the file that was written."""
    original = dcmread(path)
    other = path.with_suffix(".gdcm")
    writer = sitk.ImageFileWriter()
    writer.SetImageIO("GDCMImageIO")
    writer.SetFileName(str(other))
    writer.UseCompressionOn()
    writer.SetCompressor("JPEG")
    writer.Execute(sitk.GetImageFromArray(original.pixel_array.astype(np.int16)))
    encoded = dcmread(other)
    original.PixelData = encoded.PixelData
    original["PixelData"].VR = "OB"
    original["PixelData"].is_undefined_length = True
    original.file_meta.TransferSyntaxUID = encoded.file_meta.TransferSyntaxUID
    original.save_as(path)
    other.unlink()


def test_without_a_decoder_gdcm_reads_instead(tmp_path, monkeypatch):
    files = compressed(tmp_path, JPEG2000Lossless)
    monkeypatch.setattr(ct_pixels, "_has_decoder", lambda dataset: False)
    assert np.array_equal(read_ct_series(files).image.array, CT.array)


def test_without_any_decoder_the_message_names_the_remedy(tmp_path, monkeypatch):
    files = compressed(tmp_path, JPEG2000Lossless)
    for path in files:
        spoil_code_stream(path)  # so that GDCM cannot read it either
    monkeypatch.setattr(ct_pixels, "_has_decoder", lambda dataset: False)
    with pytest.raises(MissingDependencyError, match=r"JPEG 2000.*pip install pylibjpeg.*gdcmconv"):
        read_ct_series(files)


def test_damaged_compressed_pixels_are_refused_naming_the_file(tmp_path):
    files = compressed(tmp_path, RLELossless)
    spoil_code_stream(files[1])
    with pytest.raises(UnreadableFileError, match=r"CT0002\.dcm cannot be read \(RLE Lossless\)"):
        read_ct_series(files)

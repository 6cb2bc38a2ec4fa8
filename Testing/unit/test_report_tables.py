"""CSV and JSON of a result: full precision, units in the names, nothing undefined passed on as a number."""

import csv
import dataclasses
import json
import math
import sys

import numpy as np
import pytest

from hepadose.errors import OutputError
from hepadose.flr.settings import DoseQuantity, PlanarDefinition
from hepadose.report import flr_result_as_dict, write_flr_tables
from hepadose.report.tables import curve_csv, dvh_curves, level_column, plain, planar_csv, surface_csv
from hepadose.timing import TimingLog

from flr_example import analyzed, example_images


@pytest.fixture(scope="module")
def example():
    return analyzed(example_images())


def rows_of(text):
    return list(csv.DictReader(text.splitlines()))


def test_the_curve_is_written_at_full_precision(example):
    rows = rows_of(curve_csv(example.result))
    curve = example.result.curve
    assert [float(row["level_gy_physical"]) for row in rows] == curve.levels_gy.tolist()
    written = np.array([float(row["boundary_iou"] or "nan") for row in rows])
    np.testing.assert_array_equal(written, curve.boundary_iou)


def test_undefined_values_are_empty_cells_and_null(example):
    curve = dataclasses.replace(example.result.curve, dice=np.full_like(example.result.curve.dice, np.nan))
    result = dataclasses.replace(example.result, curve=curve)
    assert {row["dice"] for row in rows_of(curve_csv(result))} == {""}
    assert set(flr_result_as_dict(result)["curve"]["dice"]) == {None}


def test_the_level_column_names_quantity_and_alpha_beta():
    eqd2 = analyzed(example_images(), quantity=DoseQuantity.EQD2, alpha_beta_gy=2.5, last_level_gy=160.0)
    assert level_column(eqd2.result) == "level_gy_eqd2_ab2.5"
    assert surface_csv(eqd2.result).startswith("level_gy_eqd2_ab2.5,mean_mm,")


def test_the_json_is_strict_and_holds_every_field_of_the_result(example):
    log = TimingLog()
    with log.step("Sweep"):
        pass
    stored = json.loads(
        json.dumps(flr_result_as_dict(example.result, log.records), allow_nan=False), parse_constant=pytest.fail
    )
    assert {field.name for field in dataclasses.fields(example.result)} <= stored.keys()
    assert stored["schema"] == "hepadose/flr-result/1"
    assert stored["best"]["refined_gy"] == example.result.best.refined_gy
    assert stored["settings"]["quantity"] == "physical"
    assert stored["findings"][0] == {
        "level": "ok",
        "subject": "Dose",
        "text": "maximum 58.0 Gy in 5 fractions, physical dose",
    }
    assert stored["timing"][0]["step"] == "Sweep"
    assert "research use" in stored["research_use"]


def test_plain_values_of_numpy_and_infinities_become_json():
    values = {"a": np.float32(0.5), "b": np.bool_(True), "c": math.inf, "d": (np.int64(3), None)}
    assert plain(values) == {"a": 0.5, "b": True, "c": None, "d": [3, None]}


def test_the_dvh_falls_from_all_to_nothing_and_ignores_voxels_without_dose(example):
    dose = example.images.dose_gy.array.copy()
    dose[:12] = np.nan
    images = dataclasses.replace(example.images, dose_gy=example.images.dose_gy.with_array(dose))
    doses_gy, curves = dvh_curves(images)
    assert doses_gy[1] == pytest.approx(0.1)
    for percent in curves.values():
        assert percent[0] == 100.0
        assert percent[-1] == 0.0
        assert np.all(np.diff(percent) <= 0)


def test_the_dvh_by_hand():
    images = example_images((4, 6, 6))
    dose = np.zeros((4, 6, 6))
    liver = np.zeros((4, 6, 6), bool)
    liver[0, 0, :4] = True
    dose[0, 0, :4] = (10, 20, 30, 40)
    reaction = np.zeros_like(liver)
    reaction[0, 0, 3] = True
    grid = images.dose_gy
    doses_gy, curves = dvh_curves(
        dataclasses.replace(
            images, dose_gy=grid.with_array(dose), liver=grid.with_array(liver), reaction=grid.with_array(reaction)
        )
    )
    at = {round(value, 1): place for place, value in enumerate(doses_gy)}
    assert curves["Liver"][[at[10.0], at[10.1], at[25.0], at[40.0]]].tolist() == [100, 75, 50, 25]
    assert curves["Reaction"][at[40.0]] == 100
    assert curves["Liver without reaction"][at[30.1]] == 0


def test_published_planar_definitions_are_written_only_where_asked_for(example, tmp_path):
    assert planar_csv(example.result) == ""
    asked = analyzed(example_images(), planar_definitions=(PlanarDefinition.CHENG,))
    assert rows_of(planar_csv(asked.result))[0].keys() == {"level_gy_physical", "boundary_iou_cheng"}
    assert "planar.csv" in write_flr_tables(tmp_path, asked.result)


def test_tables_need_neither_matplotlib_nor_jinja2(example, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    monkeypatch.setitem(sys.modules, "jinja2", None)
    paths = write_flr_tables(tmp_path, example.result, example.images)
    assert sorted(paths) == ["curve.csv", "dvh.csv", "dvh_metrics.csv", "result.json", "surface.csv"]
    assert all(path.stat().st_size > 0 for path in paths.values())


def test_a_folder_that_cannot_be_written_is_refused_in_words(example, tmp_path):
    (tmp_path / "taken").write_text("")
    with pytest.raises(OutputError, match=r"report cannot be written .* may write to"):
        write_flr_tables(tmp_path / "taken", example.result)


def test_an_interrupted_write_leaves_the_older_report_untouched(example, tmp_path, monkeypatch):
    write_flr_tables(tmp_path, example.result)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    broken = dataclasses.replace(example.result, software_version="9")

    written = []

    def fail_on_the_second_file(self, data):
        written.append(self)
        if len(written) == 2:
            raise OSError(28, "No space left on device")
        with self.open("wb") as file:
            return file.write(data)

    monkeypatch.setattr("pathlib.Path.write_bytes", fail_on_the_second_file)
    with pytest.raises(OutputError, match="No space left"):
        write_flr_tables(tmp_path, broken)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before

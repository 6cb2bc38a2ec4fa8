"""``hepadose response`` from segments before and after to category, tables and page; refusals leave nothing behind."""

from __future__ import annotations

import csv
import json
import subprocess
import sys

import numpy as np
import pytest
import SimpleITK as sitk

from hepadose.cli import main
from hepadose.images import Image
from hepadose.registration.storage import write_transform

from recist_example import balls
from support import PROJECT

FIRST, SECOND = (15, 20, 20), (15, 20, 45)


def write_segments(path, segments: dict[str, Image]):
    """Segments on one layer as 3D Slicer saves them."""
    labels = sum(number * mask.array.astype(np.uint8) for number, mask in enumerate(segments.values(), start=1))
    image = next(iter(segments.values())).with_array(labels).to_sitk()
    for number, name in enumerate(segments):
        image.SetMetaData(f"Segment{number}_Name", name)
        image.SetMetaData(f"Segment{number}_LabelValue", str(number + 1))
    sitk.WriteImage(image, str(path), True)
    return path


@pytest.fixture(scope="module")
def case(tmp_path_factory):
    """Two tumors that shrink by half and a third, with the liver beside them; and one that is new."""
    folder = tmp_path_factory.mktemp("response")
    liver = balls([(15, 55, 5)], 3)
    write_segments(
        folder / "before.seg.nrrd", {"Liver": liver, "Tumor 1": balls([FIRST], 12), "Tumor 2": balls([SECOND], 9)}
    )
    smaller = {"Liver": liver, "Tumor 1": balls([FIRST], 6), "Tumor 2": balls([SECOND], 6)}
    write_segments(folder / "after.seg.nrrd", smaller)
    write_segments(folder / "late.seg.nrrd", smaller | {"Tumor 3": balls([(15, 50, 45)], 6)})
    write_segments(folder / "gone.seg.nrrd", {"Liver": liver, "Tumor": balls([], 1)})
    write_segments(folder / "liver.seg.nrrd", {"Liver": liver})
    return folder


def run(case, output, *names, options=()):
    return main(["response", *(str(case / f"{name}.seg.nrrd") for name in names), "-o", str(output), *options])


def answers(output):
    return json.loads((output / "result.json").read_text(encoding="utf-8"))


def test_before_and_after_become_category_tables_and_page(case, tmp_path, capsys):
    output = tmp_path / "out"
    assert (
        run(
            case,
            output,
            "before",
            "after",
            options=["--months", "2", "--criterion", "recist-1.1", "--criterion", "mrecist"],
        )
        == 0
    )
    assert {path.name for path in output.iterdir()} >= {"report.html", "result.json", "lesions.csv", "responses.csv"}
    recist, mrecist = answers(output)["responses"][0]
    # Diameters of 24 and 18 voxels became 12 and 12; a contour adds less than one voxel to each.
    assert recist["baseline"] == pytest.approx(42, abs=2) and recist["current"] == pytest.approx(24, abs=2)
    assert (recist["overall"], recist["new_lesions"]) == ("PR", "no")
    assert any("only 2.0 months" in remark for remark in mrecist["remarks"])
    with (output / "lesions.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [(row["lesion"], row["time"], row["slice"]) for row in rows] == [
        ("Tumor 1", "Baseline", "15"),
        ("Tumor 1", "Follow-up", "15"),
        ("Tumor 2", "Baseline", "15"),
        ("Tumor 2", "Follow-up", "15"),
    ]
    printed = capsys.readouterr().out
    assert "RECIST 1.1: PR (the sum changed by" in printed
    page = (output / "report.html").read_text(encoding="utf-8")
    assert "only 2.0 months" in page
    assert "partial response" in page and "Tumor 2" in page and page.count("data:image/png") == 2


def test_a_third_time_with_a_new_lesion_is_progression(case, tmp_path):
    assert run(case, tmp_path / "out", "before", "after", "late") == 0
    found = answers(tmp_path / "out")
    assert [each[0]["overall"] for each in found["responses"]] == ["PR", "PD"]
    assert found["lesions"][-1]["name"] == "New lesion 1"


def test_an_empty_segment_says_that_all_are_gone(case, tmp_path):
    assert run(case, tmp_path / "out", "before", "gone") == 0
    assert answers(tmp_path / "out")["responses"][0][0]["overall"] == "CR"


def test_a_transform_brings_the_follow_up_to_the_baseline(case, tmp_path, capsys):
    moved = Image(np.zeros((30, 60, 60)), origin_lps=(100.0, 0.0, 0.0))
    write_segments(tmp_path / "moved.seg.nrrd", {
        "Tumor 1": moved.with_array(balls([FIRST], 6).array), "Tumor 2": moved.with_array(balls([SECOND], 6).array)
    })  # fmt: skip
    transform = write_transform(tmp_path / "shift.tfm", sitk.TranslationTransform(3, (100.0, 0.0, 0.0)))
    calls = ["response", str(case / "before.seg.nrrd"), str(tmp_path / "moved.seg.nrrd"), "-o"]
    assert main([*calls, str(tmp_path / "with"), "--transform", str(transform)]) == 0
    assert answers(tmp_path / "with")["responses"][0][0]["overall"] == "PR"
    assert main([*calls, str(tmp_path / "without")]) == 1
    assert "give the transform" in capsys.readouterr().err


def test_another_grid_without_transform_is_told(case, tmp_path):
    larger = {"Tumor 1": balls([FIRST], 6, (30, 62, 64)), "Tumor 2": balls([SECOND], 6, (30, 62, 64))}
    path = write_segments(tmp_path / "larger.seg.nrrd", larger)
    assert main(["response", str(case / "before.seg.nrrd"), str(path), "-o", str(tmp_path / "out")]) == 0
    found = answers(tmp_path / "out")
    assert found["responses"][0][0]["overall"] == "PR"
    assert any("no transform was given" in finding["text"] for finding in found["findings"])


def test_statements_of_the_reader_count(case, tmp_path):
    options = ["--no-target", "Tumor 2", "--non-target-response", "PD"]
    assert run(case, tmp_path / "out", "before", "after", options=options) == 0
    found = answers(tmp_path / "out")
    assert [each["role"] for each in found["lesions"]] == ["target", "non-target"]
    assert found["responses"][0][0]["overall"] == "PD"


@pytest.mark.parametrize(
    ("names", "options", "words"),
    [
        (["before"], [], "at least one later time"),
        (["before", "liver"], [], "leave an empty segment"),
        (["gone", "after"], [], "from before the treatment"),
        (["before", "after"], ["--irradiated", "Tumor 9"], "no lesion Tumor 9"),
        (["before", "after"], ["--months", "1", "--months", "2"], "1 follow-ups, but 2 months"),
        (["before", "after"], ["--target", "Tumor 1", "--no-target", "Tumor 1"], "target and non-target"),
        (["before", "after"], ["--search", "99"], "between 0 and 50 mm"),
        (["before", "missing"], [], "no file"),
    ],
)
def test_refusals_say_why_and_leave_nothing_behind(case, tmp_path, capsys, names, options, words):
    assert run(case, tmp_path / "out", *names, options=options) == 1
    assert words in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_an_earlier_result_is_replaced_only_when_asked(case, tmp_path):
    assert run(case, tmp_path / "out", "before", "after") == 0
    assert run(case, tmp_path / "out", "before", "gone") == 1
    assert run(case, tmp_path / "out", "before", "gone", options=["--overwrite"]) == 0
    assert answers(tmp_path / "out")["responses"][0][0]["overall"] == "CR"


def test_the_batch_script_ends_with_the_code_of_the_command(case, tmp_path):
    script = PROJECT / "Resources" / "Batch" / "response_recist.py"
    files = [str(case / f"{name}.seg.nrrd") for name in ("before", "after")]
    command = [sys.executable, str(script), "--", *files, "-o", str(tmp_path / "out")]
    done = subprocess.run(command, cwd=PROJECT / "HepaDose", env={"PYTHONPATH": str(PROJECT / "HepaDose")}, timeout=120)
    assert done.returncode == 0 and (tmp_path / "out" / "result.json").is_file()

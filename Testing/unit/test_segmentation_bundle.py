"""A model's folder is refused in words before anything of it is used."""

from __future__ import annotations

import json
import pickle

import numpy as np
import pytest

from hepadose.errors import MissingInputError, ModelIntegrityError, SettingsError
from hepadose.segmentation.bundle import read_bundle
from hepadose.segmentation.models import FOLDERS_VARIABLE, available_models, find_model, model_folders
from hepadose.segmentation.onnx_graph import external_tensors
from hepadose.segmentation.postprocess import OperationKind, Restore
from hepadose.segmentation.safetensors_file import read_safetensors

from model_example import (
    band_graph,
    band_weights,
    inference,
    metadata,
    safetensors_bytes,
    state_hashes,
    write_model,
)


@pytest.fixture
def model(tmp_path):
    return write_model(tmp_path / "liver-band")


def refused(folder, match):
    with pytest.raises(ModelIntegrityError, match=match) as caught:
        read_bundle(folder)
    assert str(caught.value).endswith(".") and str(folder) not in str(caught.value)


class Payload:
    """What would run when it is unpickled."""

    def __reduce__(self):
        return (print, ("this ran",))


def test_a_good_model_is_read_whole(model):
    bundle = read_bundle(model)
    assert bundle.description.spacing_mm == (5.0, 5.0, 5.0)
    assert bundle.description.labels[1].snomed_code == "10200004"
    assert bundle.description.target_labels == (1,)
    assert {tensor.name for tensor in bundle.external} == set(bundle.tensors)
    for tensor in bundle.external:
        assert tensor.shape == bundle.tensors[tensor.name].shape
    assert [operation.kind for operation in bundle.inference.postprocessing] == [
        OperationKind.LARGEST_COMPONENT,
        OperationKind.FILL_HOLES,
    ]


def test_the_weights_are_those_that_were_written(model):
    for name, array in read_bundle(model).tensors.items():
        assert np.array_equal(array, band_weights()[name])


def test_a_folder_that_does_not_exist_is_missing(tmp_path):
    with pytest.raises(MissingInputError, match='named "nowhere"'):
        read_bundle(tmp_path / "nowhere")


@pytest.mark.parametrize("name", ["configs/metadata.json", "configs/inference.json", "models/model.safetensors"])
def test_an_incomplete_model_is_refused(model, name):
    (model / name).unlink()
    refused(model, f"incomplete: {name} is missing")


@pytest.mark.parametrize("name", ["models/model.safetensors", "models/model.onnx"])
def test_one_changed_byte_is_noticed(model, name):
    content = bytearray((model / name).read_bytes())
    content[-1] ^= 1
    (model / name).write_bytes(content)
    refused(model, f"{name} is not the one its metadata.json describes")


def test_a_file_without_a_stated_hash_is_refused(model):
    about = json.loads((model / "configs/metadata.json").read_text())
    del about["sha256"]["models/model.onnx"]
    (model / "configs/metadata.json").write_text(json.dumps(about))
    refused(model, "states no hash")


@pytest.mark.parametrize("name", ["models/model.pt", "models/model.pth", "x.ckpt", "docs/a.pkl", "models/model.ts"])
def test_files_that_could_run_code_are_refused(model, name):
    (model / name).write_bytes(b"anything")
    refused(model, "can run code when it is read")


@pytest.mark.parametrize("name", ["docs/innocent.txt", "models/model.safetensors", "LICENSE", "configs/metadata.json"])
@pytest.mark.parametrize("protocol", [2, 4, 5])
def test_a_pickle_under_another_name_is_refused(model, name, protocol, capsys):
    (model / name).write_bytes(pickle.dumps(Payload(), protocol))
    refused(model, "can run code when it is read")
    assert capsys.readouterr().out == ""


def test_the_archive_that_pytorch_writes_is_refused_under_any_name(model):
    import torch

    torch.save({"weight": torch.zeros(2)}, model / "models" / "model.safetensors")
    state_hashes(model)
    refused(model, "can run code when it is read")


def test_programs_are_no_part_of_a_model(model):
    (model / "scripts.py").write_text("print('hello')\n")
    refused(model, "which no model needs")


@pytest.mark.parametrize("name", ["models/model.onnx", "docs/more", "elsewhere"])
def test_links_are_refused(model, tmp_path, name):
    (tmp_path / "outside").mkdir()
    (model / name).unlink(missing_ok=True)
    (model / name).symlink_to(tmp_path / "outside")
    refused(model, "holds a link")


@pytest.mark.parametrize(
    "location",
    ["../model.safetensors", "/etc/passwd", "../../secret", "other.bin", "C:\\weights", "sub/model.safetensors", ""],
)
def test_a_graph_that_reads_another_file_is_refused(model, location):
    weights = (model / "models/model.safetensors").read_bytes()
    (model / "models/model.onnx").write_bytes(band_graph(weights, location))
    state_hashes(model)
    refused(model, "from a file outside of the model")


def test_operators_that_are_not_onnx_are_refused(model):
    weights = (model / "models/model.safetensors").read_bytes()
    (model / "models/model.onnx").write_bytes(band_graph(weights, domain="evil.ops"))
    state_hashes(model)
    refused(model, 'operator "Relu" of "evil.ops", which could run foreign code')


def test_a_graph_with_functions_of_its_own_is_refused():
    from onnx import helper

    opset = helper.make_opsetid("", 17)
    function = helper.make_function("own", "f", ["x"], ["y"], [helper.make_node("Relu", ["x"], ["y"])], [opset])
    graph = helper.make_graph([], "g", [], [])
    content = helper.make_model(graph, opset_imports=[opset], functions=[function]).SerializeToString()
    with pytest.raises(ModelIntegrityError, match="functions of its own"):
        external_tensors(content, "model.safetensors", 100)


def external(name, location="model.safetensors"):
    """A tensor that lies in a file."""
    from onnx import TensorProto

    tensor = TensorProto(name=name, data_type=1, data_location=TensorProto.EXTERNAL)
    tensor.external_data.add(key="location", value=location)
    return tensor


def model_with(node, initializers=()):
    from onnx import helper

    return helper.make_model(helper.make_graph([node], "g", [], [], list(initializers))).SerializeToString()


def test_numbers_from_files_deep_inside_a_graph_are_refused():
    from onnx import helper

    constant = helper.make_node("Constant", [], ["c"], value=external("c"))
    inner = helper.make_graph([], "inner", [], [], [external("w")])
    nested = helper.make_node("If", ["x"], ["y"], then_branch=inner, else_branch=inner)
    for node in (constant, nested):
        with pytest.raises(ModelIntegrityError, match="where none may be"):
            external_tensors(model_with(node), "model.safetensors", 100)


def test_a_foreign_operator_deep_inside_a_graph_is_refused():
    from onnx import helper

    inner = helper.make_graph([helper.make_node("Run", [], [], domain="evil")], "inner", [], [])
    node = helper.make_node("If", ["x"], ["y"], then_branch=inner, else_branch=inner)
    with pytest.raises(ModelIntegrityError, match='"Run" of "evil"'):
        external_tensors(model_with(node), "model.safetensors", 100)


def test_a_weight_beyond_the_end_of_the_file_is_refused():
    from onnx import helper

    tensor = external("w")
    tensor.dims.extend([1000])
    with pytest.raises(ModelIntegrityError, match=r"outside of model\.safetensors"):
        external_tensors(model_with(helper.make_node("Relu", ["x"], ["y"]), [tensor]), "model.safetensors", 100)


def test_every_way_to_cut_a_graph_off_is_refused_or_harmless(model):
    weights = (model / "models/model.safetensors").read_bytes()
    graph = band_graph(weights)
    for length in range(0, len(graph), 7):
        try:
            assert len(external_tensors(graph[:length], "model.safetensors", len(weights))) <= 4
        except ModelIntegrityError as problem:
            assert "model.onnx" in str(problem)


def header(text: str) -> bytes:
    return len(text).to_bytes(8, "little") + text.encode()


@pytest.mark.parametrize(
    ("content", "match"),
    [
        (b"", "cut off"),
        (b"\xff" * 20, "cut off"),
        (header("no json"), "no JSON text"),
        (header("[1, 2]"), "no JSON object"),
        (header('{"w": {"dtype": "F16", "shape": [2], "data_offsets": [0, 4]}}'), "outside of the file"),
        (header('{"w": {"dtype": "F16", "shape": [3], "data_offsets": [0, 4]}}') + b"1234", "another size"),
        (header('{"w": {"dtype": "OBJ", "shape": [2], "data_offsets": [0, 4]}}') + b"1234", "unknown type"),
        (header('{"w": {"dtype": "F16", "shape": [-2], "data_offsets": [0, 4]}}') + b"1234", "outside of the file"),
        (
            header(
                '{"a": {"dtype": "U8", "shape": [3], "data_offsets": [0, 3]},'
                ' "b": {"dtype": "U8", "shape": [3], "data_offsets": [1, 4]}}'
            )
            + b"1234",
            "over another one",
        ),
    ],
)
def test_damaged_weight_files_are_refused(content, match):
    with pytest.raises(ModelIntegrityError, match=match):
        read_safetensors(content)


def test_our_reader_and_the_formats_own_agree():
    from safetensors.numpy import load, save

    tensors = {"a": np.arange(6, dtype=np.float16).reshape(2, 3), "b": np.ones((1, 2), np.float32)}
    for content in (save(tensors), safetensors_bytes(tensors)):
        for found in (read_safetensors(content), load(content)):
            assert found.keys() == tensors.keys()
            assert all(np.array_equal(found[name], tensors[name]) for name in tensors)


@pytest.mark.parametrize(
    ("entry", "value", "match"),
    [
        ("name", "../liver", r'"name" must be of letters'),
        ("version", "", r'"version" must be a text'),
        ("task", "spleen", "one of liver, reaction, tumor"),
        ("labels", [], "a list of 2 to 32 objects"),
        ("labels", [{"value": 0, "name": "a"}, {"value": 2, "name": "b"}], "numbered from 0"),
        ("channels", [{"name": "ct", "window_hu": [5, 5]}], "a lower and a higher value"),
        ("channels", [{"name": "ct", "window_hu": ["low", 5]}], "2 numbers"),
        ("channels", [{"name": "b", "image": "planning_ct", "window_hu": [0, 5]}], 'with the image "ct"'),
        ("channels", [{"name": "d", "image": "dose", "window_hu": [0, 5]}], "one of ct, ct_in_liver, planning_ct"),
        ("spacing_mm", [1.0, 1.0], "3 numbers from 0.3 to 10"),
        ("spacing_mm", [1.0, 1.0, float("nan")], "3 numbers"),
        ("patch_size", [96, 96, 90], "multiples of"),
        ("patch_size", [96.5, 96, 96], "whole numbers"),
        ("target_labels", ["spleen"], "names of labels"),
        ("network", {}, '"class" must be a text, got nothing'),
        ("sha256", {"models/model.safetensors": "123"}, "64 hexadecimal digits"),
    ],
)
def test_a_wrong_entry_is_named_with_what_it_must_be(tmp_path, entry, value, match):
    folder = write_model(tmp_path / "m")
    about = json.loads((folder / "configs/metadata.json").read_text())
    (folder / "configs/metadata.json").write_text(json.dumps({**about, entry: value}))
    refused(folder, match)


@pytest.mark.parametrize(
    ("changes", "match"),
    [
        ({"overlap": 1.0}, '"overlap" must be a number from 0 to 0.9, got 1.0'),
        ({"threshold": True}, '"threshold" must be a number'),
        ({"region": {"from": "head"}}, "one of body, liver"),
        ({"postprocessing": [{"operation": "delete"}]}, "one of fill_holes"),
        ({"postprocessing": [{"operation": "remove_small"}]}, '"smallest_ml" must be a number .* got nothing'),
        ({"postprocessing": "none"}, "a list of objects"),
    ],
)
def test_a_wrong_way_to_run_is_named(tmp_path, changes, match):
    refused(write_model(tmp_path / "m", run=inference(**changes)), match)


def test_both_restore_rules_can_be_stated(tmp_path):
    run = inference(postprocessing=[{"operation": "erode_largest_restore", "radius_mm": 2.8, "restore": "opening"}])
    (operation,) = read_bundle(write_model(tmp_path / "m", run=run)).inference.postprocessing
    assert (operation.size, operation.restore) == (2.8, Restore.OPENING)


@pytest.mark.parametrize("content", ["{", "[]", "\xff", "[" * 100_000])
def test_a_description_that_is_no_json_object_is_refused(model, content):
    (model / "configs/metadata.json").write_text(content, encoding="latin-1")
    refused(model, "no JSON")


def test_models_are_found_where_the_user_says(tmp_path, monkeypatch):
    folder = write_model(tmp_path / "mine" / "liver-band")
    (tmp_path / "mine" / "no-model").mkdir()
    monkeypatch.setenv(FOLDERS_VARIABLE, str(tmp_path / "mine"))
    assert folder in model_folders()
    assert find_model("liver-band") == folder == find_model(str(folder))
    assert ("liver-band", "0.1.0") in {(about.name, about.version) for _, about, _ in available_models()}


def test_a_broken_model_is_not_offered_and_hides_no_other(tmp_path, monkeypatch):
    write_model(tmp_path / "a-broken", about=metadata(task="spleen"))
    write_model(tmp_path / "b-good", about=metadata(name="b-good"))
    monkeypatch.setenv(FOLDERS_VARIABLE, str(tmp_path))
    names = [folder.name for folder, _, _ in available_models()]
    assert "b-good" in names and "a-broken" not in names


def test_an_unknown_model_is_told_with_those_there_are(tmp_path, monkeypatch):
    write_model(tmp_path / "liver-band")
    monkeypatch.setenv(FOLDERS_VARIABLE, str(tmp_path))
    with pytest.raises(SettingsError, match=r"no model 'magic'.*liver-band"):
        find_model("magic")

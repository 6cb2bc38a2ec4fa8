"""A hospital's own file of products: a sentence per defect, and a schema that cannot drift from what is checked."""

from __future__ import annotations

import copy
import json
from dataclasses import fields, replace

import pytest

from hepadose.errors import SettingsError, UnreadableFileError
from hepadose.sirt import physics
from hepadose.sirt.inputs import DENSITY_G_PER_ML
from hepadose.sirt.prescription import MODELS
from hepadose.sirt.products import Product, products, products_schema
from hepadose.sirt.schema import defects


def shipped():
    """The content of the file that is shipped."""
    from pathlib import Path

    return json.loads(Path(products.__wrapped__.__code__.co_filename).with_name("products.json").read_text())


@pytest.fixture
def written(tmp_path):
    """Writes a changed copy of the shipped file and gives its path."""

    def write(change):
        content = copy.deepcopy(shipped())
        change(content["products"])
        path = tmp_path / "own.json"
        path.write_text(json.dumps(content))
        return path

    return write


def item_schema():
    return products_schema()["properties"]["products"]["items"]


DEFECTS = {
    'own.json: products 1 ("Glass microspheres"): vials_gbq is missing': lambda p: p[0].pop("vials_gbq"),
    'own.json: products 1 ("Glass microspheres"): "vial_gbq" is not known': lambda p: p[0].update(vial_gbq=[3]),
    'matrix must be one of glass, resin, got "gold"': lambda p: p[0].update(matrix="gold"),
    "density_g_per_ml must be 1.2 or less, got 1030": lambda p: p[0].update(density_g_per_ml=1030),
    "half_life_h must be 65 or less, got 230760": lambda p: p[1].update(half_life_h=230760),
    "half_life_h must be 63 or more, got 2.67": lambda p: p[1].update(half_life_h=2.67),
    "bq_per_sphere must be above 0, got 0": lambda p: p[1].update(bq_per_sphere=0),
    'bq_per_sphere must be a number, got "50"': lambda p: p[1].update(bq_per_sphere="50"),
    "most_gbq must be a number, got True": lambda p: p[1].update(most_gbq=True),
    "vials_gbq must be a list, got 3": lambda p: p[1].update(vials_gbq=3),
    "vials_gbq needs 1 or more entries": lambda p: p[1].update(vials_gbq=[]),
    "vials_gbq holds 3 twice": lambda p: p[1].update(vials_gbq=[3, 3]),
    "vials_gbq 2 must be above 0, got -3": lambda p: p[1].update(vials_gbq=[3, -3]),
    "models 1 must be one of bsa, empirical, mird, partition": lambda p: p[1].update(models=["bsa2"]),
    "dose_constant must be one of glass_IFU, partition_49.67": lambda p: p[1].update(dose_constant="50"),
    "source must not be empty": lambda p: p[1].update(source=""),
    'another product has the id "glass" too': lambda p: p[1].update(id="glass"),
    "usual_most_gbq (9) is above most_gbq (5)": lambda p: p[1].update(usual_most_gbq=9),
    "products 3 must be an object in braces, got 7": lambda p: p.append(7),
    "products needs 1 or more entries": lambda p: p.clear(),
}


class TestOwnFile:
    @pytest.mark.parametrize("words", DEFECTS)
    def test_each_defect_has_its_sentence(self, written, words):
        with pytest.raises(SettingsError) as caught:
            products(written(DEFECTS[words]))
        assert words in str(caught.value)

    def test_several_defects_are_told_at_once(self, written):
        def spoil(entries):
            entries[0]["matrix"] = "gold"
            del entries[1]["source"]

        with pytest.raises(SettingsError, match=r"got \"gold\"\. .* source is missing\."):
            products(written(spoil))

    def test_a_valid_file_is_taken(self, written):
        found = products(written(lambda entries: entries[0].update(id="own glass", vials_gbq=[1.5, 2])))
        assert found["own glass"].vials_gbq == (1.5, 2)

    @pytest.mark.parametrize("text", ["", "{", '{"products": NaN'])
    def test_what_is_no_json_is_refused(self, tmp_path, text):
        (tmp_path / "bad.json").write_text(text)
        with pytest.raises(UnreadableFileError, match="no JSON file"):
            products(tmp_path / "bad.json")

    def test_a_number_that_is_none_is_refused(self, tmp_path):
        text = json.dumps(shipped()).replace('"bq_per_sphere": 50', '"bq_per_sphere": NaN')
        (tmp_path / "nan.json").write_text(text)
        with pytest.raises(SettingsError, match="bq_per_sphere must be a number, got nan"):
            products(tmp_path / "nan.json")

    def test_a_product_made_in_code_obeys_the_same_rules(self):
        with pytest.raises(SettingsError, match="Resin microspheres: density_g_per_ml must be"):
            replace(products()["resin"], density_g_per_ml=2.0)


class TestNoDrift:
    def test_the_shipped_file_keeps_the_shipped_schema(self):
        assert defects(shipped(), products_schema()) == []

    def test_the_schema_names_exactly_the_fields_of_a_product(self):
        names = {field.name for field in fields(Product)}
        assert set(item_schema()["properties"]) == names == set(item_schema()["required"])

    def test_the_schema_allows_exactly_what_the_library_has(self):
        allowed = item_schema()["properties"]
        assert set(allowed["models"]["items"]["enum"]) == set(MODELS)
        assert [physics.preset(name).name for name in allowed["dose_constant"]["enum"]] == [
            "glass_IFU",
            "partition_49.67",
            "physical",
        ]
        with pytest.raises(SettingsError, match=", ".join(allowed["dose_constant"]["enum"])):
            physics.preset("another")
        density = allowed["density_g_per_ml"]
        assert (density["minimum"], density["maximum"]) == DENSITY_G_PER_ML

    def test_a_rule_that_nothing_checks_is_refused(self):
        with pytest.raises(SettingsError, match="cannot be checked: pattern"):
            defects("x", {"type": "string", "pattern": "^y"})

    def test_every_rule_of_the_schema_refuses_something(self):
        """Each keyword of the schema is broken once by the defects above."""
        used = set()

        def collect(schema):
            used.update(set(schema) - {"type", "description", "title", "$schema", "properties", "items", "required"})
            for inner in [*schema.get("properties", {}).values(), *([schema["items"]] if "items" in schema else [])]:
                collect(inner)

        collect(products_schema())
        assert used == {
            "additionalProperties",
            "enum",
            "exclusiveMinimum",
            "maximum",
            "minimum",
            "minItems",
            "minLength",
            "uniqueItems",
        }

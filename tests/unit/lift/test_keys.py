from __future__ import annotations

import json
from pathlib import Path

import pytest

from kg.lift.keys import key_of
from kg.lift.quads import group_overlapping
from kg.lift.reading import read_mapping
from kg.lift.units import Unit, plan_units

BASE = "http://example.com/"


def unit_of(folder: Path, subject: str, form: str = "csv", po: str = "[a, ex:T]") -> Unit:
    mapping = folder / "m.yml"
    mapping.write_text(
        'prefixes: {ex: "http://ex.org/"}\n'
        "mappings:\n  m:\n"
        f"    sources: [[rows.{form}~{form}]]\n"
        f"    s: {subject}\n"
        f"    po: [{po}]\n",
        encoding="utf-8",
    )
    (unit,) = plan_units(read_mapping(mapping, BASE), BASE)
    return unit


@pytest.mark.parametrize(
    ("subject", "key"),
    [
        ("ex:job/$(id)", ("id",)),
        ("job/$(id)", ("id",)),
        ("ex:$(id)-x", ("id",)),
        ("ex:$(order)/$(line)", ("order", "line")),
        ("ex:$(order)/line/$(line)?v=$(v)", ("order", "line", "v")),
        ("ex:$(order)-$(line)", ()),  # 1-2 and 3, or 1 and 2-3
        ("ex:$(order)$(line)", ()),
        ("ex:$(a)/$(b)-$(c)", ()),
        ("$(iri)", ()),  # relative and absolute ones may be the same
    ],
)
@pytest.mark.parametrize("form", ["csv", "jsonl"])
def test_a_subject_differs_where_its_values_can_be_read_back(
    tmp_path: Path, subject: str, key: tuple[str, ...], form: str
) -> None:
    unit = unit_of(tmp_path, subject, form)
    (pattern,) = unit.model.patterns
    assert isinstance(pattern.subject, int)
    assert key_of(unit.model, pattern.subject) == key


@pytest.mark.parametrize(
    ("function", "key"),
    [
        ("function: trf:template, parameters: [[trf:value, ex:j/$(a)]]", ("a",)),
        ("function: trf:stripLeadingZeros, parameters: [[trf:value, $(a)]]", ()),
        ("function: grel:toUpperCase, parameters: [[grel:valueParameter, $(a)]]", ()),
        ("value: $(a)", ("a",)),
        ("value: 'x $(a) y'", ("a",)),
        ("value: 'x $(a) y $(b)'", ()),
        ("value: $(a), datatype: xsd:integer", ("a",)),
    ],
)
def test_a_literal_differs_where_it_is_written_of_one_value(
    tmp_path: Path, function: str, key: tuple[str, ...]
) -> None:
    po = f"{{p: ex:p, o: {{{function}}}}}"
    unit = unit_of(tmp_path, "ex:one", po=po)
    (pattern,) = unit.model.patterns
    assert isinstance(pattern.object, int)
    assert key_of(unit.model, pattern.object) == key


def test_a_condition_leaves_a_subject_its_key(tmp_path: Path) -> None:
    unit = unit_of(tmp_path, "ex:one")
    mapping = tmp_path / "m.yml"
    condition = "    condition: {function: trf:notNull, parameters: [[trf:value, $(b)]]}\n"
    written = mapping.read_text(encoding="utf-8").replace("ex:one\n", f"ex:$(a)\n{condition}")
    mapping.write_text(written, encoding="utf-8")
    (unit,) = plan_units(read_mapping(mapping, BASE), BASE)
    (pattern,) = unit.model.patterns
    assert isinstance(pattern.subject, int)
    assert key_of(unit.model, pattern.subject) == ("a",)


def test_a_value_with_a_datatype_of_its_own_makes_no_key(tmp_path: Path) -> None:
    unit = unit_of(tmp_path, "ex:one", "jsonl", "[ex:p, $(a)]")
    (pattern,) = unit.model.patterns
    assert isinstance(pattern.object, int)
    assert key_of(unit.model, pattern.object) == ()


def test_patterns_overlap_only_where_their_templates_can_meet(tmp_path: Path) -> None:
    subjects = ["ex:job/$(id)", "ex:order/$(id)", "ex:job/$(id)/x", "ex:$(id)", "ex:job/one"]
    maps = {
        f"m{number}": {"sources": [[f"{number}.csv~csv"]], "s": subject, "po": [["ex:p", "x"]]}
        for number, subject in enumerate(subjects)
    }
    mapping = tmp_path / "m.yml"
    document = {"prefixes": {"ex": "http://ex.org/"}, "mappings": maps}
    mapping.write_text(json.dumps(document), encoding="utf-8")
    units = plan_units(read_mapping(mapping, BASE), BASE)
    shaped = [(made, unit.model.outputs) for unit in units for made in unit.model.patterns]
    assert group_overlapping(shaped[:2]) == [[0], [1]]
    assert group_overlapping([shaped[0], shaped[4]]) == [[0, 1]]
    assert group_overlapping([shaped[1], shaped[2], shaped[4]]) == [[0], [1], [2]]
    assert group_overlapping(shaped) == [[0, 1, 2, 3, 4]]

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from kg.answer.gaps.alike import compare_names
from kg.answer.gaps.doubles import FEW, compare_all
from kg.answer.names import id_key, name_key
from kg.pipeline import Pipeline
from kg.settings import load_plant
from tests.unit.answer.conftest import NOW, PLANT, write_table

if TYPE_CHECKING:
    from pathlib import Path

WORDS = ["Alpen", "Hydraulik", "Hydraulic", "Nord", "Pumpar", "Pumper", "60", "61", "Valve"]
NAMES = st.lists(st.sampled_from(WORDS), min_size=1, max_size=3).flatmap(
    lambda words: st.sampled_from([" ", "-", ""]).map(lambda between: between.join(words))
)
IDS = st.sampled_from(["P-100", "P100", "p 0100", "P-101", "100", ""])
Called = dict[str, tuple[set[str], set[str]]]
THINGS = st.dictionaries(
    st.integers(0, 30).map(lambda n: f"<https://a.example/{n}>"),
    st.tuples(st.sets(IDS, max_size=2), st.sets(NAMES, max_size=2)),
    max_size=14,
)


def alike_by_hand(called: Called) -> set[tuple[str, str]]:
    """Every pair of everything: with an id in common that few have, or with names alike."""
    keys = {e: {id_key(text) for text in ids} - {""} for e, (ids, _) in called.items()}
    few = {
        key
        for key in set().union(*keys.values())
        if sum(key in own for own in keys.values()) <= FEW
    }
    return {
        (one, other)
        for one, other in combinations(sorted(called), 2)
        if keys[one] & keys[other] & few
        or any(compare_names(a, b) for a in called[one][1] for b in called[other][1])
    }


@given(THINGS)
def test_what_is_suspected_is_alike_and_names_of_one_key_are_found(called: Called) -> None:
    found = set(compare_all(called, is_firm=True))
    by_hand = alike_by_hand(called)
    assert found <= by_hand
    same = {
        pair
        for pair in by_hand
        if any(name_key(a) == name_key(b) for a in called[pair[0]][1] for b in called[pair[1]][1])
    }
    assert same <= found


@given(THINGS)
def test_the_order_of_things_is_of_no_matter(called: Called) -> None:
    backwards = dict(reversed(called.items()))
    assert compare_all(called, is_firm=True) == compare_all(backwards, is_firm=True)


def test_parts_that_share_a_description_are_not_one() -> None:
    parts: Called = {
        "<a>": ({"P-160"}, {"Bracket"}),
        "<b>": ({"P-161"}, {"Bracket"}),
        "<c>": ({"R-10"}, {"Bar 42CrMo4, 60 mm"}),
        "<d>": ({"M10"}, {"BAR 42CrMo4 60mm"}),
        "<e>": ({"R-11"}, {"Bar 42CrMo4, 80 mm"}),
        "<f>": ({"P160"}, {"Holder"}),
    }
    found = compare_all(parts, is_firm=False)
    assert {pair: clue.reason for pair, clue in found.items()} == {
        ("<a>", "<f>"): "'P-160' and 'P160' are one id written in two ways",
        ("<c>", "<d>"): "both are described as 'Bar 42CrMo4, 60 mm'",
    }


def test_a_name_that_many_bear_is_no_name() -> None:
    many: Called = {f"<{n}>": ({f"{n}"}, {"Bar 60 mm round"}) for n in range(FEW + 1)}
    assert compare_all(many, is_firm=False) == {}


def test_of_three_that_are_alike_the_one_most_is_said_about_is_offered(tmp_path: Path) -> None:
    (tmp_path / "plant.toml").write_text(PLANT)
    write_table(
        tmp_path,
        "erp",
        "customer",
        "customer/$(id)",
        "a, tr:Customer\nrdfs:label, $(name)",
        "id,name\nA1,Alpen Hydraulik AG\nA2,Alpen-Hydraulik AG\nA3,Alpenhydraulik\nB,Nord AB",
    )
    write_table(
        tmp_path,
        "mes",
        "order",
        "order/$(id)",
        "a, tr:SalesOrder\ntr:orderedBy, customer/$(customer)~iri",
        "id,customer\n1,A2\n2,A2\n3,A1",
    )
    with Pipeline.open(load_plant(tmp_path)) as work:
        work.read(NOW)
        work.apply(NOW)
        work.validate(NOW)
        check = work.answers().check(NOW)
    doubles = [
        (gap.entity, gap.candidates[0].entity, gap.candidates[0].score, gap.source, gap.record)
        for gap in check.gaps
        if gap.kind == "duplicate"
    ]
    assert doubles == [
        ("customer/A1", "customer/A2", 0.85, "erp", "record/erp/customer/A1"),
        ("customer/A3", "customer/A2", 0.85, "erp", "record/erp/customer/A3"),
    ]
    assert check.exit_code() == 0, "a suspicion is nothing that is missing"


def test_a_material_is_suspected_once_though_it_is_a_part_as_well(tmp_path: Path) -> None:
    (tmp_path / "plant.toml").write_text(PLANT)
    write_table(
        tmp_path,
        "erp",
        "material",
        "part/$(id)",
        "a, tr:Material\nrdfs:label, $(name)\ntr:identifier, $(id)",
        "id,name\nR-10,Bar 42CrMo4 60 mm\nM10,BAR 42CrMo4 60mm\nR-11,Bar 42CrMo4 80 mm",
    )
    write_table(
        tmp_path,
        "mes",
        "lot",
        "batch/$(id)",
        "a, tr:MaterialBatch\ntr:ofMaterial, part/$(material)~iri",
        "id,material\n1,R-10\n2,R10\n3,M10\n4,M10",
    )
    with Pipeline.open(load_plant(tmp_path)) as work:
        work.read(NOW)
        work.apply(NOW)
        work.validate(NOW)
        check = work.answers().check(NOW)
    found = [
        (gap.kind, gap.entity, [(one.entity, one.score) for one in gap.candidates])
        for gap in check.gaps
        if gap.kind in {"duplicate", "identity"}
    ]
    assert sorted(found) == [
        ("duplicate", "part/R-10", [("part/M10", 0.6)]),
        ("identity", "part/R10", [("part/R-10", 0.9)]),
    ]

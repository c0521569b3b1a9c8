from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kg.answer.gaps.alike import compare_names
from kg.answer.names import LEGAL_FORMS, id_key, name_key, numbers_of

WORDS = st.lists(st.sampled_from(["Alpen", "Hydraulik", "Süd", "Maß", "60", "Nord"]), min_size=1)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Alpen Hydraulik AG", "Alpen-Hydraulik AG"),
        ("Alpen Hydraulik AG", "ALPEN HYDRAULIK A.G."),
        ("Société Générale S.A.", "Societe Generale"),
        ("Hård & Seg AB", "Hard & Seg"),
        ("Weiß GmbH & Co. KG", "Weiss"),
        ("Officine Riva S.p.A.", "officine riva spa"),
    ],
)
def test_names_that_differ_in_writing_only_are_one(one: str, other: str) -> None:
    assert name_key(one) == name_key(other)
    clue = compare_names(one, other)
    assert clue is not None
    assert "one name written in two ways" in clue.reason


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Bar 42CrMo4, 60 mm", "Bar 42CrMo4, 80 mm"),
        ("Werk 1043", "Werk 1034"),
        ("Nordan Pumpar AB", "Vestra Hydraulik AB"),
        ("Halle 1 2", "Halle 12"),
        ("AG", "AB"),
    ],
)
def test_names_that_differ_in_a_number_or_in_much_are_two(one: str, other: str) -> None:
    assert compare_names(one, other) is None


def test_a_slip_of_the_pen_makes_names_alike_and_no_more() -> None:
    slip, same = (
        compare_names("Alpen Hydraulik AG", other)
        for other in ("Alpen Hydraulic AG", "Alpen-Hydraulik AG")
    )
    assert slip is not None
    assert same is not None
    assert slip.weight < same.weight
    assert slip.reason == "'Alpen Hydraulik AG' is written much like 'Alpen Hydraulic AG' (93 %)"


def test_the_legal_form_that_differs_makes_it_less_likely() -> None:
    clue = compare_names("Alpen Hydraulik AG", "Alpen Hydraulik GmbH")
    assert clue is not None
    assert clue.weight < 0.6
    assert clue.reason.endswith("differ in the legal form only")


def test_an_id_is_one_whatever_its_case_separators_and_zeros() -> None:
    assert id_key("WO-001043") == id_key("wo1043") == id_key("Wo 1043") == "wo1043"
    assert id_key("10-43") != id_key("1043")
    assert id_key("1043") != id_key("1034")


@given(WORDS, st.sampled_from([" ", "-", ", ", " / "]), st.sampled_from(sorted(LEGAL_FORMS)))
def test_a_name_without_its_legal_form_has_the_same_key(
    words: list[str], between: str, form: str
) -> None:
    assert name_key(between.join(words)) == name_key(f"{' '.join(words).upper()} {form.title()}")


@given(st.text(max_size=20), st.text(max_size=20))
def test_names_that_are_alike_have_the_same_numbers(one: str, other: str) -> None:
    clue = compare_names(one, other)
    assert clue is None or numbers_of(one) == numbers_of(other)
    assert (clue is None) == (compare_names(other, one) is None)


@given(st.text(max_size=30))
def test_a_key_is_its_own_key(text: str) -> None:
    assert id_key(id_key(text)) == id_key(text)

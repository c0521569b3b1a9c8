from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kg import vocab
from kg.answer.find import Finder
from kg.answer.names import normalise
from kg.errors import UnknownEntity
from kg.store import EmbeddedStore

BASE = "https://find.example/"


def thing(path: str) -> str:
    return f"<{BASE}{path}>"


@pytest.fixture(scope="module")
def finder() -> Finder:
    store = EmbeddedStore.in_memory(BASE)
    named = [
        ("machine/M7", vocab.MACHINE, '"Säge 07"'),
        ("machine/M8", vocab.MACHINE, '"Band saw"'),
        ("job/1043", vocab.JOB, '"Shafts"'),
        ("job/1034", vocab.JOB, '"Pins"'),
        ("job/12", vocab.JOB, '"Pins"'),
        ("customer/12", vocab.CUSTOMER, '"Société Génerale"'),
        ("batch/CH%20%2F7", vocab.MATERIAL_BATCH, '"Heat \\"7\\""'),
    ]
    quads = [(thing(path), vocab.RDF_TYPE, kind, "") for path, kind, _ in named]
    quads += [(thing(path), vocab.RDFS_LABEL, label, "") for path, _, label in named]
    quads += [
        (thing("job/1043"), vocab.IDENTIFIER, '"WO-001043"', ""),
        (thing("machine/erp-0815"), vocab.OWL_SAME_AS, thing("machine/M7"), thing("graph/aliases")),
        (thing("job/mes-77"), vocab.OWL_SAME_AS, thing("job/1034"), thing("graph/aliases")),
        (thing("colour/red"), vocab.RDFS_LABEL, '"Red"', ""),
    ]
    store.apply([], quads, 1)
    return Finder(store, BASE, {"erp", "mes"})


@pytest.mark.parametrize(
    ("reference", "found"),
    [
        ("machine/M7", "machine/M7"),
        ("https://find.example/machine/M7", "machine/M7"),
        ("m7", "machine/M7"),
        ("M-007", "machine/M7"),
        ("sage 7", "machine/M7"),
        ("SÄGE07", "machine/M7"),
        ("machine/erp-0815", "machine/M7"),
        ("erp-0815", "machine/M7"),
        ("815", "machine/M7"),
        ("job/mes-77", "job/1034"),
        ("mes 77", "job/1034"),
        ("077", "job/1034"),
        ("1043", "job/1043"),
        ("0001043", "job/1043"),
        ("WO-1043", "job/1043"),
        ("wo 1043", "job/1043"),
        ("1034", "job/1034"),
        ("societe generale", "customer/12"),
        ("batch/CH%20%2F7", "batch/CH%20%2F7"),
        ("CH /7", "batch/CH%20%2F7"),
        ('heat "7"', "batch/CH%20%2F7"),
    ],
)
def test_a_thing_is_found_by_any_of_its_names(finder: Finder, reference: str, found: str) -> None:
    entity = finder.find(reference)
    assert (entity.id, entity.term) == (found, thing(found))


def test_what_can_mean_several_things_is_not_guessed(finder: Finder) -> None:
    with pytest.raises(UnknownEntity, match=r"customer/12, job/12") as refused:
        finder.find("12")
    assert refused.value.code == "ambiguous-entity"
    with pytest.raises(UnknownEntity, match=r"job/1034, job/12"):
        finder.find("pins")


def test_a_kind_settles_what_can_mean_several_things(finder: Finder) -> None:
    assert finder.find("12", "customer").id == "customer/12"
    assert finder.find("012", "job").id == "job/12"
    assert finder.find("77", "job").id == "job/1034"


def test_a_thing_of_another_kind_is_not_what_was_asked_for(finder: Finder) -> None:
    with pytest.raises(UnknownEntity):
        finder.find("machine/M7", "job")


def test_near_names_stand_in_the_hint(finder: Finder) -> None:
    with pytest.raises(UnknownEntity) as refused:
        finder.find("band sew")
    assert refused.value.hint == "did you mean machine/M8?"
    assert refused.value.code == "unknown-entity"


@pytest.mark.parametrize(
    "reference", ["", "  ", "---", "zzzzzz", "job/", "colour/red", "<>", "a b"]
)
def test_what_names_nothing_is_told(finder: Finder, reference: str) -> None:
    with pytest.raises(UnknownEntity) as refused:
        finder.find(reference)
    assert refused.value.hint


@given(st.text(max_size=40))
def test_any_text_is_either_found_or_unknown(finder: Finder, reference: str) -> None:
    try:
        entity = finder.find(reference)
    except UnknownEntity:
        return
    assert entity.term == thing(entity.id)


@given(st.integers(0, 10**12), st.integers(0, 10**12))
def test_digits_are_exact(one: int, other: int) -> None:
    assert (normalise(f"WO-{one}") == normalise(f"wo {other}")) == (one == other)


@given(st.integers(0, 10**9), st.integers(0, 8))
def test_leading_zeros_mean_nothing(number: int, zeros: int) -> None:
    assert normalise(f"{'0' * zeros}{number}") == str(number)


@given(st.text(alphabet="aäåéñöüßçABC019 -/._#", max_size=30))
def test_normalising_twice_changes_nothing_more(text: str) -> None:
    once = normalise(text)
    assert normalise(once) == once
    assert normalise(text.upper()) == once
    assert once.isascii()


def test_accents_and_case_mean_nothing_and_letters_part_from_digits() -> None:
    assert normalise("Ångström-SÄGE07") == normalise("angstrom sage 7") == "angstrom sage 7"

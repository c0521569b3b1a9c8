from __future__ import annotations

from itertools import permutations

import pytest

from kg.identity import Aliases
from kg.keys import Key
from kg.vocab import OWL_SAME_AS, RDF_TYPE, XSD

HEAT, SUPPLIER, CONTAINS = "<heat>", "<supplier>", "<supplies>"
BATCH = Key(
    classes=frozenset({"<Batch>"}),
    ends=frozenset({(CONTAINS, True)}),
    values=(frozenset({(HEAT, False)}), frozenset({(SUPPLIER, False), (CONTAINS, True)})),
)


def batch(name: str, heat: str, supplier: str) -> list[tuple[str, str, str]]:
    return [(name, RDF_TYPE, "<Batch>"), (name, HEAT, heat), (name, SUPPLIER, supplier)]


def learned(*records: list[tuple[str, str, str]]) -> Aliases:
    aliases = Aliases((BATCH,))
    for number, facts in enumerate(records):
        aliases.replace(f"<record/{number}>", facts)
    return aliases


def test_things_that_agree_in_a_key_are_one_under_the_smallest_name() -> None:
    aliases = learned(batch("<b>", '"H1"', "<s>"), batch("<a>", '"H1"', "<s>"))
    assert aliases.pairs() == {"<b>": "<a>"}
    assert aliases.rewrite([("<use>", "<of>", "<b>")]) == [("<use>", "<of>", "<a>")]


def test_things_that_differ_in_a_part_or_lack_it_are_not() -> None:
    other = batch("<b>", '"H1"', "<t>")
    for rival in (other, other[:2], other[1:]):
        assert learned(batch("<a>", '"H1"', "<s>"), rival).pairs() == {}


def test_a_key_may_be_said_from_the_other_side_and_by_several_records() -> None:
    said = [("<s>", CONTAINS, "<b>")]
    aliases = learned(batch("<a>", '"H1"', "<s>"), [("<b>", HEAT, '"H1"')], said)
    assert aliases.pairs() == {"<b>": "<a>"}
    aliases.replace("<record/2>", [])
    assert aliases.pairs() == {}


def test_a_name_that_a_crosswalk_gives_goes_before_the_smallest() -> None:
    crosswalk = [("<z>", OWL_SAME_AS, "<b>")]
    aliases = learned(batch("<b>", '"H1"', "<s>"), batch("<a>", '"H1"', "<s>"), crosswalk)
    assert aliases.pairs() == {"<b>": "<z>", "<a>": "<z>"}


def test_what_is_one_may_make_others_one_whatever_the_order() -> None:
    records = [
        batch("<b>", '"H1"', "<s>"),
        batch("<a>", '"H1"', "<t>"),
        batch("<c>", '"H2"', "<t>"),
        batch("<c>", '"H1"', "<u>"),
        [("<s>", OWL_SAME_AS, "<t>")],
        [("<s>", OWL_SAME_AS, "<u>")],
    ]
    for order in permutations(records):
        assert learned(*order).pairs() == {"<b>": "<a>", "<c>": "<a>", "<t>": "<s>", "<u>": "<s>"}


@pytest.mark.parametrize(("one", "other"), [("07", "7"), ("7", "7")])
def test_a_number_is_the_same_however_it_is_written(one: str, other: str) -> None:
    integer = f"^^<{XSD}integer>"
    left, right = (batch(n, f'"{v}"{integer}', "<s>") for n, v in (("<a>", one), ("<b>", other)))
    assert learned(left, right).pairs() == {"<b>": "<a>"}

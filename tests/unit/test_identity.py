from __future__ import annotations

from itertools import permutations

from hypothesis import given
from hypothesis import strategies as st

from kg.identity import Aliases, moved, resolve
from kg.vocab import OWL_SAME_AS, RDF_TYPE

Said = list[tuple[str, str]]


def learned(said: Said) -> Aliases:
    aliases = Aliases()
    for number, (canonical, alias) in enumerate(said):
        aliases.replace(f"<record/{number}>", [(canonical, OWL_SAME_AS, alias)])
    return aliases


def test_an_alias_is_rewritten_and_the_statement_itself_stays() -> None:
    aliases = Aliases()
    said = ("<m/M7>", OWL_SAME_AS, "<m/erp-12>")
    aliases.replace("<record/1>", [said])
    facts = [said, ("<m/erp-12>", RDF_TYPE, "<Machine>"), ("<run>", "<on>", "<m/erp-12>")]
    assert aliases.rewrite(facts) == [
        said,
        ("<m/M7>", RDF_TYPE, "<Machine>"),
        ("<run>", "<on>", "<m/M7>"),
    ]


def test_chains_lead_to_the_one_that_nobody_calls_an_alias() -> None:
    assert learned([("<b>", "<c>"), ("<a>", "<b>")]).pairs() == {"<b>": "<a>", "<c>": "<a>"}


def test_a_circle_leads_to_one_name_whatever_the_order() -> None:
    said = [("<b>", "<a>"), ("<c>", "<b>"), ("<a>", "<c>")]
    for order in permutations(said):
        assert learned(list(order)).pairs() == {"<b>": "<a>", "<c>": "<a>"}


def test_an_alias_of_two_things_is_neither_and_the_things_stay_two() -> None:
    resolved = resolve([("<a>", "<x>"), ("<b>", "<x>"), ("<a>", "<y>")])
    assert resolved.pairs == {"<y>": "<a>"}
    assert resolved.disputed == {"<x>": {"<a>", "<b>"}}


def test_two_ways_to_one_thing_are_no_dispute() -> None:
    resolved = resolve([("<b>", "<x>"), ("<c>", "<x>"), ("<a>", "<b>"), ("<a>", "<c>")])
    assert resolved.pairs == {"<b>": "<a>", "<c>": "<a>", "<x>": "<a>"}
    assert resolved.disputed == {}


def test_what_is_the_same_as_a_disputed_id_is_at_least_that() -> None:
    resolved = resolve([("<a>", "<x>"), ("<b>", "<x>"), ("<x>", "<y>")])
    assert resolved.pairs == {"<y>": "<x>"}


def test_what_one_record_says_no_more_another_may_still_say() -> None:
    aliases = learned([("<a>", "<x>"), ("<a>", "<x>")])
    aliases.replace("<record/0>", [])
    assert aliases.pairs() == {"<x>": "<a>"}
    aliases.replace("<record/1>", [])
    assert aliases.pairs() == {}


def test_a_chain_of_ten_thousand_ids_is_followed() -> None:
    pairs = resolve([(f"<{n:05}>", f"<{n + 1:05}>") for n in range(10_000)]).pairs
    assert len(pairs) == 10_000
    assert set(pairs.values()) == {"<00000>"}


def test_what_moved_is_told_by_the_name_that_it_had() -> None:
    before, after = {"<x>": "<a>", "<y>": "<a>"}, {"<x>": "<b>", "<y>": "<a>", "<z>": "<a>"}
    assert moved(before, after) == {"<a>", "<z>"}
    assert moved(after, after) == set()


terms = st.sampled_from([f"<{c}>" for c in "abcdefg"])
statements = st.lists(st.tuples(terms, terms), max_size=12)


@given(statements)
def test_names_lead_nowhere_else_and_disputed_ids_are_their_own(said: Said) -> None:
    pairs, disputed = resolve(said)
    assert pairs.keys().isdisjoint(pairs.values())
    assert pairs.keys().isdisjoint(disputed)
    for alias, names in disputed.items():
        assert len(names) > 1
        assert names.isdisjoint(pairs)
        assert alias not in names
    ups = {(pairs.get(c, c), pairs.get(a, a)) for c, a in said}
    # Every statement holds between the names, or is one of those that are disputed.
    assert all(c == a or c in disputed.get(a, ()) for c, a in ups)


@given(statements, st.randoms())
def test_the_order_of_statements_changes_nothing(said: Said, chance) -> None:
    shuffled = list(said)
    chance.shuffle(shuffled)
    assert resolve(said) == resolve(shuffled)
    assert learned(said).pairs() == learned(shuffled).pairs()

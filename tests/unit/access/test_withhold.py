"""What a role does not see stands nowhere in an answer, in whatever format it is written."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, fields

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kg.access import withhold
from kg.access.withheldboard import listed_machines, withhold_machines
from kg.access.withheldflows import map_seen
from kg.access.withheldgaps import withhold_check, withhold_explained
from kg.access.withhold import withhold_context
from kg.answer.answers import Explained
from kg.answer.board import machines_now
from kg.answer.bundle import Context
from kg.answer.flow.forms import MEDIA_TYPES, write_flows
from kg.answer.gaps.coverage import Check
from kg.answer.jsonld import to_jsonld
from kg.answer.render import render_card, to_json
from kg.errors import AccessError, ConfigError, UnknownEntity
from kg.pipeline import Pipeline
from kg.report import GapFormat, explained_text, write_check
from kg.roles import RoleSettings
from tests.unit.access.shop import CLERK, HIDDEN, MONEY, NOW, WORDS, sight_of

FORMATS: tuple[GapFormat, ...] = ("json", "text", "csv", "html", "turtle")
ASKED = (
    *("machine/M1", "machine/M2", "job/J1", "job/J2", "job/J3", "order/O1"),
    *("order-line/L1", "order-line/L2", "order-line/L3", "run/R1", "allocation/L1", "note/N1"),
    "shipment/S1",
)
OWN = {
    "customer/CustQuoin": {"tr:orderedBy", "source:books"},
    "customer/CustVellum": {"tr:orderedBy", "source:books"},
    "part/PartZephyr": {"tr:makes", "source:books"},
    "batch/BatchYarrow": {"source:floor"},
}
"""Things that may be asked for by their ids although a link to them is hidden."""


@dataclass(frozen=True)
class Told:
    """What is answered to who sees everything."""

    contexts: list[tuple[str, Context]]
    check: Check
    explained: list[Explained]


@pytest.fixture(scope="module")
def told(shop: Pipeline) -> Told:
    answers = shop.answers()
    now = [(asked, answers.context(asked, NOW)) for asked in (*ASKED, *OWN)]
    full = [(asked, answers.context(asked, NOW, focus="full")) for asked in (*ASKED, *OWN)]
    facts = {f.id for _, context in now for slot in context.slots.values() for f in slot.facts}
    traced = [answers.explain(fact, NOW) for fact in sorted(facts)]
    return Told([*now, *full], answers.check(NOW), traced)


def _everything(shop: Pipeline, told: Told, hides: set[str]) -> Iterator[str]:
    """Write every answer in every format, for who does not see some of it."""
    sight = sight_of(shop, hides)
    covering = shop.answers().covering
    for asked, context in told.contexts:
        if not OWN.get(asked, set()).isdisjoint(hides):
            continue
        try:
            shown = withhold_context(context, sight, covering)
        except UnknownEntity:
            assert sight.hides_thing(asked)
            continue
        yield to_json(shown.to_dict())
        yield json.dumps(to_jsonld(shown, shop.plant.base))
        yield render_card(shown, 4_000, is_with_notes=True)
    check = withhold_check(told.check, sight, covering)
    for form in FORMATS:
        yield write_check(check, form, shop.plant)[0]
    for one in told.explained:
        with suppress(UnknownEntity):
            yield explained_text(withhold_explained(one, sight), shop)
    with suppress(AccessError):
        flow = map_seen(shop.answers(), NOW, told.check, sight)
        yield from (write_flows(flow, form, shop.plant.base) for form in MEDIA_TYPES.values())
    machines = listed_machines(machines_now(shop.store, shop.answers().evidence(NOW)), sight)
    for board in withhold_machines(machines, shop.store, shop.answers().evidence(NOW), sight):
        yield str(board)


def test_every_word_is_shown_to_who_sees_everything(shop: Pipeline, told: Told) -> None:
    text = "".join(write_check(told.check, form, shop.plant)[0] for form in FORMATS)
    text += "".join(to_json(context.to_dict()) for _, context in told.contexts)
    assert [name for name, word in WORDS.items() if word not in text] == []
    assert any(sum_ in text for sum_ in MONEY)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.sets(st.sampled_from(sorted(HIDDEN)), min_size=1, max_size=4))
def test_no_hidden_word_stands_anywhere(shop: Pipeline, told: Told, hides: set[str]) -> None:
    _look_for_hidden_words(shop, told, hides)


@pytest.mark.parametrize("name", HIDDEN)
def test_no_word_of_one_hidden_thing_stands_anywhere(shop: Pipeline, told: Told, name: str) -> None:
    _look_for_hidden_words(shop, told, {name})


def _look_for_hidden_words(shop: Pipeline, told: Told, hides: set[str]) -> None:
    words = {WORDS[cell].casefold() for name in hides for cell in HIDDEN[name]}
    if not hides.isdisjoint({"tr:unitPrice", "source:books"}):
        words |= set(MONEY)
    if "tr:Person" in hides:
        words.add(CLERK)
    for text in _everything(shop, told, hides):
        plain = text.casefold()
        assert [word for word in words if word in plain] == [], text


def test_what_is_hidden_is_counted_and_never_missing(shop: Pipeline) -> None:
    answers = shop.answers()
    found = answers.context("job/J1", NOW)
    assert found.slots["customer"].state == "known"
    shown = withhold_context(found, sight_of(shop, {"tr:orderedBy"}), answers.covering)
    assert (shown.slots["customer"].state, shown.slots["customer"].withheld) == ("withheld", 1)
    assert shown.withheld == 1
    assert shown.slots["due"] == found.slots["due"]
    assert "customer: WITHHELD" in render_card(shown)


def test_what_is_missing_is_not_told_of_a_hidden_link(shop: Pipeline) -> None:
    answers = shop.answers()
    check = answers.check(NOW)
    assert [gap.entity for gap in check.gaps if gap.slot == "customer"] != []
    for hides in ({"tr:orderedBy"}, {"source:books"}):
        sight = sight_of(shop, hides)
        shown = withhold_check(check, sight, answers.covering)
        assert [gap for gap in shown.gaps if gap.slot == "customer"] == []
        assert shown.withheld > 0
        assert "job-customer" not in {row.link for row in shown.coverage}
        job = withhold_context(answers.context("job/J3", NOW), sight, answers.covering)
        assert job.slots["customer"].state == "withheld"


@pytest.mark.parametrize("name", HIDDEN)
def test_a_machine_in_short_says_what_its_context_says(shop: Pipeline, name: str) -> None:
    answers, sight = shop.answers(), sight_of(shop, {name})
    evidence = answers.evidence(NOW)
    machines = listed_machines(machines_now(shop.store, evidence), sight)
    shown, _ = withhold_machines(machines, shop.store, evidence, sight)
    assert [one.id for one in shown] == (
        [] if name == "source:floor" else ["machine/M1", "machine/M2"]
    )
    for one in shown:
        context = withhold_context(answers.context(one.id, NOW), sight, answers.covering)
        told = {part: getattr(one, part) for part in context.status}
        assert told == context.status
        assert (one.runs, one.label) == (len(context.runs), context.entity["label"])


def test_what_nothing_hides_stays_as_it_is(shop: Pipeline) -> None:
    answers = shop.answers()
    sight = sight_of(shop, {"tr:measuredValue"})
    for asked in ASKED:
        found = answers.context(asked, NOW)
        shown = withhold_context(found, sight, answers.covering)
        assert shown.withheld == 0
        assert shown.slots == found.slots
        assert shown.status == found.status
        assert [run.run for run in shown.runs] == [run.run for run in found.runs]


def test_what_follows_from_a_hidden_property_is_hidden_and_types_are_not(shop: Pipeline) -> None:
    hiding = sight_of(shop, {"tr:orderedBy"}).hiding
    assert {"orderedBy", "placed", "forCustomer"} <= hiding.words
    assert "type" not in hiding.words
    assert "makes" not in hiding.words


def test_a_term_that_is_none_is_refused_with_near_ones(shop: Pipeline) -> None:
    with pytest.raises(ConfigError) as error:
        sight_of(shop, {"tr:unitPrize"})
    assert "tr:unitPrice" in error.value.hint
    with pytest.raises(ConfigError, match="prefix"):
        sight_of(shop, {"nobody:unitPrice"})


def test_every_part_of_an_answer_is_known_where_it_is_withheld() -> None:
    for kind, known in withhold.KNOWN.items():
        assert {field.name for field in fields(kind)} == known, kind


@pytest.mark.parametrize("scope", ["sparql:read", "quarantine:admin", "plant:admin"])
def test_a_role_that_hides_something_has_no_scope_that_shows_everything(scope: str) -> None:
    with pytest.raises(ValueError, match=scope):
        RoleSettings(name="narrow", scopes=("context:read", scope), hides=("tr:unitPrice",))  # type: ignore[arg-type]

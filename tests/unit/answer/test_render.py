from __future__ import annotations

import copy
import re
import unicodedata
from collections.abc import Callable
from functools import partial
from json import loads

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.context.cardtext import read_card
from kg.answer.bundle import Context
from kg.answer.compact import render_compact
from kg.answer.finding.found import Asked, Match
from kg.answer.finding.told import compact_asked, render_asked
from kg.answer.focus import FOCUSES
from kg.answer.priority import rank_of
from kg.answer.render import render_card, to_json
from kg.answer.tokens import MAX_TOKENS, MIN_TOKENS, estimate_tokens
from kg.errors import CardError
from tests.unit.answer.conftest import NOW
from tests.unit.answer.makers import contexts, harmless, hostile

WHOLE = 10**6
HEADINGS = (
    "## Why it is late",
    "## Computed",
    "## Details",
    "## Next, by ",
    "## Now (",
    "## Run ",
    "## Why it matters: ",
    "## Missing or unknown",
    "## Notes by people, between two lines ",
    "## Sources",
)
few = settings(max_examples=60, deadline=None)
budgets = st.integers(1, 1500)
visible = (harmless | hostile).map("x{}".format)


def counted(card: str) -> tuple[int, int, int]:
    """What the first line says: facts shown, of how many, cut."""
    match = re.search(
        r"\| (\d+) of (\d+) facts(?:, (\d+) cut \(ask [\w =,]+\))?$", card.split("\n", 1)[0]
    )
    assert match is not None
    return int(match[1]), int(match[2]), int(match[3] or 0)


def refused(
    render: Callable[[int], str], budget: int, count: Callable[[str], int] = estimate_tokens
) -> CardError | None:
    """Render, and see that it is as short as asked, or give the error that says why it is not."""
    try:
        assert count(render(budget)) <= budget
    except CardError as error:
        return error
    return None


def card_of(context: Context, budget: int) -> str | None:
    """The card, or None where what is never cut has no room."""
    try:
        return render_card(context, budget)
    except CardError:
        return None


@few
@given(contexts(), budgets)
def test_the_same_context_gives_the_same_bytes(context: Context, budget: int) -> None:
    before = copy.deepcopy(context)
    first = card_of(context, budget)
    assert context == before
    assert card_of(before, budget) == first


@few
@given(contexts(), budgets, st.booleans())
def test_a_card_is_never_longer_than_asked(context: Context, budget: int, notes: bool) -> None:
    for writer in (render_card, render_compact):
        render = partial(writer, context, is_with_notes=notes)
        error = refused(render, budget)
        if error is not None:
            needed = int(re.findall(r"needs (\d+) tokens", error.message)[0])
            assert needed > budget
            assert "max_tokens" in error.hint or "ask as JSON" in error.hint
            assert refused(render, needed) is None


@few
@given(contexts(), budgets)
def test_a_card_keeps_the_budget_of_a_tokenizer_of_ones_own(context: Context, budget: int) -> None:
    letters = 4 * budget
    error = refused(partial(render_card, context, count=len), letters, len)
    assert error is None or int(re.findall(r"needs (\d+)", error.message)[0]) > letters


@few
@given(contexts(), budgets)
def test_what_is_cut_is_counted_and_the_rest_stays_whole(context: Context, budget: int) -> None:
    whole, cut = render_card(context, WHOLE), card_of(context, budget)
    assert counted(whole)[:2] == (counted(whole)[1],) * 2
    if cut is None:
        return
    shown, total, dropped = counted(cut)
    assert total == counted(whole)[1]
    assert shown + dropped == total
    kept = read_card(cut)
    every = read_card(whole)
    assert {(f.about, f.name, f.value, f.marks) for f in kept.facts} <= {
        (f.about, f.name, f.value, f.marks) for f in every.facts
    }
    assert [gap[:2] for gap in kept.gaps] == [gap[:2] for gap in every.gaps]
    cited = {record for one in kept.facts for record in one.records}
    cited |= {record for one in kept.told for record in one.records}
    assert {one.record for one in kept.sources} >= cited
    assert "" not in cited


@few
@given(contexts(), st.integers(100, 900), st.integers(100, 900))
def test_a_greater_budget_never_shows_less(context: Context, one: int, other: int) -> None:
    less, more = (card_of(context, budget) for budget in sorted((one, other)))
    if less is not None:
        assert more is not None
        assert counted(less)[0] <= counted(more)[0]


@few
@given(contexts(), budgets)
def test_what_a_card_tells_to_ask_for_gives_all(context: Context, budget: int) -> None:
    card = card_of(context, budget)
    asked = re.search(r"ask max_tokens=(\d+)", card or "")
    if asked:
        shown, total, cut = counted(render_card(context, int(asked[1])))
        assert (shown, cut) == (total, 0)


@few
@given(contexts(hostile), st.sampled_from([300, 1000, 5000]), st.booleans())
def test_text_from_data_cannot_act_as_the_card(context: Context, budget: int, notes: bool) -> None:
    try:
        card = render_card(context, budget, is_with_notes=notes)
    except CardError:
        return
    lines = card.removesuffix("\n").split("\n")
    assert card.splitlines() == lines
    assert lines[0].startswith("# ")
    for line in lines[2:]:
        is_fence = notes and re.fullmatch(r"[0-9a-f]{16}", line)
        assert (
            line.startswith((*HEADINGS, "- ", "  - "))
            or is_fence
            or re.match(r"\[\d+\] |none$", line)
        )
    assert sum(line.startswith("## Sources") for line in lines) == 1
    body, sources = card.split("\n## Sources", 1)
    listed = re.findall(r"^\[(\d+)\] ", sources, re.MULTILINE)
    cited = re.findall(r"\[(\d+)\]", body.split("\n", 2)[2])
    assert set(cited) == set(listed)
    assert not set("[]`") & set(re.sub(r"\[(\d+|n)\]", "", card))
    assert not re.search(r"https?://", card, re.IGNORECASE)


@st.composite
def questions(draw: st.DrawFn, texts: st.SearchStrategy[str]) -> tuple[Asked, Context]:
    """A question in words as it can have been read, and the answer to it."""
    context = draw(contexts(texts))
    ids = st.builds(lambda text: f"job/{text}", texts)

    def match(short: str, words: str) -> Match:
        return Match(short, "job", "Shaft", 0.9, "label", words, "its label is")

    named = [match(one, "x") for one in draw(st.lists(ids, max_size=7))]
    unclear = [match(one, "y") for one in draw(st.lists(ids, max_size=7))]
    subject = match(context.entity["id"], draw(texts))
    why = 'the question says "late" and "behind"'
    remarks = tuple(draw(st.lists(texts, max_size=3)))
    return Asked(subject, "why_late", why, tuple(named), tuple(unclear), remarks), context


@few
@given(contexts(visible), budgets, st.booleans())
def test_every_line_of_a_card_is_of_the_grammar(context: Context, budget: int, notes: bool) -> None:
    for room in (WHOLE, budget):
        try:
            card = render_card(context, room, is_with_notes=notes)
        except CardError:
            continue
        assert read_card(card).forged == []


@few
@given(questions(visible), budgets)
def test_a_card_of_a_question_says_how_it_was_read_by_the_grammar(
    question: tuple[Asked, Context], budget: int
) -> None:
    asked, context = question
    card = render_asked(asked, context, WHOLE)
    plain = render_card(context, WHOLE)
    assert card.splitlines()[:2] + card.splitlines()[3:] == plain.splitlines()
    found = read_card(card)
    assert found.forged == []
    assert found.read is not None
    assert (found.read.focus, found.read.subject) == ("why_late", context.entity["id"])
    assert len(found.read.named) == min(5, len(asked.others))
    assert len(found.read.unclear) == min(5, len(asked.unclear))
    assert len(found.read.remarks) == len(asked.remarks)
    for write in (render_asked, compact_asked):
        refused(partial(write, asked, context), budget)


def test_of_a_thing_that_is_asked_for_by_name_nothing_is_said_of_reading(tiny) -> None:
    context = tiny.answers().context("job/1", NOW)
    assert render_asked(None, context) == render_card(context)
    assert compact_asked(None, context) == render_compact(context)
    assert read_card(render_card(context)).read is None


@few
@given(contexts(hostile))
def test_a_card_holds_no_marks_that_cannot_be_seen(context: Context) -> None:
    card = render_card(context, WHOLE, is_with_notes=True)
    found = {unicodedata.category(c) for c in card if c != "\n"}
    assert not found & {"Cc", "Cf", "Zl", "Zp"}


@pytest.mark.parametrize("focus", list(FOCUSES))
def test_every_thing_of_a_plant_keeps_every_budget(tiny, focus) -> None:
    answers = tiny.answers()
    things = ["M1", "M2", "M3", "job/1", "job/2", "job/3", "job/4", "customer/acme", "part/shaft"]
    whole = {}
    for thing in [*things, "order/A", "run/r1"]:
        context = answers.context(thing, NOW, focus=focus)
        whole[thing] = render_card(context, MAX_TOKENS)
        for budget in (MIN_TOKENS, 200, 400, 800, 1500, MAX_TOKENS):
            card = card_of(context, budget)
            assert card is None or estimate_tokens(card) <= budget
            assert budget < 400 or card is not None
    assert all(counted(card)[0] for card in whole.values())


def test_the_legend_explains_the_marks_that_are_used_and_no_others(tiny) -> None:
    legend = render_card(tiny.answers().context("job/1", NOW)).split("\n")[1]
    assert "CONFLICT=" in legend
    assert "COMPUTED=" not in legend
    assert legend.startswith("Marks: none=fresh")


def test_a_card_that_cannot_be_so_short_says_how_long_it_must_be(tiny) -> None:
    with pytest.raises(CardError) as caught:
        render_card(tiny.answers().context("job/3", NOW), 20)
    assert re.match(r"the card of job/3 needs \d+ tokens for its header", caught.value.message)
    assert re.fullmatch(r"ask with max_tokens=\d+", caught.value.hint)


def test_the_card_of_a_machine_tells_its_runs_apart_and_cites_them(tiny) -> None:
    card = render_card(tiny.answers().context("M1", NOW))
    assert card.startswith('# machine/M1 "Saw" | as of 2026-11-23T08:00:00Z | ')
    assert "## Now (2 runs)" in card
    first, second = card.split("## Why it matters: ")[1:]
    assert first.startswith('job/1 "Shafts"')
    assert 'customer: customer/acme "Acme & Sons" [' in first
    assert "acme" not in second.split("## ")[0]
    assert "- customer: NONE" in second
    assert "CONFLICT" in first
    assert "3 notes by people withheld" in card
    assert "blade wobbles" not in card


@pytest.mark.parametrize("focus", list(FOCUSES))
def test_the_line_of_a_machines_state_cites_who_says_so_and_is_cut_last(tiny, focus) -> None:
    context = tiny.answers().context("M1", NOW, focus=focus)
    for budget in (300, WHOLE):
        card = render_card(context, budget)
        (line,) = [line for line in card.splitlines() if line.startswith("- RUNNING")]
        assert re.fullmatch(r"- RUNNING; activity: production \[\d+\]", line)
        found = read_card(card)
        assert (found.forged, found.status) == ([], "RUNNING")
        (said,) = [fact for fact in found.facts if fact.name == "activity"]
        assert (said.about, said.value) == ("machine/M1", "production")
        assert said.records[0].startswith("mes/machine/")
        assert card.count("production") == 1
    others = ("run", "cause", "entry", "batch", "spec", "customer")
    assert rank_of("state_fact", focus) < min(rank_of(name, focus) for name in others)


def test_where_a_batch_went_is_told_before_how_much_each_job_took() -> None:
    assert rank_of("batch", "material") < rank_of("job", "material") < rank_of("use", "material")


def test_notes_are_shown_where_they_are_asked_for(tiny) -> None:
    card = render_card(tiny.answers().context("M1", NOW), is_with_notes=True)
    boundary = re.findall(r"between two lines (\w{16}):", card)[0]
    fenced = card.split(f"\n{boundary}\n")[1].split("\n")
    assert '- machine/M1: "blade wobbles" (somebody, undated; unconfirmed)' in fenced
    assert '- machine/M1: "oil is low" (somebody, undated; expired)' in fenced
    assert len(fenced) == 3
    assert "withheld" not in card


def test_a_card_of_a_job_says_what_is_missing_and_what_nobody_covers(tiny) -> None:
    card = render_card(tiny.answers().context("job/3", NOW))
    assert "- MISSING customer of job/3: Job has no customer" in card
    assert "- UNKNOWN batch of job/3: No connected source covers the batch" in card
    assert "- machine: NOT_DUE" in card


def test_json_is_written_as_text_that_reads_back(tiny) -> None:
    plain = tiny.answers().context("M1", NOW).to_dict()
    assert loads(to_json(plain))["entity"] == plain["entity"]
    assert "é" in to_json({"a": "é"})

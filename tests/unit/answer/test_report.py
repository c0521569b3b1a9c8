from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from kg.answer.bundle import SlotGap
from kg.answer.gaps.coverage import Check, LinkCoverage
from kg.answer.render import render_card
from kg.report import WIDTH, card_text, check_text, explained_text, rows_text
from tests.unit.answer.conftest import NOW

# Cells of a terminal: one column for each character, one line.
seen = st.text(alphabet="abcÄø0189-/.,:%(…×", max_size=60)
words = st.lists(seen, max_size=4).map(" ".join)
names = st.text(alphabet="abcdefghij_", min_size=1, max_size=24)
counts = st.integers(0, 9999)
gaps = st.builds(
    SlotGap,
    entity=seen,
    slot=st.sampled_from(["machine", "spec", "customer", "batch", "job"]),
    state=st.sampled_from(["missing", "unknown", "conflicting"]),
    shape=st.none(),
    severity=st.sampled_from(["violation", "warning"]),
    message=words,
    source=st.one_of(st.none(), seen),
    record=st.none(),
)
coverage = st.builds(
    LinkCoverage,
    link=st.sampled_from(["job-machine", "job-spec", "job-customer", "job-batch", "machine-now"]),
    have=counts,
    of=counts,
    none=counts,
    not_due=counts,
    unknown=counts,
)
few = settings(max_examples=60, deadline=None)


def widest(text: str) -> int:
    return max(len(line) for line in text.splitlines())


@few
@given(st.lists(names, min_size=1, max_size=8, unique=True), st.data())
def test_a_table_of_up_to_eight_columns_fits_the_terminal(columns, data) -> None:
    first = st.fixed_dictionaries({columns[0]: words})
    row = st.fixed_dictionaries({}, optional=dict.fromkeys(columns, words))
    rows = [data.draw(first), *data.draw(st.lists(row, max_size=4))]
    text = rows_text(rows)
    assert widest(text) <= WIDTH
    assert len(text.split("\n")) >= len(rows) + 1


@few
@given(st.lists(st.dictionaries(names, st.text(), min_size=9, max_size=12), min_size=1, max_size=3))
def test_a_table_of_more_columns_is_shown_row_by_row_and_safe_for_a_terminal(rows) -> None:
    text = rows_text(rows)
    assert widest(text) <= WIDTH
    assert all(c.isprintable() or c == "\n" for c in text)


def test_a_table_that_fits_is_not_cut() -> None:
    rows = [{"job": "job/1", "batch": "batch/bar"}, {"job": "job/22"}]
    assert rows_text(rows) == "job     batch\njob/1   batch/bar\njob/22"


def test_a_cell_that_is_too_long_is_folded_and_none_of_it_is_lost() -> None:
    text = rows_text([{"note": "x" * 200, "job": "job/1"}])
    assert text.splitlines()[1].endswith("x  job/1")
    assert widest(text) == WIDTH
    assert text.count("x") == 200


def test_columns_stand_in_the_order_that_is_given() -> None:
    rows = [{"batch": "batch/bar", "job": "job/1"}]
    assert rows_text(rows, ("job", "batch", "why")).splitlines()[0] == "job    batch"


def test_no_rows_are_told() -> None:
    assert rows_text([]) == "No rows."


@few
@given(st.lists(coverage, max_size=5), st.lists(gaps, max_size=12))
def test_a_check_is_never_wider_than_the_terminal(rows, found) -> None:
    assert widest(check_text(Check(rows, found))) <= WIDTH


@given(st.lists(gaps, max_size=12))
def test_every_gap_of_a_check_is_counted(found) -> None:
    heads = {(gap.state, gap.slot, gap.source, gap.message) for gap in found}
    text = " ".join(check_text(Check([], found)).split())
    for state, slot, source, message in heads:
        count = sum(
            (gap.state, gap.slot, gap.source, gap.message) == (state, slot, source, message)
            for gap in found
        )
        assert f"{state.upper()} {slot}, {count}:" in text
    assert ("Nothing is missing" in text) == (not found)


def test_a_check_of_the_tiny_plant_names_what_and_where(tiny) -> None:
    text = check_text(tiny.answers().check(NOW))
    assert widest(text) <= WIDTH
    flat = " ".join(text.split())
    assert "It should be in erp (Office), table part. No full answer to: " in flat
    assert "job/3 Nuts" in flat
    assert "UNKNOWN batch, 4: No connected source covers the batch" in flat


def test_a_card_is_folded_and_its_words_stay(tiny) -> None:
    card = render_card(tiny.answers().context("M1", NOW))
    folded = card_text(card)
    assert widest(folded) <= WIDTH
    assert folded.split() == card.split()


def test_an_explained_fact_shows_rule_record_mapping_line_and_row(tiny) -> None:
    answers = tiny.answers()
    (fact,) = answers.context("job/1", NOW).slots["customer"].facts
    text = explained_text(answers.explain(fact.id, NOW), tiny)
    assert text.startswith("job/1 forCustomer customer/acme")
    assert "prp-spo2" in text
    assert "said by record/erp/order/A" in text
    assert "order.yml:13" in text
    assert "order.csv:2" in text
    assert "customer=acme" in text

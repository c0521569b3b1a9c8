from __future__ import annotations

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from kg.answer.bundle import AtRisk, SlotGap, Worth
from kg.answer.gaps.ranking import MAX_REPAIRS, find_repairs, ranked

amounts = st.integers(0, 5).map(str)
gaps = st.lists(
    st.builds(
        SlotGap,
        entity=st.sampled_from([f"job/{n}" for n in range(9)]),
        slot=st.sampled_from(["spec", "customer"]),
        state=st.sampled_from(["missing", "conflicting", "unknown"]),
        shape=st.none(),
        severity=st.none(),
        message=st.just("m"),
        source=st.sampled_from(["erp", "mes", None]),
        record=st.sampled_from(["record/erp/part/1", "record/erp/part/2", None]),
        questions=st.lists(st.sampled_from("abc"), unique=True).map(tuple),
        at_risk=st.builds(AtRisk, due=st.sampled_from([None, "2026-12-01", "2026-12-02"])),
        value_at_risk=st.lists(
            st.builds(Worth, amounts, st.sampled_from(["EUR", "SEK", None])),
            max_size=2,
            unique_by=lambda worth: worth.currency,
        ).map(tuple),
        flow_step=st.sampled_from(["erp.part", None]),
    ),
    max_size=12,
    unique_by=lambda gap: gap.id,
)


def amount(gap: SlotGap, currency: str | None) -> Decimal | None:
    return next((Decimal(w.amount) for w in gap.value_at_risk if w.currency == currency), None)


@given(gaps)
def test_nothing_is_lost_and_what_nobody_covers_comes_last(found) -> None:
    order = ranked(found)
    assert sorted(gap.id for gap in order) == sorted(gap.id for gap in found)
    assert [gap.state == "unknown" for gap in order] == sorted(
        gap.state == "unknown" for gap in order
    )


@given(gaps)
def test_of_two_with_amounts_in_one_currency_only_the_dearer_comes_first(found) -> None:
    order = [gap for gap in ranked(found) if gap.state != "unknown"]
    for place, gap in enumerate(order):
        for later in order[place + 1 :]:
            for currency in ("EUR", "SEK", None):
                plain = len(gap.value_at_risk) == len(later.value_at_risk) == 1
                mine, other = amount(gap, currency), amount(later, currency)
                if plain and mine is not None and other is not None:
                    assert mine >= other


@given(gaps)
def test_without_money_the_first_due_and_then_the_most_asked_comes_first(found) -> None:
    order = [g for g in ranked(found) if g.state != "unknown" and not g.value_at_risk]
    keys = [(gap.at_risk.due or "9999", -len(gap.questions)) for gap in order]
    assert keys == sorted(keys)


def test_the_dearest_of_each_currency_come_before_the_second_of_any() -> None:
    def gap(name: str, amount: str, currency: str) -> SlotGap:
        worth = (Worth(amount, currency),)
        return SlotGap(name, "spec", "missing", None, None, "", None, None, value_at_risk=worth)

    found = [gap("a", "900", "SEK"), gap("b", "800", "SEK"), gap("c", "1", "EUR")]
    assert [g.entity for g in ranked(found)] == ["a", "c", "b"]


@given(gaps)
def test_a_repair_counts_exactly_the_gaps_that_it_closes(found) -> None:
    repairs = find_repairs(found, {})
    assert len(repairs) <= MAX_REPAIRS
    assert [r.answers for r in repairs] == sorted((r.answers for r in repairs), reverse=True)
    mendable = [gap for gap in found if gap.state != "unknown"]
    for repair in repairs:
        closed = {
            "record": [g for g in mendable if (g.record, g.slot) == (repair.where, repair.slot)],
            "table": [
                g
                for g in mendable
                if (g.source, g.slot, g.flow_step) == (repair.source, repair.slot, repair.where)
            ],
            "connect": [g for g in found if (g.state, g.slot) == ("unknown", repair.slot)],
        }[repair.what]
        assert repair.gaps == len(closed)
        assert repair.answers == sum(len(gap.questions) for gap in closed)
        assert set(repair.questions) == {name for gap in closed for name in gap.questions}
        assert "gap" in repair.sentence()


@given(gaps)
def test_the_first_repair_answers_most_of_all(found) -> None:
    repairs = find_repairs(found, {})
    groups: dict[tuple[object, ...], int] = {}
    for gap in found:
        keys = [("unknown", gap.slot)] if gap.state == "unknown" else []
        if gap.state != "unknown":
            keys += [("record", gap.slot, gap.record)] if gap.record else []
            keys += [("table", gap.slot, gap.source, gap.flow_step)] if gap.source else []
        for key in keys:
            groups[key] = groups.get(key, 0) + len(gap.questions)
    assert (repairs[0].answers if repairs else 0) == max(groups.values(), default=0)

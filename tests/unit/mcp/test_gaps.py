"""Pages of gaps: each fits its budget, all of them together are all gaps, in their order."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kg.answer.bundle import AtRisk, SlotGap, Worth
from kg.answer.gaps.coverage import Check
from kg.answer.tokens import estimate_tokens
from kg.errors import ConfigError
from kg.mcp.gaps import PAGE_TOKENS, gaps_of, gaps_text

NOW = "2026-11-23T08:00:00Z"
TEXTS = st.text(max_size=300)


def _gap(number: int, message: str, label: str) -> SlotGap:
    return SlotGap(
        entity=f"job/{number}",
        slot="customer",
        state="missing",
        shape=None,
        severity="violation",
        message=message,
        source="erp",
        record=None,
        since="2026-11-20T08:00:00Z",
        label=label,
        owner="Planning\noffice [1]",
        flow_step="erp.production_order",
        at_risk=AtRisk(orders=("order/1",), customers=("customer/K",), due="2026-12-01"),
        value_at_risk=(Worth("3520", "SEK"),),
    )


@settings(deadline=None, max_examples=40)
@given(st.lists(st.tuples(TEXTS, TEXTS), max_size=40))
def test_pages_hold_every_gap_once_and_fit(texts: list[tuple[str, str]]) -> None:
    gaps = [_gap(number, *given) for number, given in enumerate(texts)]
    check = Check([], gaps)
    seen: list[str] = []
    cursor = ""
    while True:
        page = gaps_text(check, gaps, cursor, NOW)
        head, *lines = page.splitlines()
        assert estimate_tokens(page) <= PAGE_TOKENS or len(lines) <= 2
        assert f" of {len(gaps)}," in head
        more = lines.pop() if lines[-1].startswith("More: cursor=") else ""
        seen += [line.split()[4].rstrip(":") for line in lines if gaps]
        if not more:
            break
        cursor = more.removeprefix("More: cursor=")
    assert seen == [gap.entity for gap in gaps]


def test_a_gap_names_whose_it_is_and_what_depends_on_it() -> None:
    told = gaps_text(Check([], []), [_gap(1, "it has none", "Plate")], "", NOW)
    assert (
        '- MISSING customer of job/1 "Plate": it has none. Source: erp (Planning office (1)), table'
        " production_order. At risk: 3520 SEK, due 2026-12-01, order/1, customer/K. Since"
        " 2026-11-20."
    ) in told


def test_gaps_are_of_an_entity_or_of_whom_they_hurt() -> None:
    gaps = [_gap(1, "a", ""), _gap(2, "b", "")]
    check = Check([], gaps)
    assert gaps_of(check, "", frozenset(), None) == gaps
    assert gaps_of(check, "job/1", frozenset(), None) == gaps[:1]
    assert gaps_of(check, "customer/K", frozenset(), None) == gaps
    assert gaps_of(check, "machine/M", frozenset([gaps[1].id]), None) == gaps[1:]
    assert gaps_of(check, "", frozenset(), "value") == []


def test_without_gaps_it_says_that_none_is_open() -> None:
    assert "no gap of what was asked for" in gaps_text(Check([], []), [], "", NOW)


def test_a_cursor_that_leads_nowhere_is_an_error() -> None:
    with pytest.raises(ConfigError, match="no more"):
        gaps_text(Check([], []), [], "job/1~customer~00000000", NOW)

"""What was asked of cards, and what was measured of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bench.context.measure import BUDGETS
from bench.live.results import percentile

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from bench.context.measure import Outcome
    from bench.context.run import Measured

MILLISECONDS = 50


@dataclass(frozen=True, slots=True)
class Goal:
    """One figure beside what was asked for: at least that, or at most."""

    label: str
    measured: float
    asked: float
    is_least: bool = True
    shape: str = ".3f"

    @property
    def is_met(self) -> bool:
        """Tell whether it is what was asked for."""
        if self.is_least:
            return self.measured >= self.asked - 1e-9
        return self.measured <= self.asked

    @property
    def text(self) -> str:
        """Write the figure."""
        return f"{self.measured:{self.shape}}"


def goals_of(measured: Measured) -> list[Goal]:
    """Give every figure that was asked for, over all plants."""
    outcomes = [one for plant in measured.plants for one in plant.outcomes]
    timed = percentile(measured.timed.cpu_ms, 0.95)
    label = f"p95 of a card, {measured.jobs:,} jobs, ms of CPU"
    return [
        *_of_content(outcomes),
        *_of_states(outcomes),
        *_of_text(measured, outcomes),
        *_of_words(measured),
        *_of_lead(outcomes),
        Goal(label, timed, MILLISECONDS, is_least=False, shape=".1f"),
    ]


def _of_content(outcomes: Sequence[Outcome]) -> list[Goal]:
    small, large = ([one for one in outcomes if one.budget == budget] for budget in BUDGETS)
    found = sum(one.scored.facts_found for one in large)
    wanted = sum(one.scored.facts_wanted for one in large)
    right = [ok for one in outcomes for ok in one.scored.provenance]
    true = sum(one.true_facts for one in outcomes)
    every = sum(one.all_facts for one in outcomes)
    return [
        Goal(f"all gold on the card at {BUDGETS[0]:,}", rate(small, suffices), 0.90),
        Goal(f"all gold on the card at {BUDGETS[1]:,}", rate(large, suffices), 0.97),
        Goal(f"gold facts found at {BUDGETS[1]:,}", found / max(1, wanted), 0.97),
        Goal("facts of cards that the graph holds", true / max(1, every), 1, shape=".4f"),
        Goal("facts found that cite the right records", sum(right) / max(1, len(right)), 1),
        Goal("STALE, F1", stale_f1(outcomes), 0.99),
    ]


def _of_states(outcomes: Sequence[Outcome]) -> list[Goal]:
    large = [one for one in outcomes if one.budget == BUDGETS[1]]
    states = [pair for one in large for pair in one.scored.states]
    gaps = [(wanted, told) for wanted, told in states if wanted in {"MISSING", "UNKNOWN"}]
    false = sum(one.false_missing for one in outcomes)
    mixed = sum(one.mixed for one in outcomes)
    return [
        Goal("MISSING told from UNKNOWN", _equal(gaps), 0.98),
        Goal("all states told (also NONE, NOT_DUE)", _equal(states), 0.98),
        Goal("MISSING of what is there", false, 0, is_least=False, shape=".0f"),
        Goal("facts of another run or job", mixed, 0, is_least=False, shape=".0f"),
    ]


def _of_text(measured: Measured, outcomes: Sequence[Outcome]) -> list[Goal]:
    overruns = sum(plant.overruns for plant in measured.plants)
    cards = sum(plant.cards for plant in measured.plants)
    forged = sum(len(one.scored.card.forged) for one in outcomes)
    label = f"budgets overrun, of {cards:,} cards"
    return [
        Goal(label, overruns, 0, is_least=False, shape=".0f"),
        Goal("forged lines", forged, 0, is_least=False, shape=".0f"),
    ]


def _of_words(measured: Measured) -> list[Goal]:
    words = measured.words
    asked = max(1, words.asked)
    return [
        Goal("entity among the first 5 found", words.recalled / asked, 0.95),
        Goal("wrong strong links a question", words.wrong_strong / asked, 0.02, is_least=False),
        Goal("absent ids refused", words.refused / max(1, words.absent), 0.99),
    ]


def _of_lead(outcomes: Sequence[Outcome]) -> list[Goal]:
    plain = [one for one in outcomes if one.is_plain]
    return [
        Goal("points above the better dump", _lead(outcomes), 30, shape=".0f"),
        Goal("the same, facts alone", _lead(plain), 30, shape=".0f"),
    ]


def _lead(outcomes: Sequence[Outcome]) -> float:
    """Give by how many points cards suffice more often than the better dump, at its best budget."""
    leads = []
    for budget in BUDGETS:
        some = [one for one in outcomes if one.budget == budget]
        dumps = (rate(some, lambda o: o.rows_suffice), rate(some, lambda o: o.hop_suffices))
        leads.append(100 * (rate(some, suffices) - max(dumps)))
    return min(leads)


def suffices(one: Outcome) -> bool:
    """Tell whether a card holds all of its question's gold."""
    return one.scored.is_sufficient


def rate(outcomes: Iterable[Outcome], is_right: Callable[[Outcome], bool]) -> float:
    """Give the share of outcomes that are right."""
    listed = list(outcomes)
    return sum(map(is_right, listed)) / len(listed) if listed else 0.0


def stale_f1(outcomes: Iterable[Outcome]) -> float:
    """Give the harmonic mean of precision and recall of the mark STALE, over all cited facts."""
    pairs = [pair for one in outcomes for pair in one.scored.stale]
    both = sum(wanted and told for wanted, told in pairs)
    either = sum(wanted for wanted, _ in pairs) + sum(told for _, told in pairs)
    return 2 * both / either if either else 0.0


def _equal(pairs: Sequence[tuple[str, str]]) -> float:
    return sum(wanted == told for wanted, told in pairs) / len(pairs) if pairs else 0.0

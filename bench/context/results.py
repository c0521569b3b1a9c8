"""Tell how well cards suffice as one Markdown page whose tables fit 80 columns."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from bench.context.goals import goals_of, rate, suffices
from bench.context.measure import BUDGETS
from bench.context.templates import FAMILIES
from bench.results import verdict, wrapped, write_item, write_page, write_table

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from datetime import date

    from bench.context.measure import Outcome
    from bench.context.run import Measured

_INTRODUCTION = """\
This measures whether a card is sufficient context for a question; no model is asked, and nothing
here says how well one would answer. What a good answer must hold is found by SPARQL that was
written by hand, apart from the code that answers. A fact counts only if it is read back from the
text of the card, by the grammar of cards, with its citation."""
_HELD_OUT = """\
"Seen" are templates that were looked at while the cards were made better; "held out" those that
were written down before anything was measured, drawn by a seed of their own, and never changed.
Their misses were not looked at, but whoever wrote them also mended the cards, and saw their shares
by family: who works on a run, and its phase, were ranked higher while those were known. Three of
their citations were looked into, as the gold itself had spelt a record wrongly. So they are less
than a blind test. "Suffices" is the share of questions whose gold is on the card whole."""
_DUMPS = """\
At the same number of tokens "rows" are the rows of the source tables that say something of the
thing or name it, as JSON, and "hop" are the triples that begin or end with it. Both are judged
kindly: a fact is there when all the rows, or the triple, that it rests on are. "Facts alone" are
the questions that want stored facts and nothing else; the others also want a number that is
computed, an age, or why there is nothing, which a dump cannot say."""


def tell_results(measured: Measured, machine: Mapping[str, str], command: str, day: date) -> str:
    """Write the page."""
    outcomes = [one for plant in measured.plants for one in plant.outcomes]
    count = sum(len(plant.questions) for plant in measured.plants)
    templates = {(o.group, o.scored.question.template.name) for o in outcomes}
    held = sum(group == "held_out" for group, _ in templates)
    parts = [
        wrapped(_INTRODUCTION),
        wrapped(
            f"{count} questions were made by {len(templates)} templates, {held} of them held out,"
            f" in {len(FAMILIES)} families."
        ),
        "## Against what was asked for",
        _goals(measured),
        "## By seen and held-out templates",
        wrapped(_HELD_OUT),
        _shares(outcomes, "templates", lambda one: one.group.replace("_", " ")),
        "## By family",
        _shares(outcomes, "family", lambda one: one.family, FAMILIES),
        "## By plant",
        _plants(measured),
        _shares(outcomes, "plant", lambda one: one.plant),
        "## Beside what a model would get without a card",
        wrapped(_DUMPS),
        _beside(outcomes),
        "## Controls",
        _controls(measured),
        *_idle(measured),
        *_absent(measured),
    ]
    return write_page("Whether a card suffices", command, parts, machine, day)


def _goals(measured: Measured) -> str:
    rows = [["", "measured", "asked", ""]]
    for goal in goals_of(measured):
        asked = f"{'>=' if goal.is_least else '<='} {goal.asked:g}"
        rows.append([goal.label, goal.text, asked, verdict(goal.is_met)])
    return write_table(rows, texts={0, 3})


def _share(right: float, of: float) -> str:
    return f"{right / of:.3f}" if of else "-"


def _shares(
    outcomes: Sequence[Outcome],
    title: str,
    group_of: Callable[[Outcome], str],
    order: Iterable[str] = (),
) -> str:
    heads = [f"at {budget:,}" for budget in BUDGETS]
    rows = [[title, "questions", *heads, "facts found", "records right"]]
    groups: dict[str, list[Outcome]] = {name: [] for name in order}
    for one in outcomes:
        groups.setdefault(group_of(one), []).append(one)
    for name, listed in groups.items():
        by_budget = [[one for one in listed if one.budget == budget] for budget in BUDGETS]
        last = by_budget[-1]
        found = sum(one.scored.facts_found for one in last)
        wanted = sum(one.scored.facts_wanted for one in last)
        right = [ok for one in last for ok in one.scored.provenance]
        cells = [f"{rate(some, suffices):.3f}" for some in by_budget]
        rows.append(
            [name, str(len(last)), *cells, _share(found, wanted), _share(sum(right), len(right))]
        )
    return write_table(rows)


def _plants(measured: Measured) -> str:
    rows = [["plant", "facts", "questions", "mean tokens"]]
    for plant in measured.plants:
        tokens = [one.scored.tokens for one in plant.outcomes if one.budget == BUDGETS[-1]]
        mean = f"{sum(tokens) / len(tokens):,.0f}" if tokens else "-"
        rows.append([plant.name, f"{plant.facts:,}", str(len(plant.questions)), mean])
    return write_table(rows)


def _beside(outcomes: Sequence[Outcome]) -> str:
    rows = [["tokens", "questions", "number", "card", "rows", "hop"]]
    for budget in BUDGETS:
        listed = [one for one in outcomes if one.budget == budget]
        for name, some in (
            ("all", listed),
            ("facts alone", [one for one in listed if one.is_plain]),
        ):
            rates = [
                rate(some, suffices),
                rate(some, lambda one: one.rows_suffice),
                rate(some, lambda one: one.hop_suffices),
            ]
            cells = [f"{rate:.3f}" for rate in rates]
            rows.append([f"{budget:,}", name, str(len(some)), *cells])
    return write_table(rows, texts={1})


def _controls(measured: Measured) -> str:
    rows = [["control", "right", "of", ""]]
    rows += [[one.name, str(one.right), str(one.of), one.told] for one in measured.controls]
    return write_table(rows, texts={0, 3})


def _idle(measured: Measured) -> list[str]:
    """Say which templates found nothing to be asked about, by plant."""
    idle: dict[str, list[str]] = defaultdict(list)
    for plant in measured.plants:
        for name in plant.idle:
            idle[plant.name].append(name.replace("-", " "))
    told = "\n".join(write_item(name, "; ".join(names)) for name, names in idle.items())
    return ["## Asked about nothing, as the plant has none", told] if told else []


def _absent(measured: Measured) -> list[str]:
    told = "\n".join(write_item(name, why) for name, why in measured.absent.items())
    return ["## Not measured", told] if told else []

"""Withholding in the flow map: a link of which something is hidden is left out, by its name.

Where a link goes dark is judged by all of its way. So one that a hidden source may say, or that is
made of hidden properties, is left out whole; what stays is drawn from what the role sees alone, and
nothing in it is told wrong.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from kg import vocab
from kg.access.hiding import last_word
from kg.access.veiledstore import refuse
from kg.access.withheldgaps import GapFilter, withhold_check
from kg.answer.asking.producers import Producer
from kg.answer.flow.declared import DESCRIBES
from kg.answer.flow.map import Survey, draw_map, survey_flows
from kg.answer.flow.measured import ENTERED_BY
from kg.answer.flow.steps import Flow, properties_of_link

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from kg.access.sight import Sight
    from kg.answer import Answers
    from kg.answer.asking.answerers import Row
    from kg.answer.flow.map import FlowMap
    from kg.answer.flow.measured import MeasuredTable
    from kg.answer.flow.steps import FlowStep
    from kg.answer.gaps.coverage import Check
    from kg.records import Term

DECIDING = frozenset(
    {vocab.FLOW_STEP, vocab.CARRIES, vocab.MEDIUM, vocab.PASSES_TO, vocab.RECORDED_IN}
)
"""What decides which edges there are, and which of them are dark."""
_TELLING: dict[Term, str] = {
    vocab.RDFS_LABEL: "label",
    vocab.PROCESS: "process",
    vocab.HANDOVER: "handover",
    vocab.TIMES_PER_DAY: "times_per_day",
    vocab.LATENCY_MINUTES: "latency_minutes",
    vocab.DONE_BY: "people",
}
"""By which properties the rest of a step is told."""
_BLANK: dict[str, Any] = {"times_per_day": None, "latency_minutes": None, "people": frozenset()}
NEXT = "next"
"""What to connect next goes by what every source can say."""


def map_seen(answers: Answers, now: datetime, check: Check, sight: Sight | None) -> FlowMap:
    """Make the map as far as a role sees; ``sight`` None sees everything.

    Raises:
        MappingError: flows.yml says what cannot be.
        AccessError: what decides where links go dark is hidden itself.
    """
    survey = survey_flows(answers, now)
    if sight is None:
        return draw_map(answers, now, check, survey)
    if hidden := DECIDING & (sight.hiding.properties | sight.hiding.classes):
        refuse(hidden)
    shown = withhold_check(check, sight, answers.covering)
    return draw_map(answers, now, shown, _Withholding(answers, sight).survey(survey))


class _Withholding:
    def __init__(self, answers: Answers, sight: Sight) -> None:
        self._answers = answers
        self._sight = sight
        self._hiding = sight.hiding
        self._gaps = GapFilter(sight, answers.covering)
        said = answers.producers.said_by
        self._is_described_in_hiding = any(DESCRIBES & said(one) for one in self._hiding.sources)
        self._blank = {
            name: _BLANK.get(name, "") for term, name in _TELLING.items() if sight.hides_any([term])
        }

    def survey(self, known: Survey) -> Survey:
        hidden = {flow.link for flow in known.flows if self._hides_link(flow)}
        described = {term: step for flow in known.flows for term, step in flow.steps.items()}
        steps = {
            term: self._step(step, hidden)
            for term, step in described.items()
            if step.carries - hidden
        }
        sources = self._hiding.sources
        terms = self._hiding.properties.intersection([*_TELLING, *ENTERED_BY])
        return replace(
            known,
            flows=tuple(
                Flow(flow.link, {term: steps[term] for term in flow.steps}, flow.tables)
                for flow in known.flows
                if flow.link not in hidden
            ),
            tables={
                name: self._table(one, hidden)
                for name, one in known.tables.items()
                if not self._hides_table(name)
            },
            sources=tuple(one for one in known.sources if one["name"] not in sources),
            sheets=tuple(row for row in known.sheets if not self._hides_sheet(row)),
            next=() if sources else known.next,
            withheld=tuple(sorted({*hidden, *map(last_word, terms), *([NEXT] if sources else [])})),
        )

    def _hides_table(self, name: str) -> bool:
        """Tell whether a table is of a hidden source, or of nothing but things that are hidden."""
        producer = Producer(*name.split(".", 1))
        kinds = self._answers.producers.kinds_of(producer)
        return producer.source in self._hiding.sources or (
            bool(kinds) and kinds <= self._hiding.classes
        )

    def _hides_link(self, flow: Flow) -> bool:
        terms = properties_of_link(flow.link)
        return (
            self._gaps.hides_link(flow.link)
            or self._sight.hides_any(terms)
            or not self._hiding.classes.isdisjoint(terms)
            or any(map(self._hides_table, _tables_of(flow)))
            or (self._is_described_in_hiding and any(map(self._is_recorded, flow.steps)))
        )

    def _is_recorded(self, step: Term) -> bool:
        """Tell whether records describe a step, and not flows.yml alone."""
        return bool(self._answers.store.objects(step, vocab.CARRIES))

    def _hides_sheet(self, row: Row) -> bool:
        return row["name"].partition(".")[0] in self._hiding.sources

    def _step(self, step: FlowStep, hidden: set[str]) -> FlowStep:
        """Give a step without hidden links and what else of it is hidden."""
        shown = replace(
            step,
            carries=step.carries - hidden,
            people={person for person in step.people if not self._sight.hides_thing(person)},
            onward={link: ends for link, ends in step.onward.items() if link not in hidden},
        )
        if self._hiding.sources and self._is_recorded(step.term):
            shown.label = self._sight.shown_label(step.term)
        return replace(shown, **self._blank)

    def _table(self, table: MeasuredTable, hidden: set[str]) -> MeasuredTable:
        people = () if self._sight.hides_any(ENTERED_BY) else table.people
        return replace(
            table,
            people=tuple(one for one in people if not self._sight.hides_thing(f"person/{one[0]}")),
            links=tuple(one for one in table.links if one.link not in hidden),
        )


def _tables_of(flow: Flow) -> Iterator[str]:
    yield from map(str, flow.tables)
    for step in flow.steps.values():
        yield from step.tables

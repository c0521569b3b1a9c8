"""Details: what makes a gap one that a planner can act on."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from kg import vocab
from kg.answer.evidence import literal_text
from kg.answer.gaps.breaks import WAYS, find_breaks
from kg.answer.gaps.risk import find_stakes
from kg.answer.lookup import look_up
from kg.answer.slots import JOB_LINKS, LINK_RULES

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from kg.answer.asking.producers import Producer, Producers
    from kg.answer.bundle import SlotGap
    from kg.answer.evidence import Evidence
    from kg.answer.gaps.breaks import Break
    from kg.records import Term
    from kg.settings import Plant
    from kg.store import Store

_PROPERTIES = {"job": frozenset(JOB_LINKS), "supplier": frozenset({vocab.OUTSOURCED_TO})}
_INVERSE = {
    vocab.CONSUMES: vocab.CONSUMED_BY,
    vocab.POSSIBLY_CONSUMES: vocab.POSSIBLY_CONSUMED_BY,
}


def properties_of(slot: str) -> frozenset[Term]:
    """Give the properties that are lacking where a slot is empty; any of them would fill it."""
    if slot in LINK_RULES:
        return frozenset((*_filled_by(slot), *LINK_RULES[slot].needs))
    return _PROPERTIES.get(slot, frozenset({f"<{vocab.TR}{slot}>"}))


def _filled_by(slot: str) -> tuple[Term, ...]:
    """Give the properties of a job itself by which a link is found."""
    rule = LINK_RULES[slot]
    return (*rule.certain, *(predicate for predicate, _ in rule.presumed))


@dataclass(frozen=True, slots=True)
class Detailed:
    """Gaps with all that is known of them, and by gap the thing where the way of its link ends."""

    gaps: list[SlotGap]
    lost_at: dict[str, str]


class Details:
    """Completes gaps, all of a check at once: each look-up is made for a thousand of them."""

    def __init__(
        self,
        plant: Plant,
        store: Store,
        evidence: Evidence,
        producers: Producers,
        readers: Mapping[Term, tuple[str, ...]],
    ) -> None:
        self._plant = plant
        self._store = store
        self._evidence = evidence
        self._producers = producers
        self._readers = readers
        self._owners = {source.name: source.owner or None for source in plant.sources}

    def complete(self, gaps: Sequence[SlotGap], checked_at: str | None) -> Detailed:
        """Say of each gap where it was lost, who should mend it, and what depends on it."""
        terms = {gap.entity: self._term(gap.entity) for gap in gaps}
        breaks = self._breaks(gaps, terms)
        places = {gap.id: breaks[gap.id].entity for gap in gaps if gap.id in breaks}
        records = self._records({*terms.values(), *places.values()})
        labels = self._labels(terms.values())
        stakes = find_stakes(self._store, self._plant.base, set(terms.values()))
        done = []
        for gap in gaps:
            term = terms[gap.entity]
            stake = stakes[term]
            located = self._located(gap, breaks.get(gap.id), records, term)
            done.append(
                replace(
                    located,
                    label=gap.label or labels.get(term, gap.entity.rsplit("/", 1)[-1]),
                    owner=gap.owner or self._owners.get(located.source or ""),
                    checked_at=gap.checked_at or checked_at,
                    questions=gap.questions or self._questions(gap.slot, breaks.get(gap.id)),
                    at_risk=stake.at_risk,
                    value_at_risk=stake.worth,
                )
            )
        lost_at = {name: self._evidence.short(place) for name, place in places.items()}
        return Detailed(done, lost_at)

    def _term(self, entity: str) -> Term:
        return f"<{entity}>" if "://" in entity else f"<{self._plant.base}{entity}>"

    def _breaks(self, gaps: Sequence[SlotGap], terms: Mapping[str, Term]) -> dict[str, Break]:
        wanted: dict[str, dict[Term, str]] = defaultdict(dict)
        for gap in gaps:
            if gap.kind == "link" and gap.slot in WAYS and gap.state == "missing":
                wanted[gap.slot][terms[gap.entity]] = gap.id
        said = {step.said for ways in WAYS.values() for way in ways for step in way}
        can_be_said = {predicate for predicate in said if self._producers.of(predicate)}
        return {
            names[job]: end
            for slot, names in wanted.items()
            for job, end in find_breaks(self._store, slot, names, can_be_said).items()
        }

    def _records(self, entities: set[Term]) -> dict[Term, list[tuple[str, str, str]]]:
        """Give the records that describe each thing: (source, table, path below the base)."""
        found: dict[Term, list[tuple[str, str, str]]] = defaultdict(list)
        for row in look_up(self._store, entities, "GRAPH ?graph { ?entity a ?type }"):
            if self._evidence.is_support(row["graph"]):
                found[row["entity"]].append(self._evidence.place(row["graph"]))
        return {entity: sorted(set(places)) for entity, places in found.items()}

    def _labels(self, entities: Collection[Term]) -> dict[Term, str]:
        found: dict[Term, str] = {}
        for predicate in (vocab.RDFS_LABEL, vocab.IDENTIFIER):
            said: dict[Term, str] = {}
            rest = [entity for entity in entities if entity not in found]
            for row in look_up(self._store, rest, f"?entity {predicate} ?label"):
                label = literal_text(row["label"])
                said[row["entity"]] = min(said.get(row["entity"], label), label)
            found |= said
        return found

    def _located(
        self,
        gap: SlotGap,
        end: Break | None,
        records: Mapping[Term, list[tuple[str, str, str]]],
        term: Term,
    ) -> SlotGap:
        """Say which source, table and row should hold what is lacking."""
        if gap.state != "missing":
            return gap
        lacks = [end.step.said] if end else sorted(properties_of(gap.slot))
        able = [producer for predicate in lacks for producer in self._producers.of(predicate)]
        own = records.get(end.entity if end else term, [])
        fitting = [place for place in own if place[:2] in able]
        sources = [gap.source, *(producer.source for producer in able)]
        of_source = [place for place in own if place[0] in sources]
        record = next(iter([*fitting, *of_source, *own]), None)
        table = _table_of(able, fitting, gap.source)
        source = table.source if table and end else gap.source
        source = source or (table.source if table else record[0] if record else None)
        return replace(
            gap,
            source=source,
            record=gap.record or (record[2] if record else None),
            flow_step=gap.flow_step or (str(table) if table else None),
        )

    def _questions(self, slot: str, end: Break | None) -> tuple[str, ...]:
        """Give the saved questions that read what is lacking, or what is drawn from it."""
        lacking = set(_filled_by(slot)) if end else set(properties_of(slot))
        lacking |= set(end.step) if end else set()
        lacking |= {_INVERSE[term] for term in lacking & _INVERSE.keys()}
        names = {name for term in lacking for name in self._readers.get(term, ())}
        return tuple(sorted(names))


def _table_of(
    able: Sequence[Producer], fitting: Sequence[tuple[str, str, str]], source: str | None
) -> Producer | None:
    """Choose the table that should say it: the one of the row that lacks it, else of the source."""
    in_row = [producer for producer in able if any(place[:2] == producer for place in fitting)]
    of_source = [producer for producer in able if producer.source == source]
    return next(iter([*in_row, *of_source, *able]), None)

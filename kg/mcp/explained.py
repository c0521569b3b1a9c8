"""Explained: a fact traced to its records, in few lines that a model can read and cite."""

from __future__ import annotations

from pathlib import PurePath
from typing import TYPE_CHECKING
from urllib.parse import unquote

from kg import vocab
from kg.access.hiding import last_word
from kg.answer.evidence import short
from kg.answer.untrusted import clean
from kg.merge import NOW

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from kg.answer.answers import Explained
    from kg.answer.bundle import Fact
    from kg.answer.evidence import Evidence, Lineage
    from kg.asof.earlier import Earlier
    from kg.pipeline import Pipeline
    from kg.records import Fact as Triple
    from kg.records import Record, Term

MOST_STEPS = 24
MOST_RECORDS = 6
MOST_COLUMNS = 12
MOST_EARLIER = 8
CELL = 48
NOTHING_EARLIER = "nothing: no version of these records that is kept said otherwise"
FREE_TEXT = "(what somebody wrote is withheld)"


def names_of(term: Term, pipeline: Pipeline) -> set[Term]:
    """Give every IRI that records may call a thing by."""
    rows = pipeline.store.select(
        f"SELECT ?a WHERE {{ GRAPH <{pipeline.plant.base}graph/aliases> "
        f"{{ ?a {vocab.OWL_SAME_AS} {term} }} }}"
    )
    return {term, *(row["a"] for row in rows)}


def find_superseded(explained: Explained, pipeline: Pipeline) -> list[Earlier]:
    """Give what the records of a fact said in its place before they said what they say now."""
    wanted = {
        (name, leaf.fact[1])
        for leaf in explained.lineage.leaves()
        for name in names_of(leaf.fact[0], pipeline)
    }
    return pipeline.history.earlier(explained.records, wanted)


class Explanation:
    """Writes one explanation; ``is_whole`` says that whoever asks sees rows and earlier values."""

    def __init__(
        self, explained: Explained, evidence: Evidence, pipeline: Pipeline, *, is_whole: bool
    ) -> None:
        self._explained = explained
        self._evidence = evidence
        self._pipeline = pipeline
        self._is_whole = is_whole
        self._numbers = {
            record.path(): number for number, record in enumerate(explained.records, 1)
        }

    def text(self, fact_id: str, as_of: str, claims: Sequence[Fact]) -> str:
        """Write it; ``claims`` are all that is said in the fact's place, and itself."""
        own = next((fact for fact in claims if fact.id == fact_id), None)
        lines = [
            f"# fact {_id(fact_id)} | as of {as_of}",
            self._head(own),
            "## Because",
        ]
        steps = list(self._steps(self._explained.lineage, 0))
        lines += steps[:MOST_STEPS]
        if len(steps) > MOST_STEPS:
            lines.append(f"- and {len(steps) - MOST_STEPS} more steps")
        rivals = [fact for fact in claims if fact is not own] if own is not None else []
        if rivals and own is not None and own.state == "conflicting":
            lines.append("## Conflict: others say")
            lines += [self._rival(fact) for fact in rivals]
        lines += self._superseded()
        lines += self._sources()
        return "\n".join(lines) + "\n"

    def _named(self, term: Term) -> str:
        text = clean(self._evidence.short(term), is_id=term.startswith("<"))
        label = clean(self._evidence.label(term)) if self._is_whole else ""
        is_told = not label or label in {text, text.rsplit("/", 1)[-1]}
        return text if is_told else f'{text} "{label}"'

    def _said(self, triple: Triple) -> str:
        subject, predicate, value = triple
        return f"{self._named(subject)} {last_word(predicate)} {self._named(value)}"

    def _head(self, own: Fact | None) -> str:
        said = self._said(self._explained.fact)
        if own is None:
            return said
        marks = [own.state.upper()]
        if not own.is_current:
            marks.append("does not count")
        if own.is_stale:
            marks.append("STALE")
        since = own.observed_at or (f"first seen {own.recorded_at}" if own.recorded_at else "")
        told = [f"since {since}"] if own.observed_at else [since] if since else []
        if own.confirmed_at:
            told.append(f"last vouched for {own.confirmed_at}")
        if own.note and self._is_whole:
            told.append(clean(own.note))
        return f"{said}: {', '.join([*marks, *told])}"

    def _steps(self, lineage: Lineage, depth: int) -> Iterator[str]:
        indent = "  " * depth
        if lineage.premises:
            yield f"{indent}- {self._said(lineage.fact)}: by rule {lineage.rule}, from"
            for premise in lineage.premises:
                yield from self._steps(premise, depth + 1)
            return
        for graph in lineage.graphs:
            yield f"{indent}- {self._said(lineage.fact)}: {self._by(graph, lineage.fact[1])}"
        if not lineage.graphs:
            yield f"{indent}- {self._said(lineage.fact)}: no record that is kept says it"

    def _by(self, graph: Term, predicate: Term) -> str:
        """Say which record and which line of which mapping say something."""
        record = short(graph, self._pipeline.plant.base).removesuffix(NOW)
        number = self._numbers.get(record)
        said = f"said by [{number}]" if number else f"said by {_id(record)}"
        source, kind = (unquote(part) for part in record.split("/")[1:3])
        place = self._pipeline.line_of(source, kind, predicate)
        if place is None:
            return said
        name = "/".join(PurePath(place[0]).parts[-2:])
        return f"{said}, mapping {clean(name)}:{place[1]}"

    def _rival(self, fact: Fact) -> str:
        by = f" by {clean(fact.source)}" if fact.source and self._is_whole else ""
        why = f" ({clean(fact.note)})" if fact.note and self._is_whole else ""
        return f"- {clean(fact.value, is_id=fact.is_entity)}{by}{why}, fact {_id(fact.id)}"

    def _superseded(self) -> list[str]:
        if not self._is_whole:
            return []
        found = find_superseded(self._explained, self._pipeline)
        if not found:
            return ["## Superseded", f"- {NOTHING_EARLIER}"]
        lines = ["## Superseded"]
        for one in found[:MOST_EARLIER]:
            number = self._numbers.get(one.record, "")
            version = f", version {clean(one.version)}" if one.version else ""
            lines.append(
                f"- {last_word(one.predicate)} was {self._named(one.value)}"
                f" from {one.since} until {one.until} [{number}]{version}"
            )
        if len(found) > MOST_EARLIER:
            lines.append(f"- and {len(found) - MOST_EARLIER} older ones")
        return lines

    def _sources(self) -> list[str]:
        lines = ["## Sources"]
        for number, record in enumerate(self._explained.records[:MOST_RECORDS], 1):
            lines += self._source(number, record)
        if (more := len(self._explained.records) - MOST_RECORDS) > 0:
            lines.append(f"and {more} more records")
        if not self._explained.records:
            lines.append("none: it rests on no record that the journal still holds")
        return lines

    def _source(self, number: int, record: Record) -> list[str]:
        when = record.effective or f"first seen {record.recorded}"
        version = f", version {clean(record.version)}" if record.version else ""
        head = f"[{number}] {_id(record.path())} ({clean(record.position)}), {when}{version}"
        if not self._is_whole:
            return [head, "  its row is withheld from your role"]
        free = self._free_text(record)
        cells = [
            f"{clean(name, CELL)}={FREE_TEXT if name in free else clean(str(value), CELL)}"
            for name, value in record.row.items()
            if value is not None
        ]
        more = f", and {len(cells) - MOST_COLUMNS} more columns" * (len(cells) > MOST_COLUMNS)
        return [head, f"  {', '.join(cells[:MOST_COLUMNS])}{more}"]

    def _free_text(self, record: Record) -> frozenset[str]:
        """Name the columns in which people write what they like."""
        for source in self._pipeline.plant.every_source:
            for table in source.tables:
                if (source.name, table.name) == (record.source, record.kind):
                    return frozenset(table.free_text)
        return frozenset()


def _id(text: str) -> str:
    return clean(text, is_id=True)

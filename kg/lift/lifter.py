"""Records of one source become facts: group by kind, run one SELECT, unpivot."""

from __future__ import annotations

import difflib
from dataclasses import dataclass, field
from pathlib import PurePath
from threading import Lock
from typing import TYPE_CHECKING, NamedTuple

from kg.lift.compile import compile_source
from kg.lift.duckdb import Engine, to_sql
from kg.lift.mapping import TermType
from kg.lift.preparation import Preparation
from kg.lift.reading import read_mapping
from kg.lift.rows import CompiledSource, check_columns, run_rows, unpivot

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from kg.lift.compile import RelationalModel
    from kg.lift.mapping import MappingDocument, TriplesMap
    from kg.lift.model import Claim
    from kg.records import Fact, Record, Rejected
    from kg.settings import SourceSettings, TableSettings

CHUNK_ROWS = 50_000


@dataclass(frozen=True, slots=True)
class Lifted:
    """Facts of each record, parallel to the records given; and what could not be lifted.

    A rejected record has no facts, but one reported as ``lookup-miss`` keeps all others.
    """

    facts: list[list[Fact]]
    rejected: list[Rejected] = field(default_factory=list)


class CompiledTable(NamedTuple):
    """What a table's mapping, in a file, comes to."""

    file: Path
    model: RelationalModel


class Lifter:
    """Lifts the records of one source by the mappings that its source.toml names; in any thread.

    Sources may share an ``engine``, which takes a while to make.

    A column that a mapping names and no row has is a mistake, unless ``is_strict`` is false: old
    rows are of a time when it was not there yet.

    Raises:
        MappingError: a mapping cannot be used; the message names file, line and term.
    """

    def __init__(
        self,
        source: SourceSettings,
        base: str,
        engine: Engine | None = None,
        *,
        is_strict: bool = True,
    ) -> None:
        self._source = source
        self._base = base
        self._engine = engine or Engine()
        self._planning = Lock()
        documents: dict[str, MappingDocument] = {}
        self._compiled: dict[str, CompiledTable] = {}
        self._planned: dict[str, CompiledSource] = {}
        strict = [t for t in source.tables if is_strict and _has_header(source, t)]
        self._strict_kinds = {table.name for table in strict}
        for table in source.tables:
            if table.mapping not in documents:
                documents[table.mapping] = read_mapping(source.folder / table.mapping, base)
            self._compiled[table.name] = self._compile(documents[table.mapping], table)

    def lift(self, records: Sequence[Record]) -> Lifted:
        """Lift records of any kinds; a deleted one has no facts.

        Raises:
            MappingError: a column named in the mapping is in no record of its kind.
        """
        lifted = Lifted([[] for _ in records])
        by_kind: dict[str, list[int]] = {}
        for number, record in enumerate(records):
            if not record.deleted:
                by_kind.setdefault(record.kind, []).append(number)
        for kind, numbers in by_kind.items():
            if kind not in self._compiled:
                continue
            compiled = self._plan(kind)
            if kind in self._strict_kinds:
                check_columns(compiled, [records[number] for number in numbers])
            for start in range(0, len(numbers), CHUNK_ROWS):
                self._lift_chunk(compiled, records, numbers[start : start + CHUNK_ROWS], lifted)
        return lifted

    def produces(self) -> frozenset[tuple[str, str, str]]:
        """Give (kind, class term or "", predicate term) of all that the mappings can say."""
        return frozenset(
            (kind, claim.class_term, claim.predicate)
            for kind, compiled in self._compiled.items()
            for claim in compiled.model.claims
        )

    def line_of(self, kind: str, predicate: str) -> tuple[str, int] | None:
        """Find the mapping file and line that give a predicate term to a kind of record."""
        compiled = self._compiled.get(kind)
        if compiled is None:
            return None
        lines = [claim.line for claim in compiled.model.claims if claim.predicate == predicate]
        return (str(compiled.file), min(lines)) if lines else None

    def columns_of(self, kind: str, predicate: str) -> tuple[str, ...]:
        """Name the columns that a kind of record needs for a predicate term, in their order."""
        compiled = self._compiled.get(kind)
        claims = compiled.model.claims if compiled is not None else ()
        found = [name for claim in claims if claim.predicate == predicate for name in claim.columns]
        return tuple(dict.fromkeys(found))

    def claims_of(self, kind: str) -> Sequence[Claim]:
        """Give each thing that the mappings can say of a kind of record, with line and columns."""
        compiled = self._compiled.get(kind)
        return compiled.model.claims if compiled is not None else ()

    def reads(self, kind: str) -> tuple[str, ...]:
        """Name the columns of which anything is made of a kind of record, in their order."""
        compiled = self._compiled.get(kind)
        return tuple(compiled.model.columns) if compiled is not None else ()

    def prepare(self) -> None:
        """Plan every SELECT now, and not with the first record of its kind.

        Raises:
            MappingError: the engine refuses one; the message names the mapping.
        """
        for kind in self._compiled:
            self._plan(kind)

    def close(self) -> None:
        """Free the engine's memory."""
        self._engine.close()

    def _plan(self, kind: str) -> CompiledSource:
        """Plan a kind's SELECT when it is first run: an answer needs none."""
        with self._planning:
            if kind not in self._planned:
                file, model = self._compiled[kind]
                names = tuple(model.columns.values())
                select = self._engine.prepare(to_sql(model.select), names, str(file))
                self._planned[kind] = CompiledSource(f"table {kind}", file, model, select)
            return self._planned[kind]

    def _compile(self, document: MappingDocument, table: TableSettings) -> CompiledTable:
        chosen = _triples_maps_of(document, table, self._source)
        for triples_map in chosen:
            _check_plain(document, triples_map)
        preparation = Preparation.of_table(self._source, table)
        model = compile_source(document, chosen, preparation, self._base)
        return CompiledTable(document.file, model)

    def _lift_chunk(
        self, compiled: CompiledSource, records: Sequence[Record], numbers: list[int], to: Lifted
    ) -> None:
        ran = run_rows(compiled, [records[number] for number in numbers])
        made = unpivot(compiled.model.patterns, ran.terms, len(numbers))
        for position, (number, facts) in enumerate(zip(numbers, made, strict=True)):
            to.facts[number] = [] if position in ran.failed else facts
        to.rejected.extend(ran.rejected)


def _has_header(source: SourceSettings, table: TableSettings) -> bool:
    """Tell whether every row has every column: events in JSON leave out what they have not."""
    if source.adapter != "files":
        return source.adapter in {"sql", "mtconnect", "opcua"}
    return PurePath(table.file).suffix.lower() not in {".json", ".jsonl", ".ndjson"}


def _triples_maps_of(
    document: MappingDocument, table: TableSettings, source: SourceSettings
) -> list[TriplesMap]:
    names = {known.name for known in source.tables}
    files = {known.file: known.name for known in source.tables if known.file}
    chosen = []
    for triples_map in document.triples_maps:
        logical = triples_map.source
        name = logical.name if logical.formulation == "table" else files.get(logical.name, "")
        if name not in names:
            near = difflib.get_close_matches(logical.name, names, 1)
            raise document.error(
                logical.line,
                f"source.toml has no table {logical.name!r}",
                f"did you mean [{near[0]}~table]?" if near else f"write [{table.name}~table]",
            )
        if name == table.name:
            chosen.append(triples_map)
    if not chosen:
        raise document.error(
            1, f"no mapping reads table {table.name!r}", f"sources: [[{table.name}~table]]"
        )
    return chosen


def _check_plain(document: MappingDocument, triples_map: TriplesMap) -> None:
    terms = [triples_map.subject]
    for rule in triples_map.predicate_objects:
        terms += rule.objects
        if rule.graphs:
            raise _no_graphs(document, rule.line)
        if rule.joins:
            raise document.error(
                rule.joins[0].line,
                "a plant's mapping sees one record at a time and joins no other",
                "write the other row's IRI template here, with ~iri",
            )
    if triples_map.graphs:
        raise _no_graphs(document, triples_map.line)
    for term in terms:
        if term.term_type is TermType.BLANK_NODE:
            raise document.error(
                term.line,
                "a blank node in a plant's mapping is not supported yet",
                "give it an IRI by a template, such as measurement/$(id)",
            )


def _no_graphs(document: MappingDocument, line: int) -> Exception:
    return document.error(
        line, "a plant's mapping has no graphs", "every record is a graph of its own: drop graphs:"
    )

"""The embedded graph store: Oxigraph in this process, one writer, N-Triples strings outside."""

from __future__ import annotations

import gc
import shutil
from contextlib import contextmanager
from itertools import chain, islice
from threading import RLock
from typing import TYPE_CHECKING, Any

import pyoxigraph as ox

from kg.closing import Closing
from kg.errors import QueryError, StoreError, StoreFull, StoreLocked
from kg.store.columns import to_columns, to_facts, to_rows
from kg.store.engine_errors import (
    ENGINE_ERRORS,
    FREE_SPACE,
    engine_error,
    engine_errors,
    open_again,
    open_error,
    query_errors,
)
from kg.store.linereader import LineReader
from kg.store.terms import (
    DEFAULT_GRAPH,
    PREFIXES,
    Quad,
    engine_graph,
    engine_iri,
    engine_node,
    engine_subject,
)
from kg.store.updates import by_graph, data_text

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
    from pathlib import Path

    from kg.records import Fact, Term
    from kg.store.protocol import Graphs, T

_APPLIED_SEQ = f"<{PREFIXES['tr']}appliedSeq>"
_INTEGER = f"<{PREFIXES['xsd']}integer>"
_FORMS: dict[type, str] = {
    ox.QuerySolutions: "SELECT",
    ox.QueryBoolean: "ASK",
    ox.QueryTriples: "CONSTRUCT or DESCRIBE",
}
_FEW = 10
"""Up to so many are looked at one by one: a query costs as much as thirty looks."""
_LINES_PER_LOAD = 500_000
_ROOM_TO_OPEN = 8_000_000


class EmbeddedStore(Closing):
    """The graph of one plant; opened by one process, written by one call at a time.

    ``base`` is the plant's base IRI; it also resolves relative IRIs in queries. Reads may come
    from any thread; each is evaluated and iterated whole in the thread that calls.
    """

    def __init__(self, engine: ox.Store, base: str, path: Path | None = None) -> None:
        self._engine: ox.Store | None = engine
        self._writing = RLock()
        self._met_full_disk = False
        self._seq: int | None = None
        self.base = base
        self.path = path
        self._offset_subject = f"<{base}store>"
        self._offset_graph = f"<{base}graph/offset>"

    @classmethod
    def open(cls, path: Path, base: str) -> EmbeddedStore:
        """Open the store in a folder, which is made when it does not exist.

        Raises: StoreLocked while another process (or this one) holds it; StoreError otherwise.
        """
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            try:
                return cls(ox.Store(path), base, path)
            except (OSError, RuntimeError) as error:
                if not isinstance(open_error(path, error), StoreLocked):
                    raise
            # A store of ours that was closed may wait in a cycle for the garbage collector.
            _collect()
            return cls(ox.Store(path), base, path)
        except (OSError, RuntimeError) as error:
            raise open_error(path, error) from error

    @classmethod
    def open_checkpoint(cls, path: Path, base: str) -> EmbeddedStore:
        """Open a checkpoint to read it; not a byte of it changes. Raises: StoreError."""
        try:
            return cls(ox.Store.read_only(str(path)), base, path)
        except (OSError, RuntimeError) as error:
            raise open_error(path, error) from error

    @classmethod
    def in_memory(cls, base: str) -> EmbeddedStore:
        """Make an empty store that ends with the process and cannot be checkpointed."""
        return cls(ox.Store(), base)

    def close(self) -> None:
        """Let the folder go; harmless when repeated, and every later call raises StoreError.

        The engine has no close: its lock goes with the last reference. Where a cycle keeps one (a
        traceback that holds an iterator, for instance), that is when garbage is looked for, or the
        folder is opened again here.
        """
        with self._writing:
            self._engine = self._seq = None
            self._met_full_disk = False

    # Writing

    def apply(self, removed: Collection[Quad], added: Collection[Quad], seq: int) -> None:
        """Remove, then add, then move the offset to ``seq``, all in one atomic call.

        A quad in both stays. Nothing is synced to disk before ``flush``: a killed process loses
        nothing, a power cut loses the tail, and the offset with it.
        Raises: StoreError, with nothing written, also for a ``seq`` behind the store's.
        """
        with self._writing:
            taken = by_graph(removed)
            given = by_graph(added)
            self._move_offset(taken, given, seq)
            self._update(f"{data_text('DELETE', taken)};\n{data_text('INSERT', given)}")
            self._seq = seq

    def update(self, text: str) -> None:
        """Run an update of our own making, such as the ontology's rules; one atomic call.

        Raises: StoreError, with nothing written.
        """
        with self._writing:
            self._seq = None
            self._update(text)

    def set_seq(self, seq: int) -> None:
        """Move the offset alone, after a bulk load."""
        self.apply((), (), seq)

    def bulk_load(self, lines: Iterable[str]) -> None:
        """Load N-Quads lines fast and *not* atomically; only for a store that is half-built.

        ``lines`` is consumed in this thread, and what it raises passes through.
        Raises: StoreError for a line that is no N-Quads.
        """
        waiting, self._seq = iter(lines), None
        with self._writing, self._write_errors("The lines cannot be loaded"):
            # The engine holds a whole load in memory: blocks bound that, at a little disk.
            for first in waiting:
                block = islice(waiting, _LINES_PER_LOAD - 1)
                reader: Any = LineReader(chain([first], block))
                self._open_engine().bulk_load(reader, ox.RdfFormat.N_QUADS)

    def recover(self) -> None:
        """Open a store again that met a full disk, as its engine refuses to write ever after.

        A batch itself is written whole or not at all. Reads go on until there is room, and wait
        for a moment then. Raises: StoreFull while there is too little.
        """
        if self._met_full_disk:
            self._reopen()

    def flush(self) -> None:
        """Sync everything written so far to disk (about 80 ms)."""
        with self._write_errors("The store cannot be flushed to disk"):
            self._open_engine().flush()

    def checkpoint(self, folder: Path) -> None:
        """Make a consistent copy of the store by hard links, in a folder that must not exist.

        Writers may go on meanwhile. Raises: StoreError, also for a store in memory.
        """
        with self._write_errors(f"No checkpoint can be made in {folder}"):
            folder.parent.mkdir(parents=True, exist_ok=True)
            self._open_engine().backup(folder)

    # Reading by pattern

    def consult(self, work: Callable[[Graphs], T]) -> T:
        """Do work that only reads by pattern."""
        return work(self)

    def applied_seq(self) -> int:
        """Give the journal's sequence number that the graph has reached; 0 when empty."""
        known = self._seq
        if known is None:
            with self._writing:  # only here is it written
                held = self._match(self._offset_subject, _APPLIED_SEQ, None, self._offset_graph)
                known = self._seq = max((int(quad.object.value) for quad in held), default=0)
        return known

    def match(
        self,
        s: Term | None = None,
        p: Term | None = None,
        o: Term | None = None,
        g: Term | None = None,
    ) -> list[Quad]:
        """Give the quads of a pattern; None is anything, ``g=""`` the default graph only."""
        return [
            (str(qs), str(qp), str(qo), "" if qg == DEFAULT_GRAPH else str(qg))
            for qs, qp, qo, qg in self._match(s, p, o, g)
        ]

    def graph(self, name: Term) -> set[Fact]:
        """Give the facts of one graph; "" is the default graph."""
        return {(str(s), str(p), str(o)) for s, p, o, _ in self._match(None, None, None, name)}

    def present(
        self, s: Term | None = None, p: Term | None = None, o: Term | None = None
    ) -> list[Fact]:
        """Give the facts of a pattern in the current graph; None is anything."""
        return [(str(qs), str(qp), str(qo)) for qs, qp, qo, _ in self._match(s, p, o, "")]

    def facts(
        self, s: Term | None = None, p: Term | None = None, o: Term | None = None
    ) -> Iterator[Fact]:
        """Give the facts of a pattern in any graph one by one, as they were when it was asked."""
        return ((str(qs), str(qp), str(qo)) for qs, qp, qo, _ in self._match(s, p, o, None))

    def objects(self, s: Term, p: Term, g: Term = "") -> list[Term]:
        """Give the objects of a subject and property in one graph, the current one by default."""
        return [str(quad.object) for quad in self._match(s, p, None, g)]

    def subjects(self, predicate: Term, value: Term) -> list[Term]:
        """Give every subject that has the value in any named graph, once, sorted."""
        found = self._match(None, predicate, value, None)
        return sorted({str(s) for s, _, _, g in found if g != DEFAULT_GRAPH})

    def claims(self, subject: Term, predicate: Term) -> list[tuple[Term, Term]]:
        """Give (object, graph) of every named graph that says something for the slot."""
        found = self._match(subject, predicate, None, None)
        return [(str(o), str(g)) for _, _, o, g in found if g != DEFAULT_GRAPH]

    def holders(self, fact: Fact) -> list[Term]:
        """Give the named graphs that hold a fact: its provenance."""
        return [str(g) for _, _, _, g in self._match(*fact, None) if g != DEFAULT_GRAPH]

    def about(self, s: Term) -> list[tuple[Term, Term, Term]]:
        """Give (property, object, graph) of everything said about ``s``, in any graph."""
        return [(p, o, g) for _, p, o, g in self.match(s=s)]

    def around(self, s: Term, most: int) -> list[tuple[Term, Term, Term]] | None:
        """Give the same; None where it is more than ``most``."""
        found = list(islice(self._match(s, None, None, None), most + 1))
        if len(found) > most:
            return None
        return [(str(p), str(o), "" if g == DEFAULT_GRAPH else str(g)) for _, p, o, g in found]

    def slot(self, s: Term, p: Term) -> list[tuple[Term, Term]]:
        """Give (object, graph) of every graph that says something for a slot."""
        found = self._match(s, p, None, None)
        return [(str(o), "" if g == DEFAULT_GRAPH else str(g)) for _, _, o, g in found]

    def giving(self, p: Term, o: Term, most: int) -> list[tuple[Term, Term]] | None:
        """Give (subject, graph) of all that has a value; None where it is more than ``most``."""
        found = list(islice(self._match(None, p, o, None), most + 1))
        if len(found) > most:
            return None
        return [(str(s), "" if g == DEFAULT_GRAPH else str(g)) for s, _, _, g in found]

    def count_with(self, p: Term, values: Iterable[Term], most: int) -> int:
        """Count what has one of some values now, up to ``most``; what it is is not read."""
        if most <= _FEW:
            found = chain.from_iterable(self._match(None, p, value, "") for value in values)
            return sum(1 for _ in islice(found, most))
        ways = " UNION ".join(f"{{ ?s {p} {value} }}" for value in values)
        listed = f"SELECT ?s WHERE {{ {ways} }} LIMIT {most}"
        (row,) = self.select(f"SELECT (COUNT(*) AS ?n) WHERE {{ {{ {listed} }} }}")
        return int(row["n"].split('"')[1])

    def mentions(self, o: Term) -> list[tuple[Term, Term, Term]]:
        """Give (subject, property, graph) of everything that points to ``o``, in any graph."""
        return [(s, p, g) for s, p, _, g in self.match(o=o)]

    def contains(self, fact: Fact, g: Term = "") -> bool:
        """Tell whether one graph, the current one by default, holds a fact."""
        return next(self._match(*fact, g), None) is not None

    def __contains__(self, quad: Quad) -> bool:
        return self.contains(quad[:3], quad[3])

    def __len__(self) -> int:
        return len(self._open_engine())

    def __bool__(self) -> bool:
        # Without this, `if store` would count every quad.
        return True

    def dump(self) -> list[str]:
        """Give every quad as a canonical N-Quads line without its line break, sorted."""
        with engine_errors("The graph cannot be read"):
            data = self._open_engine().dump(format=ox.RdfFormat.N_QUADS) or b""
        return sorted(line for line in data.decode().split("\n") if line)

    # Reading by SPARQL

    def select(
        self,
        query: str,
        graphs: Collection[Term] = (),
        bound: Mapping[str, Term] | None = None,
    ) -> list[dict[str, Term]]:
        """Give the rows of a SELECT; variables without a value are absent from their row.

        The default graph is the current graph, or all of ``graphs``; ``GRAPH ?g`` sees the named
        ones. ``bound`` gives variables a value beforehand, which the SELECT must name. The prefixes
        of ``PREFIXES`` are declared already. For templates of our own: there is no deadline here.
        Raises: QueryError.
        """
        with query_errors():
            return to_rows(self._query(ox.QuerySolutions, query, graphs, bound))

    def columns(self, query: str) -> list[list[Term]]:
        """Give a SELECT's rows as a list for each variable, all of which have a value in each.

        Many rows come several times faster so. Raises: QueryError.
        """
        with query_errors():
            return to_columns(self._query(ox.QuerySolutions, query))

    def ask(self, query: str) -> bool:
        """Give the answer of an ASK; Raises: QueryError."""
        with query_errors():
            return bool(self._query(ox.QueryBoolean, query))

    def construct(self, query: str) -> set[Fact]:
        """Give the facts that a CONSTRUCT or DESCRIBE makes; Raises: QueryError."""
        with query_errors():
            return to_facts(self._query(ox.QueryTriples, query))

    # The engine

    def _open_engine(self) -> ox.Store:
        if self._engine is None and self._met_full_disk:
            with self._writing:  # whoever opens it again is done then, or could not even read it
                if self._engine is None:
                    self._reopen()
        engine = self._engine
        if engine is None:
            raise StoreError("The store is closed.", hint="Open it again.", code="store-closed")
        return engine

    def _reopen(self) -> None:
        assert self.path is not None
        with self._writing:
            if not self._met_full_disk:
                return
            # What the log holds is written into tables when it is opened.
            log = sum(file.stat().st_size for file in self.path.glob("*.log"))
            needed, free = 2 * log + _ROOM_TO_OPEN, shutil.disk_usage(self.path).free
            if free < needed:
                raise StoreFull(
                    f"The graph needs {needed / 1e6:.0f} MB free to be written again; the disk of "
                    f"{self.path} has {free / 1e6:.0f}.",
                    hint=FREE_SPACE,
                )
            self._engine = self._seq = None
            _collect()
            try:
                self._engine = open_again(self.path)
            except StoreFull:
                # Somebody else took the room: it can be read all the same.
                self._engine = ox.Store.read_only(str(self.path))
                raise
            self._met_full_disk = False

    def _match(
        self, s: Term | None, p: Term | None, o: Term | None, g: Term | None
    ) -> Iterator[Any]:
        # A block that is damaged is met while iterating. Most of folding is many small reads, of
        # which a context manager would be a third.
        try:
            yield from self._open_engine().quads_for_pattern(
                None if s is None else engine_subject(s),
                None if p is None else engine_iri(p),
                None if o is None else engine_node(o),
                None if g is None else engine_graph(g),
            )
        except ENGINE_ERRORS as error:
            raise engine_error("The graph cannot be read", error) from error

    def _query(
        self,
        form: type[T],
        query: str,
        graphs: Collection[Term] = (),
        bound: Mapping[str, Term] | None = None,
    ) -> T:
        found = self._open_engine().query(
            query,
            prefixes=PREFIXES,
            base_iri=self.base,
            default_graph=[engine_graph(graph) for graph in graphs] or None,
            substitutions=None
            if bound is None
            else {ox.Variable(name): engine_node(term) for name, term in bound.items()},
        )
        if not isinstance(found, form):
            raise QueryError(
                f"A query of the form {_FORMS[form]} is needed here.", code="query-form"
            )
        return found

    def _update(self, update: str) -> None:
        with self._write_errors("The graph cannot be written"):
            self._open_engine().update(update)

    @contextmanager
    def _write_errors(self, what: str) -> Iterator[None]:
        if self._met_full_disk:
            raise StoreFull(f"{what}: the disk was full.", hint=FREE_SPACE)
        try:
            with engine_errors(what):
                yield
        except StoreFull:
            self._met_full_disk = True
            raise

    def _move_offset(
        self, taken: dict[Term, list[str]], given: dict[Term, list[str]], seq: int
    ) -> None:
        before = self.applied_seq()
        if seq < before:
            message = f"The graph has reached record {before}; it cannot go back to {seq}."
            raise StoreError(message, hint="Rebuild: traveler rebuild.", code="store-behind")
        if seq != before:
            # The old value is named, as DELETE … WHERE costs four times as much.
            taken.setdefault(self._offset_graph, []).append(self._offset_line(before))
            given.setdefault(self._offset_graph, []).append(self._offset_line(seq))

    def _offset_line(self, seq: int) -> str:
        return f'{self._offset_subject} {_APPLIED_SEQ} "{seq}"^^{_INTEGER} .'


def _collect() -> None:
    """Look for garbage everywhere, also among what was set aside as lasting."""
    gc.unfreeze()
    gc.collect()

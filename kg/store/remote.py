"""The graph in any SPARQL 1.1 server: named graphs only, updates in chunks, the offset last.

The current graph is the named graph ``{base}graph/present/N`` of generation N, as several servers
make their default graph the union of all. A batch is ground and cut into chunks that may be sent
twice; what is being written is kept on this machine until the offset has moved, so a batch that
was cut off is finished before anything else is read or written (``recover``).
"""

from __future__ import annotations

from threading import Lock
from typing import TYPE_CHECKING

from kg.closing import Closing
from kg.errors import QueryError, StoreError
from kg.store.dataset import Scoped, scope_query
from kg.store.gathered import Gathered
from kg.store.query_text import query_form
from kg.store.redo import Batch, Redo
from kg.store.terms import PREFIXES, checked, stored_form
from kg.store.updates import in_chunks

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from kg.records import Fact, Term
    from kg.store.bookkeeping import Bookkeeping, Head
    from kg.store.endpoint import Endpoint
    from kg.store.protocol import Graphs, T
    from kg.store.terms import Quad

SURE_ROWS = 1_000
"""No server cuts answers that are shorter: a longer one is counted where it must be whole."""


class RemoteStore(Closing):
    """One generation of a plant's graph in a SPARQL server; see ``Store``.

    Its owner's claim goes with it when it is closed.
    """

    def __init__(
        self, endpoint: Endpoint, base: str, books: Bookkeeping, redo: Redo, head: Head
    ) -> None:
        self._open_endpoint: Endpoint | None = endpoint
        self._books = books
        self._redo = redo
        self._seq = head.seq
        self._writing = Lock()
        self.base = base
        self.generation = head.generation
        self.current_graph = books.present(head.generation)
        self._prologue = f"BASE <{base}>\n" + "".join(
            f"PREFIX {name}: <{iri}>\n" for name, iri in PREFIXES.items()
        )

    def close(self) -> None:
        """Give up the claim on the store; harmless when repeated."""
        with self._writing:
            self._open_endpoint = None
            self._books.owner.release()

    # Writing

    def apply(self, removed: Collection[Quad], added: Collection[Quad], seq: int) -> None:
        """Remove and add in chunks, then move the offset.

        Raises: StoreError; nothing is written for a bad term or a ``seq`` behind the store's.
        """
        with self._writing:
            self._finish_kept()
            if seq < self._seq:
                message = f"The graph has reached record {self._seq}; it cannot go back to {seq}."
                raise StoreError(message, hint="Rebuild: traveler rebuild.", code="store-behind")
            come = {self._stored(quad) for quad in added}
            gone = {self._stored(quad) for quad in removed} - come
            batch = Batch(self.generation, seq, sorted(gone), sorted(come))
            self._redo.keep(batch)
            self._finish(batch)

    def recover(self) -> None:
        """Finish a batch that was cut off, by this process or one before it."""
        with self._writing:
            self._finish_kept()

    def _finish_kept(self) -> None:
        batch = self._redo.kept()
        if batch is not None and batch.generation == self.generation and batch.seq >= self._seq:
            self._finish(batch)

    def _finish(self, batch: Batch) -> None:
        mark = (self._books.mark(f"batch {batch.seq}"), True)
        for chunk in in_chunks(batch.removed, batch.added):
            self._books.owner.check()
            self.endpoint.change([mark, *chunk])
        self._books.move(batch.seq)
        self._seq = batch.seq
        self._redo.forget()

    def _stored(self, quad: Quad) -> Quad:
        """Give a quad as the server gets it: values in one spelling, the current graph by name."""
        s, p, o, g = quad
        return checked(s), checked(p), stored_form(o), checked(g) if g else self.current_graph

    def flush(self) -> None:
        """Do nothing: what the server has acknowledged is its to keep."""

    # Reading by pattern

    def consult(self, work: Callable[[Graphs], T]) -> T:
        """Do work again and again, asking in between for all that it missed, until it has all."""
        gathered = Gathered(lambda given: self._matching(given=given))
        while True:
            try:
                result = work(gathered)
            except Exception:
                # Work that sees only a part may stumble over it; seeing all, it may not.
                if not gathered.is_short:
                    raise
            else:
                if not gathered.is_short:
                    return result
            gathered.gather()

    def applied_seq(self) -> int:
        """Give the sequence number that the graph has reached; nobody else moves it."""
        _ = self.endpoint  # a closed store has reached nothing
        return self._seq

    def graph(self, name: Term) -> set[Fact]:
        """Give the facts of one graph; Raises: StoreError where the server gives a part only."""
        pattern = f"GRAPH {checked(name) if name else self.current_graph} {{ ?s ?p ?o }}"
        rows = self.endpoint.rows(f"SELECT ?s ?p ?o WHERE {{ {pattern} }}")
        if len(rows) >= SURE_ROWS:
            (row,) = self.endpoint.rows(f"SELECT (COUNT(*) AS ?n) WHERE {{ {pattern} }}")
            if len(rows) != (held := int(row["n"].split('"')[1])):
                raise StoreError(
                    f"The SPARQL endpoint gives {len(rows)} of {held} facts.",
                    hint="Let it give results of any length.",
                    code="store-cut",
                )
        return {(row["s"], row["p"], row["o"]) for row in rows}

    def objects(self, s: Term, p: Term, g: Term = "") -> list[Term]:
        """Give the objects of a subject and property in one graph, the current one by default."""
        graph = checked(g) if g else self.current_graph
        query = f"SELECT ?o WHERE {{ GRAPH {graph} {{ {checked(s)} {checked(p)} ?o }} }}"
        return [row["o"] for row in self.endpoint.rows(query)]

    def subjects(self, predicate: Term, value: Term) -> list[Term]:
        """Give every subject that has the value in any named graph, once, sorted."""
        return sorted({s for s, _, _, _ in self._matching(p=predicate, o=value)})

    def claims(self, subject: Term, predicate: Term) -> list[tuple[Term, Term]]:
        """Give (object, graph) of every named graph that says something for the slot."""
        return [(o, g) for _, _, o, g in self._matching(subject, predicate)]

    def holders(self, fact: Fact) -> list[Term]:
        """Give the named graphs that hold a fact: its provenance."""
        return [g for _, _, _, g in self._matching(*fact)]

    def about(self, s: Term) -> list[tuple[Term, Term, Term]]:
        """Give (property, object, graph) of everything said about ``s``, in any graph."""
        query = f"SELECT ?p ?o WHERE {{ GRAPH {self.current_graph} {{ {checked(s)} ?p ?o }} }}"
        now = [(row["p"], row["o"], "") for row in self.endpoint.rows(query)]
        return now + [(p, o, g) for _, p, o, g in self._matching(s)]

    def match(
        self, s: Term | None = None, p: Term | None = None, o: Term | None = None
    ) -> list[Quad]:
        """Give the quads of the named graphs that match a pattern; None is anything."""
        return self._matching(s or "?s", p or "?p", o or "?o")

    def _matching(self, s: str = "?s", p: str = "?p", o: str = "?o", given: str = "") -> list[Quad]:
        """Give the quads of the named graphs that match a pattern of terms and variables.

        ``given`` are values that some of the variables ?s, ?p, ?o and ?g may take.
        """
        pattern = " ".join(part if part[0] == "?" else checked(part) for part in (s, p, o))
        query = f"SELECT * WHERE {{ {given} GRAPH ?g {{ {pattern} }} }}"
        return [
            (row.get("s", s), row.get("p", p), row.get("o", o), row["g"])
            for row in self.endpoint.rows(query)
            if self._is_named(row["g"])
        ]

    def _is_named(self, graph: Term) -> bool:
        """Tell whether a graph is the plant's, and not the current graph of some generation."""
        return graph.startswith(f"<{self.base}") and not graph.startswith(
            f"<{self.base}graph/present/"
        )

    # Reading by SPARQL

    def select(self, query: str) -> list[dict[str, Term]]:
        """Give the rows of a SELECT; Raises: QueryError."""
        return self.endpoint.rows(self.scoped(query, "SELECT"))

    def ask(self, query: str) -> bool:
        """Give the answer of an ASK; Raises: QueryError."""
        return self.endpoint.ask(self.scoped(query, "ASK"))

    def scoped(self, query: str, *forms: str) -> Scoped:
        """Give a query with the prefixes declared and the current graph as its default one.

        Raises: QueryError for what is no query of one of the forms.
        """
        if query_form(query) not in forms:
            raise QueryError(f"A query of the form {forms[0]} is needed here.", code="query-form")
        scoped = scope_query(query, self.current_graph, self.base)
        return Scoped(self._prologue + scoped.text, scoped.dataset)

    def in_dataset(
        self, query: str, default_graphs: Sequence[Term], named_graphs: Sequence[Term]
    ) -> Scoped:
        """Give a query with a dataset of its own; "" is the current graph."""
        default = [("default-graph-uri", name or self.current_graph) for name in default_graphs]
        named = [("named-graph-uri", name) for name in named_graphs]
        dataset = tuple((name, graph[1:-1]) for name, graph in default + named)
        return Scoped(self._prologue + query, dataset)

    @property
    def endpoint(self) -> Endpoint:
        """Give the server; Raises: StoreError once the store is closed."""
        endpoint = self._open_endpoint
        if endpoint is None:
            raise StoreError("The store is closed.", hint="Open it again.", code="store-closed")
        return endpoint

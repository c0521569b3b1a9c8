"""What every store can do, whatever engine holds its graph, and wherever."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Sequence
    from types import TracebackType
    from typing import Self

    from kg.records import Fact, Term
    from kg.store.terms import Quad

T = TypeVar("T")


class Graphs(Protocol):
    """What merging reads: the named graphs, by pattern."""

    def graph(self, name: Term) -> set[Fact]:
        """Give the facts of one graph; "" is the current graph."""
        ...

    def claims(self, subject: Term, predicate: Term) -> list[tuple[Term, Term]]:
        """Give (object, graph) of every named graph that says something for the slot."""
        ...

    def subjects(self, predicate: Term, value: Term) -> list[Term]:
        """Give every subject that has the value in any named graph, once, sorted."""
        ...


class Store(Graphs, Protocol):
    """The graph of one plant: its current graph, and the named graphs of its records.

    Terms are N-Triples strings. Literals are kept as values: they come back as ``stored_form``
    spells them. One process owns a store; reads may come from any of its threads.
    """

    base: str
    """The plant's base IRI; it also resolves relative IRIs in queries."""

    def apply(self, removed: Collection[Quad], added: Collection[Quad], seq: int) -> None:
        """Remove, then add, then move the offset to ``seq``; a quad in both stays.

        The offset never runs ahead of the data. Where the engine has no atomic call for it all, a
        failure leaves data ahead of the offset, and ``recover`` brings both together.
        Raises: StoreError, also for a ``seq`` behind the store's.
        """
        ...

    def recover(self) -> None:
        """Finish a batch that was cut off, before anything is compared with the store."""
        ...

    def consult(self, work: Callable[[Graphs], T]) -> T:
        """Do work that only reads by pattern; it may be done several times over, and must not mind.

        Where every question is a way over the network, many are asked at once.
        """
        ...

    def applied_seq(self) -> int:
        """Give the journal's sequence number that the graph has reached; 0 when empty."""
        ...

    def objects(self, s: Term, p: Term, g: Term = "") -> list[Term]:
        """Give the objects of a subject and property in one graph, the current one by default."""
        ...

    def holders(self, fact: Fact) -> list[Term]:
        """Give the named graphs that hold a fact: its provenance."""
        ...

    def match(
        self, s: Term | None = None, p: Term | None = None, o: Term | None = None
    ) -> Iterable[Quad]:
        """Give the quads of the named graphs that match a pattern; None is anything."""
        ...

    def about(self, s: Term) -> list[tuple[Term, Term, Term]]:
        """Give (property, object, graph) of everything said about ``s``, in any graph."""
        ...

    def select(self, query: str) -> list[dict[str, Term]]:
        """Give the rows of a SELECT; variables without a value are absent from their row.

        The default graph is the current graph; ``GRAPH ?g`` sees the named ones. The prefixes of
        ``PREFIXES`` are declared already. Raises: QueryError.
        """
        ...

    def ask(self, query: str) -> bool:
        """Give the answer of an ASK; Raises: QueryError."""
        ...

    def flush(self) -> None:
        """Make everything written so far survive a power cut, as far as it is ours to say."""
        ...

    def close(self) -> None:
        """Let the store go; harmless when repeated, and every later call raises StoreError."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...


class Generations(Protocol):
    """The graphs that a plant had, one after the other; one of them is current."""

    def current(self) -> Store | None:
        """Open the current one and discard what is left of others; None before the first.

        Raises: StoreLocked while another process owns it.
        """
        ...

    def write(self, quads: Iterable[Quad], seq: int, recipe: str) -> Store:
        """Write a whole new one and make it current; the one before answers until then.

        ``quads`` are of the current graph ("") and of named ones, ``recipe`` is what they were
        made by. Raises: StoreError, with the old one still current.
        """
        ...

    def made_by(self, recipe: str) -> bool:
        """Tell whether the current one is whole and was made by a recipe."""
        ...

    def outdate(self) -> None:
        """Let the current one count as made by another recipe, so that it is made anew."""
        ...

    def close(self) -> None:
        """Let everything go, also where there was nothing to open."""
        ...


@dataclass(frozen=True, slots=True)
class QueryAnswer:
    """A whole answer; ``applied_seq`` is the journal's record that its graph had reached."""

    body: bytes
    media_type: str
    applied_seq: int


class Queries(Protocol):
    """Runs anybody's queries: with a deadline, never writing, never giving half an answer."""

    def run(
        self,
        query: str,
        accept: str = "*/*",
        timeout_seconds: float = 10.0,
        *,
        default_graphs: Sequence[Term] | None = None,
        named_graphs: Sequence[Term] | None = None,
        min_seq: int = 0,
    ) -> QueryAnswer:
        """Run one query to its end.

        The graphs, when given, replace the dataset of the query (SPARQL 1.1 Protocol, 2.1.4); ""
        is the current graph. ``min_seq`` is the record that the graph must have reached.
        Raises: QueryError, QueryTimeout, StoreError.
        """
        ...

    def follow(self, store: Any) -> None:
        """Answer from another store of the same kind from now on: a rebuild was swapped in."""
        ...

    def close(self) -> None:
        """Stop what runs."""
        ...

"""What a store in a SPARQL server knows of itself: generation, recipe, offset, and a mark.

The mark stands from the first quad of a batch or a generation until the last: where it is found
and nobody can finish what it names, the graph is not whole.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from kg.store.terms import PREFIXES
from kg.store.updates import by_graph, quads_text

if TYPE_CHECKING:
    from collections.abc import Iterable

    from kg.records import Fact, Term
    from kg.store.endpoint import Endpoint
    from kg.store.ownership import Ownership
    from kg.store.terms import Quad

_APPLIED_SEQ = f"<{PREFIXES['tr']}appliedSeq>"
_GENERATION = "<urn:traveler:store:generation>"
_RECIPE = "<urn:traveler:store:recipe>"
_WRITING = "<urn:traveler:store:writing>"


@dataclass(frozen=True, slots=True)
class Head:
    """Which generation is current, what it was made by and has reached, and the mark or ""."""

    generation: int
    recipe: str
    seq: int
    writing: str


class Bookkeeping:
    """Reads and moves the head of one plant's store; only its owner moves it."""

    def __init__(self, endpoint: Endpoint, base: str, owner: Ownership) -> None:
        self._endpoint = endpoint
        self._base = base
        self._store = f"<{base}store>"
        self._graph = f"<{base}graph/store>"
        self.offset_graph = f"<{base}graph/offset>"
        self.owner = owner

    def present(self, generation: int) -> Term:
        """Give the named graph that is the current graph of a generation."""
        return f"<{self._base}graph/present/{generation}>"

    def mark(self, what: str) -> Quad:
        """Give the quad that says what is being written."""
        return (self._store, _WRITING, f'"{what}"', self._graph)

    def head(self) -> Head | None:
        """Read the head; None where no generation was ever published."""
        said = {p: o.split('"')[1] for s, p, o, _ in self._said() if s == self._store}
        if _GENERATION not in said:
            return None
        return Head(
            int(said[_GENERATION]),
            said.get(_RECIPE, ""),
            int(said.get(_APPLIED_SEQ, 0)),
            said.get(_WRITING, ""),
        )

    def named_graphs(self) -> list[Term]:
        """Give the graphs of the plant that a generation has, besides its current graph."""
        rows = self._endpoint.rows(
            "SELECT DISTINCT ?g WHERE { GRAPH ?g { ?s ?p ?o } "
            f'FILTER(STRSTARTS(STR(?g), "{self._base}")) }}'
        )
        ours = (self._graph, self.offset_graph, self.owner.graph)
        present = f"<{self._base}graph/present/"
        names = [row["g"] for row in rows]
        return [name for name in names if name not in ours and not name.startswith(present)]

    def move(self, seq: int) -> None:
        """Move the offset and take the mark away, in one step.

        Raises: StoreLocked where another process has become the owner meanwhile.
        """
        gone = [quad for quad in self._said() if quad[1] in (_APPLIED_SEQ, _WRITING)]
        self._swap(gone, [self._offset(seq)])
        head = self.head()
        if head is None or (head.seq, head.writing) != (seq, ""):
            raise self.owner.lost()

    def publish(self, generation: int, recipe: str, seq: int, beside: Iterable[Fact]) -> None:
        """Make a generation current, in one step; the mark stays, as the old one still goes.

        ``beside`` is what else stands by the offset. Raises: StoreLocked, as for ``move``.
        """
        come = [
            (self._store, _GENERATION, f'"{generation}"', self._graph),
            (self._store, _RECIPE, f'"{recipe}"', self._graph),
            self.mark(f"generation {generation}"),
            self._offset(seq),
            *((*fact, self.offset_graph) for fact in beside),
        ]
        self._swap(self._said(), come)
        head = self.head()
        if head is None or (head.generation, head.seq) != (generation, seq):
            raise self.owner.lost()

    def outdate(self) -> None:
        """Let the current generation count as made by no recipe."""
        gone = [quad for quad in self._said() if quad[1] == _RECIPE]
        self._swap(gone, [(self._store, _RECIPE, '""', self._graph)])

    def _offset(self, seq: int) -> Quad:
        value = f'"{seq}"^^<{PREFIXES["xsd"]}integer>'
        return (self._store, _APPLIED_SEQ, value, self.offset_graph)

    def _said(self) -> list[Quad]:
        graphs = f"{self._graph} {self.offset_graph}"
        rows = self._endpoint.rows(
            f"SELECT * WHERE {{ VALUES ?g {{ {graphs} }} GRAPH ?g {{ ?s ?p ?o }} }}"
        )
        return [(row["s"], row["p"], row["o"], row["g"]) for row in rows]

    def _swap(self, before: Iterable[Quad], after: list[Quad]) -> None:
        """Replace what stands by something else, as long as the claim on the store holds.

        All is ground and the condition a single pattern: Virtuoso 7 may find nothing at all where
        an OPTIONAL looks into a graph that was emptied.
        """
        gone = by_graph(quad for quad in before if quad not in after)
        self._endpoint.update(
            f"DELETE {{ {quads_text(gone)} }} INSERT {{ {quads_text(by_graph(after))} }} "
            f"WHERE {{ {self.owner.condition} }}"
        )

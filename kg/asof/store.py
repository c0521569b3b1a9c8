"""A store as of another time: the graph of then, as far as somebody looks at it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kg.closing import Closing
from kg.errors import StoreError
from kg.store.memory import MemoryStore
from kg.validate.shapesgraph import SUBCLASS

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator

    from kg.asof.asserted import Asserted
    from kg.asof.demand import Demand
    from kg.records import Fact, Term
    from kg.store import Graphs, Quad
    from kg.store.protocol import T


class StoreThen(Closing):
    """A ``Store`` of one time that is past, to be read only; one thread at a time.

    What a question can look at is looked up, put into a small store in memory, and asked there.
    """

    def __init__(self, base: str, seq: int, asserted: Asserted) -> None:
        self.base = base
        self._seq = seq
        self._asserted = asserted
        self._memory = MemoryStore.in_memory(base)
        self._fresh: dict[Fact, None] = {}
        self._held: set[Fact] = set()
        self.demand: Demand

    def take(self, fact: Fact) -> None:
        """Take in a fact that was found to hold."""
        if fact not in self._held:
            self._held.add(fact)
            self._fresh[fact] = None

    def select(self, query: str) -> list[dict[str, Term]]:
        """Give the rows of a SELECT; Raises: HistoryError where it looks at all of a plant."""
        return self._looked_up(query).select(query)

    def ask(self, query: str) -> bool:
        """Give the answer of an ASK; Raises: HistoryError, as ``select``."""
        return self._looked_up(query).ask(query)

    def _looked_up(self, query: str) -> MemoryStore:
        self.demand.look(query)
        if self._fresh:
            self._memory.replace((), [(*fact, "") for fact in self._fresh])
            self._fresh.clear()
        return self._memory

    def applied_seq(self) -> int:
        """Give the last record that was believed and is in the graph."""
        return self._seq

    def objects(self, s: Term, p: Term, g: Term = "") -> list[Term]:
        """Give the values of a property of a thing."""
        if g:
            return sorted(o for o, graph in self._asserted.claims(s, p) if graph == g)
        return sorted(self.demand.values([s], p))

    def values_of(
        self, things: Collection[Term], p: Term, *, is_towards: bool
    ) -> Iterator[tuple[Term, Term]]:
        """Give each thing with each value of a property, or with each thing of which it is one."""
        if not is_towards:
            self.demand.values(things, p)
        for thing in things:
            ends = self.demand.leading(p, [thing]) if is_towards else self.objects(thing, p)
            for end in sorted(ends):
                yield thing, end

    def holders(self, fact: Fact) -> list[Term]:
        """Give the graphs of the records that said a fact."""
        s, p, o = fact
        return sorted(graph for value, graph in self._asserted.claims(s, p) if value == o)

    def claims(self, subject: Term, predicate: Term) -> list[tuple[Term, Term]]:
        """Give (object, graph) of every record that said something for the slot."""
        return sorted(self._asserted.claims(subject, predicate))

    def about(self, s: Term) -> list[tuple[Term, Term, Term]]:
        """Give (property, object, graph) of everything said about a thing; "" is the present."""
        self.demand.about(s)
        found = {(p, o, "") for one, p, o in self._held if one == s}
        for p in self._asserted.predicates(s):
            found |= {(p, o, graph) for o, graph in self._asserted.claims(s, p)}
        return sorted(found)

    def facts(
        self, s: Term | None = None, p: Term | None = None, o: Term | None = None
    ) -> Iterator[Fact]:
        """Give the facts of a pattern with a property and an end, as validation asks for them."""
        if p == SUBCLASS:
            return iter(())  # a plant's records speak of things, not of classes
        if s is None and o is None:
            raise _unanswered()
        if s is not None and p is None:
            self.demand.about(s)
            return iter([fact for fact in self._held if fact[0] == s and o in (None, fact[2])])
        assert p is not None
        if s is None:
            assert o is not None
            return iter([(one, p, o) for one in sorted(self.demand.leading(p, [o]))])
        values = sorted(self.demand.values([s], p))
        return iter([(s, p, value) for value in values if o in (None, value)])

    def match(
        self, s: Term | None = None, p: Term | None = None, o: Term | None = None
    ) -> Iterable[Quad]:
        """Give the quads of records for a property of a thing."""
        if s is None or p is None:
            raise _unanswered()
        return [(s, p, v, g) for v, g in self.claims(s, p) if o in (None, v)]

    def subjects(self, predicate: Term, value: Term) -> list[Term]:
        """Give the things of which a property has a value."""
        return sorted(self.demand.leading(predicate, [value]))

    def graph(self, name: Term) -> set[Fact]:
        """Whole graphs are not kept. Raises: StoreError."""
        raise _unanswered()

    def consult(self, work: Callable[[Graphs], T]) -> T:
        """Do work that only reads by pattern."""
        return work(self)

    def apply(self, removed: Collection[Quad], added: Collection[Quad], seq: int) -> None:
        """What was is not written. Raises: StoreError."""
        raise _unanswered()

    def recover(self) -> None:
        """There is nothing to finish."""

    def flush(self) -> None:
        """There is nothing to keep."""

    def close(self) -> None:
        """Let the memory go."""
        self._memory.close()


def _unanswered() -> StoreError:
    return StoreError(
        "The graph of another time can only be asked about one thing at a time.",
        hint="Ask for the context of a machine, job, customer or batch.",
        code="as-of-everything",
    )

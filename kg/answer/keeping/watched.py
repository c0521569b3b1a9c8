"""Watched: a store and a journal that note what is read of them, so that an answer can be kept."""

from __future__ import annotations

from array import array
from secrets import token_hex
from typing import TYPE_CHECKING, Any

from kg import touched
from kg.answer.keeping.watchplan import Unplanned, placed, plan_query
from kg.records import record_path
from kg.store import EmbeddedStore
from kg.touched import NAMED, PRESENT

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable

    from kg.answer.keeping.watchplan import Step
    from kg.journal import Journal, OpenGap
    from kg.records import Fact, Record, Term
    from kg.store import Graphs, Quad, Store
    from kg.store.protocol import T
    from kg.touched import Touched

    Known = dict[str, set[Term]]
    """What a variable can stand for, where that is known."""

MOST_CANDIDATES = 200
"""Of more it is cheaper to watch every use of a property."""
LAST_CHECK = f"last check {token_hex(8)}"
_NO_END = (2, 0)


class Reads:
    """The keys of what one answer has read; each is watched before it is read."""

    def __init__(self, touched: Touched) -> None:
        self._touched = touched
        self.generation = touched.generation
        self.since = touched.number
        """What was told last before anything was read."""
        self.keys: set[int] | array[int] = set()
        self._meanwhile: set[int] = set()
        self._is_torn = False

    def __len__(self) -> int:
        return len(self.keys)

    def note_until_closed(self, key: int) -> None:
        """Watch a key of what is about to be read, of which less counts once nothing more is read.

        What does count of it is noted as it is told of.
        """
        if key not in self._meanwhile:
            self._touched.register(key)
            self._meanwhile.add(key)

    def note(self, key: int) -> None:
        """Watch a key, as what it is of is about to be read."""
        if key not in self.keys:
            self._touched.register(key)
            self.keys.add(key)  # type: ignore[union-attr]

    def close(self) -> None:
        """Take as little room as can be, as nothing more is read."""
        self._is_torn = not self._touched.is_untouched(self._meanwhile, self.since)
        self._meanwhile = set()
        self.keys = array("q", self.keys)

    def are_current(self) -> bool:
        """Tell whether nothing that was read has changed since."""
        number = self._touched.number
        if self._is_torn or self.generation != self._touched.generation:
            return False
        if number == self.since:
            return True
        if not self._touched.is_untouched(self.keys, self.since):
            return False
        self.since = number
        return True


class WatchedStore:
    """Reads a store like the store itself, and notes it; writing is not its part.

    A way of reading that it does not know of is noted as reading everything.
    """

    def __init__(self, store: Store, reads: Reads) -> None:
        self._store = store
        self._embedded: EmbeddedStore = store  # type: ignore[assignment]
        self._reads = reads
        self.base = store.base

    def __getattr__(self, name: str) -> Any:
        self._reads.note(touched.EVERYTHING)
        return getattr(self._store, name)

    def applied_seq(self) -> int:
        """Give the store's own; nothing is noted, as each answer is told how far the graph is."""
        return self._store.applied_seq()

    def consult(self, work: Callable[[Graphs], T]) -> T:
        """Do work that only reads by pattern."""
        return work(self)

    def graph(self, name: Term) -> set[Fact]:
        """Give the facts of one graph."""
        self._reads.note(touched.EVERYTHING)
        return self._store.graph(name)

    def claims(self, subject: Term, predicate: Term) -> list[tuple[Term, Term]]:
        """Give (object, graph) of every named graph that says something for the slot."""
        self._reads.note(touched.of_slot(NAMED, subject, predicate))
        return self._store.claims(subject, predicate)

    def subjects(self, predicate: Term, value: Term) -> list[Term]:
        """Give every subject that has the value in any named graph."""
        self._reads.note(touched.of_value(NAMED, predicate, value))
        return self._store.subjects(predicate, value)

    def objects(self, s: Term, p: Term, g: Term = "") -> list[Term]:
        """Give the objects of a subject and property in one graph."""
        self._reads.note(touched.of_slot(NAMED if g else PRESENT, s, p))
        return self._store.objects(s, p, g)

    def holders(self, fact: Fact) -> list[Term]:
        """Give the named graphs that hold a fact."""
        self._reads.note(touched.of_fact(NAMED, fact))
        return self._store.holders(fact)

    def about(self, s: Term) -> list[tuple[Term, Term, Term]]:
        """Give (property, object, graph) of everything said about ``s``, in any graph."""
        self._reads.note(touched.of_subject(PRESENT, s))
        self._reads.note(touched.of_subject(NAMED, s))
        return self._store.about(s)

    def around(self, s: Term, most: int) -> list[tuple[Term, Term, Term]] | None:
        """Give the same, as an embedded store does; None where it is more than ``most``.

        Whoever asks says by ``tell_of`` which properties he makes use of.
        """
        self._reads.note_until_closed(touched.of_subject(PRESENT, s))
        self._reads.note_until_closed(touched.of_subject(NAMED, s))
        return self._embedded.around(s, most)

    def tell_of(self, s: Term, p: Term) -> None:
        """Note a property of something that was read whole by ``around``."""
        self._reads.note(touched.of_slot(PRESENT, s, p))
        self._reads.note(touched.of_slot(NAMED, s, p))

    def slot(self, s: Term, p: Term) -> list[tuple[Term, Term]]:
        """Give (object, graph) of every graph that says something for a slot."""
        self.tell_of(s, p)
        return self._embedded.slot(s, p)

    def match(
        self, s: Term | None = None, p: Term | None = None, o: Term | None = None
    ) -> Iterable[Quad]:
        """Give the quads of the named graphs that match a pattern."""
        self._reads.note(_pattern_key(NAMED, s, p, o))
        return self._store.match(s, p, o)

    def present(
        self, s: Term | None = None, p: Term | None = None, o: Term | None = None
    ) -> list[Fact]:
        """Give the facts of a pattern in the current graph, as an embedded store does."""
        self._reads.note(_pattern_key(PRESENT, s, p, o))
        return self._embedded.present(s, p, o)

    def count_with(self, p: Term, values: Collection[Term], most: int) -> int:
        """Count what has one of some values in the current graph, up to ``most``.

        That there is nothing is noted; how much there is tells how to look for it, not what it is.
        """
        keys = [touched.of_value(PRESENT, p, value) for value in values]
        for key in keys:
            self._reads.note_until_closed(key)
        found = self._embedded.count_with(p, values, most)
        for key in keys if found == 0 else ():
            self._reads.note(key)
        return found

    def select(self, query: str) -> list[dict[str, Term]]:
        """Give the rows of a SELECT."""
        self._watch(query)
        return self._store.select(query)

    def ask(self, query: str) -> bool:
        """Give the answer of an ASK."""
        self._watch(query)
        return self._store.ask(query)

    def _watch(self, query: str) -> None:
        try:
            step, terms = plan_query(query, self.base)
        except Unplanned:
            self._reads.note(touched.EVERYTHING)
            return
        _Watching(self._store, self._reads, terms).follow(step, {}, is_whole=True)


class WatchedJournal:
    """Reads a journal like the journal itself, and notes of which records it gave the version.

    When sources last vouched, and doubts, are not noted: whoever keeps an answer asks for them
    again. Gaps that were looked for with all others say ``LAST_CHECK`` in place of when.
    """

    def __init__(self, journal: Journal, reads: Reads) -> None:
        self._journal = journal
        self._reads = reads
        self.confirmations = journal.confirmations
        self.doubts = journal.doubts

    def __getattr__(self, name: str) -> Any:
        self._reads.note(touched.EVERYTHING)
        return getattr(self._journal, name)

    def current(self, source: str, kind: str, key: str) -> Record | None:
        """Give the version of a record that the graph is of."""
        found = self.current_by_path([record_path(source, kind, key)])
        return next(iter(found.values()), None)

    def gaps_of(self, entity: Term) -> list[OpenGap]:
        """Give the gaps of one entity that are open."""
        self._reads.note(touched.of_gaps(entity))
        history = self._journal.gaps
        return history.in_full(history.of(entity), LAST_CHECK)

    def current_by_path(self, paths: Iterable[str]) -> dict[str, Record]:
        """Give each record path's current version."""
        wanted = list(paths)
        for path in wanted:
            self._reads.note(touched.of_record(path))
        return self._journal.current_by_path(wanted)


class _Watching:
    """Follows one query's plan through a store, and notes what can change what it gives."""

    def __init__(self, store: Store, reads: Reads, terms: tuple[Term, ...]) -> None:
        self._store = store
        self._reads = reads
        self._terms = terms

    def follow(self, step: Step, known: Known, *, is_whole: bool = False) -> None:
        """Watch a step; ``known`` is what its variables can stand for, and learns from it."""
        graphs = NAMED if step.is_named else PRESENT
        for variable, values in step.values:
            if values is not None and variable not in known:
                known[variable] = {placed(value, self._terms) for value in values}
        patterns, choices = list(step.patterns), list(step.choices)
        while patterns or choices:
            best = min(patterns, key=lambda p: self._rank(p, known), default=None)
            if best is None or (choices and self._rank(best, known) == _NO_END):
                # One of its ways may tell what is known nowhere else.
                self._choose(choices.pop(0), known)
                continue
            patterns.remove(best)
            is_last = is_whole and not (patterns or choices or step.first or step.beside)
            self._pattern(best, graphs, known, is_needed=not is_last)
        for part in step.first:
            self.follow(part, known)
        for part in step.beside:
            # It takes nothing away from what is known, and what it adds may be lacking.
            self.follow(part, {name: set(terms) for name, terms in known.items()})

    def _choose(self, parts: tuple[Step, ...], known: Known) -> None:
        found: list[Known] = []
        for part in parts:
            found.append({name: set(terms) for name, terms in known.items()})
            self.follow(part, found[-1])
        for name in set.intersection(*(set(one) for one in found)):
            known[name] = set().union(*(one[name] for one in found))

    def _rank(self, pattern: tuple[str, str | None, str], known: Known) -> tuple[int, int]:
        subject, predicate, value = pattern
        for place, node in enumerate((subject, value)):
            if (ends := self._ends(node, known)) is not None and (place == 0 or predicate):
                return place, len(ends)
        return _NO_END

    def _ends(self, node: str, known: Known) -> set[Term] | None:
        if node.startswith("?"):
            return known.get(node)
        return None if node == '"' else {placed(node, self._terms)}

    def _pattern(
        self,
        pattern: tuple[str, str | None, str],
        graphs: int,
        known: Known,
        *,
        is_needed: bool,
    ) -> None:
        subject, predicate, value = pattern
        subjects, values = self._ends(subject, known), self._ends(value, known)
        if subjects is not None and len(subjects) <= MOST_CANDIDATES:
            self._from_subjects(subjects, pattern, graphs, known, is_needed=is_needed)
        elif predicate and values is not None and len(values) <= MOST_CANDIDATES:
            for term in values:
                self._reads.note(touched.of_value(graphs, predicate, term))
            if is_needed and subject.startswith("?") and subject not in known:
                self._learn(subject, (None, predicate, values), graphs, known)
        else:
            self._reads.note(
                touched.of_predicate(graphs, predicate) if predicate else touched.EVERYTHING
            )

    def _from_subjects(
        self,
        subjects: set[Term],
        pattern: tuple[str, str | None, str],
        graphs: int,
        known: Known,
        *,
        is_needed: bool,
    ) -> None:
        _, predicate, value = pattern
        for term in subjects:
            self._reads.note(
                touched.of_slot(graphs, term, predicate)
                if predicate
                else touched.of_subject(graphs, term)
            )
        if is_needed and value.startswith("?") and value not in known:
            self._learn(value, (subjects, predicate, None), graphs, known)

    def _learn(
        self,
        variable: str,
        pattern: tuple[set[Term] | None, Term | None, set[Term] | None],
        graphs: int,
        known: Known,
    ) -> None:
        """Find what a variable can stand for, where the store can tell it cheaply."""
        store = self._store
        if graphs == NAMED or not isinstance(store, EmbeddedStore):
            return
        subjects, predicate, values = pattern
        found: set[Term] = set()
        # Nothing is said of a value.
        things = (None,) if subjects is None else [one for one in subjects if one[0] != '"']
        for subject in things:
            for value in (None,) if values is None else values:
                quads = store.match(subject, predicate, value, "")
                found.update(quad[2] if subjects is not None else quad[0] for quad in quads)
                if len(found) > MOST_CANDIDATES:
                    return
        known[variable] = found


def _pattern_key(graphs: int, s: Term | None, p: Term | None, o: Term | None) -> int:
    if s is not None:
        if p is not None and o is not None:
            return touched.of_fact(graphs, (s, p, o))
        return touched.of_subject(graphs, s) if p is None else touched.of_slot(graphs, s, p)
    if o is not None:
        return touched.of_mentions(graphs, o) if p is None else touched.of_value(graphs, p, o)
    return touched.EVERYTHING if p is None else touched.of_predicate(graphs, p)

"""Looking facts up for one batch of validation, each only once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kg.validate import paths
from kg.validate.model import Inverse, Predicate
from kg.validate.shapesgraph import SUBCLASS
from kg.vocab import RDF_TYPE

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from kg.records import Fact, Term
    from kg.validate.facts import Data
    from kg.validate.model import Path


class Lookup:
    """A data graph that does not change meanwhile, without duplicates; knows paths and classes."""

    def __init__(self, data: Data) -> None:
        self._data = data
        self._parts: dict[tuple[Term, Term], list[Term]] = {}
        self._backwards: dict[tuple[Term, Term], list[Term]] = {}
        self._under: dict[Term, frozenset[Term]] = {}

    def about(self, node: Term) -> dict[Term, dict[Term, None]]:
        """Give all that is said of a node, by property, however much it is."""
        held: dict[Term, dict[Term, None]] = {}
        if node[0] == '"':
            return held
        for _, predicate, value in self._data.facts(s=node):
            held.setdefault(predicate, {})[value] = None
        return held

    def objects(self, node: Term, predicate: Term) -> Collection[Term]:
        """Give the values of a property of a node; what else is said of it may be very much."""
        if node[0] == '"':
            return ()
        part = self._parts.get((node, predicate))
        if part is None:
            found = self._data.facts(s=node, p=predicate)
            part = self._parts[node, predicate] = list(dict.fromkeys(o for _, _, o in found))
        return part

    def subjects(self, predicate: Term, node: Term) -> list[Term]:
        """Give the nodes that a property leads here from."""
        known = self._backwards.get((predicate, node))
        if known is None:
            found = self._data.facts(p=predicate, o=node)
            known = self._backwards[predicate, node] = list(dict.fromkeys(s for s, _, _ in found))
        return known

    def values(self, path: Path, node: Term) -> Collection[Term]:
        """Give the value nodes of a path from a node (SHACL, section 2.3.1)."""
        if isinstance(path, Predicate):
            return self.objects(node, path.iri)
        if isinstance(path, Inverse) and isinstance(path.path, Predicate):
            return self.subjects(path.path.iri, node)
        return paths.values(path, node, self)

    def facts(
        self, s: Term | None = None, p: Term | None = None, o: Term | None = None
    ) -> Iterator[Fact]:
        """Give the facts of a pattern; None is anything."""
        if s is not None and p is not None and o is None:
            return ((s, p, value) for value in self.objects(s, p))
        if s is None and p is not None and o is not None:
            return ((subject, p, o) for subject in self.subjects(p, o))
        return iter(dict.fromkeys(self._data.facts(s, p, o)))

    def classes_under(self, term: Term) -> frozenset[Term]:
        """Give a class and all its subclasses that the data graph states."""
        known = self._under.get(term)
        if known is None:
            found, waiting = {term}, [term]
            while waiting:
                for below in self.subjects(SUBCLASS, waiting.pop()):
                    if below not in found:
                        found.add(below)
                        waiting.append(below)
            known = self._under[term] = frozenset(found)
        return known

    def is_instance(self, node: Term, term: Term) -> bool:
        """Tell whether a node is a SHACL instance of a class."""
        under = self.classes_under(term)
        return not under.isdisjoint(self.objects(node, RDF_TYPE))

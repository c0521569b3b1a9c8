"""Looking facts up for one batch of validation, each only once."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

from kg.validate import paths
from kg.validate.model import Inverse, Predicate
from kg.validate.shapesgraph import SUBCLASS, TYPE

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from kg.records import Fact, Term
    from kg.validate.facts import Data
    from kg.validate.model import Path

_FEW = 128
"""A node with no more facts is read whole, in one look-up; of others only what is asked for."""


class Lookup:
    """A data graph that does not change meanwhile, without duplicates; knows paths and classes."""

    def __init__(self, data: Data) -> None:
        self._data = data
        self._whole: dict[Term, dict[Term, dict[Term, None]] | None] = {}
        self._parts: dict[tuple[Term, Term], list[Term]] = {}
        self._backwards: dict[tuple[Term, Term], list[Term]] = {}
        self._under: dict[Term, frozenset[Term]] = {}

    def about(self, node: Term) -> dict[Term, dict[Term, None]]:
        """Give all that is said of a node, by property, however much it is."""
        whole = self._read(node)
        return whole if whole is not None else _by_property(self._data.facts(s=node))

    def objects(self, node: Term, predicate: Term) -> Collection[Term]:
        """Give the values of a property of a node."""
        whole = self._whole.get(node) or self._read(node)
        if whole is not None:
            return whole.get(predicate, ())
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
        return not under.isdisjoint(self.objects(node, TYPE))

    def _read(self, node: Term) -> dict[Term, dict[Term, None]] | None:
        if node in self._whole:
            return self._whole[node]
        if node[0] == '"':
            self._whole[node] = {}
            return self._whole[node]
        facts = self._data.facts(s=node)
        whole: dict[Term, dict[Term, None]] | None = _by_property(islice(facts, _FEW))
        if next(facts, None) is not None:
            whole = None
        self._whole[node] = whole
        return whole


def _by_property(facts: Iterator[Fact]) -> dict[Term, dict[Term, None]]:
    held: dict[Term, dict[Term, None]] = {}
    for _, predicate, value in facts:
        values = held.get(predicate)
        if values is None:
            held[predicate] = {value: None}
        else:
            values[value] = None
    return held

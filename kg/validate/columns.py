"""Columns: what a path leads to from many nodes at once, as pairs of node and value.

Looking a million nodes up one by one costs a hundred times what reading a property whole costs.
"""

from __future__ import annotations

from collections import defaultdict
from functools import cached_property
from itertools import compress
from typing import TYPE_CHECKING, TypeAlias

from kg.reason.present import Present
from kg.store import EmbeddedStore
from kg.validate.model import Alternative, Inverse, Predicate, Repeated, Sequence
from kg.validate.shapesgraph import SUBCLASS
from kg.vocab import RDF_TYPE

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping
    from collections.abc import Set as AnySet

    from kg.records import Term
    from kg.validate.facts import Data
    from kg.validate.model import Path

    Pairs: TypeAlias = tuple[list[Term], list[Term]]
    """Nodes and values, one by one: the first node leads to the first value."""


class Columns:
    """Reads a data graph by whole properties, each once."""

    def __init__(self, data: Data, graphs: tuple[Term, ...] = ()) -> None:
        self._data = data
        self._from = " ".join(f"FROM {graph}" for graph in graphs)
        self._is_one_graph = len(graphs) < 2 or isinstance(data, Present)
        self._pairs: dict[Term, Pairs] = {}
        self._subjects: dict[Term, list[Term]] = {}
        self._instances: dict[Term, set[Term]] = {}

    def of(self, predicate: Term) -> Pairs:
        """Give all subjects and objects of a property, each pair once."""
        if predicate not in self._pairs:
            self._pairs[predicate] = self._read(predicate)
        return self._pairs[predicate]

    def subjects(self, predicate: Term) -> list[Term]:
        """Give the subject of each pair of a property, which is read for less."""
        if predicate in self._pairs or not self._is_one_graph:
            return self.of(predicate)[0]
        if predicate not in self._subjects:
            self._subjects[predicate] = self._read_subjects(predicate)
        return self._subjects[predicate]

    def instances(self, kind: Term) -> set[Term]:
        """Give the SHACL instances of a class: of it, or of a subclass in the data."""
        if kind not in self._instances:
            kinds = self._subclasses(kind)
            if isinstance(self._data, EmbeddedStore):
                (found,) = self._data.columns(
                    f"SELECT ?s {self._from} WHERE {{ VALUES ?kind {{ {' '.join(sorted(kinds))} }} "
                    f"?s {RDF_TYPE} ?kind }}"
                )
                self._instances[kind] = set(found)
            else:
                self._instances[kind] = {
                    s for one in kinds for s, _, _ in self._data.facts(p=RDF_TYPE, o=one)
                }
        return self._instances[kind]

    def not_less(self, lesser: Term, greater: Term, sign: str) -> set[Term] | None:
        """Give the subjects of which a value of a property is not less than one of another.

        None where that cannot be asked of all at once.
        """
        if not isinstance(self._data, EmbeddedStore):
            return None
        (found,) = self._data.columns(
            f"SELECT ?s {self._from} WHERE {{ ?s {lesser} ?one ; {greater} ?other "
            f"FILTER(!COALESCE(?one {sign} ?other, false)) }}"
        )
        return set(found)

    def with_others(self, allowed: Collection[Term]) -> set[Term]:
        """Give the subjects that have another property than some."""
        store = self._data.store if isinstance(self._data, Present) else self._data
        if isinstance(store, EmbeddedStore):
            # Oxigraph holds nothing to be absent from an empty list.
            names = ", ".join(sorted(allowed)) or "<urn:traveler:nothing>"
            (found,) = store.columns(
                f"SELECT DISTINCT ?s {self._from} WHERE {{ ?s ?p ?o FILTER(?p NOT IN ({names})) }}"
            )
            return set(found)
        return {s for s, p, _ in store.facts() if p not in allowed}

    def beginning_at(self, predicate: Term, nodes: Collection[Term]) -> Pairs:
        """Give the pairs of a property whose subjects are some nodes."""
        return _beginning_at(self.of(predicate), nodes)

    def walk(self, path: Path, nodes: Collection[Term]) -> Pairs:
        """Give the pairs of a path that begin at some nodes, each pair once."""
        if isinstance(path, Predicate):
            return self.beginning_at(path.iri, nodes)
        if isinstance(path, Inverse):
            return self._walk_back(path.path, nodes)
        if isinstance(path, Sequence):
            pairs = self.walk(path.steps[0], nodes)
            for step in path.steps[1:]:
                is_single = len(set(pairs[0])) == len(pairs[0])
                joined = _joined(pairs, self.walk(step, set(pairs[1])))
                pairs = joined if is_single else _distinct(joined)
            return pairs
        if isinstance(path, Alternative):
            walked = [self.walk(part, nodes) for part in path.paths]
            return _distinct(_together(walked))
        return self._repeat(path, nodes)

    def _walk_back(self, path: Path, nodes: Collection[Term]) -> Pairs:
        """Walk a path from its end to its beginning: inverses move to its single steps."""
        if isinstance(path, Predicate):
            subjects, objects = self.of(path.iri)
            return _beginning_at((objects, subjects), nodes)
        if isinstance(path, Inverse):
            return self.walk(path.path, nodes)
        if isinstance(path, Sequence):
            return self.walk(Sequence(tuple(map(Inverse, reversed(path.steps)))), nodes)
        if isinstance(path, Alternative):
            return self.walk(Alternative(tuple(map(Inverse, path.paths))), nodes)
        return self._repeat(Repeated(Inverse(path.path), path.least, path.is_once), nodes)

    def _repeat(self, path: Repeated, nodes: Collection[Term]) -> Pairs:
        start = (list(nodes), list(nodes))
        step = self.walk(path.path, nodes)
        if path.is_once:
            return _distinct(_together([start, step]))
        found = set(zip(*step, strict=True))
        fresh = found
        while fresh:
            pairs = _lists(fresh)
            reached = _joined(pairs, self.walk(path.path, set(pairs[1])))
            fresh = set(zip(*reached, strict=True)) - found
            found |= fresh
        return _lists(found if path.least else found | set(zip(*start, strict=True)))

    def _read(self, predicate: Term) -> Pairs:
        if isinstance(self._data, Present):
            return self._data.pairs(predicate)
        if isinstance(self._data, EmbeddedStore):
            subjects, objects = self._data.columns(
                f"SELECT ?s ?o {self._from} WHERE {{ ?s {predicate} ?o }}"
            )
        else:
            found = list(self._data.facts(p=predicate))
            subjects, objects = [s for s, _, _ in found], [o for _, _, o in found]
        return (subjects, objects) if self._is_one_graph else _distinct((subjects, objects))

    def _read_subjects(self, predicate: Term) -> list[Term]:
        if isinstance(self._data, EmbeddedStore):
            return self._data.columns(f"SELECT ?s {self._from} WHERE {{ ?s {predicate} ?o }}")[0]
        return [s for s, _, _ in self._data.facts(p=predicate)]

    def _subclasses(self, kind: Term) -> set[Term]:
        subclasses = by_node((self.of(SUBCLASS)[1], self.of(SUBCLASS)[0]))
        found: set[Term] = set()
        waiting = [kind]
        while waiting:
            one = waiting.pop()
            if one not in found:
                found.add(one)
                waiting.extend(subclasses.get(one, ()))
        return found


class Reach:
    """What a path leads to from some nodes; without a path, each node to itself.

    Only what is asked for is read.
    """

    def __init__(self, columns: Columns, path: Path | None, nodes: AnySet[Term]) -> None:
        self._columns = columns
        self.path = path
        self.nodes = nodes

    @cached_property
    def pairs(self) -> Pairs:
        """Give the nodes and their values, each pair once."""
        if self.path is None:
            themselves = list(self.nodes)
            return themselves, themselves
        return self._columns.walk(self.path, self.nodes)

    @cached_property
    def values(self) -> AnySet[Term]:
        """Give all values."""
        return self.nodes if self.path is None else set(self.pairs[1])

    @cached_property
    def begins(self) -> list[Term]:
        """Give the nodes as often as they have values; maybe others too, that are not asked for."""
        if isinstance(self.path, Predicate):
            return self._columns.subjects(self.path.iri)
        return self.pairs[0]

    def values_of(self, nodes: AnySet[Term]) -> Mapping[Term, list[Term]]:
        """Give the values of each of some nodes."""
        return by_node(_beginning_at(self.pairs, nodes))

    def leading_to(self, values: AnySet[Term]) -> AnySet[Term]:
        """Give the nodes that have one of some values."""
        if not values or self.path is None:
            return values & self.nodes
        return {node for node, value in zip(*self.pairs, strict=True) if value in values}


def by_node(pairs: Pairs) -> Mapping[Term, list[Term]]:
    """Give the values of each node."""
    found: dict[Term, list[Term]] = defaultdict(list)
    for node, value in zip(*pairs, strict=True):
        found[node].append(value)
    return found


def _beginning_at(pairs: Pairs, nodes: Collection[Term]) -> Pairs:
    wanted = nodes if isinstance(nodes, set | frozenset) else set(nodes)
    begins, ends = pairs
    if wanted.issuperset(begins):
        return pairs
    is_wanted = [node in wanted for node in begins]
    return list(compress(begins, is_wanted)), list(compress(ends, is_wanted))


def _joined(first: Pairs, second: Pairs) -> Pairs:
    single = dict(zip(*second, strict=True))
    if len(single) == len(second[0]):
        reached_by = [single.get(middle) for middle in first[1]]
        return list(compress(first[0], reached_by)), [end for end in reached_by if end]
    further = by_node(second)
    nodes: list[Term] = []
    values: list[Term] = []
    for node, middle in zip(*first, strict=True):
        reached = further.get(middle)
        if reached:
            values += reached
            nodes += [node] * len(reached)
    return nodes, values


def _together(walked: Iterable[Pairs]) -> Pairs:
    nodes: list[Term] = []
    values: list[Term] = []
    for begins, ends in walked:
        nodes += begins
        values += ends
    return nodes, values


def _distinct(pairs: Pairs) -> Pairs:
    found = dict.fromkeys(zip(*pairs, strict=True))
    return pairs if len(found) == len(pairs[0]) else _lists(found)


def _lists(found: Iterable[tuple[Term, Term]]) -> Pairs:
    pairs = list(found)
    return [node for node, _ in pairs], [value for _, value in pairs]

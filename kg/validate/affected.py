"""Affected: which focus nodes a change of facts can have made valid or invalid.

A shape looks at facts along paths from its focus node. Of all facts on such a path that changed,
take the first: what leads to it did not change, so that it is found by walking back from the fact,
in the graph as it is now. That holds for facts that are gone as well as for those that came.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kg.store import stored_form
from kg.validate.model import (
    Alternative,
    Class,
    Closed,
    Inverse,
    Pair,
    Predicate,
    Repeated,
    Sequence,
    Sparql,
)
from kg.validate.paths import sources
from kg.validate.readconstraints import shapes_in
from kg.validate.shapesgraph import SUBCLASS
from kg.vocab import RDF_TYPE

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from kg.records import Fact, Term
    from kg.validate.facts import Data
    from kg.validate.model import Path, Shape, Shapes


@dataclass(frozen=True, slots=True)
class Look:
    """One look of a shape at facts: of which property, and at the end of which path.

    ``predicate`` None is any property. The path's end is the fact's subject, or its object where
    ``is_inverse``; ``path`` None is the focus node itself.
    """

    path: Path | None
    predicate: Term | None
    is_inverse: bool = False


def looks_of(shape: Shape, shapes: Shapes) -> set[Look]:
    """Give all that a shape looks at from a focus node, its targets included."""
    found = set(_of_shape(shape, None, shapes))
    for target in shape.targets:
        if target.kind == "class":
            found.add(Look(None, RDF_TYPE))
        elif target.kind in ("subjects", "objects"):
            found.add(Look(None, target.term, is_inverse=target.kind == "objects"))
    return found


def is_walkable(shape: Shape, shapes: Shapes) -> bool:
    """Tell whether all that a shape looks at is known without data: a query can look anywhere."""
    return all(
        not isinstance(constraint, Sparql)
        and all(is_walkable(shapes.by_node[inner], shapes) for inner in shapes_in(constraint))
        for constraint in shape.constraints
    )


def _of_shape(shape: Shape, before: Path | None, shapes: Shapes) -> Iterator[Look]:
    if shape.is_deactivated:
        return
    after = before
    if shape.path is not None:
        yield from _of_path(shape.path, before)
        after = _joined(before, shape.path)
    for constraint in shape.constraints:
        if isinstance(constraint, Class):
            yield Look(after, RDF_TYPE)
        elif isinstance(constraint, Pair):
            yield Look(before, constraint.predicate)
        elif isinstance(constraint, Closed):
            yield Look(after, None)
        for inner in shapes_in(constraint):
            yield from _of_shape(shapes.by_node[inner], after, shapes)


def _of_path(path: Path, before: Path | None) -> Iterator[Look]:
    """Give the single steps of a path, each at the end of those before it."""
    if isinstance(path, Predicate):
        yield Look(before, path.iri)
    elif isinstance(path, Inverse):
        yield from _of_inverse(path.path, before)
    elif isinstance(path, Sequence):
        for step in path.steps:
            yield from _of_path(step, before)
            before = _joined(before, step)
    elif isinstance(path, Alternative):
        for part in path.paths:
            yield from _of_path(part, before)
    elif path.is_once:
        yield from _of_path(path.path, before)
    else:
        yield from _of_path(path.path, _joined(before, Repeated(path.path, 0)))


def _of_inverse(path: Path, before: Path | None) -> Iterator[Look]:
    """Give the single steps of a path that is walked backwards."""
    if isinstance(path, Predicate):
        yield Look(before, path.iri, is_inverse=True)
    elif isinstance(path, Inverse):
        yield from _of_path(path.path, before)
    elif isinstance(path, Sequence):
        yield from _of_path(Sequence(tuple(map(Inverse, reversed(path.steps)))), before)
    elif isinstance(path, Alternative):
        yield from _of_path(Alternative(tuple(map(Inverse, path.paths))), before)
    else:
        yield from _of_path(Repeated(Inverse(path.path), path.least, path.is_once), before)


def _joined(before: Path | None, path: Path) -> Path:
    steps = before.steps if isinstance(before, Sequence) else () if before is None else (before,)
    return Sequence((*steps, path)) if steps else path


class Affected:
    """Finds by which shapes, at which focus nodes, a change must be looked at."""

    def __init__(self, shapes: Shapes) -> None:
        self._looking: dict[Term | None, list[tuple[Term, Look]]] = defaultdict(list)
        for shape in shapes.targeted():
            for look in looks_of(shape, shapes):
                self._looking[look.predicate].append((shape.node, look))

    def of(self, changed: Iterable[Fact], data: Data) -> dict[Term, set[Term]] | None:
        """Give by shape the focus nodes that facts which came or went can concern.

        They may be no targets of the shape. ``data`` is the graph after the change. None: it can
        concern any, since a subclass came or went.
        """
        ends: dict[tuple[Term, Path | None], set[Term]] = defaultdict(set)
        anything = self._looking.get(None, [])
        for subject, predicate, value in changed:
            if predicate == SUBCLASS:
                return None
            for shape, look in (*self._looking.get(predicate, ()), *anything):
                ends[shape, look.path].add(stored_form(value) if look.is_inverse else subject)
        found: dict[Term, set[Term]] = defaultdict(set)
        walked: dict[tuple[Path, Term], list[Term]] = {}
        for (shape, path), nodes in ends.items():
            if path is None:
                found[shape] |= nodes
                continue
            for node in nodes:
                if (path, node) not in walked:
                    walked[path, node] = sources(path, node, data)
                found[shape].update(walked[path, node])
        return found

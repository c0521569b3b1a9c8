"""Validator: what the shapes find of a graph that changes, kept right at the cost of what changes.

It keeps the results of each shape at each focus node. A change is followed to the focus nodes that
it can concern (``affected``), and only those are looked at again.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from kg.records import Gap
from kg.validate.affected import Affected
from kg.validate.candidates import Candidates
from kg.validate.columns import Columns
from kg.validate.evaluate import Evaluator
from kg.validate.facts import Facts
from kg.validate.reference import validate_by_reference

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

    from kg.reason.present import Present
    from kg.records import Fact, Term
    from kg.store import EmbeddedStore
    from kg.validate.gaps import PlantShapes
    from kg.validate.model import Result, Shape

    Key = tuple[Term, str, Term]

FOLLOWED_ANYWAY = 1_000
"""Focus nodes up to which a change is always followed."""
FACTS_FOR_EACH = 200
"""How many facts are validated all together in the time that one focus node takes by itself."""


@dataclass(slots=True)
class Difference:
    """What became of the gaps: some closed, some opened, and some are worded anew."""

    closed: list[Gap] = field(default_factory=list)
    opened: list[Gap] = field(default_factory=list)
    reworded: list[Gap] = field(default_factory=list)

    @property
    def stated(self) -> list[Gap]:
        """Give the gaps that are open as they were not before."""
        return [*self.opened, *self.reworded]


class Validator:
    """Finds the gaps of one graph; ``data`` and ``graphs`` are as the evaluator takes them.

    One thread at a time, and not while the data change.
    """

    def __init__(
        self, shapes: PlantShapes, data: EmbeddedStore | Present, graphs: tuple[Term, ...] = ()
    ) -> None:
        self._shapes = shapes
        self._data = data
        self._graphs = graphs
        self._affected = Affected(shapes.shapes)
        self._held: dict[Term, dict[Term, tuple[Gap, ...]]] = {}
        self._elsewhere: dict[Term, set[Term]] = defaultdict(set)
        """By entity the other focus nodes that may have gaps of it: results of nested shapes."""
        self._size = 0
        self._count = 0

    def gaps(self) -> list[Gap]:
        """Give all gaps, one for each entity, slot and shape, sorted."""
        gaps = (gap for by_root in self._held.values() for held in by_root.values() for gap in held)
        found = _keyed(gaps).values()
        return sorted(found, key=lambda gap: (gap.slot, gap.entity, gap.shape))

    def count(self) -> int:
        """Count the gaps, at no cost."""
        return self._count

    def full(self) -> list[Gap]:
        """Look at everything; gives all gaps.

        Raises:
            OntologyError: a shape cannot be run.
        """
        self._held.clear()
        self._elsewhere.clear()
        for root, found in self._found(self._shapes.roots()).items():
            for focus, gaps in found.items():
                self._hold(root, focus, gaps)
        self._size = len(self._data)
        whole = self.gaps()
        self._count = len(whole)
        return whole

    def restore(self, gaps: Iterable[Gap]) -> bool:
        """Begin with gaps that are known to be right; False where they do not say whose they are.

        A gap names a shape, of which two shapes with targets can make use, and an entity that need
        not be the focus node.
        """
        roots, deep = self._shapes.roots_of(), self._shapes.deep_roots()
        held: dict[Term, dict[Term, tuple[Gap, ...]]] = defaultdict(dict)
        for gap in gaps:
            found = sorted(roots.get(gap.shape, ()))
            if len(found) != 1:
                return False
            root = found[0]
            if root in deep:
                return False
            plain = Gap(gap.entity, gap.slot, gap.shape, gap.severity, gap.message)
            held[gap.entity][root] = (*held[gap.entity].get(root, ()), plain)
        self._held = dict(held)
        self._size = len(self._data)
        self._count = len(self.gaps())
        return True

    def update(self, removed: Collection[Fact], added: Collection[Fact]) -> Difference:
        """Follow a change of the data, which is made already.

        Raises:
            OntologyError: a shape cannot be run.
        """
        most = max(FOLLOWED_ANYWAY, self._size // FACTS_FOR_EACH)
        concerned = None
        if len(removed) + len(added) <= 10 * most:
            concerned = self._affected.of((*removed, *added), self._data)
        if concerned is None or sum(map(len, concerned.values())) > most:
            return self._anew()
        evaluator = Evaluator(self._shapes.shapes, self._data, self._graphs)
        shapes = {shape.node: shape for shape in self._shapes.shapes.targeted()}
        again = {
            root: {focus: self._look(evaluator, shapes[root], focus) for focus in nodes}
            for root, nodes in concerned.items()
        }
        return self._exchange(again)

    def look_at_timed(self) -> Difference:
        """Look again at what changes do not lead to: queries, and what is left to the reference.

        Raises:
            OntologyError: a shape cannot be run.
        """
        roots = [shape for shape in self._shapes.roots() if shape.node in self._shapes.timed]
        found = self._found(roots)
        for focus, by_root in self._held.items():
            for root in by_root.keys() & found.keys():
                found[root].setdefault(focus, ())
        return self._exchange(found)

    def _anew(self) -> Difference:
        before = _keyed(self.gaps())
        difference = Difference()
        _compare(before, _keyed(self.full()), difference)
        return difference

    def _found(self, roots: Collection[Shape]) -> dict[Term, dict[Term, tuple[Gap, ...]]]:
        """Give by shape the gaps of each focus node that has some."""
        found: dict[Term, dict[Term, tuple[Gap, ...]]] = {shape.node: {} for shape in roots}
        for root, focus, result in self._results(roots):
            gaps = found[root].get(focus, ())
            found[root][focus] = (*gaps, self._shapes.gap_of(result))
        return found

    def _results(self, roots: Iterable[Shape]) -> Iterator[tuple[Term, Term, Result]]:
        """Give results with their shape and focus node; of what is left, by the reference."""
        shapes = self._shapes.shapes
        evaluator = Evaluator(shapes, self._data, self._graphs)
        candidates = Candidates(shapes, Columns(self._data, self._graphs), evaluator)
        left = set()
        for shape in roots:
            if shape.node in shapes.left:
                left.add(shape.node)
                continue
            for focus, result in candidates.results(shape):
                yield shape.node, focus, result
        if left:
            for result in validate_by_reference(self._data.facts(), Facts(shapes.facts), left):
                yield result.root, result.focus, result

    def _look(self, evaluator: Evaluator, shape: Shape, focus: Term) -> tuple[Gap, ...]:
        if not evaluator.is_target(shape, focus):
            return ()
        results = evaluator.results(shape, focus)
        return tuple(self._shapes.gap_of(result) for result in results)

    def _exchange(self, again: Mapping[Term, Mapping[Term, tuple[Gap, ...]]]) -> Difference:
        """Put what was found again in the place of what was found before."""
        focuses = {focus for found in again.values() for focus in found}
        entities = {
            gap.entity
            for by_root in (*(self._held.get(focus, {}) for focus in focuses), *again.values())
            for gaps in by_root.values()
            for gap in gaps
        }
        before = self._of(entities)
        for root, found in again.items():
            for focus, gaps in found.items():
                self._hold(root, focus, gaps)
        after = self._of(entities)
        self._count += len(after) - len(before)
        difference = Difference()
        _compare(before, after, difference)
        return difference

    def _hold(self, root: Term, focus: Term, gaps: tuple[Gap, ...]) -> None:
        if gaps:
            self._held.setdefault(focus, {})[root] = gaps
            for gap in gaps:
                if gap.entity != focus:
                    self._elsewhere[gap.entity].add(focus)
        elif focus in self._held:
            self._held[focus].pop(root, None)
            if not self._held[focus]:
                del self._held[focus]

    def _of(self, entities: Collection[Term]) -> dict[Key, Gap]:
        """Give the gaps of some entities, whatever focus node has them."""
        return _keyed(
            gap
            for entity in entities
            for focus in (entity, *self._elsewhere.get(entity, ()))
            for held in self._held.get(focus, {}).values()
            for gap in held
            if gap.entity == entity
        )


def _keyed(gaps: Iterable[Gap]) -> dict[Key, Gap]:
    """Give gaps as they are told, one of each kind: of several messages the last one."""
    found: dict[Key, Gap] = {}
    for gap in gaps:
        key = gap.entity, gap.slot, gap.shape
        held = found.get(key)
        if held is None or (held.message, held.severity) < (gap.message, gap.severity):
            found[key] = gap
    return found


def _compare(before: Mapping[Key, Gap], after: Mapping[Key, Gap], difference: Difference) -> None:
    difference.closed += [gap for key, gap in before.items() if key not in after]
    for key, gap in after.items():
        if key not in before:
            difference.opened.append(gap)
        elif before[key] != gap:
            difference.reworded.append(gap)

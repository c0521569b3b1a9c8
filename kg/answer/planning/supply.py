"""Supply: whether the material that an operation needs is there, by bills of material and batches.

What other jobs will take of the same batches is not counted: nothing reserves it.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

from kg import vocab
from kg.answer.lookup import all_rows, look_up
from kg.answer.planning.planner import Finding, number_text
from kg.answer.planning.quantities import convert, rates_of
from kg.answer.tracing.genealogy import Genealogy
from kg.answer.tracing.stock import stock_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from kg.answer.planning.planner import Planner, Step
    from kg.answer.planning.quantities import Rate
    from kg.records import Fact as Triple
    from kg.records import Term

_COMPONENT = (vocab.COMPONENT_PART, vocab.QUANTITY_PER, vocab.UNIT, vocab.NEEDED_AT_SEQUENCE)
_PART = (vocab.UNIT, vocab.IS_LOT_TRACKED)
MOST_CITED = 5
READ_FIRST = 25
"""Batches of a material; an answer names fewer."""


@dataclass(frozen=True, slots=True)
class Need:
    """What a job still needs of one component; ``amount`` is None where no record says."""

    material: Term
    amount: Fraction | None
    unit: str | None
    facts: tuple[Triple, ...]


@dataclass(frozen=True, slots=True)
class Left:
    """What is left of one batch, in its own unit; ``amount`` is None where no record says."""

    batch: Term
    amount: Fraction | None
    unit: str | None
    facts: tuple[Triple, ...]


@dataclass(slots=True)
class Batches:
    """The batches of a material, those with the greatest ids first, as far as they were read."""

    material: Term
    read: list[Left]
    unread: list[Term]


class Supply:
    """Looks material up for many operations at once."""

    def __init__(self, planner: Planner) -> None:
        self._planner = planner
        self._values = planner.values
        self._components: dict[Term, list[Term]] = {}
        self._supplied: dict[tuple[Term, Term], list[tuple[Term, Triple]]] = {}
        self._rates: dict[Term, list[Rate]] = {}

    def uncovered(self) -> Iterator[Finding]:
        """Say once that no source gives bills of material."""
        if not self._planner.is_said(vocab.COMPONENT_OF):
            text = "no connected source gives bills of material"
            yield Finding("material", "doubt", text)

    def find(
        self, steps: Sequence[Step], siblings: Mapping[Term, Sequence[Step]]
    ) -> dict[Term, list[Finding]]:
        """Say of each operation what was found of the material that it needs."""
        needs = self.needs(steps, siblings)
        self._load_supplied({step.job for step in steps})
        lacking = [
            need
            for step in steps
            for need in needs[step.term]
            if (step.job, need.material) not in self._supplied
        ]
        self.load_left(lacking)
        return {
            step.term: list(self._findings(step, needs[step.term], siblings[step.job]))
            for step in steps
        }

    def needs(
        self, steps: Sequence[Step], siblings: Mapping[Term, Sequence[Step]]
    ) -> dict[Term, list[Need]]:
        """Give the components that each operation needs, for what its job is still to make."""
        parts = {part for s in steps if (part := self._values.one(s.job, vocab.MAKES)) is not None}
        self._components = {part: [] for part in parts}
        rows = look_up(self._planner.store, parts, f"?component {vocab.COMPONENT_OF} ?entity")
        for row in rows:
            self._components[row["entity"]].append(row["component"])
        lines = [line for listed in self._components.values() for line in listed]
        self._values.load(lines, _COMPONENT)
        materials = {m for line in lines for m in self._values.of(line, vocab.COMPONENT_PART)}
        self._values.load(materials, _PART)
        self._rates = rates_of(self._planner, materials)
        return {step.term: list(self._needs(step, siblings[step.job])) for step in steps}

    def _needs(self, step: Step, siblings: Sequence[Step]) -> Iterator[Need]:
        part = self._values.one(step.job, vocab.MAKES)
        for line in sorted(self._components.get(part or "", [])):
            material = self._values.one(line, vocab.COMPONENT_PART)
            at = self._values.number(line, vocab.NEEDED_AT_SEQUENCE)
            is_here = is_first(step, siblings) if at is None else at == step.sequence
            if material is not None and is_here:
                yield self._need(step, line, material)

    def _need(self, step: Step, line: Term, material: Term) -> Need:
        each = self._values.number(line, vocab.QUANTITY_PER)
        wanted = self._values.number(step.job, vocab.PLANNED_QUANTITY)
        good = self._values.number(step.job, vocab.GOOD_QUANTITY) or Fraction(0)
        amount = None
        if each is not None and wanted is not None:
            amount = each * max(wanted - good, Fraction(0))
        unit = self._values.text(line, vocab.UNIT) or self._values.text(material, vocab.UNIT)
        facts = self._values.facts(line, vocab.COMPONENT_PART, vocab.QUANTITY_PER)
        facts += self._values.facts(step.job, vocab.PLANNED_QUANTITY, vocab.GOOD_QUANTITY)
        return Need(material, amount, unit, facts)

    def supplied(self, job: Term, material: Term) -> list[Term]:
        """Give the batches of a material that were booked or loaded for a job."""
        return sorted({batch for batch, _ in self._supplied.get((job, material), [])})

    def left(self, material: Term) -> list[Left]:
        """Give what is left of a material's batches, as far as they were looked at."""
        return self._planner.batches[material].read

    def _load_supplied(self, jobs: Iterable[Term]) -> None:
        """Find the batches that were booked or loaded for jobs, by job and material."""
        wanted = set(jobs)
        self._supplied = {}
        for link in (vocab.INPUT_TO, vocab.LOADED_FOR):
            pattern = (
                f"?use {link} ?entity ; {vocab.OF_BATCH} ?batch . "
                f"?batch {vocab.OF_MATERIAL} ?material"
            )
            for row in look_up(self._planner.store, wanted, pattern):
                key = (row["entity"], row["material"])
                fact = (row["use"], link, row["entity"])
                self._supplied.setdefault(key, []).append((row["batch"], fact))

    def load_left(self, needs: Iterable[Need]) -> None:
        """Find how much is left of what is needed, until what was found is enough of it.

        A material may have had ten thousand batches, and most of them are used up: the newest are
        looked at first, by their ids. What was found for one answer is not looked for again.
        """
        wanted = defaultdict(list)
        for need in needs:
            wanted[need.material].append(need)
        self._list_batches(wanted)
        batches = self._planner.batches
        while True:
            lacking = [
                batches[material]
                for material, listed in wanted.items()
                if batches[material].unread and not all(map(self._is_covered, listed))
            ]
            if not lacking:
                return
            self._read_on(lacking)

    def _list_batches(self, materials: Iterable[Term]) -> None:
        new = [material for material in materials if material not in self._planner.batches]
        for material in new:
            rows = all_rows(self._planner.store, "b", f"?b {vocab.OF_MATERIAL} {material}")
            newest_first = sorted((batch for (batch,) in rows), reverse=True)
            self._planner.batches[material] = Batches(material, [], newest_first)

    def _is_covered(self, need: Need) -> bool:
        """Tell whether what was read is enough; of what nobody says how much, anything is."""
        total, _, _ = self._total(need)
        return total > 0 and total >= (need.amount or 0)

    def _read_on(self, lacking: Sequence[Batches]) -> None:
        """Read the next batches of some materials, as many again as were read of each."""
        now = [(one, b) for one in lacking for b in one.unread[: max(READ_FIRST, len(one.read))]]
        every = [batch for _, batch in now]
        held = Genealogy(self._planner.store)
        held.read("batch", every)
        held.describe("use", {use for b in every for use in held.to(b, vocab.OF_BATCH)})
        held.describe("shipment-line", {s for b in every for s in held.to(b, vocab.SHIPS_BATCH)})
        self._values.load(every, (vocab.QUANTITY,))
        for one, batch in now:
            one.read.append(self._left_of(held, batch, one.material))
            one.unread.remove(batch)

    def _left_of(self, held: Genealogy, batch: Term, material: Term) -> Left:
        stock = stock_of(held, batch)
        amount = None
        if stock.left is not None and stock.state in {"known", "none"}:
            amount = Fraction(stock.left)
        unit = stock.unit or self._values.text(material, vocab.UNIT)
        return Left(batch, amount, unit, self._values.facts(batch, vocab.QUANTITY))

    def _findings(
        self, step: Step, needs: Sequence[Need], siblings: Sequence[Step]
    ) -> Iterator[Finding]:
        if self._values.text(step.job, vocab.USES_UNTRACKED_MATERIAL_ONLY) == "true":
            if is_first(step, siblings):
                facts = self._values.facts(step.job, vocab.USES_UNTRACKED_MATERIAL_ONLY)
                yield Finding("material", "doubt", "its material is not traced by batch", facts)
            return
        part = self._values.one(step.job, vocab.MAKES)
        is_covered = self._planner.is_said(vocab.COMPONENT_OF)
        if is_covered and not self._components.get(part or "") and is_first(step, siblings):
            said = part or step.job
            text = f"no record gives {self._planner.short(said)} a bill of material"
            yield Finding("material", "doubt", text)
        for need in needs:
            yield self._finding(step, need)

    def _finding(self, step: Step, need: Need) -> Finding:
        name = self._planner.short(need.material)
        supplied = sorted(self._supplied.get((step.job, need.material), []))
        if supplied:
            batches = self._planner.listed(dict.fromkeys(batch for batch, _ in supplied))
            facts = tuple(fact for _, fact in supplied[:MOST_CITED])
            return Finding("material", "supports", f"{name}: {batches} is at the job", facts)
        if self._values.text(need.material, vocab.IS_LOT_TRACKED) == "false":
            return Finding("material", "doubt", f"{name} is not traced by batch", need.facts)
        if need.amount is None:
            text = f"no record says how much of {name} is needed"
            return Finding("material", "doubt", text, need.facts)
        return self._compared(need, need.amount, name)

    def _compared(self, need: Need, amount: Fraction, name: str) -> Finding:
        total, facts, untold = self._total(need)
        is_all = not self._planner.batches[need.material].unread
        wanted, has = amount_text(amount, need.unit), amount_text(total, need.unit)
        text = f"{name}: {wanted} needed, {'' if is_all else 'at least '}{has} left"
        cited = (need.facts + facts)[: len(need.facts) + MOST_CITED]
        if total >= amount:
            return Finding("material", "supports", text, cited)
        if untold:
            text += f"; how much {self._planner.listed(untold[:MOST_CITED])} adds, no record says"
            return Finding("material", "doubt", text, cited)
        return Finding("material", "blocks", text, cited)

    def _total(self, need: Need) -> tuple[Fraction, tuple[Triple, ...], list[Term]]:
        """Add up what is left in the unit of a need: how much, who says so, and what is untold."""
        total = Fraction(0)
        facts: tuple[Triple, ...] = ()
        untold = []
        rates = self._rates.get(need.material, ())
        for left in self.left(need.material):
            found = None
            if left.amount is not None:
                found = convert(left.amount, left.unit or "", need.unit or "", rates)
            if found is None:
                untold.append(left.batch)
            elif found.value > 0:
                total += found.value
                facts += (*left.facts, *found.facts)
        return total, facts, untold


def is_first(step: Step, siblings: Sequence[Step]) -> bool:
    """Tell whether an operation is where its routing begins."""
    live = [other for other in siblings if other.status != "cancelled"]
    placed = [other.sequence for other in live if other.sequence is not None]
    if step.sequence is None:
        return len(live) == 1
    return step.sequence == min(placed, default=step.sequence)


def amount_text(amount: Fraction | int, unit: str | None) -> str:
    """Write an amount with its unit."""
    return f"{number_text(amount)} {unit}" if unit else number_text(amount)

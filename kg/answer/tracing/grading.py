"""Grading: how sure it is that a batch went into a job, and from there into what the job made."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Literal, NamedTuple

from kg import vocab
from kg.answer.evidence import short
from kg.times import format_time

if TYPE_CHECKING:
    from kg.answer.tracing.genealogy import Genealogy, Use
    from kg.records import Fact, Term

How = Literal["certain", "possible", "excluded"]
ORDER: tuple[How, ...] = ("certain", "possible", "excluded")
"""The surest first."""


class Grade(NamedTuple):
    """How sure a step is, why it is less than certain, and the facts that say so."""

    how: How = "certain"
    why: str = ""
    facts: tuple[Fact, ...] = ()


def weaker(one: Grade, other: Grade) -> Grade:
    """Give the less sure of two grades that must both hold, resting on the facts of both."""
    facts = (*one.facts, *(fact for fact in other.facts if fact not in one.facts))
    chosen = max(one, other, key=lambda grade: ORDER.index(grade.how))
    return Grade(chosen.how, chosen.why, facts)


class Grading:
    """Judges steps by what was read; whom it judges must have been read."""

    def __init__(self, genealogy: Genealogy, base: str) -> None:
        self._held = genealogy
        self._base = base

    def into(self, batch: Term, job: Term) -> Grade:
        """Judge that a batch went into a job.

        Certain is what was scanned or booked. What was only loaded is possible, and excluded where
        another batch of its material was scanned, where it was used up elsewhere, or where it came
        after the job was over.
        """
        uses = [u for u in self._held.uses_of_job(job) if u.batch == batch and u.role != "output"]
        sure = [use for use in uses if use.is_certain]
        if sure:
            return Grade(facts=tuple(dict.fromkeys(f for use in sure for f in use.facts)))
        facts = tuple(dict.fromkeys(fact for use in uses for fact in use.facts))
        against = self._against(batch, job)
        if against is not None:
            return Grade("excluded", against.why, (*facts, *against.facts))
        return Grade("possible", self._presumed(batch, job), facts)

    def _against(self, batch: Term, job: Term) -> Grade | None:
        """Find what rules out that a batch which was only loaded went into a job."""
        if rivals := self._scanned(batch, job):
            first = rivals[0]
            why = f"{self._name(job)} scanned {self._name(first.batch)}, of the same material"
            return Grade("excluded", why, first.facts)
        end, there = self._held.last_end(job), self._held.first_there(batch)
        if end is not None and there is not None and end < there:
            why = (
                f"{self._name(job)} was over at {format_time(end)},"
                f" before {self._name(batch)} was there at {format_time(there)}"
            )
            return Grade("excluded", why)
        return self._used_up(batch, job)

    def _scanned(self, batch: Term, job: Term) -> list[Use]:
        """Give the certain uses by a job of other batches that share a material with this one."""
        materials = self._held.materials(batch)
        return sorted(
            (
                use
                for use in self._held.uses_of_job(job)
                if use.role == "input" and use.is_certain and use.batch not in {"", batch}
                if materials & self._held.materials(use.batch)
            ),
            key=lambda use: use.batch,
        )

    def _used_up(self, batch: Term, job: Term) -> Grade | None:
        """Tell whether all that there was of a batch is booked to jobs, in one unit.

        Where more is booked than there was, some of it is wrong, and rules nothing out.
        """
        had = self._held.number(batch, vocab.QUANTITY)
        unit = self._held.text(batch, vocab.UNIT)
        booked = [
            use for use in self._held.uses_of_batch(batch) if use.role == "input" and use.is_certain
        ]
        if had is None or any(use.unit not in {None, unit} for use in booked):
            return None
        used = sum((use.quantity or Decimal(0) for use in booked), Decimal(0))
        if not booked or used != had:
            return None
        jobs = ", ".join(dict.fromkeys(self._name(use.job) for use in booked[:3]))
        more = " and others" if len(booked) > 3 else ""
        why = f"all {had:f} {unit or ''}".rstrip() + f" of {self._name(batch)} is booked to {jobs}"
        return Grade("excluded", f"{why}{more}", tuple(f for use in booked for f in use.facts))

    def _presumed(self, batch: Term, job: Term) -> str:
        """Say what is known of a batch that was only loaded."""
        materials = self._held.materials(batch)
        if not materials:
            return f"it was loaded for {self._name(job)}; nothing tells its material, or a scan"
        rivals = {
            use.batch
            for use in self._held.uses_of_job(job)
            if use.role != "output" and materials & self._held.materials(use.batch)
        }
        if len(rivals) == 1:
            return f"the only batch of its material loaded for {self._name(job)}; none was scanned"
        return f"{len(rivals)} batches of its material were loaded for {self._name(job)}"

    def out_of(self, job: Term, batch: Term, made: Term) -> Grade:
        """Judge that what a job made has in it a batch that went into the job.

        Where several batches of a material were scanned, and several things were made, nothing
        says which is in which, unless a piece names the batch that it was cut from.
        """
        cut = self._held.of(made, vocab.CUT_FROM)
        if batch in cut:
            return Grade(facts=((made, vocab.CUT_FROM, batch),))
        materials = self._held.materials(batch)
        other = next((c for c in cut if materials & self._held.materials(c)), None)
        if other is not None:
            why = f"{self._name(made)} was cut from {self._name(other)}"
            return Grade("excluded", why, ((made, vocab.CUT_FROM, other),))
        rivals = self._scanned(batch, job)
        if not rivals or self._siblings(job, made) < 2:
            return Grade()
        number = len({use.batch for use in rivals}) + 1
        why = f"{self._name(job)} used {number} batches of the material, and nothing says which"
        return Grade("possible", f"{why} is in {self._name(made)}", rivals[0].facts)

    def _siblings(self, job: Term, made: Term) -> int:
        """Count the things of a kind that came out of a job, of which this is one."""
        kinds = (self._held.pieces(job), self._held.batches_made(job), self._held.lines(job))
        return next((len(kind) for kind in kinds if made in kind), 1)

    def to_line(self, goods: Term, job: Term, line: Term) -> Grade:
        """Judge that a batch or piece which a job made left for an order line of that job."""
        shipped = self.shipped_otherwise(line, {goods})
        if shipped is not None:
            return shipped
        made = self._held.batches_made(job)
        is_piece = goods in self._held.pieces(job)
        if not is_piece and (made != [goods] or self._held.makers(goods) != [job]):
            why = f"{self._name(job)} is not the only maker of {self._name(goods)}"
            if made != [goods]:
                why = f"{self._name(job)} made {len(made)} batches"
            return Grade("possible", f"{why}, and no shipment tells which went out")
        lines = self._held.lines(job)
        if len(lines) > 1:
            why = f"{self._name(job)} served {len(lines)} order lines, and no shipment names it"
            return Grade("possible", why)
        return Grade()

    def shipped_otherwise(self, line: Term, goods: set[Term]) -> Grade | None:
        """Tell whether an order line was served in full by goods that are named, and are others."""
        shipments = self._held.to(line, vocab.SHIPS_FOR)
        named = {s: self.named_goods(s) for s in shipments}
        ordered = self._held.number(line, vocab.QUANTITY)
        if not shipments or ordered is None or not all(named.values()):
            return None
        if any(goods & of for of in named.values()):
            return None
        sent = [self._held.number(s, vocab.QUANTITY) for s in shipments]
        if sum((number or Decimal(0) for number in sent), Decimal(0)) < ordered:
            return None
        first = min(named)
        facts = ((first, vocab.SHIPS_FOR, line),)
        return Grade("excluded", f"{self._name(line)} was served by other lots", facts)

    def named_goods(self, shipment_line: Term) -> set[Term]:
        """Give the batches and pieces that a shipment line names."""
        held = self._held
        batches = held.of(shipment_line, vocab.SHIPS_BATCH)
        return {*batches, *held.of(shipment_line, vocab.SHIPS_PIECE)}

    def _name(self, term: Term) -> str:
        return short(term, self._base)

"""Leaks: where the records of a trace break off, and how far it would go if every break leaked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from kg import vocab
from kg.answer.evidence import short
from kg.answer.lookup import look_up

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from kg.answer.tracing.genealogy import Genealogy
    from kg.answer.tracing.steps import Place
    from kg.answer.tracing.trace import Traced
    from kg.records import Term
    from kg.store import Store

OWING = frozenset(
    vocab.code("job-status", status) for status in ("in-progress", "completed", "closed")
)
"""The statuses of a job that owes the batches that went into it."""
_NONE = (
    f"FILTER NOT EXISTS {{ ?job {vocab.CONSUMES} ?one }}"
    f" FILTER NOT EXISTS {{ ?job {vocab.POSSIBLY_CONSUMES} ?other }}"
    f" FILTER NOT EXISTS {{ ?job {vocab.USES_UNTRACKED_MATERIAL_ONLY} true }}"
)
_UNSURE = (
    f"{{ ?use {vocab.INPUT_TO} ?job . FILTER NOT EXISTS {{ ?use {vocab.OF_BATCH} ?any }} }} UNION"
    f" {{ VALUES ?status {{ {' '.join(sorted(OWING))} }} ?job {vocab.STATUS} ?status . {_NONE} }}"
    f" UNION {{ ?made {vocab.OUTPUT_OF} ?job . {_NONE} }}"
    f" UNION {{ ?run {vocab.OF_JOB} ?job . {_NONE}"
    f" FILTER NOT EXISTS {{ ?job {vocab.STATUS} ?any }} }}"
)
"""Finds each ``?job`` into which something went of which no batch is on record."""


@dataclass(frozen=True, slots=True)
class Break:
    """A thing that a trace reached and cannot follow further, and what is not written down.

    ``kind`` is ``no-batch`` (a job used material, and nothing says which batch), ``no-origin`` (a
    batch has neither a supplier nor a job that made it), ``no-lot`` (a shipment names no batch and
    no piece), ``no-outcome`` (a job made something, and nothing says where it went), ``no-job``
    (nothing says what an order line was met by) or ``no-customer``.
    """

    kind: str
    thing: Term
    said: str


def find_breaks(traced: Traced, base: str) -> list[Break]:
    """Find where a trace breaks off, among what is not excluded; in the order of the trace."""
    finders = {
        "forward": (_no_outcome, _no_lot, _no_customer),
        "backward": (_no_batch, _no_origin, _no_lot, _no_job),
    }[traced.direction]
    reached = [traced.start, *(r.place for r in traced.things.values() if r.how != "excluded")]
    names = {place.thing: short(place.thing, base) for place in reached}
    found = (
        Break(kind, place.thing, said.format(names[place.thing]))
        for place in reached
        for find in finders
        for kind, said in find(traced.held, place)
    )
    return list(found)


def _no_batch(held: Genealogy, place: Place) -> Iterator[tuple[str, str]]:
    if place.kind != "job":
        return
    if _has_unnamed(held, place.thing):
        yield "no-batch", "{} used material whose batch nobody wrote down"
    elif _owes_batch(held, place.thing):
        yield "no-batch", "{} has no record of the batches that went into it"


def has_no_batch(held: Genealogy, job: Term) -> bool:
    """Tell whether something went into a job of which no batch is on record."""
    return _has_unnamed(held, job) or _owes_batch(held, job)


def _has_unnamed(held: Genealogy, job: Term) -> bool:
    return any(use.role == "input" and not use.batch for use in held.uses_of_job(job))


def _owes_batch(held: Genealogy, job: Term) -> bool:
    """Tell whether a job has begun, uses what is tracked, and has not one batch on record."""
    uses = held.uses_of_job(job)
    if any(use.role != "output" for use in uses):
        return False
    if any(held.of(piece, vocab.CUT_FROM) for piece in held.pieces(job)):
        return False
    if any(t.startswith('"true"') for t in held.of(job, vocab.USES_UNTRACKED_MATERIAL_ONLY)):
        return False
    status = held.of(job, vocab.STATUS)
    has_run = bool(held.to(job, vocab.OF_JOB))
    return bool(uses or OWING & set(status)) or (not status and has_run)


def _no_origin(held: Genealogy, place: Place) -> Iterator[tuple[str, str]]:
    is_batch = place.kind == "batch"
    if is_batch and not held.of(place.thing, vocab.SUPPLIED_BY) and not held.makers(place.thing):
        yield "no-origin", "{} has no supplier, and no job is said to have made it"


def _no_lot(held: Genealogy, place: Place) -> Iterator[tuple[str, str]]:
    named = (*held.of(place.thing, vocab.SHIPS_BATCH), *held.of(place.thing, vocab.SHIPS_PIECE))
    if place.kind == "shipment-line" and not named:
        yield "no-lot", "{} names no batch and no piece"


def _no_outcome(held: Genealogy, place: Place) -> Iterator[tuple[str, str]]:
    job = place.thing
    if place.kind != "job":
        return
    has_outcome = held.batches_made(job) or held.pieces(job) or held.lines(job)
    is_over = bool(OWING & set(held.of(job, vocab.STATUS))) or bool(held.to(job, vocab.OF_JOB))
    if not has_outcome and is_over:
        yield "no-outcome", "nothing says what {} made, or for whom"


def _no_job(held: Genealogy, place: Place) -> Iterator[tuple[str, str]]:
    if place.kind != "order-line":
        return
    if not held.jobs_of_line(place.thing) and not held.to(place.thing, vocab.SHIPS_FOR):
        yield "no-job", "nothing says which job or shipment {} was met by"


def _no_customer(held: Genealogy, place: Place) -> Iterator[tuple[str, str]]:
    if place.kind == "order-line" and not held.of(place.thing, vocab.LINE_OF):
        yield "no-customer", "the order of {} is not known"
    if place.kind == "order" and not held.of(place.thing, vocab.ORDERED_BY):
        yield "no-customer", "the customer of {} is not known"


class Leaks:
    """Finds where batches of a material may have gone, or come from, unseen."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._unsure: dict[Term, set[Term]] | None = None

    def jobs_for(self, materials: Iterable[Term]) -> set[Term]:
        """Find the jobs with a break that may have used a material.

        Those that make a part which other jobs made of it; also those of which no part is known.
        """
        wanted = set(materials)
        if not wanted:
            return set()
        parts = self.parts_of(wanted)
        return {job for job, made in self._jobs().items() if not made or made & parts}

    def parts_of(self, materials: set[Term]) -> set[Term]:
        """Give the parts that a job made of a material, or whose bill of material names it."""
        named = " ".join(sorted(materials))
        rows = self._store.select(
            f"SELECT DISTINCT ?part WHERE {{ VALUES ?m {{ {named} }} {{ ?b {vocab.OF_MATERIAL} ?m ."
            f" ?job {vocab.CONSUMES} ?b ; {vocab.MAKES} ?part }} UNION"
            f" {{ ?c {vocab.COMPONENT_PART} ?m ; {vocab.COMPONENT_OF} ?part }} }}"
        )
        return {row["part"] for row in rows}

    def materials_of(self, parts: Iterable[Term]) -> set[Term]:
        """Give the materials that a job made a part of, or that its bill of material names."""
        pattern = (
            f"{{ ?job {vocab.MAKES} ?entity ; {vocab.CONSUMES} ?b ."
            f" ?b {vocab.OF_MATERIAL} ?material }} UNION"
            f" {{ ?c {vocab.COMPONENT_OF} ?entity ; {vocab.COMPONENT_PART} ?material }}"
        )
        return {row["material"] for row in look_up(self._store, parts, pattern)}

    def batches_of(self, materials: Iterable[Term]) -> set[Term]:
        """Give every batch of a material."""
        rows = look_up(self._store, materials, f"?batch {vocab.OF_MATERIAL} ?entity")
        return {row["batch"] for row in rows}

    def _jobs(self) -> dict[Term, set[Term]]:
        """Give the jobs with a break, and the parts that each makes."""
        if self._unsure is None:
            rows = self._store.select(
                f"SELECT DISTINCT ?job ?part WHERE {{ {_UNSURE}"
                f" OPTIONAL {{ ?job {vocab.MAKES} ?part }} }}"
            )
            self._unsure = {}
            for row in rows:
                made = self._unsure.setdefault(row["job"], set())
                if "part" in row:
                    made.add(row["part"])
        return self._unsure


@dataclass(frozen=True, slots=True)
class Worst:
    """What a trace would lead to if every break leaked, beyond what it leads to anyhow.

    ``things`` are by kind; ``unbounded`` names what nothing is known of: there anything could be.
    """

    things: dict[str, list[Term]]
    unbounded: tuple[Term, ...] = ()

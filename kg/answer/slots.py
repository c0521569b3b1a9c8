"""Slots: the links and values that an answer owes, and why one is empty."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from kg import vocab
from kg.answer.bundle import Slot, SlotGap
from kg.reason.ways import filled, ways_in

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kg import records
    from kg.answer.bundle import Fact, SlotState
    from kg.answer.evidence import Evidence
    from kg.answer.opengaps import OpenGaps
    from kg.journal import OpenGap
    from kg.records import Term
    from kg.store import Store

LINKS = ("machine", "spec", "customer", "batch")
"""The links that a job owes; with what a machine does now they are the five of a plant."""


@dataclass(frozen=True, slots=True)
class LinkRule:
    """How one link of a job is found in the present.

    ``certain`` are its predicates; ``presumed`` those that are only inferred, looked at in turn
    while nothing was found; ``needs`` are those of which a mapping must produce one to cover it.
    """

    certain: tuple[Term, ...]
    presumed: tuple[tuple[Term, str], ...]
    needs: frozenset[Term]
    would_give: str


LINK_RULES: dict[str, LinkRule] = {
    "machine": LinkRule(
        (vocab.MADE_ON,),
        (),
        frozenset({vocab.ON_MACHINE, vocab.PLANNED_ON}),
        "an MES, the machine's own signal, or an ERP that plans operations on machines",
    ),
    "spec": LinkRule(
        (vocab.APPLIES_SPEC,),
        ((vocab.PRESUMED_SPEC, "the part's current revision; nothing pins one to the job"),),
        frozenset({vocab.PINNED_SPEC, vocab.APPLIES_SPEC, vocab.CURRENT_SPEC}),
        "a PLM, quality or document system that holds revisions of specifications",
    ),
    "customer": LinkRule(
        (vocab.FOR_CUSTOMER,),
        (),
        frozenset({vocab.ORDERED_BY}),
        "an ERP or order system that holds sales orders and what they are made by",
    ),
    "batch": LinkRule(
        (vocab.CONSUMES,),
        (
            (vocab.PRESUMABLY_CONSUMES, "the only batch loaded for the job; none was scanned"),
            (vocab.POSSIBLY_CONSUMES, "one of several batches loaded; none was scanned"),
        ),
        frozenset({vocab.INPUT_TO, vocab.LOADED_FOR}),
        "an ERP or warehouse system that books lots to jobs, or a scanner at the machine",
    ),
}


JOB_EVIDENCE: tuple[tuple[Term, bool, str], ...] = (
    (vocab.JOB_BY_BOOKING, False, "by what is booked on the machine; the run names no job"),
    (vocab.JOB_BY_PALLET, False, "by the operation on its pallet; the run names no job"),
    (vocab.JOB_BY_PROGRAM, False, "by the operation with its program; the run names no job"),
    (vocab.JOB_BY_SCHEDULE, True, "by the plan of the machine; nothing else tells"),
)
"""What tells the job of a run that names none, the best first; whether it can only be presumed."""
JOB_LINKS = (vocab.OF_JOB, *(predicate for predicate, _, _ in JOB_EVIDENCE))
DISPUTED = "its program is that of operations for another part"


class Slots:
    """Fills slots from the present and says why one stays empty."""

    def __init__(
        self,
        store: Store,
        evidence: Evidence,
        gaps: OpenGaps | Mapping[tuple[Term, str], OpenGap],
        covering: Mapping[str, list[str]],
    ) -> None:
        self._store = store
        self._evidence = evidence
        self._gaps = gaps
        self._covering = covering

    def link(self, job: Term, slot: str) -> Slot:
        """Fill one of the four links of a job."""
        rule = LINK_RULES[slot]
        facts = [f for p in rule.certain for f in self._evidence.facts(job, p, slot)]
        for predicate, note in rule.presumed:
            if not facts:
                facts = self._evidence.facts(job, predicate, slot, is_inferred=True, note=note)
        return _filled(facts) or self.empty_link(job, slot)

    def job_of(self, run: Term) -> Slot | None:
        """Fill the job of a run, by the best evidence there is; None where there is none.

        A job whose part the run's program does not make is a conflict.
        """
        facts = self._evidence.facts(run, vocab.OF_JOB, "job")
        if facts and self._store.objects(run, vocab.DISPUTED_BY_PROGRAM):
            facts = [replace(fact, state="conflicting", note=DISPUTED) for fact in facts]
        for predicate, is_presumed, note in JOB_EVIDENCE:
            if not facts:
                given = self._evidence.facts
                facts = given(run, predicate, "job", is_inferred=is_presumed, note=note)
        return _filled(facts)

    def values(self, subject: Term, slot: str, *predicates: Term) -> Slot:
        """Fill a slot that is not owed: empty is unknown."""
        facts = [f for p in predicates for f in self._evidence.facts(subject, p, slot)]
        return _filled(facts) or Slot("unknown")

    def empty_link(self, job: Term, slot: str) -> Slot:
        """Say why a link of a job has no fact."""
        if is_declared_none(self._store, job, slot):
            return Slot("none")
        sources = self._covering[slot]
        gap = self._gaps.get((job, slot))
        if not sources:
            return Slot("unknown", gap=self.unknown_gap(job, slot))
        if gap is None:
            return Slot("not_due")
        return Slot("missing", gap=self.missing_gap(gap))

    def is_covered(self, slot: str) -> bool:
        """Tell whether a connected source could fill a link, or ``now``."""
        return bool(self._covering[slot])

    def unknown_gap(self, job: Term, slot: str) -> SlotGap:
        """Say that no connected source covers a link, and what kind of source would."""
        return SlotGap(
            entity=self._evidence.short(job),
            slot=slot,
            state="unknown",
            shape=None,
            severity=None,
            message=f"No connected source covers the {slot}; {LINK_RULES[slot].would_give} would.",
            source=None,
            record=None,
        )

    def lost_job_gap(self, machine: Term) -> SlotGap:
        """Say that a machine works and nobody says on what."""
        sources = self._covering["now"]
        return SlotGap(
            entity=self._evidence.short(machine),
            slot="job",
            state="missing",
            shape=None,
            severity="violation",
            message="The machine reports that it works, and no run names the job it works on.",
            source=sources[0] if sources else None,
            record=self._evidence.record_of(machine, sources),
        )

    def unwatched_gap(self, machine: Term) -> SlotGap:
        """Say that no connected source tells what runs on a machine."""
        return SlotGap(
            entity=self._evidence.short(machine),
            slot="job",
            state="unknown",
            shape=None,
            severity=None,
            message="No connected source says what runs on machines; an MES or their own signals"
            " would.",
            source=None,
            record=None,
        )

    def missing_gap(self, gap: OpenGap, *, is_cited: bool = True) -> SlotGap:
        """Say what a shape demands, which source should hold it and which record lacks it.

        To cite the record costs a look-up, which a check makes for many gaps at once.
        """
        sources = self._covering.get(gap.slot, [])
        state: SlotState = "missing" if sources or gap.slot not in LINKS else "unknown"
        return SlotGap(
            entity=self._evidence.short(gap.entity),
            slot=gap.slot,
            state=state,
            shape=gap.shape[1:-1],
            severity=gap.severity,
            message=gap.message,
            source=sources[0] if sources else None,
            record=self._evidence.record_of(gap.entity, sources) if is_cited else None,
            since=gap.opened_at,
            checked_at=gap.checked_at or None,
            kind="link" if gap.slot in LINKS else "value",
        )


def _filled(facts: list[Fact]) -> Slot | None:
    if not facts:
        return None
    states = {fact.state for fact in facts}
    if "conflicting" in states:
        return Slot("conflicting", facts)
    return Slot("known" if "known" in states else "inferred", facts)


_JOB = "?job"
_STOCK = vocab.code("supply", "make-to-stock")
_OUTSIDE = (("?own", vocab.OPERATION_OF, _JOB), ("?own", vocab.RDF_TYPE, vocab.OUTSIDE_OPERATION))
_NONE: dict[str, tuple[tuple[records.Fact, ...], ...]] = {
    "customer": (
        ((_JOB, vocab.SUPPLY_POLICY, _STOCK),),
        ((_JOB, vocab.MAKES, "?part"), ("?part", vocab.SUPPLY_POLICY, _STOCK)),
    ),
    "batch": (((_JOB, vocab.USES_UNTRACKED_MATERIAL_ONLY, f'"true"^^<{vocab.XSD}boolean>'),),),
    "machine": (_OUTSIDE,),
}
"""The patterns under which a link is declared to be nothing, each by itself; see `_UNLESS`."""
_UNLESS = {
    "machine": f"FILTER NOT EXISTS {{ ?other {vocab.OPERATION_OF} ?job FILTER NOT EXISTS {{ "
    f"?other {vocab.RDF_TYPE} {vocab.OUTSIDE_OPERATION} }} }}"
}
"""What must not be there beside: an operation in the house."""


def is_declared_none(store: Store, job: Term, slot: str) -> bool:
    """Tell whether a source or declared rule says that there is nothing to link."""
    given = [[filled(pattern, {_JOB: job}) for pattern in way] for way in _NONE.get(slot, ())]
    if not any(ways_in(body, store) for body in given):
        return False
    if slot not in _UNLESS:
        return True
    query = f"ASK {{ VALUES ?job {{ {job} }} {none_patterns(slot)[0]} }}"
    return store.ask(query)


def none_patterns(slot: str) -> list[str]:
    """Give the graph patterns, over ?job, under which a link is declared to be nothing."""
    unless = _UNLESS.get(slot, "")
    return [
        " ".join(f"{s} {p} {o} ." for s, p, o in way) + f" {unless}" for way in _NONE.get(slot, ())
    ]

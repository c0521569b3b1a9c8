"""Context: what is going on with a machine, a job, a customer or a batch, in one answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kg import vocab
from kg.answer.bundle import Context, Run, Slot, SlotGap, unite
from kg.answer.evidence import first_object, literal_text
from kg.answer.lookup import may_lead
from kg.answer.noted import notes_about
from kg.answer.opengaps import gaps_of
from kg.answer.planning.next import waiting_by_plan
from kg.answer.runs import MAX_LISTED, RUN, open_runs, past_runs
from kg.answer.slots import JOB_LINKS, LINKS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from kg.answer.evidence import Evidence
    from kg.answer.opengaps import OpenGaps
    from kg.answer.slots import Slots
    from kg.journal import OpenGap
    from kg.records import Term
    from kg.store import Store

END_LOST = "end not recorded; a later start on the machine shows that it was over"
NOT_RUNNING = {"down", "maintenance", "off"}
QUANTITIES = {
    "good": vocab.GOOD_QUANTITY,
    "scrap": vocab.SCRAP_QUANTITY,
    "rework": vocab.REWORK_QUANTITY,
}
OF_OPEN_RUN = {
    "phase": vocab.PHASE,
    "started": vocab.STARTED_AT,
    "position": vocab.ON_PALLET,
}
KINDS: dict[Term, str] = {
    vocab.MACHINE: "machine",
    vocab.JOB: "job",
    vocab.CUSTOMER: "customer",
    vocab.MATERIAL_BATCH: "batch",
    vocab.SALES_ORDER: "order",
    vocab.PART: "part",
    vocab.OPERATION: "operation",
    vocab.RUN: "run",
    vocab.SPECIFICATION: "spec",
    vocab.SUPPLIER: "supplier",
    vocab.WORK_CENTER: "work-center",
    vocab.PERSON: "person",
    vocab.PIECE: "piece",
}
_OPEN_STATUS = " ".join(
    vocab.code("job-status", name) for name in ("planned", "released", "in-progress")
)


class ContextBuilder:
    """Builds one answer; the evidence in it fixes clock and state."""

    def __init__(
        self,
        store: Store,
        evidence: Evidence,
        slots: Slots,
        gaps: OpenGaps | Mapping[tuple[Term, str], OpenGap],
    ) -> None:
        self._store = store
        self._evidence = evidence
        self._slots = slots
        self._gaps = gaps
        self._by_job: dict[Term, dict[str, Slot]] = {}
        self._jobs: dict[Term, Term | None] = {}
        self._left_out: dict[str, int | None] = {}

    def build(self, entity: Term, kind: str, as_of: str, sources: list[dict[str, Any]]) -> Context:
        """Build the answer for an entity of a kind; other kinds than the four get their facts."""
        makers: dict[str, Callable[[Term], tuple[dict[str, Slot], list[Term]]]] = {
            "machine": self._machine,
            "job": self._job,
            "customer": self._customer,
            "batch": self._batch,
        }
        slots, run_terms = makers.get(kind, self._other)(entity)
        runs = [self._run(run) for run in run_terms]
        if kind in {"machine", "customer", "batch"}:
            names = dict.fromkeys(name for run in runs for name in run.slots)
            united = {
                name: unite([r.slots[name] for r in runs if name in r.slots]) for name in names
            }
            slots = {**united, **slots}
        return Context(
            entity={
                "id": self._evidence.short(entity),
                "kind": kind,
                "label": self._evidence.label(entity),
                "iri": entity[1:-1],
            },
            as_of=as_of,
            applied_seq=self._store.applied_seq(),
            status=self._status(entity, kind, runs),
            slots=slots,
            runs=runs,
            next=waiting_by_plan(self._store, self._evidence, entity) if kind == "machine" else [],
            gaps=self._all_gaps(entity, slots, runs),
            notes=self._notes(entity, run_terms, as_of),
            sources=sources,
            left_out=self._left_out,
        )

    def _column(self, query: str, name: str) -> list[Term]:
        return [row[name] for row in self._store.select(query)]

    def _listed(self, name: str, pattern: str) -> tuple[list[Term], int]:
        """Give the first values of a variable in their order, and how many others there are."""
        where = f"WHERE {{ {pattern} }}"
        found = self._column(
            f"SELECT DISTINCT ?{name} {where} ORDER BY ?{name} LIMIT {MAX_LISTED}", name
        )
        if len(found) < MAX_LISTED:
            return found, 0
        (count,) = self._column(f"SELECT (COUNT(DISTINCT ?{name}) AS ?count) {where}", "count")
        return found, int(literal_text(count)) - len(found)

    def _leave_out(self, what: str, more: int) -> None:
        if more:
            self._left_out[what] = more

    def _value(self, subject: Term, predicate: Term) -> Term | None:
        return first_object(self._store, subject, predicate)

    def _text(self, subject: Term, predicate: Term) -> str | None:
        value = self._value(subject, predicate)
        return None if value is None else self._evidence.short(value)

    def _machine(self, machine: Term) -> tuple[dict[str, Slot], list[Term]]:
        runs = open_runs(self._store, [((RUN, vocab.RUNNING_ON, machine),)])
        slots = {
            "activity": self._slots.values(machine, "activity", vocab.ACTIVITY),
            "activity_reason": self._said(machine, "activity_reason", vocab.ACTIVITY_REASON),
            "activity_since": self._said(machine, "activity_since", vocab.ACTIVITY_SINCE),
            "work_center": self._slots.values(machine, "work_center", vocab.IN_WORK_CENTER),
        }
        if not runs:
            slots["job"] = self._no_job(machine)
        return slots, runs

    def _no_job(self, machine: Term) -> Slot:
        """Say why a machine has no job: it rests, it works unbooked, or nobody watches it."""
        activity = self._text(machine, vocab.ACTIVITY)
        if activity in {"production", "setup"}:
            return Slot("missing", gap=self._slots.lost_job_gap(machine))
        if activity is not None or self._slots.is_covered("now"):
            return Slot("none")
        return Slot("unknown", gap=self._slots.unwatched_gap(machine))

    def _said(self, subject: Term, slot: str, predicate: Term) -> Slot:
        """Fill a slot with what is said; nothing is looked up for what nobody says."""
        if not self._store.objects(subject, predicate):
            return Slot("unknown")
        return self._slots.values(subject, slot, predicate)

    def _order_lines(self, job: Term) -> Slot:
        """Give the order lines that a job is allocated to: facts of its allocations."""
        shares = sorted(self._store.subjects(vocab.ALLOCATION_OF, job))
        return unite([self._said(one, "order_line", vocab.TO_ORDER_LINE) for one in shares])

    def _job(self, job: Term) -> tuple[dict[str, Slot], list[Term]]:
        runs = open_runs(self._store, [((RUN, link, job),) for link in JOB_LINKS])
        past, more = past_runs(self._store, [((RUN, vocab.OF_JOB, job),)])
        self._leave_out("runs", more)
        return self._job_slots(job), [*runs, *past]

    def _job_slots(self, job: Term) -> dict[str, Slot]:
        """Fill the slots of a job once, however many of its runs are told of."""
        if job not in self._by_job:
            self._by_job[job] = self._fill_job(job)
        return dict(self._by_job[job])

    def _fill_job(self, job: Term) -> dict[str, Slot]:
        slots = {slot: self._slots.link(job, slot) for slot in LINKS}
        slots["part"] = self._slots.values(job, "part", vocab.MAKES)
        slots["operation"] = self._slots.values(job, "operation", vocab.HAS_OPERATION)
        slots["quantity"] = self._slots.values(job, "quantity", vocab.PLANNED_QUANTITY)
        slots["due"] = self._slots.values(job, "due", vocab.DUE_DATE)
        slots["order_line"] = self._order_lines(job)
        slots["status"] = self._slots.values(job, "status", vocab.STATUS)
        return slots

    def _customer(self, customer: Term) -> tuple[dict[str, Slot], list[Term]]:
        jobs, more = self._listed(
            "job",
            f"VALUES ?status {{ {_OPEN_STATUS} }} "
            f"?job {vocab.FOR_CUSTOMER} {customer} ; {vocab.STATUS} ?status",
        )
        self._leave_out("slots.job", more)
        facts = [
            self._evidence.fact((job, vocab.FOR_CUSTOMER, customer), "job", "known") for job in jobs
        ]
        slots = {
            "order": self._slots.values(customer, "order", vocab.PLACED),
            "job": Slot("known", facts) if facts else Slot("none"),
        }
        way = ((RUN, vocab.OF_JOB, "?job"), ("?job", vocab.FOR_CUSTOMER, customer))
        return slots, open_runs(self._store, [way])

    def _batch(self, batch: Term) -> tuple[dict[str, Slot], list[Term]]:
        used = (vocab.CONSUMED_BY, vocab.POSSIBLY_CONSUMED_BY)
        slots = {
            "material": self._slots.values(batch, "material", vocab.OF_MATERIAL),
            "supplier": self._slots.values(batch, "supplier", vocab.SUPPLIED_BY),
            "job": self._slots.values(batch, "job", *used),
            "made_from": self._slots.values(batch, "made_from", vocab.MADE_FROM),
            "made_into": self._slots.values(batch, "made_into", vocab.MADE_INTO),
            "made_by": self._slots.values(batch, "made_by", vocab.PRODUCED_BY),
        }
        links = (vocab.CONSUMES, vocab.POSSIBLY_CONSUMES)
        ways = [((RUN, vocab.OF_JOB, "?job"), ("?job", link, batch)) for link in links]
        return slots, open_runs(self._store, ways)

    def _other(self, entity: Term) -> tuple[dict[str, Slot], list[Term]]:
        predicates = self._column(
            f"SELECT DISTINCT ?p WHERE {{ {entity} ?p ?o . "
            f'FILTER(STRSTARTS(STR(?p), "{vocab.TR}")) }} ORDER BY ?p',
            "p",
        )
        slots = {}
        for predicate in predicates:
            name = predicate[1:-1].removeprefix(vocab.TR)
            slots[name] = self._slots.values(entity, name, predicate)
        return slots, []

    def _run(self, run: Term) -> Run:
        job = self._job_of(run)
        slots = {
            "job": self._slots.job_of(run) or Slot("unknown"),
            "machine": self._slots.values(run, "machine", vocab.ON_MACHINE),
            "operation": self._slots.values(run, "operation", vocab.OF_OPERATION),
            "person": self._slots.values(run, "person", vocab.BY_PERSON),
            "program": self._slots.values(run, "program", vocab.RUNS_PROGRAM),
        }
        if job is not None:
            own = self._job_slots(job)
            slots |= {name: own[name] for name in own if name not in {"machine", "operation"}}
            made = self._slots.values(run, "quantity", *QUANTITIES.values())
            slots["quantity"] = unite([made, own["quantity"]])
        else:
            machine = self._value(run, vocab.ON_MACHINE)
            gap = self._slots.lost_job_gap(machine) if machine is not None else None
            slots["job"] = Slot("missing", gap=gap)
        if self._store.objects(run, vocab.RUNNING_ON):
            slots |= {name: self._said(run, name, said) for name, said in OF_OPEN_RUN.items()}
        pieces, left_out = self._pieces(job)
        recorded, inferred = self._text(run, vocab.ENDED_AT), self._text(run, vocab.INFERRED_END_AT)
        return Run(
            run=self._evidence.short(run),
            phase=self._text(run, vocab.PHASE),
            position=self._text(run, vocab.ON_PALLET),
            since=self._text(run, vocab.STARTED_AT),
            operations=[fact.label for fact in slots["operation"].facts],
            pieces=pieces,
            left_out=left_out,
            quantity=self._quantity(run, job),
            slots=slots,
            end="recorded" if recorded else "inferred" if inferred else "open",
            ended_at=recorded or inferred,
            note=None if recorded or not inferred else END_LOST,
        )

    def _job_of(self, run: Term) -> Term | None:
        """Find the job of a run by the best evidence there is."""
        if run not in self._jobs:
            found = (self._value(run, link) for link in JOB_LINKS)
            self._jobs[run] = next((job for job in found if job is not None), None)
        return self._jobs[run]

    def _pieces(self, job: Term | None) -> tuple[list[str], dict[str, int | None]]:
        """Give the serial numbers of a job's pieces; of many the first, and how many others."""
        if job is None or not may_lead(self._store, vocab.PIECE_OF, [job]):
            return [], {}
        serials, more = self._listed(
            "s", f"?piece {vocab.PIECE_OF} {job} ; {vocab.SERIAL_NUMBER} ?s"
        )
        return [literal_text(serial) for serial in serials], {"pieces": more} if more else {}

    def _quantity(self, run: Term, job: Term | None) -> dict[str, str | None]:
        result = {name: self._text(run, predicate) for name, predicate in QUANTITIES.items()}
        result["planned"] = self._text(job, vocab.PLANNED_QUANTITY) if job else None
        result["unit"] = self._text(job, vocab.UNIT) if job else None
        return result

    def _status(self, entity: Term, kind: str, runs: list[Run]) -> dict[str, str | None]:
        runs = [run for run in runs if run.end == "open"]
        if kind != "machine":
            status = self._text(entity, vocab.STATUS)
            state = "running" if runs else status or "unknown"
            return {"state": state, "activity": None, "reason": None, "since": None}
        activity = self._text(entity, vocab.ACTIVITY)
        since = self._text(entity, vocab.ACTIVITY_SINCE)
        if activity is None and runs:
            activity, since = runs[0].phase, runs[0].since
        return {
            "state": "running" if runs and activity not in NOT_RUNNING else activity or "unknown",
            "activity": activity or "unknown",
            "reason": self._text(entity, vocab.ACTIVITY_REASON),
            "since": since,
        }

    def _all_gaps(self, entity: Term, slots: dict[str, Slot], runs: list[Run]) -> list[SlotGap]:
        found: dict[tuple[str, str], SlotGap] = {}
        for slot in [*slots.values(), *(s for run in runs for s in run.slots.values())]:
            if slot.gap is not None:
                found.setdefault((slot.gap.entity, slot.gap.slot), slot.gap)
        for gap in gaps_of(self._gaps, entity):
            shown = self._slots.missing_gap(gap)
            found.setdefault((shown.entity, shown.slot), shown)
        return list(found.values())

    def _notes(self, entity: Term, runs: list[Term], as_of: str) -> list[dict[str, str | None]]:
        jobs = [job for run in runs if (job := self._job_of(run)) is not None]
        return notes_about(self._store, self._evidence, [entity, *jobs], as_of)

"""Focus: what an answer holds beyond what is going on now, as far as it is asked for.

``why_late`` adds causes, dates and a forecast; ``next`` the order of what waits, or a job's steps,
each with what blocks it; ``quality`` limits, measured values and inspections; ``material`` what is
needed, what is left of it and where it went; ``full`` all of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kg import vocab
from kg.answer.bundle import NextOrder, Slot, unite
from kg.answer.lookup import look_up
from kg.answer.planning import computed
from kg.answer.planning.blockers import Blockers
from kg.answer.planning.late import why_late
from kg.answer.planning.needs import material_of
from kg.answer.planning.next import MOST_LISTED, Ranked, advise, entries_of, entry_of, order_of
from kg.answer.planning.planner import OPEN
from kg.answer.slots import JOB_LINKS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from kg.answer.bundle import Context, Focus
    from kg.answer.planning.next import Rule
    from kg.answer.planning.planner import Planner
    from kg.answer.slots import Slots
    from kg.records import Term

FOCUSES: dict[Focus, str] = {
    "now": "what is going on now",
    "why_late": "and why it is late: the causes, what is computed of its dates, a forecast",
    "next": "and what should come next, by a rule, each with its reasons and what blocks it",
    "quality": "and its limits, measured values and inspections",
    "material": "and what it needs, what is left of that, and what was made of it",
    "full": "and all of these",
}
DETAILS = (
    "characteristic", "requirement", "measurement", "inspection", "use", "consumes",
    "possibly_consumes", "produces",
)  # fmt: skip
"""The slots that the focuses ``quality`` and ``material`` add."""
ROUTING = "routing"
MOST_JOBS = 20
CUT = f"only the first {MOST_JOBS} jobs are looked at"
_LIMITS = (vocab.NOMINAL, vocab.LOWER_LIMIT, vocab.UPPER_LIMIT)
_OPEN = " ".join(vocab.code("job-status", word) for word in OPEN)
_JOBS = {
    "machine": f"?run {vocab.RUNNING_ON} {{}} ; {'|'.join(JOB_LINKS)} ?job",
    "run": f"{{}} {'|'.join(JOB_LINKS)} ?job",
    "operation": f"{{}} {vocab.OPERATION_OF} ?job",
    "customer": f"?job {vocab.FOR_CUSTOMER} {{}} ; {vocab.STATUS} ?status . "
    f"VALUES ?status {{{{ {_OPEN} }}}}",
    "order": f"?line {vocab.LINE_OF} {{}} . ?share {vocab.TO_ORDER_LINE} ?line ; "
    f"{vocab.ALLOCATION_OF} ?job",
    "batch": f"?job {vocab.CONSUMES}|{vocab.POSSIBLY_CONSUMES}|{vocab.PRODUCES} {{}}",
}
"""How the jobs of a thing are found, by its kind."""
_BATCHES = {
    "consumes": (vocab.CONSUMES,),
    "possibly_consumes": (vocab.POSSIBLY_CONSUMES,),
    "produces": (vocab.PRODUCES,),
}


def expand(context: Context, planner: Planner, entity: Term, focus: Focus, rule: Rule) -> None:
    """Add to an answer what its focus asks for, of the thing and of the jobs it is about."""
    context.focus = focus
    if focus == "now":
        return
    kind = context.entity["kind"]
    makers: dict[Focus, Callable[[_Expansion], None]] = {
        "why_late": _Expansion.why_late,
        "next": _Expansion.next,
        "quality": _Expansion.quality,
        "material": _Expansion.material,
    }
    jobs = _jobs_of(planner, entity, kind)
    planner.steps_of(jobs)
    expansion = _Expansion(context, planner, entity, kind, jobs, rule)
    for name, make in makers.items():
        if focus in {name, "full"}:
            make(expansion)
    context.inputs = [planner.inputs[name] for name in sorted(planner.inputs)]


class _Expansion:
    def __init__(
        self,
        context: Context,
        planner: Planner,
        entity: Term,
        kind: str,
        jobs: list[Term],
        rule: Rule,
    ) -> None:
        self._context = context
        self._planner = planner
        self._slots: Slots = planner.slots
        self._entity = entity
        self._kind = kind
        self._jobs = jobs[:MOST_JOBS]
        self._is_cut = len(jobs) > MOST_JOBS
        self._rule = rule

    def _compute(self, name: str, compute: Callable[[Planner, Term], Slot]) -> None:
        """Compute something of every job; what cannot be said of one is noted with the others."""
        found = [compute(self._planner, job) for job in self._jobs]
        if found:
            slot = unite(found)
            if self._is_cut:
                slot.note = "; ".join(filter(None, (slot.note, CUT)))
            self._context.computed[name] = slot

    def why_late(self) -> None:
        """Add the causes of lateness, and what is computed of dates and quantities."""
        for job in self._jobs:
            self._context.causes += why_late(self._planner, job)
        self._compute("late_by", computed.late_by)
        self._compute("time_left", computed.time_left)
        self._compute("remaining", computed.remaining)
        self._compute("forecast", computed.forecast)

    def next(self) -> None:
        """Add the order of what waits for a machine; of a job or an operation what is open."""
        if self._kind == "machine":
            advice = advise(self._planner, self._entity, self._rule)
            self._context.next = entries_of(self._planner, advice)
            self._context.order = order_of(self._planner, advice)
        elif self._kind in {"job", "operation"}:
            self._steps()
        self._compute("remaining", computed.remaining)
        self._compute("time_left", computed.time_left)

    def _steps(self) -> None:
        """List a job's open operations in the order of its routing, with what blocks each."""
        steps = [s for steps in self._planner.steps_of(self._jobs).values() for s in steps]
        if self._kind == "operation":
            steps = [step for step in steps if step.term == self._entity]
        steps = [step for step in steps if not step.is_over and step.status != "in-progress"]
        blockers = Blockers(self._planner)
        found = blockers.find(steps)
        ranked = [Ranked(step, None, (), tuple(found[step.term])) for step in steps]
        blocked = sum(one.is_blocked for one in ranked)
        self._context.next = [
            entry_of(self._planner, one, ROUTING, place)
            for place, one in enumerate(ranked[:MOST_LISTED], start=1)
        ]
        self._context.order = NextOrder(
            rule=ROUTING,
            means="the order of the routing",
            ready=len(ranked) - blocked,
            blocked=blocked,
            listed=len(self._context.next),
            remarks=tuple(self._planner.reason(finding) for finding in blockers.uncovered()),
        )

    def quality(self) -> None:
        """Add limits, what customers demand, measured values and inspections."""
        specs = self._linked(self._jobs, vocab.APPLIES_SPEC, vocab.PRESUMED_SPEC)
        self._add("characteristic", self._linked(specs, vocab.HAS_CHARACTERISTIC), _LIMITS)
        self._add("requirement", self._requirements(), (*_LIMITS, vocab.TEXT, vocab.OVERRIDES))
        measured = self._select(vocab.MEASURED_ON, self._jobs)
        self._add("measurement", measured, (vocab.MEASURES, vocab.MEASURED_VALUE, vocab.PASSED))
        inspected = self._select(vocab.INSPECTS, self._jobs)
        self._add("inspection", inspected, (vocab.AGAINST_SPEC, vocab.PASSED))
        if self._jobs:
            beyond = computed.out_of_limits(self._planner, self._jobs)
            self._context.computed["out_of_limits"] = beyond

    def _requirements(self) -> list[Term]:
        """Give what the jobs' customers demand of the parts that they make."""
        customers = set(self._linked(self._jobs, vocab.FOR_CUSTOMER))
        parts = set(self._linked(self._jobs, vocab.MAKES))
        rows = self._select(vocab.REQUIRED_BY, customers)
        values = self._planner.values
        return [own for own in rows if parts & set(values.of(own, vocab.REQUIREMENT_ON))]

    def material(self) -> None:
        """Add what was used and made, and what is needed, left and possible."""
        if self._kind == "batch":
            used = self._select(vocab.OF_BATCH, {self._entity})
            self._add("use", used, (vocab.INPUT_TO, vocab.OUTPUT_OF, vocab.USED_QUANTITY))
        for name, predicates in _BATCHES.items():
            found = [self._slots.values(job, name, *predicates) for job in self._jobs]
            self._put(name, [slot for slot in found if slot.facts])
        if self._jobs and self._kind != "batch":
            needed, left = material_of(self._planner, self._jobs)
            self._context.computed |= {"needed": needed, "left": left}

    def _select(self, predicate: Term, values: Iterable[Term]) -> list[Term]:
        """Give what has one of some values of a property, sorted."""
        rows = look_up(self._planner.store, values, f"?found {predicate} ?entity")
        return sorted({row["found"] for row in rows})

    def _linked(self, subjects: Iterable[Term], *predicates: Term) -> list[Term]:
        """Give what things are led to by some properties, each once."""
        listed = list(subjects)
        self._planner.values.load(listed, predicates)
        values = self._planner.values.of
        return list(dict.fromkeys(v for s in listed for p in predicates for v in values(s, p)))

    def _add(self, name: str, subjects: Iterable[Term], predicates: tuple[Term, ...]) -> None:
        """Add a slot of what is said about things."""
        listed = list(subjects)[:MOST_LISTED]
        found = [self._slots.values(subject, name, *predicates) for subject in listed]
        self._put(name, [slot for slot in found if slot.facts])

    def _put(self, name: str, found: list[Slot]) -> None:
        self._context.slots[name] = unite(found) if found else Slot("unknown")


def _jobs_of(planner: Planner, entity: Term, kind: str) -> list[Term]:
    """Give the jobs that an answer about a thing is about; of many, one more than is looked at."""
    if kind == "job":
        return [entity]
    pattern = _JOBS.get(kind)
    if pattern is None:
        return []
    rows = planner.store.select(
        f"SELECT DISTINCT ?job WHERE {{ {pattern.format(entity)} }} ORDER BY ?job "
        f"LIMIT {MOST_JOBS + 1}"
    )
    return [row["job"] for row in rows]

"""Coverage: of what should be linked, how much is, and why the rest is not."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from kg import vocab
from kg.answer.bundle import SlotGap
from kg.answer.lookup import all_rows
from kg.answer.slots import JOB_LINKS, LINK_RULES, LINKS, none_patterns
from kg.identity import resolve
from kg.mentions import said_aliases

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from kg.answer.evidence import Evidence
    from kg.answer.gaps.ranking import Repair
    from kg.answer.slots import Slots
    from kg.journal import OpenGap, WaitingCount
    from kg.records import Term
    from kg.store import Store


@dataclass(frozen=True, slots=True)
class LinkCoverage:
    """One of the five links: ``of`` = have + none + not_due + unknown + what is missing."""

    link: str
    have: int
    of: int
    none: int
    not_due: int
    unknown: int

    @property
    def missing(self) -> int:
        """How many a shape demands and a connected source should hold, and are not there."""
        return self.of - self.have - self.none - self.not_due - self.unknown


@dataclass(frozen=True, slots=True)
class Check:
    """What ``traveler check`` says: coverage of the five links, every gap, and bad rows.

    Gaps stand in the order in which they should be mended; of ``repairs`` the first answers most.
    ``withheld`` counts the gaps that whoever asks is not shown, ``left_out`` those that are beyond
    what was asked for.
    """

    coverage: list[LinkCoverage]
    gaps: list[SlotGap]
    quarantine: list[WaitingCount] = field(default_factory=list)
    repairs: list[Repair] = field(default_factory=list)
    checked_at: str | None = None
    withheld: int = 0
    left_out: int = 0

    def exit_code(self) -> int:
        """Give 1 where something is missing, conflicting or invalid; unknown alone is nothing.

        What waits in quarantine is invalid, until it is mended or discarded.
        """
        return int(bool(self.quarantine) or any(gap.state != "unknown" for gap in self.gaps))

    def to_dict(self) -> dict[str, Any]:
        """Give plain data for JSON."""
        return {
            "checked_at": self.checked_at,
            "coverage": [{**asdict(row), "missing": row.missing} for row in self.coverage],
            "repairs": [{**asdict(row), "sentence": row.sentence()} for row in self.repairs],
            "gaps": [gap.to_dict() for gap in self.gaps],
            "quarantine": [row._asdict() for row in self.quarantine],
            "withheld": self.withheld,
            "left_out": self.left_out,
        }


class Checker:
    """Counts coverage over the whole present, by sets."""

    def __init__(
        self,
        store: Store,
        evidence: Evidence,
        slots: Slots,
        gaps: Mapping[tuple[Term, str], OpenGap],
        covering: Mapping[str, list[str]],
        single_valued: frozenset[Term],
    ) -> None:
        self._store = store
        self._evidence = evidence
        self._slots = slots
        self._gaps = gaps
        self._covering = covering
        self._single_valued = single_valued

    def check(self) -> Check:
        """Count the five links, then list gaps: of links, of other shapes, and conflicts."""
        cancelled = self._jobs(f"?job {vocab.STATUS} {vocab.code('job-status', 'cancelled')} .")
        jobs = self._jobs(f"?job a {vocab.JOB} .") - cancelled
        coverage, gaps = [], []
        for slot in LINKS:
            row, unknown = self._link(slot, jobs)
            coverage.append(row)
            gaps += [self._slots.unknown_gap(job, slot) for job in sorted(unknown)]
        now, lost = self._machines_now()
        coverage.append(now)
        gaps += lost
        gaps += [
            self._slots.missing_gap(gap, is_cited=False)
            for (entity, slot), gap in sorted(self._gaps.items())
            if slot not in LINKS or (entity in jobs and self._covering[slot])
        ]
        return Check(coverage, [*gaps, *self._conflicts(), *self._disputed_ids()])

    def _jobs(self, pattern: str) -> set[Term]:
        """Find what fits a pattern; that it is a job at all is cheaper to see here than there."""
        return self._subjects(pattern, "job")

    def _subjects(self, pattern: str, name: str) -> set[Term]:
        return {subject for (subject,) in all_rows(self._store, name, pattern)}

    def _link(self, slot: str, jobs: set[Term]) -> tuple[LinkCoverage, set[Term]]:
        rule = LINK_RULES[slot]
        predicates = [*rule.certain, *(predicate for predicate, _ in rule.presumed)]
        have = jobs & set().union(*(self._jobs(f"?job {p} ?value .") for p in predicates))
        declared = set().union(*(self._jobs(pattern) for pattern in none_patterns(slot)))
        none = (jobs & declared) - have
        rest = jobs - have - none
        unknown = set() if self._covering[slot] else rest
        owed = {job for job in rest - unknown if (job, slot) in self._gaps}
        not_due = rest - unknown - owed
        row = LinkCoverage(
            f"job-{slot}", len(have), len(jobs), len(none), len(not_due), len(unknown)
        )
        return row, unknown

    def _machines_now(self) -> tuple[LinkCoverage, list[SlotGap]]:
        machines = self._subjects(f"?machine a {vocab.MACHINE} .", "machine")
        running = machines & self._subjects(
            f"?run {vocab.RUNNING_ON} ?machine ; {'|'.join(JOB_LINKS)} ?job .", "machine"
        )
        busy = " ".join(vocab.code("activity", name) for name in ("production", "setup"))
        turning = machines & self._subjects(
            f"VALUES ?a {{ {busy} }} ?machine {vocab.ACTIVITY} ?a .", "machine"
        )
        rest = machines - running
        unbooked = self._subjects(f"?run {vocab.RUNNING_ON} ?machine .", "machine")
        lost = rest & (turning | unbooked)
        sources = self._covering["now"]
        none = rest - lost if sources else set()
        unknown = rest - lost - none
        gaps = [self._slots.lost_job_gap(machine) for machine in sorted(lost)]
        row = LinkCoverage("machine-now", len(running), len(machines), len(none), 0, len(unknown))
        return row, gaps

    def _disputed_ids(self) -> Iterable[SlotGap]:
        """Find ids that are said to be two different things, and are taken for neither."""
        said = said_aliases(self._store)
        pairs = {(s, o) for facts in said.values() for s, _, o in facts}
        for alias, names in sorted(resolve(pairs).disputed.items()):
            graphs = sorted(g for g, facts in said.items() if any(o == alias for _, _, o in facts))
            cited = self._evidence.cite(graphs[0])
            short = self._evidence.short
            meant = " and ".join(short(name) for name in sorted(names))
            yield SlotGap(
                entity=short(alias),
                slot="identity",
                state="conflicting",
                shape=None,
                severity="violation",
                message=f"It is said to be {meant}, which are two things: it is taken for neither.",
                source=cited.source,
                record=cited.record,
                kind="identity",
            )

    def _conflicts(self) -> Iterable[SlotGap]:
        for predicate in sorted(self._single_valued):
            for subject in self._claimed_twice(predicate):
                facts = self._evidence.facts(subject, predicate, "conflict")
                if any(fact.state == "conflicting" for fact in facts):
                    said = "; ".join(f"{fact.source} says {fact.value}" for fact in facts)
                    yield SlotGap(
                        entity=self._evidence.short(subject),
                        slot=facts[0].predicate,
                        state="conflicting",
                        shape=None,
                        severity="violation",
                        message=f"Sources disagree on {facts[0].predicate}: {said}.",
                        source=facts[0].source,
                        record=facts[0].record,
                        kind="conflict",
                    )

    def _claimed_twice(self, predicate: Term) -> list[Term]:
        """Find the subjects of which records say two things, whether they can be current or not.

        To ask the engine for more than that, a type or an order, costs five times as much.
        """
        rows = self._store.select(
            f"SELECT ?s WHERE {{ GRAPH ?g {{ ?s {predicate} ?o }} }} "
            "GROUP BY ?s HAVING (COUNT(DISTINCT ?o) > 1)"
        )
        return sorted(row["s"] for row in rows)

from __future__ import annotations

import json
from collections import Counter, defaultdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from kg import assets, vocab
from kg.lift import Lifter
from kg.records import Record
from kg.settings import load_source
from kg.sources import read_source

if TYPE_CHECKING:
    from kg.records import Fact, Term

BASE = "https://plant.example/"
CASES = sorted((Path(__file__).parent / "cases").iterdir())
STATUS = "https://w3id.org/traveler/code/job-status/"
ROWS = {
    "product": 7,
    "party": 4,
    "sale": 24,
    "sale_line": 29,
    "production": 26,
    "work_center_category": 5,
    "work_center": 6,
    "employee": 1,
    "work": 41,
    "cycle": 24,
    "quality_control": 2,
    "quality_point": 3,
    "inspection": 5,
    "measurement": 6,
    "lot": 8,
    "lot_move": 14,
}


class Graph:
    """What the whole database says, with the joins that the counts below need."""

    def __init__(self, facts: set[Fact], rows: Counter[str]) -> None:
        self.facts = facts
        self.rows = rows
        self._by_predicate: dict[Term, dict[Term, set[Term]]] = defaultdict(
            lambda: defaultdict(set)
        )
        for s, p, o in facts:
            self._by_predicate[p][s].add(o)

    def of(self, kind: Term) -> set[Term]:
        return {s for s, classes in self._by_predicate[vocab.RDF_TYPE].items() if kind in classes}

    def follow(self, start: Term, *path: Term) -> set[Term]:
        found = {start}
        for predicate in path:
            links = self._by_predicate[predicate]
            found = {o for s in found for o in links.get(s, ())}
        return found

    def sources_of(self, predicate: Term, target: Term) -> set[Term]:
        return {s for s, found in self._by_predicate[predicate].items() if target in found}

    def jobs(self) -> set[Term]:
        cancelled = f"<{STATUS}cancelled>"
        return {j for j in self.of(vocab.JOB) if cancelled not in self.follow(j, vocab.STATUS)}

    def machines_of(self, job: Term) -> set[Term]:
        planned = self.sources_of(vocab.OPERATION_OF, job)
        ran = self.sources_of(vocab.OF_JOB, job)
        return {m for k in planned for m in self.follow(k, vocab.PLANNED_ON)} | {
            m for r in ran for m in self.follow(r, vocab.ON_MACHINE)
        }

    def customers_of(self, job: Term) -> set[Term]:
        path = (vocab.TO_ORDER_LINE, vocab.LINE_OF, vocab.ORDERED_BY)
        shares = self.sources_of(vocab.ALLOCATION_OF, job)
        return {customer for share in shares for customer in self.follow(share, *path)}

    def batches(self, link: Term, job: Term) -> set[Term]:
        return {b for use in self.sources_of(link, job) for b in self.follow(use, vocab.OF_BATCH)}

    def open_runs(self) -> set[Term]:
        return {run for run in self.of(vocab.RUN) if not self.follow(run, vocab.ENDED_AT)}


def iri(path: str) -> Term:
    return f"<{BASE}{path}>"


@pytest.fixture(scope="module")
def lifter() -> Lifter:
    return Lifter(load_source(assets.mappings_folder() / "tryton"), BASE)


@pytest.fixture(scope="module")
def graph(shared_data: Path, lifter: Lifter) -> Graph:
    database = shared_data / "tryton" / "factory.sqlite"
    url = f"sqlite:///{database}"
    source = load_source(assets.mappings_folder() / "tryton", {"url": url})
    items = [
        item
        for reading in read_source(source, {}, datetime(2026, 11, 24, tzinfo=UTC))
        for item in reading.items
    ]
    records = [item for item in items if isinstance(item, Record)]
    assert records == items, "every row is read"
    lifted = lifter.lift(records)
    assert lifted.rejected == []
    return Graph(
        {fact for facts in lifted.facts for fact in facts},
        Counter(record.kind for record in records),
    )


def test_there_are_cases_for_every_table() -> None:
    assert {case.name.split(".")[0] for case in CASES} == set(ROWS)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_row_says_exactly_what_is_expected(case: Path, lifter: Lifter) -> None:
    row = json.loads((case / "row.json").read_text(encoding="utf-8"))
    record = Record("tryton", case.name.split(".")[0], "1", row, "row.json")
    lifted = lifter.lift([record])
    assert lifted.rejected == []
    said = sorted(f"{s} {p} {o} ." for s, p, o in lifted.facts[0])
    assert said == (case / "expected.nt").read_text(encoding="utf-8").splitlines()


def test_every_row_of_the_real_database_is_read_and_lifted(graph: Graph) -> None:
    assert graph.rows == ROWS


def test_the_links_of_the_real_jobs_are_those_counted_by_hand(graph: Graph) -> None:
    jobs = graph.jobs()
    covered = {
        "machine": sum(bool(graph.machines_of(job)) for job in jobs),
        "spec": sum(bool(graph.follow(job, vocab.MAKES, vocab.CURRENT_SPEC)) for job in jobs),
        "customer": sum(bool(graph.customers_of(job)) for job in jobs),
        "input batch": sum(bool(graph.batches(vocab.INPUT_TO, job)) for job in jobs),
        "output batch": sum(bool(graph.batches(vocab.OUTPUT_OF, job)) for job in jobs),
    }
    assert len(jobs) == 25
    assert covered == {
        "machine": 16, "spec": 14, "customer": 17, "input batch": 10, "output batch": 4,
    }  # fmt: skip


def test_nothing_pins_a_specification_to_a_job(graph: Graph) -> None:
    assert vocab.PINNED_SPEC not in {p for _, p, _ in graph.facts}


def test_the_root_of_the_work_centres_is_no_machine(graph: Graph) -> None:
    machines = graph.of(vocab.MACHINE)
    assert machines == {iri(f"machine/{n}") for n in (55, 56, 57, 58, 59, 60)}
    assert all(len(graph.follow(m, vocab.IN_WORK_CENTER)) == 1 for m in machines)
    assert graph.of(vocab.WORK_CENTER) == {iri(f"work-center/{n}") for n in range(453, 458)}


def test_two_runs_are_open_on_the_saw_for_two_jobs_of_two_customers(graph: Graph) -> None:
    now = {
        (run, *graph.follow(run, vocab.ON_MACHINE), *graph.follow(run, vocab.OF_JOB))
        for run in graph.open_runs()
    }
    saw = iri("machine/55")
    assert now == {
        (iri("run/tryton-cycle-269"), saw, iri("job/122")),
        (iri("run/tryton-cycle-273"), saw, iri("job/127")),
    }
    assert graph.follow(saw, vocab.RDFS_LABEL) == {'"SAW-01"'}
    assert graph.customers_of(iri("job/122")) == {iri("customer/194")}
    assert graph.customers_of(iri("job/127")) == {iri("customer/197")}


def test_jobs_without_an_order_are_made_to_stock_where_the_product_is_never_made_to_order(
    graph: Graph,
) -> None:
    policy = "<https://w3id.org/traveler/code/supply/make-to-stock>"
    for_stock = graph.sources_of(vocab.SUPPLY_POLICY, policy)
    assert for_stock == {iri(f"job/{n}") for n in range(128, 136)}
    assert {p for job in for_stock for p in graph.follow(job, vocab.MAKES)} == {iri("part/358")}
    untracked = f'"true"^^<{vocab.XSD}boolean>'
    assert graph.sources_of(vocab.USES_UNTRACKED_MATERIAL_ONLY, untracked) == for_stock


def test_what_a_real_job_says_is_exact(graph: Graph) -> None:
    job = iri("job/122")
    said = {(p.rsplit("/", 1)[1][:-1], o) for s, p, o in graph.facts if s == job}
    assert said == {
        ("22-rdf-syntax-ns#type", vocab.JOB),
        ("rdf-schema#label", '"Production 9"'),
        ("identifier", '"9"'),
        ("makes", iri("part/357")),
        ("plannedQuantity", f'"37"^^<{vocab.XSD}decimal>'),
        ("unit", '"u"'),
        ("dueDate", f'"2026-11-23"^^<{vocab.XSD}date>'),
        ("status", f"<{STATUS}in-progress>"),
    }


def test_only_customers_of_sales_are_customers_and_nobody_has_a_name(graph: Graph) -> None:
    assert graph.of(vocab.CUSTOMER) == {iri(f"customer/{n}") for n in (194, 195, 197, 198)}
    person = iri("person/308")
    assert graph.of(vocab.PERSON) == {person}
    assert {o for s, _, o in graph.facts if s == person} == {vocab.PERSON, '"308"'}
    assert not any("Anna Keller" in o for _, _, o in graph.facts)


def test_every_link_leads_to_something_that_is_described(graph: Graph) -> None:
    described = {s for s, p, _ in graph.facts if p == vocab.RDF_TYPE}
    assert {o for _, _, o in graph.facts if o.startswith(f"<{BASE}")} <= described

from __future__ import annotations

import json
from collections import Counter, defaultdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from kg import assets, vocab
from kg.fold import Event, fold_runs, group_of, infer_ends
from kg.lift import Lifter
from kg.records import Record
from kg.settings import load_source
from kg.sources import read_source

if TYPE_CHECKING:
    from collections.abc import Iterable

    from kg.records import Fact, Term

BASE = "https://plant.example/"
CASES = sorted((Path(__file__).parent / "cases").iterdir())
ONLY_LOADED = "yyy-offline-2018-01-01"
ROWS = {
    "machine": 4,
    "pallet": 9,
    "program": 5,
    "job": 17,
    "piece": 140,
    "machine_cycle": 298,
    "inspection_result": 5,
}

Said = list[tuple[Record, list["Fact"]]]


def iri(path: str) -> Term:
    return f"<{BASE}{path}>"


def number_of(machine: Term) -> int:
    return int(machine.removeprefix(f"<{BASE}machine/fms-").removesuffix(">"))


@pytest.fixture(scope="module")
def lifter() -> Lifter:
    return Lifter(load_source(assets.mappings_folder() / "fms-insight"), BASE)


@pytest.fixture(scope="module")
def said(shared_data: Path, lifter: Lifter) -> Said:
    database = shared_data / "fms_insight" / "database-ver25.db"
    url = f"sqlite:///{database}"
    source = load_source(assets.mappings_folder() / "fms-insight", {"url": url})
    items = [
        item
        for reading in read_source(source, {}, datetime(2023, 11, 25, tzinfo=UTC))
        for item in reading.items
    ]
    records = [item for item in items if isinstance(item, Record)]
    assert records == items, "every row is read"
    lifted = lifter.lift(records)
    assert lifted.rejected == []
    return list(zip(records, lifted.facts, strict=True))


@pytest.fixture(scope="module")
def facts(said: Said) -> set[Fact]:
    return {fact for _, found in said for fact in found}


@pytest.fixture(scope="module")
def runs(said: Said) -> dict[Term, dict[Term, Term]]:
    """The runs that the declared fold makes of the log: what each says, by predicate."""
    fold = load_source(assets.mappings_folder() / "fms-insight").table("machine_cycle").fold
    assert fold is not None
    groups: dict[str, list[Event]] = defaultdict(list)
    for record, found in said:
        if record.kind == "machine_cycle":
            graph = iri(record.path())
            event = Event(graph, record.effective or "", record.key, tuple(found))
            groups[group_of(fold, event, "fms/machine_cycle")].append(event)
    result: dict[Term, dict[Term, Term]] = defaultdict(dict)
    for group in groups.values():
        for present in fold_runs(fold, group, BASE).values():
            for s, p, o in present:
                result[s][p] = o
    return result


def of(facts: Iterable[Fact], kind: Term) -> set[Term]:
    return {s for s, p, o in facts if p == vocab.RDF_TYPE and o == kind}


def test_there_are_cases_for_every_table() -> None:
    assert {case.name.split(".")[0] for case in CASES} == set(ROWS)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_row_says_exactly_what_is_expected(case: Path, lifter: Lifter) -> None:
    row = json.loads((case / "row.json").read_text(encoding="utf-8"))
    record = Record("fms", case.name.split(".")[0], "1", row, "row.json")
    lifted = lifter.lift([record])
    assert lifted.rejected == []
    facts = sorted(f"{s} {p} {o} ." for s, p, o in lifted.facts[0])
    assert facts == (case / "expected.nt").read_text(encoding="utf-8").splitlines()


def test_every_row_of_the_real_log_is_read_and_lifted(said: Said) -> None:
    assert Counter(record.kind for record, _ in said) == ROWS


def test_sixteen_jobs_are_known_and_one_of_them_was_only_loaded(
    facts: set[Fact], runs: dict[Term, dict[Term, Term]]
) -> None:
    jobs = of(facts, vocab.JOB)
    ran = {run[vocab.OF_JOB] for run in runs.values() if vocab.ON_MACHINE in run}
    assert len(jobs) == 16
    assert ran <= jobs
    assert jobs - ran == {iri(f"job/{ONLY_LOADED}")}


def test_load_stations_and_the_stocker_are_no_machines(facts: set[Fact]) -> None:
    machines = of(facts, vocab.MACHINE)
    assert machines == {iri(f"machine/fms-{n}") for n in (1, 2, 3, 4)}
    assert {o for _, p, o in facts if p == vocab.ON_MACHINE} == machines


def test_the_log_says_nothing_of_customers_orders_batches_specifications_or_status(
    facts: set[Fact], lifter: Lifter
) -> None:
    silent = {
        vocab.ALLOCATION_OF, vocab.ORDERED_BY, vocab.OF_BATCH, vocab.INPUT_TO, vocab.CURRENT_SPEC,
        vocab.PINNED_SPEC, vocab.AGAINST_SPEC, vocab.STATUS, vocab.PLANNED_QUANTITY,
    }  # fmt: skip
    assert not silent & {p for _, p, _ in facts}
    assert not silent & {predicate for _, _, predicate in lifter.produces()}


def test_starts_paired_with_ends_by_machine_and_pallet_leave_eleven_over(said: Said) -> None:
    waiting: dict[tuple[object, object], int] = Counter()
    for record, _ in said:
        if record.kind == "machine_cycle":
            place = record.row["StationNum"], record.row["Pallet"]
            step = 1 if str(record.row["Start"]) == "1" else -1
            waiting[place] = max(waiting[place] + step, 0)
    left: Counter[object] = Counter()
    for (machine, _), count in waiting.items():
        left[str(machine)] += count
    assert left == {"1": 1, "2": 3, "3": 5, "4": 2}


def test_no_machine_cycle_carries_two_jobs_and_every_one_a_job(said: Said) -> None:
    cycles = [record for record, _ in said if record.kind == "machine_cycle"]
    assert len({record.row["Counter"] for record in cycles}) == len(cycles)
    assert all(record.row["UniqueStr"] for record in cycles)


def test_every_start_opens_a_run_and_twelve_never_find_their_end(
    runs: dict[Term, dict[Term, Term]],
) -> None:
    # One fewer pairs up than by machine and pallet alone, where the end of one job's cycle closes
    # the start of another's.
    unended = Counter(
        number_of(run[vocab.ON_MACHINE]) for run in runs.values() if vocab.ENDED_AT not in run
    )
    assert len(runs) == 154
    assert unended == {1: 1, 2: 3, 3: 6, 4: 2}


def test_a_later_start_shows_that_eight_of_them_have_ended_and_leaves_one_on_each_machine(
    runs: dict[Term, dict[Term, Term]],
) -> None:
    by_machine: dict[Term, list[tuple[Term, str, str | None]]] = defaultdict(list)
    for name, run in runs.items():
        by_machine[run[vocab.ON_MACHINE]].append(
            (name, run[vocab.STARTED_AT], run.get(vocab.ENDED_AT))
        )
    inferred = {run for found in by_machine.values() for run in infer_ends(found, capacity=1)}
    still_open = {
        number_of(run[vocab.ON_MACHINE]): run[vocab.OF_JOB]
        for name, run in runs.items()
        if vocab.ENDED_AT not in run and name not in inferred
    }
    assert len(inferred) == 8
    assert still_open == {
        1: iri("job/zzz-5offline-2018-01-02"),
        2: iri("job/aaa-0offline-2018-01-02"),
        3: iri("job/yyy-4offline-2018-01-02"),
        4: iri("job/ccc-2offline-2018-01-02"),
    }


def test_nine_pieces_of_the_real_log_were_never_marked(facts: set[Fact]) -> None:
    pieces = of(facts, vocab.PIECE)
    marked = {s for s, p, _ in facts if p == vocab.SERIAL_NUMBER}
    assert len(pieces) == 140
    assert len(pieces - marked) == 9


def test_only_results_are_inspections_and_not_the_decisions_to_inspect(facts: set[Fact]) -> None:
    verdicts = Counter(o.split('"')[1] for _, p, o in facts if p == vocab.PASSED)
    assert len(of(facts, vocab.INSPECTION)) == 5
    assert verdicts == {"true": 3, "false": 2}


def test_times_are_ticks_of_a_hundred_nanoseconds_in_utc(said: Said) -> None:
    first = min(record.effective or "" for record, _ in said if record.kind == "machine_cycle")
    assert first == "2023-11-22T16:48:48.2369Z"


def test_every_link_leads_to_something_that_is_described(facts: set[Fact]) -> None:
    described = {s for s, p, _ in facts if p == vocab.RDF_TYPE}
    assert {o for _, _, o in facts if o.startswith(f"<{BASE}")} <= described

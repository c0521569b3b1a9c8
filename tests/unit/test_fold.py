from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from kg import vocab
from kg.fold import Event, fold_latest, fold_runs, infer_ends
from kg.settings import FoldSettings
from kg.vocab import RDF_TYPE

BASE = "https://plant.example/"
RUNS = FoldSettings(kind="open-close", pair=("tr:onMachine", "tr:ofJob"), sum=("tr:goodQuantity",))
MACHINE = f"<{BASE}machine/M1>"
JOB = f"<{BASE}job/7>"


def decimal(text: str) -> str:
    return f'"{text}"^^<{vocab.XSD}decimal>'


def event(number: int, at: str, kind: str, **values: str) -> Event:
    subject = f"<{BASE}event/{number}>"
    facts = [(subject, RDF_TYPE, kind), (subject, vocab.ON_MACHINE, MACHINE)]
    facts += [(subject, vocab.OF_JOB, JOB)]
    facts += [(subject, getattr(vocab, name), value) for name, value in values.items()]
    return Event(f"<{BASE}record/mes/events/{number}>", at, str(number), tuple(facts))


def facts_of(contribution: dict[str, set[tuple[str, str, str]]]) -> set[tuple[str, str, str]]:
    return {fact for facts in contribution.values() for fact in facts}


def test_a_start_and_an_end_make_one_closed_run_with_quantities_added_up() -> None:
    events = [
        event(1, "2026-01-01T08:00:00Z", vocab.RUN_STARTED),
        event(2, "2026-01-01T09:00:00Z", vocab.QUANTITY_REPORTED, GOOD_QUANTITY=decimal("5")),
        event(3, "2026-01-01T10:00:00Z", vocab.RUN_ENDED, GOOD_QUANTITY=decimal("2.5")),
    ]
    run = f"<{BASE}run/mes/events/1>"
    found = facts_of(fold_runs(RUNS, events, BASE))
    assert (run, vocab.GOOD_QUANTITY, decimal("7.5")) in found
    assert (run, vocab.STARTED_AT, f'"2026-01-01T08:00:00Z"^^<{vocab.XSD}dateTime>') in found
    assert (run, vocab.ENDED_AT, f'"2026-01-01T10:00:00Z"^^<{vocab.XSD}dateTime>') in found
    assert {s for s, _, _ in found} == {run}


def test_each_fact_of_a_run_stands_under_the_event_that_it_comes_from() -> None:
    events = [
        event(1, "2026-01-01T08:00:00Z", vocab.RUN_STARTED),
        event(2, "2026-01-01T09:00:00Z", vocab.RUN_ENDED),
    ]
    found = fold_runs(RUNS, events, BASE)
    assert {p for _, p, _ in found[events[0].graph]} == {RDF_TYPE, vocab.STARTED_AT}
    assert vocab.ENDED_AT in {p for _, p, _ in found[events[1].graph]}


def test_a_second_start_leaves_the_first_run_without_an_end() -> None:
    events = [
        event(1, "2026-01-01T08:00:00Z", vocab.RUN_STARTED),
        event(2, "2026-01-01T09:00:00Z", vocab.RUN_STARTED),
    ]
    found = facts_of(fold_runs(RUNS, events, BASE))
    assert len({s for s, p, _ in found if p == vocab.STARTED_AT}) == 2
    assert not any(p == vocab.ENDED_AT for _, p, _ in found)


def test_an_end_without_a_start_makes_no_run() -> None:
    assert fold_runs(RUNS, [event(1, "2026-01-01T08:00:00Z", vocab.RUN_ENDED)], BASE) == {}


def test_events_of_one_moment_are_ordered_as_people_count() -> None:
    at = "2026-01-01T08:00:00Z"
    started, ended = event(9, at, vocab.RUN_STARTED), event(10, at, vocab.RUN_ENDED)
    found = facts_of(fold_runs(RUNS, [ended, started], BASE))
    assert any(p == vocab.ENDED_AT for _, p, _ in found)


kinds = st.sampled_from([vocab.RUN_STARTED, vocab.QUANTITY_REPORTED, vocab.RUN_ENDED])


@given(st.lists(st.tuples(st.integers(0, 5), kinds, st.integers(0, 9)), max_size=12), st.randoms())
def test_the_order_in_which_events_arrive_changes_nothing(drawn, random) -> None:
    events = [
        event(n, f"2026-01-01T0{hour}:00:00Z", kind, GOOD_QUANTITY=decimal(str(good)))
        for n, (hour, kind, good) in enumerate(drawn)
    ]
    shuffled = events.copy()
    random.shuffle(shuffled)
    assert fold_runs(RUNS, events, BASE) == fold_runs(RUNS, shuffled, BASE)


def test_the_newest_state_of_a_machine_wins_with_its_reason_and_its_time() -> None:
    idle, busy = vocab.code("activity", "idle"), vocab.code("activity", "production")
    fold = FoldSettings(kind="latest", subject="tr:onMachine")
    events = [
        event(2, "2026-01-01T09:00:00Z", vocab.MACHINE_STATE_CHANGED, ACTIVITY=idle),
        event(1, "2026-01-01T08:00:00Z", vocab.MACHINE_STATE_CHANGED, ACTIVITY=busy),
    ]
    found = facts_of(fold_latest(fold, events))
    assert (MACHINE, vocab.ACTIVITY, idle) in found
    assert (MACHINE, vocab.ACTIVITY, busy) not in found
    since = f'"2026-01-01T09:00:00Z"^^<{vocab.XSD}dateTime>'
    assert (MACHINE, vocab.ACTIVITY_SINCE, since) in found


def test_a_start_beyond_capacity_ends_the_oldest_run_whose_end_was_lost() -> None:
    runs = [("a", "08", None), ("b", "09", "12"), ("c", "10", None), ("d", "11", None)]
    assert infer_ends(runs, 2) == {"a": "10", "c": "11"}


def test_an_end_half_a_second_after_its_start_closes_the_run() -> None:
    events = [
        event(1, "2026-01-01T08:00:00Z", vocab.RUN_STARTED),
        event(2, "2026-01-01T08:00:00.5Z", vocab.RUN_ENDED),
    ]
    assert any(p == vocab.ENDED_AT for _, p, _ in facts_of(fold_runs(RUNS, events, BASE)))


def test_an_events_own_facts_are_told_from_those_of_what_it_names() -> None:
    machine = (MACHINE, RDF_TYPE, vocab.MACHINE)
    at = "2026-01-01T08:00:00Z"
    for number in range(5):
        base = event(number, at, vocab.RUN_STARTED)
        timed = (*base.facts, (base.subject(), vocab.EVENT_TIME, f'"{at}"'))
        for facts in ((machine, *timed), (*timed, machine)):
            mixed = Event(base.graph, at, base.key, facts)
            assert mixed.subject() == f"<{BASE}event/{number}>"
            assert mixed.types() == {vocab.RUN_STARTED}


def test_runs_within_capacity_stay_open() -> None:
    assert infer_ends([("a", "08", None), ("b", "09", None)], 2) == {}


runs = st.lists(st.tuples(st.integers(0, 20), st.one_of(st.none(), st.integers(1, 9))), max_size=10)


@given(runs, st.integers(1, 3), st.randoms())
def test_after_inferring_no_more_runs_without_an_end_are_open_than_fit(drawn, capacity, random):
    named = [
        (f"r{n}", f"{start:02}", None if length is None else f"{start + length:02}")
        for n, (start, length) in enumerate(drawn)
    ]
    inferred = infer_ends(named, capacity)
    still_open = [run for run, _, end in named if end is None and run not in inferred]
    assert len(still_open) <= capacity
    shuffled = named.copy()
    random.shuffle(shuffled)
    assert infer_ends(shuffled, capacity) == inferred
    starts = {run: start for run, start, _ in named}
    assert all(starts[run] <= end for run, end in inferred.items())

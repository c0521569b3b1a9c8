from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from kg import vocab
from kg.merge import Change, Merge, NoGraphs
from kg.records import Record
from kg.settings import FoldSettings, Plant, SourceSettings, TableSettings
from kg.store import EmbeddedStore
from kg.vocab import RDF_TYPE, RDFS_LABEL

BASE = "https://plant.example/"
STATUS = vocab.STATUS
JOB = f"<{BASE}job/1>"


def source(name: str, authority: int) -> SourceSettings:
    events = TableSettings(
        name="events",
        mapping="events.yml",
        key=("id",),
        arrives="events",
        row="event",
        event_time="ts",
        fold=FoldSettings(kind="open-close", pair=("tr:onMachine",), sum=("tr:goodQuantity",)),
    )
    state = TableSettings(name="jobs", mapping="jobs.yml", key=("id",))
    return SourceSettings(name=name, adapter="files", authority=authority, tables=(state, events))


PLANT = Plant(name="Test", base=BASE, sources=(source("erp", 60), source("mes", 50)))
MERGE = Merge(PLANT, frozenset({STATUS}))


def record(source: str, key: str, *, kind: str = "jobs", at: str = "", is_gone=False) -> Record:
    return Record(source, kind, key, {}, "test", effective=at or None, deleted=is_gone)


def apply(store: EmbeddedStore, change: Change, seq: int) -> None:
    removed = [*change.removed, *((*fact, "") for fact in change.present_removed)]
    added = [*change.added, *((*fact, "") for fact in change.present_added)]
    store.apply(removed, added, seq)


def merged(*batches: list) -> EmbeddedStore:
    store = EmbeddedStore.in_memory(BASE)
    known: set[str] = set()
    for seq, batch in enumerate(batches, 1):
        paths = {record.path() for record, _ in batch}
        apply(store, MERGE.merge(batch, store, paths - known), seq)
        known |= paths
    return store


def test_a_fact_stays_as_long_as_one_record_says_it() -> None:
    fact = (JOB, RDFS_LABEL, '"Job 1"')
    store = merged(
        [(record("erp", "1"), [fact]), (record("mes", "1"), [fact])],
        [(record("erp", "1", is_gone=True), [])],
    )
    assert store.graph("") == {fact}
    assert len(store.holders(fact)) == 1


def test_the_source_with_the_greater_authority_wins_and_the_loser_stays_in_its_graph() -> None:
    said = [(JOB, STATUS, "<x:open>")], [(JOB, STATUS, "<x:closed>")]
    store = merged([(record("mes", "1"), said[0])], [(record("erp", "1"), said[1])])
    assert store.graph("") == {(JOB, STATUS, "<x:closed>")}
    assert {value for value, _ in store.claims(JOB, STATUS)} == {"<x:open>", "<x:closed>"}


def test_when_the_winner_goes_the_loser_is_current_again() -> None:
    store = merged(
        [(record("mes", "1"), [(JOB, STATUS, "<x:open>")])],
        [(record("erp", "1"), [(JOB, STATUS, "<x:closed>")])],
        [(record("erp", "1", is_gone=True), [])],
    )
    assert store.graph("") == {(JOB, STATUS, "<x:open>")}


def test_a_newer_word_of_the_same_value_wins_a_tie_of_authority() -> None:
    one, other = (JOB, STATUS, "<x:open>"), (JOB, STATUS, "<x:closed>")
    store = merged(
        [(record("mes", "1", at="2026-01-01T08:00:00Z"), [one])],
        [(record("mes", "2", at="2026-01-01T09:00:00Z"), [other])],
        [(record("mes", "1", at="2026-01-01T10:00:00Z"), [one])],
    )
    assert store.graph("") == {one}


def test_a_record_of_a_table_that_is_no_longer_connected_leaves_nothing() -> None:
    assert merged([(record("crm", "1"), [(JOB, STATUS, "<x:open>")])]).graph("") == set()


def test_events_are_history_and_only_what_they_fold_to_is_current() -> None:
    started = f"<{BASE}event/1>"
    facts = [(started, RDF_TYPE, vocab.RUN_STARTED), (started, vocab.ON_MACHINE, "<x:m1>")]
    store = merged([(record("mes", "1", kind="events", at="2026-01-01T08:00:00Z"), facts)])
    run = f"<{BASE}run/mes/events/1>"
    assert {s for s, _, _ in store.graph("")} == {run}
    graphs = {graph for _, graph in store.claims(run, vocab.STARTED_AT)}
    assert graphs == {f"<{BASE}record/mes/events/1#now>"}


objects = st.sampled_from(["<x:a>", "<x:b>", "<x:c>"])
state_facts = st.lists(
    st.tuples(st.just(JOB), st.sampled_from([STATUS, RDFS_LABEL]), objects), max_size=3
)
states = st.tuples(
    st.sampled_from(["erp", "mes"]),
    st.sampled_from(["1", "2"]),
    state_facts,
    st.booleans(),
    st.sampled_from(["", "2026-01-01T08:00:00Z", "2026-01-01T08:00:00.5Z", "2026-01-02T00:00:00Z"]),
)
events = st.tuples(
    st.integers(1, 6),
    st.integers(0, 3),
    st.sampled_from([vocab.RUN_STARTED, vocab.RUN_ENDED, vocab.QUANTITY_REPORTED]),
    st.sampled_from(["<x:m1>", "<x:m2>"]),
    st.booleans(),
)


def state_entry(drawn):
    source_name, key, facts, is_gone, at = drawn
    return record(source_name, key, at=at, is_gone=is_gone), [] if is_gone else facts


def event_entry(drawn):
    key, hour, kind, machine, is_gone = drawn
    subject = f"<{BASE}event/{key}>"
    facts = [
        (subject, RDF_TYPE, kind),
        (subject, vocab.ON_MACHINE, machine),
        (subject, vocab.GOOD_QUANTITY, f'"{key}"^^<{vocab.XSD}decimal>'),
    ]
    at = f"2026-01-01T0{hour}:00:00Z"
    entry = record("mes", str(key), kind="events", at=at, is_gone=is_gone)
    return entry, [] if is_gone else facts


entries = st.one_of(states.map(state_entry), events.map(event_entry))


@settings(max_examples=200, deadline=None)
@given(st.lists(entries, max_size=25), st.integers(1, 5))
def test_applying_in_batches_gives_what_merging_everything_at_once_gives(drawn, size) -> None:
    stepwise = merged(*(drawn[i : i + size] for i in range(0, len(drawn), size)))
    newest = {entry[0].path(): entry for entry in drawn}
    whole = EmbeddedStore.in_memory(BASE)
    live = [entry for entry in newest.values() if not entry[0].deleted]
    apply(whole, MERGE.merge(live, NoGraphs()), stepwise.applied_seq())
    assert stepwise.dump() == whole.dump()


def test_what_is_new_is_not_looked_up_by_what_it_was() -> None:
    asked: list[tuple[str, str]] = []

    class Asked(EmbeddedStore):
        def claims(self, subject: str, predicate: str) -> list[tuple[str, str]]:
            asked.append((subject, predicate))
            return super().claims(subject, predicate)

    store = Asked.in_memory(BASE)
    event = record("mes", "7", kind="events", at="2026-11-23T06:00:00Z")
    graph = MERGE.graph_of(event)
    said, other = (
        (f"<{BASE}event/7>", vocab.ON_MACHINE, f"<{BASE}machine/{number}>") for number in (1, 2)
    )
    apply(store, MERGE.merge([(event, [said])], store), 1)
    assert store.holders(said) == [graph]
    assert {predicate for subject, predicate in asked if subject == graph} <= {vocab.EFFECTIVE_AT}
    asked.clear()
    apply(store, MERGE.merge([(event, [other])], store), 2)
    assert (graph, vocab.IN_GROUP) in asked
    assert store.holders(said) == []
    assert len(store.claims(graph, vocab.IN_GROUP)) == 1

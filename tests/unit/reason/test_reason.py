from __future__ import annotations

import functools

import owlrl
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from rdflib import Graph

from kg import assets, vocab
from kg.reason import Reasoner, explanations
from kg.reason.held import Held, by_property
from kg.reason.rules import compile_rules, load_graph
from kg.settings import FoldSettings, Plant, SourceSettings, TableSettings
from kg.store import EmbeddedStore
from kg.vocab import RDF_TYPE

BASE = "https://plant.example/"
PLANT = Plant(name="Test", base=BASE)


@functools.cache
def rules():
    return compile_rules(assets.ontology_folder())


def derived(facts) -> set[tuple[str, str, str]]:
    reasoner = Reasoner(PLANT, rules())
    reasoner.start(facts)
    reasoner.derive()
    return reasoner.derived


def thing(name: str) -> str:
    return f"<{BASE}{name}>"


CUSTOMER_CHAIN = {
    (thing("allocation/1"), vocab.ALLOCATION_OF, thing("job/1")),
    (thing("allocation/1"), vocab.TO_ORDER_LINE, thing("line/1")),
    (thing("line/1"), vocab.LINE_OF, thing("order/1")),
    (thing("order/1"), vocab.ORDERED_BY, thing("customer/1")),
}


def test_the_customer_of_a_job_follows_from_its_allocation() -> None:
    fact = (thing("job/1"), vocab.FOR_CUSTOMER, thing("customer/1"))
    assert fact in derived(CUSTOMER_CHAIN)
    for left_out in CUSTOMER_CHAIN:
        assert fact not in derived(CUSTOMER_CHAIN - {left_out})


def test_genealogy_is_followed_to_any_depth_also_in_a_circle() -> None:
    facts = set()
    for n in range(4):
        into, out = thing(f"use/in{n}"), thing(f"use/out{n}")
        facts |= {
            (into, vocab.INPUT_TO, thing(f"job/{n}")),
            (into, vocab.OF_BATCH, thing(f"batch/{n}")),
            (out, vocab.OUTPUT_OF, thing(f"job/{n}")),
            (out, vocab.OF_BATCH, thing(f"batch/{(n + 1) % 4}")),
        }
    found = derived(facts)
    assert (thing("batch/3"), vocab.MADE_FROM, thing("batch/0")) in found
    assert (thing("batch/0"), vocab.MADE_FROM, thing("batch/0")) in found


def test_what_an_assertion_supports_goes_with_it() -> None:
    reasoner = Reasoner(PLANT, rules())
    reasoner.start(CUSTOMER_CHAIN)
    reasoner.derive()
    gone_premise = (thing("line/1"), vocab.LINE_OF, thing("order/1"))
    reasoner.change([gone_premise], [])
    gone, come = reasoner.derive()
    assert (thing("job/1"), vocab.FOR_CUSTOMER, thing("customer/1")) in gone
    assert come == set()
    assert reasoner.derived == derived(CUSTOMER_CHAIN - {gone_premise})


def test_a_lost_end_is_inferred_from_the_next_start_for_folded_runs_only() -> None:
    table = TableSettings(
        name="log",
        mapping="m.yml",
        key=("id",),
        row="event",
        event_time="ts",
        fold=FoldSettings(kind="open-close", pair=("tr:onMachine",)),
    )
    mes = SourceSettings(name="mes", adapter="files", tables=(table,))
    plant = Plant(name="Test", base=BASE, sources=(mes,))
    facts = set()
    for path, hour in (("run/mes/log/1", "08"), ("run/mes/log/2", "09"), ("run/erp/a", "07")):
        start = f'"2026-01-01T{hour}:00:00Z"^^<{vocab.XSD}dateTime>'
        facts |= {
            (thing(path), RDF_TYPE, vocab.RUN),
            (thing(path), vocab.ON_MACHINE, thing("machine/1")),
            (thing(path), vocab.STARTED_AT, start),
        }
    reasoner = Reasoner(plant, rules())
    reasoner.start(facts)
    reasoner.derive()
    ends = {s for s, p, _ in reasoner.derived if p == vocab.INFERRED_END_AT}
    running = {s for s, p, _ in reasoner.derived if p == vocab.RUNNING_ON}
    assert ends == {thing("run/mes/log/1")}
    assert running == {thing("run/mes/log/2"), thing("run/erp/a")}


def test_every_derived_fact_of_the_chain_is_explained_by_facts_that_are_there() -> None:
    store = EmbeddedStore.in_memory(BASE)
    present = CUSTOMER_CHAIN | derived(CUSTOMER_CHAIN)
    store.apply([], [(*fact, "") for fact in present], 1)
    for fact in present - CUSTOMER_CHAIN:
        ways = list(explanations(fact, rules(), store))
        assert ways, fact
        for way in ways:
            assert set(way.premises) <= present
            assert fact not in way.premises


PROPERTIES = [
    vocab.ALLOCATION_OF,
    vocab.TO_ORDER_LINE,
    vocab.LINE_OF,
    vocab.ORDERED_BY,
    vocab.OF_JOB,
    vocab.ON_MACHINE,
    vocab.OPERATION_OF,
    vocab.PLANNED_ON,
    vocab.INPUT_TO,
    vocab.OUTPUT_OF,
    vocab.OF_BATCH,
    vocab.PINNED_SPEC,
    vocab.MADE_FROM,
    vocab.ASSEMBLED_INTO,
    vocab.BY_PERSON,
]
CLASSES = [vocab.RUN, vocab.OUTSIDE_OPERATION, vocab.MACHINE, vocab.MATERIAL]
names = st.integers(0, 4).map(lambda n: thing(f"x/{n}"))
# Where a thing belongs there may be a text.
values = st.one_of(names, names, names, st.sampled_from(['"M7"', f'"07"^^<{vocab.XSD}integer>']))
triples = st.one_of(
    st.tuples(names, st.sampled_from(PROPERTIES), names),
    st.tuples(names, st.just(RDF_TYPE), st.sampled_from(CLASSES)),
)


@functools.cache
def axioms() -> Graph:
    return load_graph(assets.ontology_folder())


@settings(max_examples=10, deadline=None)
@given(st.sets(triples, max_size=12))
def test_owlrl_derives_the_same_about_the_plant(facts) -> None:
    graph = Graph()
    for s, p, o in axioms():
        graph.add((s, p, o))
    graph.parse(data="\n".join(f"{s} {p} {o} ." for s, p, o in facts), format="nt")
    owlrl.DeductiveClosure(owlrl.OWLRL_Semantics).expand(graph)
    plain = (BASE, vocab.TR, "http://www.w3.org/ns/prov#", "https://spec.industrialontologies.org/")
    expected = {
        (f"<{s}>", f"<{p}>", f"<{o}>")
        for s, p, o in graph
        if str(s).startswith(BASE)
        and (f"<{p}>" == RDF_TYPE or str(p).startswith(plain))
        and str(o).startswith(plain)
    }
    ours = facts | {
        fact
        for fact in derived(facts)
        if fact[1] not in {vocab.RUNNING_ON, vocab.PRESUMABLY_CONSUMES}
    }
    assert ours == expected


LOG = TableSettings(
    name="log",
    mapping="m.yml",
    key=("id",),
    row="event",
    event_time="ts",
    fold=FoldSettings(kind="open-close", pair=("tr:onMachine",)),
)
FOLDING = Plant(
    name="Test", base=BASE, sources=(SourceSettings(name="mes", adapter="files", tables=(LOG,)),)
)
LOOKED_AT = [
    *PROPERTIES,
    vocab.POSSIBLY_CONSUMES,
    vocab.CONSUMES,
    vocab.OF_MATERIAL,
    vocab.ENDED_AT,
]
OF_RUNS = [
    *(vocab.ON_MACHINE, vocab.OF_JOB, vocab.BY_PERSON, vocab.RUNS_PROGRAM, vocab.ON_PALLET),
    *(vocab.OPERATION_OF, vocab.PLANNED_ON, vocab.MAKES),
]


def moment(hour: int) -> str:
    return f'"2026-01-01T{hour:02}:00:00Z"^^<{vocab.XSD}dateTime>'


def run_facts(number: int, machine: int, start: int, end: int | None) -> set:
    run = thing(f"run/mes/log/{number}")
    facts = {
        (run, RDF_TYPE, vocab.RUN),
        (run, vocab.ON_MACHINE, thing(f"x/{machine}")),
        (run, vocab.STARTED_AT, moment(start)),
    }
    return facts | ({(run, vocab.ENDED_AT, moment(end))} if end is not None else set())


runs = st.builds(
    run_facts,
    st.integers(0, 5),
    st.sampled_from([0, 0, 1]),
    st.integers(0, 12),
    st.one_of(st.none(), st.integers(13, 23)),
)
capacities = st.builds(
    lambda n, most: {(thing(f"x/{n}"), vocab.CAPACITY, f'"{most}"^^<{vocab.XSD}integer>')},
    st.integers(0, 1),
    st.integers(1, 3),
)
things = st.one_of(
    st.tuples(names, st.sampled_from(LOOKED_AT), values),
    st.tuples(names, st.just(RDF_TYPE), st.sampled_from([*CLASSES, vocab.JOB])),
)
evidence = st.lists(
    st.one_of(
        st.tuples(names, st.sampled_from(OF_RUNS), names),
        st.tuples(names, st.just(RDF_TYPE), st.just(vocab.RUN)),
        st.tuples(names, st.just(vocab.STATUS), st.just(vocab.code("operation-status", "closed"))),
    ),
    min_size=4,
    max_size=16,
).map(set)
several = st.lists(runs, min_size=1, max_size=4).map(lambda sets: set().union(*sets))
additions = st.one_of(
    evidence,
    evidence,
    several,
    several,
    capacities,
    st.sets(things, min_size=1, max_size=4),
    st.sets(things, max_size=12),
)


def one_start_each(facts: set) -> set:
    """Keep one start, end and machine of a run, as folding makes one of each."""
    single = {vocab.STARTED_AT, vocab.ENDED_AT, vocab.ON_MACHINE}
    kept = {(s, p): o for s, p, o in sorted(facts) if p in single and "/run/" in s}
    return {f for f in facts if (f[0], f[1]) not in kept or kept[f[0], f[1]] == f[2]}


changes = st.lists(st.tuples(additions, st.integers(0, 2**12)), min_size=1, max_size=8)


# Two rules with negation that say of what it is that it runs: neither may keep the other alive.
X = thing("x/0")
A_CIRCLE = [
    (
        {
            (X, RDF_TYPE, vocab.RUN),
            (X, vocab.ON_MACHINE, X),
            (X, f"<{vocab.TR}operationOf>", X),
            (X, f"<{vocab.TR}runsProgram>", X),
        },
        0,
    ),
    ({(X, vocab.CAPACITY, f'"1"^^<{vocab.XSD}integer>')}, 1),
]


@settings(max_examples=20, deadline=None)
@example(A_CIRCLE)
@given(changes)
def test_following_a_change_gives_what_deriving_all_anew_gives(steps) -> None:
    check_following(steps)


@pytest.mark.slow
@settings(max_examples=120, deadline=None)
@given(changes)
def test_following_many_changes_gives_what_deriving_all_anew_gives(steps) -> None:
    check_following(steps)


def check_following(steps) -> None:
    followed = Reasoner(FOLDING, rules())
    followed.start(set())
    followed.derive()
    present: set = set()
    for added, chosen in steps:
        removed = {f for n, f in enumerate(sorted(present)) if chosen >> (n % 12) & 1}
        wanted = one_start_each((present - removed) | added)
        before = followed.derived.copy()
        again = Reasoner(FOLDING, rules())
        again.resume(Held(by_property(present | before), before.copy(), len(present)))
        gone, come = followed.update(present - wanted, wanted - present)
        assert again.update(present - wanted, wanted - present) == (gone, come)
        present = wanted
        anew = Reasoner(FOLDING, rules())
        anew.start(present)
        anew.derive()
        assert followed.derived == anew.derived
        assert (gone, come) == (before - anew.derived, anew.derived - before)

"""Any ontology that is taken gives the closure that owlrl gives, and the same batch by batch."""

from __future__ import annotations

import re
import tempfile
from pathlib import Path

import owlrl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rdflib import Graph

from kg.errors import OntologyError
from kg.identity import Aliases
from kg.reason import Reasoner, derivation
from kg.reason.rules import compile_rules
from kg.settings import Plant
from kg.vocab import OWL_SAME_AS, RDF_TYPE

X = "https://x.example/"
PLANT = Plant(name="Test", base=X)
PREFIXES = f"""\
@prefix owl: <http://www.w3.org/2002/07/owl#> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
@prefix : <{X}> .
"""
CLASSES = [f":C{n}" for n in range(4)]
LINKS = [f":p{n}" for n in range(5)]
DECLARED = "".join(
    f"{term} a owl:{kind} .\n"
    for kind, terms in (("Class", CLASSES), ("ObjectProperty", LINKS))
    for term in terms
)

classes, links = st.sampled_from(CLASSES), st.sampled_from(LINKS)
plain_axioms = st.one_of(
    st.builds("{} rdfs:subClassOf {} .".format, classes, classes),
    st.builds("{} owl:equivalentClass {} .".format, classes, classes),
    st.builds("{} rdfs:subPropertyOf {} .".format, links, links),
    st.builds("{} owl:equivalentProperty {} .".format, links, links),
    st.builds("{} owl:inverseOf {} .".format, links, links),
    st.builds("{} rdfs:domain {} .".format, links, classes),
    st.builds("{} rdfs:range {} .".format, links, classes),
    st.builds("{} a owl:SymmetricProperty .".format, links),
)
joining_axioms = st.one_of(
    st.builds("{} a owl:TransitiveProperty .".format, links),
    st.builds("{} owl:propertyChainAxiom ( {} {} ) .".format, links, links, links),
    st.builds("{} owl:propertyChainAxiom ( {} {} {} ) .".format, links, links, links, links),
)
keys = st.one_of(
    st.builds("{} owl:hasKey ( {} ) .".format, classes, links),
    st.builds("{} owl:hasKey ( {} {} ) .".format, classes, links, links),
)
ontologies = st.lists(st.one_of(plain_axioms, joining_axioms), max_size=7)
with_keys = st.tuples(st.lists(plain_axioms, max_size=5), st.lists(keys, min_size=1, max_size=2))

names = st.integers(0, 5).map(lambda n: f"<{X}x{n}>")
facts = st.one_of(
    st.tuples(names, links.map(lambda p: f"<{X}{p[1:]}>"), names),
    st.tuples(names, st.just(RDF_TYPE), classes.map(lambda c: f"<{X}{c[1:]}>")),
)
data = st.sets(facts, max_size=9)
# Each alias of one thing: what two things are called is a dispute, and merges nothing.
same = st.dictionaries(names, names, max_size=3).map(
    lambda said: {(name, OWL_SAME_AS, alias) for alias, name in said.items() if alias != name}
)


def rules_of(axioms):
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "own.ttl").write_text(PREFIXES + DECLARED + "\n".join(axioms), "utf-8")
        return compile_rules(Path(folder))


def derived(rules, present) -> set:
    reasoner = Reasoner(PLANT, rules)
    reasoner.start(present)
    reasoner.derive()
    return reasoner.derived


def by_owlrl(axioms, present) -> set:
    # owlrl 7.6 does not look at the last property of a key (prp-key): it gets that one twice.
    told = [re.sub(r"(:p\d) \)", r"\1 \1 )", a) if "hasKey" in a else a for a in axioms]
    graph = Graph().parse(data=PREFIXES + DECLARED + "\n".join(told), format="turtle")
    graph.parse(data="\n".join(f"{s} {p} {o} ." for s, p, o in present), format="nt")
    owlrl.DeductiveClosure(owlrl.OWLRL_Semantics).expand(graph)
    return {
        (f"<{s}>", f"<{p}>", f"<{o}>")
        for s, p, o in graph
        if str(s).startswith(f"{X}x") and str(o).startswith(X) and f"<{p}>" != OWL_SAME_AS
        if f"<{p}>" == RDF_TYPE or str(p).startswith(X)
    }


def check_closure(axioms, present) -> None:
    assert present | derived(rules_of(axioms), present) == by_owlrl(axioms, present)


def check_identity(axioms, keyed, present, said) -> None:
    rules = rules_of([*axioms, *keyed])
    aliases = Aliases(rules.keys)
    listed = sorted(present | said)
    for number, fact in enumerate(listed):
        aliases.replace(f"<record/{number}>", [fact])
    canonical = {fact for fact in aliases.rewrite(listed) if fact[1] != OWL_SAME_AS}
    closed = canonical | derived(rules, canonical)
    called: dict = {}
    for alias, name in aliases.pairs().items():
        called.setdefault(name, {name}).add(alias)
    assert {
        (one, p, other)
        for s, p, o in closed
        for one in called.get(s, {s})
        for other in called.get(o, {o})
    } == by_owlrl([*axioms, *keyed], present | said)


def check_steps(axioms, steps) -> None:
    rules = rules_of(axioms)
    followed = Reasoner(PLANT, rules)
    followed.start(set())
    followed.derive()
    present: set = set()
    for added, chosen in steps:
        removed = {f for n, f in enumerate(sorted(present)) if chosen >> (n % 12) & 1}
        before = followed.derived.copy()
        gone, come = followed.update(removed - added, added)
        present = (present - removed) | added
        assert followed.derived == derived(rules, present)
        assert (gone, come) == (before - followed.derived, followed.derived - before)
        memory = followed.memory
        assert {(s, p, o) for s, p, o, _ in memory.match()} == present | followed.derived


@settings(max_examples=15, deadline=None)
@given(ontologies, data)
def test_owlrl_derives_the_same(axioms, present) -> None:
    check_closure(axioms, present)


@pytest.mark.slow
@settings(max_examples=100, deadline=None)
@given(ontologies, data)
def test_owlrl_derives_the_same_many_times(axioms, present) -> None:
    check_closure(axioms, present)


@settings(max_examples=15, deadline=None)
@given(with_keys, data, same)
def test_owlrl_finds_the_same_things_to_be_one(ontology, present, said) -> None:
    check_identity(*ontology, present, said)


@pytest.mark.slow
@settings(max_examples=100, deadline=None)
@given(with_keys, data, same)
def test_owlrl_finds_the_same_things_to_be_one_many_times(ontology, present, said) -> None:
    check_identity(*ontology, present, said)


steps = st.lists(st.tuples(data, st.integers(0, 2**12)), min_size=1, max_size=6)


@settings(max_examples=40, deadline=None)
@given(ontologies, steps)
def test_following_changes_gives_the_closure(axioms, changes) -> None:
    check_steps(axioms, changes)


@pytest.mark.slow
@settings(max_examples=150, deadline=None)
@given(ontologies, steps)
def test_following_many_changes_gives_the_closure(axioms, changes) -> None:
    check_steps(axioms, changes)


def chain(length: int) -> set:
    return {(f"<{X}x{n}>", f"<{X}p0>", f"<{X}x{n + 1}>") for n in range(length)}


TRANSITIVE = [":p0 a owl:TransitiveProperty ; owl:inverseOf :p1 ."]


def test_a_long_transitive_chain_is_closed() -> None:
    found = derived(rules_of(TRANSITIVE), chain(200))
    assert len(found) == 2 * (200 * 201 // 2) - 200


def test_a_link_in_the_middle_of_a_long_chain_goes_and_comes() -> None:
    reasoner = Reasoner(PLANT, rules_of(TRANSITIVE))
    reasoner.start(chain(200))
    reasoner.derive()
    link = {(f"<{X}x100>", f"<{X}p0>", f"<{X}x101>")}
    gone, come = reasoner.update(link, set())
    assert (len(gone), come) == (2 * 101 * 100 - 1, set())
    assert reasoner.update(set(), link) == (set(), gone)


def test_a_long_chain_of_names_leads_to_one() -> None:
    aliases = Aliases()
    for n in range(40):
        aliases.replace(f"<record/{n}>", [(f"<{X}x{n}>", OWL_SAME_AS, f"<{X}x{n + 1}>")])
    assert aliases.pairs() == {f"<{X}x{n}>": f"<{X}x0>" for n in range(1, 41)}


def test_a_chain_that_is_too_deep_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(derivation, "MAX_DEPTH", 100)
    with pytest.raises(OntologyError, match=r"p0> do not come to rest 100 deep, with .* from"):
        derived(rules_of([":p0 a owl:TransitiveProperty ."]), chain(110))


HUB = {(f"<{X}a{n}>", f"<{X}p0>", f"<{X}hub>") for n in range(200)} | {
    (f"<{X}hub>", f"<{X}p1>", f"<{X}b{n}>") for n in range(200)
}


@pytest.fixture
def little(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let there be few derived facts."""
    monkeypatch.setattr(derivation, "LEAST_BOUND", 1_000)


@pytest.mark.usefixtures("little")
@pytest.mark.parametrize(
    ("axiom", "rule"),
    [
        (":p2 owl:propertyChainAxiom ( :p0 :p1 ) .", "prp-spo2 of <https://x.example/p2>"),
        (
            ":p0 a owl:TransitiveProperty . :p1 rdfs:subPropertyOf :p0 .",
            "prp-trp of <https://x.example/p0>",
        ),
    ],
    ids=["chain", "transitive"],
)
def test_rules_that_would_fill_the_memory_are_stopped_by_name(axiom: str, rule: str) -> None:
    with pytest.raises(OntologyError) as raised:
        derived(rules_of([axiom]), HUB)
    assert rule in raised.value.message
    assert "400 asserted ones" in raised.value.message
    assert raised.value.hint


@pytest.mark.usefixtures("little")
def test_a_batch_that_would_fill_the_memory_is_stopped_by_name() -> None:
    reasoner = Reasoner(PLANT, rules_of([":p2 owl:propertyChainAxiom ( :p0 :p1 ) ."]))
    first = set(list(HUB)[:4])
    reasoner.start(first)
    reasoner.derive()
    with pytest.raises(OntologyError, match="prp-spo2 of"):
        reasoner.update(set(), HUB - first)


def link(s: str, p: str, o: str) -> tuple[str, str, str]:
    return f"<{X}{s}>", f"<{X}{p}>", f"<{X}{o}>"


RETRACTED = {
    "one side of an inverse": (
        [":p0 owl:inverseOf :p1 ."],
        {link("a", "p0", "b")},
        set(),
        set(),
    ),
    "one side of an inverse that both sides say": (
        [":p0 owl:inverseOf :p1 ."],
        {link("a", "p0", "b")},
        {link("b", "p1", "a")},
        {link("a", "p0", "b")},
    ),
    "a symmetric pair": (
        [":p0 a owl:SymmetricProperty ."],
        {link("a", "p0", "b")},
        set(),
        set(),
    ),
    "one of a symmetric pair": (
        [":p0 a owl:SymmetricProperty ."],
        {link("a", "p0", "b")},
        {link("b", "p0", "a")},
        {link("a", "p0", "b")},
    ),
    "a link of a circle": (
        TRANSITIVE,
        {link("c", "p0", "a")},
        {link("a", "p0", "b"), link("b", "p0", "c")},
        {
            link("a", "p0", "c"),
            link("b", "p1", "a"),
            link("c", "p1", "b"),
            link("c", "p1", "a"),
        },
    ),
    "what properties that are the same keep alive in turns": (
        [":p0 owl:equivalentProperty :p1 . :p1 owl:equivalentProperty :p2 ."],
        {link("a", "p1", "b")},
        set(),
        set(),
    ),
}


@pytest.mark.parametrize(("axioms", "taken", "left", "then"), RETRACTED.values(), ids=RETRACTED)
def test_what_goes_takes_with_it_what_only_it_supports(axioms, taken, left, then) -> None:
    reasoner = Reasoner(PLANT, rules_of(axioms))
    reasoner.start(taken | left)
    reasoner.derive()
    assert reasoner.derived != then
    reasoner.update(taken, set())
    assert reasoner.derived == then


def test_a_text_where_a_thing_belongs_derives_no_nonsense() -> None:
    rules = rules_of([*TRANSITIVE, ":p0 rdfs:range :C0 ; rdfs:domain :C1 ."])
    text = (f"<{X}a>", f"<{X}p0>", '"M7"')
    reasoner = Reasoner(PLANT, rules)
    reasoner.start(set())
    reasoner.derive()
    typed = (f"<{X}a>", RDF_TYPE, f"<{X}C1>")
    assert reasoner.update(set(), {text}) == (set(), {typed})
    assert derived(rules, {text}) == {typed}


def test_a_value_is_known_however_it_is_written() -> None:
    xsd = "http://www.w3.org/2001/XMLSchema#"
    reasoner = Reasoner(PLANT, rules_of([":p0 rdfs:subPropertyOf :p1 ."]))
    reasoner.start({(f"<{X}a>", f"<{X}p0>", f'"01"^^<{xsd}integer>')})
    reasoner.derive()
    assert reasoner.derived == {(f"<{X}a>", f"<{X}p1>", f'"1"^^<{xsd}integer>')}
    reasoner.update({(f"<{X}a>", f"<{X}p0>", f'"1"^^<{xsd}integer>')}, set())
    assert reasoner.derived == set()

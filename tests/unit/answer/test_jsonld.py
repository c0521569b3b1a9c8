from __future__ import annotations

import json
from collections import Counter

import pytest
from rdflib import OWL, RDF, RDFS, XSD, Dataset, Graph, Literal, URIRef
from rdflib.namespace import Namespace
from rdflib.util import from_n3

from kg import vocab
from kg.answer.jsonld import context_document, to_jsonld
from kg.answer.planning.computed import PREDICATES
from kg.answer.render import to_json
from kg.answer.sources import facts_of
from kg.assets import ontology_folder
from tests.unit.answer.conftest import NOW

pytestmark = pytest.mark.filterwarnings(  # of rdflib's own reader
    "ignore:(ConjunctiveGraph|Dataset.default_context) is deprecated:DeprecationWarning"
)
PROV = Namespace("http://www.w3.org/ns/prov#")
TR = Namespace("https://w3id.org/traveler/ontology/")
SH = Namespace("http://www.w3.org/ns/shacl#")
BASE = "https://tiny.example/"
THINGS = [("M1", "full"), ("job/1", "full"), ("job/3", "why_late"), ("customer/acme", "now")]


def parsed(document: dict) -> Graph:
    """What rdflib makes of the document alone; nothing is fetched."""
    read = Dataset()
    read.parse(data=to_json(document), format="json-ld")
    return read.default_graph


def _is(term: object) -> bool:
    return isinstance(term, str) and term.startswith(f"<{TR}")


@pytest.mark.parametrize(("thing", "focus"), THINGS)
def test_every_current_fact_is_a_triple_that_the_plants_graph_holds(tiny, thing, focus) -> None:
    context = tiny.answers().context(thing, NOW, focus=focus)
    graph = parsed(to_jsonld(context, BASE))
    known = [f for f in facts_of(context) if not f.is_computed and f.is_current]
    assert known
    for fact in known:
        about = f"<{BASE}{fact.about}>"
        objects = tiny.store.objects(about, f"<{TR}{fact.predicate}>")
        written = set(graph.objects(URIRef(BASE + fact.about), TR[fact.predicate]))
        assert written
        assert written <= {from_n3(one) for one in objects}
    outside = {p for s, p, _ in graph if str(s).startswith(f"{BASE}job/") and p not in TR}
    assert outside <= {RDFS.label}
    ours = {str(p).removeprefix(str(TR)) for p in graph.predicates() if p in TR}
    assert ours <= {term[1:-1].removeprefix(str(TR)) for term in vars(vocab).values() if _is(term)}


@pytest.mark.parametrize(("thing", "focus"), THINGS)
def test_every_fact_says_what_it_is_derived_from_and_what_it_is_worth(tiny, thing, focus) -> None:
    context = tiny.answers().context(thing, NOW, focus=focus)
    graph = parsed(to_jsonld(context, BASE))
    facts = {fact.id: fact for fact in facts_of(context)}
    made = Counter(fact.is_computed for fact in facts.values())
    assert len(set(graph.subjects(RDF.type, RDF.Statement))) == len(facts)
    assert len(set(graph.subjects(RDF.type, PROV.Entity))) == made[True]
    for fact in facts.values():
        (told,) = [s for s in graph.subjects() if str(s) == f"{BASE}fact/{fact.id}"][:1]
        derived = {str(one) for one in graph.objects(told, PROV.wasDerivedFrom)}
        if fact.is_computed:
            assert derived == {f"{BASE}fact/{one}" for one in fact.inputs}
        else:
            assert derived == {BASE + citation.record for citation in fact.via}
        assert graph.value(told, RDF.subject) == URIRef(BASE + fact.about)
        assert graph.value(told, RDF.predicate) == TR[fact.predicate]
        worth = Namespace("http://purl.org/dc/terms/")
        assert graph.value(told, worth.provenance) == Literal(fact.trust)
        states = set(graph.objects(told, worth.type))
        assert (Literal("stale") in states) == fact.is_stale
        assert Literal(fact.state) in states


def test_what_lost_a_conflict_is_told_of_and_not_stated(tiny) -> None:
    graph = parsed(to_jsonld(tiny.answers().context("job/1", NOW), BASE))
    due = {str(one) for one in graph.objects(URIRef(f"{BASE}job/1"), TR.dueDate)}
    told = {str(graph.value(one, RDF.object)) for one in graph.subjects(RDF.predicate, TR.dueDate)}
    assert due == {"2026-12-01"}
    assert told == {"2026-12-01", "2026-12-09"}
    (typed_due,) = graph.objects(URIRef(f"{BASE}job/1"), TR.dueDate)
    assert str(typed_due.datatype) == "http://www.w3.org/2001/XMLSchema#date"


def test_what_is_computed_is_a_statement_of_the_ontology_with_its_inputs_and_no_triple(
    tiny,
) -> None:
    context = tiny.answers().context("job/1", NOW, focus="why_late")
    graph = parsed(to_jsonld(context, BASE))
    ontology = Graph().parse(ontology_folder() / "computed.ttl")
    computed = [fact for slot in context.computed.values() for fact in slot.facts]
    assert {fact.predicate for fact in computed} >= {"timeLeft"}
    for fact in computed:
        (told,) = graph.subjects(RDF.predicate, TR[fact.predicate])
        value = graph.value(told, RDF.object)
        assert str(value) == fact.value
        assert value.datatype == ontology.value(TR[fact.predicate], RDFS.range)
        assert graph.value(told, TR.unit) == Literal(fact.unit)
        made_at = Literal(context.as_of, datatype=XSD.dateTime)
        assert graph.value(told, PROV.generatedAtTime) == made_at
        inputs = set(graph.objects(told, PROV.wasDerivedFrom))
        assert inputs
        assert inputs <= set(graph.subjects(RDF.type, RDF.Statement))
        assert (None, TR[fact.predicate], None) not in graph


def test_the_ontology_has_every_property_of_what_is_computed() -> None:
    ontology = Graph().parse(ontology_folder() / "computed.ttl")
    terms = {str(term) for term in ontology.subjects(RDF.type, OWL.DatatypeProperty)}
    assert terms == {term[1:-1] for term in PREDICATES}


def test_gaps_are_results_in_the_words_of_shacl(tiny) -> None:
    context = tiny.answers().context("job/3", NOW)
    graph = parsed(to_jsonld(context, BASE))
    focused = {str(one) for one in graph.objects(None, SH.focusNode)}
    assert focused == {BASE + gap.entity for gap in context.gaps}
    subject = URIRef("http://purl.org/dc/terms/subject")
    assert set(map(str, graph.objects(None, subject))) == {gap.slot for gap in context.gaps}


def test_a_document_holds_the_published_context_and_its_base_and_fetches_nothing(tiny) -> None:
    document = to_jsonld(tiny.answers().context("M1", NOW), BASE)
    published = context_document()["@context"]
    assert document["@context"] == published | {"@base": BASE}
    assert published["@vocab"] == str(TR)
    assert not any(isinstance(one, str) and one.endswith("jsonld") for one in published.values())


def test_an_id_that_would_not_read_back_is_written_in_full(tiny) -> None:
    context = tiny.answers().context("M1", NOW)
    for odd in ("job/a:b", "job/../x", "job/a//b", "urn:x:1", "@id/x", "job/ä?x=1"):
        context.entity["id"] = odd
        graph = parsed(to_jsonld(context, BASE))
        named = {str(one) for one in graph.subjects(RDFS.label, Literal("Saw"))}
        assert named == {odd if odd.startswith("urn:") else BASE + odd}


def test_the_document_is_the_same_each_time(tiny) -> None:
    answers = tiny.answers()
    texts = {json.dumps(to_jsonld(answers.context("M1", NOW), BASE)) for _ in range(2)}
    assert len(texts) == 1

"""What follows from a small plant, by owlrl as the reference and by the rules."""

from __future__ import annotations

from pathlib import Path

import owlrl
import pyoxigraph
import pyshacl
import pytest
from rdflib import RDF, RDFS, SH, Graph, Namespace, URIRef

ONTOLOGY = Path(__file__).resolve().parent.parent.parent / "ontology"
PLANT = Path(__file__).resolve().parent / "plant.ttl"
TR = Namespace("https://w3id.org/traveler/ontology/")
TRS = Namespace("https://w3id.org/traveler/shape/")
PROV = Namespace("http://www.w3.org/ns/prov#")
EX = Namespace("https://plant.example/")


@pytest.fixture(scope="module")
def present() -> Graph:
    """The plant with all that OWL 2 RL derives from it."""
    graph = Graph().parse(PLANT)
    for name in ("factory", "alignments"):
        graph.parse(ONTOLOGY / f"{name}.ttl")
    # What only describes the terms gives no facts of things, and costs most of the time.
    for described in (RDFS.label, RDFS.isDefinedBy, RDFS.comment):
        graph.remove((None, described, None))
    graph.remove((None, URIRef("http://www.w3.org/2004/02/skos/core#definition"), None))
    graph.remove((None, URIRef("http://www.w3.org/2004/02/skos/core#closeMatch"), None))
    owlrl.DeductiveClosure(owlrl.OWLRL_Semantics).expand(graph)
    return graph


def names(graph: Graph, subject: str, predicate: URIRef) -> set[str]:
    return {str(o).removeprefix(str(EX)) for o in graph.objects(EX[subject], predicate)}


def construct(rule_file: str, graph: Graph) -> set[tuple[str, str]]:
    """Run the rules of one file over all things at once: pairs of subject and object."""
    rules = Graph().parse(ONTOLOGY / "rules" / rule_file)
    store = pyoxigraph.Store()
    own = Graph()
    for triple in graph:
        if str(triple[0]).startswith(str(EX)):
            own.add(triple)
    store.load(own.serialize(format="nt").encode(), format=pyoxigraph.RdfFormat.N_TRIPLES)
    [text] = rules.objects(None, SH.construct)
    found = store.query(f"PREFIX tr: <{TR}> {text}")
    assert isinstance(found, pyoxigraph.QueryTriples)
    return {
        (t.subject.value.removeprefix(str(EX)), t.object.value.removeprefix(str(EX))) for t in found
    }


def test_the_plant_is_consistent(present: Graph) -> None:
    error = URIRef("http://www.daml.org/2002/03/agents/agent-ont#ErrorMessage")
    assert not list(present.subjects(RDF.type, error))


def test_a_customer_is_reached_by_allocation_line_and_order(present: Graph) -> None:
    assert names(present, "job/1043", TR.forCustomer) == {"customer/volt"}
    assert names(present, "job/1042", TR.forCustomer) == set()


def test_a_job_is_made_where_it_ran_and_where_it_is_planned(present: Graph) -> None:
    assert names(present, "job/1043", TR.madeOn) == {"machine/M7", "machine/M8"}


def test_batches_are_traced_through_jobs_at_any_depth(present: Graph) -> None:
    assert names(present, "job/1043", TR.consumes) == {"batch/blank"}
    assert names(present, "batch/shaft", TR.directlyMadeFrom) == {"batch/blank"}
    assert names(present, "batch/shaft", TR.madeFrom) == {"batch/blank", "batch/bar"}
    assert names(present, "batch/bar", TR.madeInto) == {"batch/blank", "batch/shaft"}
    assert names(present, "batch/shaft", PROV.wasDerivedFrom) == {"batch/blank", "batch/bar"}


def test_a_batch_that_was_only_loaded_is_only_possible(present: Graph) -> None:
    loaded = {"batch/oil-1", "batch/oil-2", "batch/paste", "batch/blank-2"}
    assert names(present, "job/1043", TR.possiblyConsumes) == loaded
    assert names(present, "batch/shaft", TR.possiblyMadeFrom) == loaded
    assert not names(present, "batch/shaft", TR.madeFrom) & loaded


def test_a_pinned_specification_applies_and_a_current_one_is_presumed(present: Graph) -> None:
    assert names(present, "job/1043", TR.appliesSpec) == {"specification/shaft-B"}
    assert names(present, "job/1043", TR.presumedSpec) == {"specification/shaft-C"}


def test_inverses_and_outside_terms_are_stated(present: Graph) -> None:
    assert names(present, "job/1043", TR.hasRun) == {"run/1", "run/2"}
    assert names(present, "machine/M7", TR.hostsRun) == {"run/1", "event/1"}
    assert (EX["run/1"], RDF.type, PROV.Activity) in present
    assert (EX["operation/1043-20"], RDF.type, TR.OutsideOperation) in present


def test_nothing_is_taken_for_what_it_is_not(present: Graph) -> None:
    parents = {
        "run": {"Run", "Occurrence"},
        "operation": {"Operation", "OutsideOperation"},
        "part": {"Part", "Material"},
    }
    words = {
        "order-line": "SalesOrderLine",
        "order": "SalesOrder",
        "batch": "MaterialBatch",
        "batch-use": "BatchUse",
        "work-center": "WorkCenter",
        "requirement": "CustomerRequirement",
        "event": "MachineStateChanged",
    }
    parents["event"] = {"MachineStateChanged", "Event", "Occurrence"}
    things = {s for s in present.subjects() if str(s).startswith(str(EX))}
    assert things
    for thing in things:
        kind = str(thing).removeprefix(str(EX)).split("/")[0]
        own = words.get(kind, kind.capitalize())
        types = {
            str(t).removeprefix(str(TR))
            for t in present.objects(thing, RDF.type)
            if str(t).startswith(str(TR))
        }
        assert own in types, thing
        assert types <= parents.get(kind, {own}), thing


def test_an_open_run_holds_its_machine_and_a_closed_one_does_not(present: Graph) -> None:
    assert construct("runs.ttl", present) == {("run/1", "machine/M7")}


def test_the_only_batch_loaded_is_presumed_used_unless_one_was_scanned(present: Graph) -> None:
    # Two batches of oil leave it open; a blank was scanned, so the other blank is not presumed.
    assert construct("batches.ttl", present) == {("job/1043", "batch/paste")}


def test_a_rule_says_the_same_for_one_thing_as_for_all(present: Graph) -> None:
    # Those of evidence.ttl follow upon these: tests/unit/reason/test_reason.py asks them both ways.
    for path in (ONTOLOGY / "rules" / name for name in ("batches.ttl", "runs.ttl")):
        data = Graph()
        for triple in present:
            if str(triple[0]).startswith(str(EX)):
                data.add(triple)
        before = len(data)
        pyshacl.shacl_rules(data, shacl_graph=Graph().parse(path), advanced=True, inplace=True)
        [head] = [str(c) for c in Graph().parse(path).objects(None, SH.construct)]
        predicate = TR[head.split("tr:")[1].split(" ")[0]]
        added = {
            (str(s).removeprefix(str(EX)), str(o).removeprefix(str(EX)))
            for s, o in data.subject_objects(predicate)
        }
        assert added == construct(path.name, present), path.name
        assert len(data) == before + len(added), path.name


def test_rules_explain_themselves_and_read_neither_the_clock_nor_a_later_rule() -> None:
    rules = Graph()
    files = sorted((ONTOLOGY / "rules").glob("*.ttl"))
    assert files
    for path in files:
        rules.parse(path)
    texts = {rule: str(text) for rule, text in rules.subject_objects(SH.construct)}
    order = {rule: int(str(rules.value(rule, SH.order, default=0))) for rule in texts}
    heads = {
        text.split("WHERE")[0].split("tr:")[1].split(" ")[0]: order[rule]
        for rule, text in texts.items()
    }
    for rule, text in texts.items():
        assert rules.value(rule, RDFS.label)
        assert rules.value(rule, RDFS.comment)
        assert "NOW()" not in text.upper()
        body = text.split("WHERE", 1)[1]
        read = {head for head in heads if f"tr:{head} " in body}
        assert all(heads[head] < order[rule] for head in read), (order[rule], read)


def test_links_are_judged_on_what_was_derived(present: Graph) -> None:
    shapes = Graph().parse(ONTOLOGY / "shapes" / "links.shacl.ttl")
    _, report, _ = pyshacl.validate(present, shacl_graph=shapes)
    assert isinstance(report, Graph)
    found = {
        (
            str(report.value(result, SH.focusNode)).removeprefix(str(EX)),
            str(report.value(result, SH.sourceShape)).removeprefix(str(TRS)),
        )
        for result in report.subjects(RDF.type, SH.ValidationResult)
    }
    assert found == {("job/1042", "JobOwesCustomer"), ("job/1042", "JobOwesSpecification")}

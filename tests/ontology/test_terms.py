"""The ontology's files, its house rules, and that Python knows the same terms."""

from __future__ import annotations

import re
from pathlib import Path

import pyoxigraph
import pyshacl
import pytest
from rdflib import OWL, RDF, RDFS, SH, SKOS, Graph, Literal, Namespace, URIRef
from rdflib.collection import Collection

from kg import vocab

ONTOLOGY = Path(__file__).resolve().parent.parent.parent / "ontology"
TR = Namespace("https://w3id.org/traveler/ontology/")
TRK = Namespace("https://w3id.org/traveler/check/")
PARTS = tuple(sorted(path.stem for path in ONTOLOGY.glob("*.ttl")))
FILES = sorted(ONTOLOGY.rglob("*.ttl"))
KINDS = (OWL.Class, OWL.ObjectProperty, OWL.DatatypeProperty, OWL.AnnotationProperty)

# One defect each, and the check that must find it.
DEFECTS = {
    "TermHasLabel": 'tr:Lathe a owl:Class ; skos:definition "x"@en ; rdfs:isDefinedBy tr: .',
    "TermHasOneLabel": 'tr:Job rdfs:label "works order"@en .',
    "TermHasDefinition": 'tr:Mill a owl:Class ; rdfs:label "x"@en ; rdfs:isDefinedBy tr: .',
    "TermSaysWhoDefinesIt": 'tr:Saw a owl:Class ; rdfs:label "x"@en ; skos:definition "x"@en .',
    "TermHasSlashIri": "<https://w3id.org/traveler/ontology#Press> a owl:Class .",
    "ClassBeginsWithCapital": (
        'tr:lathe a owl:Class ; rdfs:label "x"@en ; skos:definition "x"@en ; rdfs:isDefinedBy tr: .'
    ),
    "PropertyBeginsSmall": (
        "tr:TurnedOn a owl:DatatypeProperty ; "
        'rdfs:label "x"@en ; skos:definition "x"@en ; rdfs:isDefinedBy tr: .'
    ),
    "LinkHasRange": (
        "tr:heldBy a owl:ObjectProperty ; "
        'rdfs:label "x"@en ; skos:definition "x"@en ; rdfs:isDefinedBy tr: .'
    ),
    "PropertyHasOneDomainAndRange": "tr:ofJob rdfs:domain tr:Note .",
    "LinkIsNeverFunctional": "tr:orderedBy a owl:FunctionalProperty .",
    "OntologyHasHeader": "tr: owl:imports <http://www.w3.org/ns/prov-o> .",
    "CodeIsDescribed": '<https://w3id.org/traveler/code/phase/setup> skos:prefLabel "mise"@fr .',
    "CodeListIsDescribed": (
        'trc:shade a skos:ConceptScheme ; skos:prefLabel "shade"@en ; skos:definition "x"@en .'
    ),
    "CodeHasIriOfItsNotation": (
        "trc:matt a skos:Concept ; skos:inScheme trc:phase ; rdfs:isDefinedBy trc: ; "
        'skos:notation "matt" ; skos:definition "x"@en ; '
        'skos:prefLabel "matt"@en, "matt"@sv, "matt"@de .'
    ),
}
PREFIXES = """@prefix tr: <https://w3id.org/traveler/ontology/> .
@prefix trc: <https://w3id.org/traveler/code/> .
@prefix owl: <http://www.w3.org/2002/07/owl#> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
@prefix skos: <http://www.w3.org/2004/02/skos/core#> .
"""


def load_ontology() -> Graph:
    graph = Graph()
    for name in PARTS:
        graph.parse(ONTOLOGY / f"{name}.ttl")
    return graph


@pytest.fixture(scope="module")
def ontology() -> Graph:
    return load_ontology()


@pytest.fixture(scope="module")
def checks() -> Graph:
    graph = Graph()
    for path in sorted((ONTOLOGY / "checks").glob("*.shacl.ttl")):
        graph.parse(path)
    return graph


def own_terms(ontology: Graph) -> set[str]:
    return {
        str(term).removeprefix(str(TR))
        for kind in KINDS
        for term in ontology.subjects(RDF.type, kind)
        if str(term).startswith(str(TR))
    }


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ONTOLOGY)))
def test_every_file_is_read_alike_by_both_parsers(path: Path) -> None:
    triples = list(pyoxigraph.parse(path=str(path), format=pyoxigraph.RdfFormat.TURTLE))
    assert len(triples) == len(Graph().parse(path)) > 0


def test_the_ontology_keeps_its_own_house_rules(ontology: Graph, checks: Graph) -> None:
    conforms, _, text = pyshacl.validate(ontology, shacl_graph=checks)
    assert conforms, text


def test_every_house_rule_finds_its_defect(checks: Graph) -> None:
    rules = {str(rule).removeprefix(str(TRK)) for rule in checks.subjects(RDF.type, SH.NodeShape)}
    assert rules == set(DEFECTS)
    broken = load_ontology()
    for defect in DEFECTS.values():
        broken.parse(data=PREFIXES + defect, format="turtle")
    _, report, _ = pyshacl.validate(broken, shacl_graph=checks)
    assert isinstance(report, Graph)
    owners = {inner: rule for rule, inner in checks.subject_objects(SH.property)}
    named = {
        str(owners.get(shape, shape)).removeprefix(str(TRK))
        for shape in report.objects(None, SH.sourceShape)
    }
    assert named == rules


def test_vocabulary_and_ontology_name_the_same_terms(ontology: Graph) -> None:
    constants = {
        name: value.removeprefix(f"<{vocab.TR}").removesuffix(">")
        for name, value in vars(vocab).items()
        if isinstance(value, str) and value.startswith(f"<{vocab.TR}")
    }
    assert set(constants.values()) == own_terms(ontology)
    for constant, term in constants.items():
        plain = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", term).upper()
        is_shadowed = term[0].isupper() and term[0].lower() + term[1:] in constants.values()
        assert constant == (f"{plain}_CLASS" if is_shadowed else plain)


def test_codes_are_built_as_the_code_lists_name_them(ontology: Graph) -> None:
    concepts = {f"<{code}>" for code in ontology.subjects(RDF.type, SKOS.Concept)}
    assert vocab.code("job-status", "in-progress") in concepts
    for code in ontology.subjects(RDF.type, SKOS.Concept):
        scheme = str(ontology.value(code, SKOS.inScheme)).removeprefix(vocab.TRC)
        assert vocab.code(scheme, str(ontology.value(code, SKOS.notation))) == f"<{code}>"


def test_axioms_name_only_terms_that_exist(ontology: Graph) -> None:
    own = own_terms(ontology)
    named = set()
    for axiom in (RDFS.domain, RDFS.range, RDFS.subClassOf, RDFS.subPropertyOf, OWL.inverseOf):
        named |= {term for pair in ontology.subject_objects(axiom) for term in pair}
    for chain in ontology.objects(None, OWL.propertyChainAxiom):
        named |= set(Collection(ontology, chain))
    local = {str(term).removeprefix(str(TR)) for term in named if str(term).startswith(str(TR))}
    assert local <= own


def test_axioms_are_of_the_few_kinds_that_the_reasoner_knows(ontology: Graph) -> None:
    used = {p for p in ontology.predicates() if str(p).startswith((str(OWL), str(RDFS)))}
    assert used == {
        OWL.inverseOf,
        OWL.propertyChainAxiom,
        OWL.versionIRI,
        OWL.versionInfo,
        RDFS.comment,
        RDFS.domain,
        RDFS.isDefinedBy,
        RDFS.label,
        RDFS.range,
        RDFS.subClassOf,
        RDFS.subPropertyOf,
    }


@pytest.mark.parametrize("name", ["rules", "shapes", "checks", "questions"])
def test_whatever_names_a_term_of_ours_names_one_that_exists(name: str, ontology: Graph) -> None:
    own = own_terms(ontology)
    files = [path for path in (ONTOLOGY / name).iterdir() if path.suffix in {".ttl", ".rq"}]
    assert files
    for path in files:
        text = re.sub(r"#[^\n]*\n|<[^>\s]*>|\"[^\"\n]*\"@en", " ", path.read_text("utf-8"))
        assert set(re.findall(r"\btr:([A-Za-z]+)", text)) <= own, path


def test_a_machine_is_no_work_center_and_a_presumption_is_no_statement(ontology: Graph) -> None:
    assert TR.WorkCenter not in set(ontology.transitive_objects(TR.Machine, RDFS.subClassOf))
    for guess in (TR.presumedSpec, TR.presumablyConsumes, TR.possiblyConsumes, TR.possiblyMadeFrom):
        assert list(ontology.transitive_objects(guess, RDFS.subPropertyOf)) == [guess]


def test_definitions_are_sentences_of_their_own(ontology: Graph) -> None:
    seen: dict[Literal, URIRef] = {}
    for term, text in ontology.subject_objects(SKOS.definition):
        if not str(term).startswith(str(TR)):
            continue
        assert isinstance(text, Literal)
        assert isinstance(term, URIRef)
        assert str(text).endswith(".")
        assert seen.setdefault(text, term) == term

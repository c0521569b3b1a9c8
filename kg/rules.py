"""Rules: all that the ontology says about data, in a form that can be run over it.

The ontology alone is closed once by owlrl (OWL 2 RL/RDF, W3C, section 4.3); what that means for
data are rules without negation. Rules that look for what is absent (``ontology/rules``, SHACL-AF
SPARQL rules) stand beside them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import owlrl
from rdflib import OWL, RDF, RDFS, SH, Graph, URIRef
from rdflib.collection import Collection

from kg.errors import OntologyError
from kg.vocab import RDF_TYPE

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from rdflib.term import Node

    from kg.records import Fact, Term

    Shape = tuple[Term, Term]
    """A property; for a type also the class, as hardly a rule looks at types of any class."""

TRANSITIVE = "prp-trp"
INVERSE = "prp-inv"
_CONSTRUCT = re.compile(r"CONSTRUCT\s*\{(.*?)\}\s*WHERE\s*\{(.*)\}\s*$", re.DOTALL | re.IGNORECASE)
_BUILT_IN = (str(OWL), str(RDF), str(RDFS), "http://www.w3.org/2001/XMLSchema#")
_AXIOMS = (
    RDFS.subClassOf,
    RDFS.subPropertyOf,
    RDFS.domain,
    RDFS.range,
    OWL.inverseOf,
    OWL.propertyChainAxiom,
    OWL.equivalentClass,
    OWL.equivalentProperty,
    RDF.first,
    RDF.rest,
)
_AXIOM_TYPES = (
    OWL.Class,
    OWL.ObjectProperty,
    OWL.DatatypeProperty,
    OWL.TransitiveProperty,
    OWL.SymmetricProperty,
)


@dataclass(frozen=True, slots=True)
class Rule:
    """``head`` holds where every pattern of ``body`` holds; names as in OWL 2 RL/RDF."""

    name: str
    head: Fact
    body: tuple[Fact, ...]

    @property
    def title(self) -> str:
        """Name the rule by its kind and what it gives."""
        _, p, o = self.head
        return f"{self.name} of {o if p == RDF_TYPE else p}"


@dataclass(frozen=True, slots=True)
class ConstructRule:
    """A SHACL-AF SPARQL rule: ``head`` and ``body`` are SPARQL text, prefixes expanded."""

    name: str
    head: str
    body: str


@dataclass(frozen=True, slots=True)
class RuleSet:
    """All that the ontology says about data."""

    rules: tuple[Rule, ...]
    constructs: tuple[ConstructRule, ...]


def load_graph(folder: Path, pattern: str = "*.ttl") -> Graph:
    """Parse every Turtle file of a folder into one graph.

    Raises:
        OntologyError: a file is no Turtle; the message names file and place.
    """
    graph = Graph()
    for path in sorted(folder.glob(pattern)):
        try:
            graph.parse(path, format="turtle")
        except Exception as error:  # rdflib's parsers raise many types
            raise OntologyError(f"{path}: {error}", hint="mend the file's Turtle") from error
    return graph


def compile_rules(ontology: Path) -> RuleSet:
    """Close the ontology with owlrl and turn its axioms and rules into what runs over data."""
    closed = Graph()
    for s, p, o in load_graph(ontology):
        if p in _AXIOMS or (p == RDF.type and o in _AXIOM_TYPES):
            closed.add((s, p, o))
    chains = {
        (p, tuple(Collection(closed, chain)))
        for p, chain in closed.subject_objects(OWL.propertyChainAxiom)
    }
    owlrl.DeductiveClosure(owlrl.OWLRL_Semantics).expand(closed)
    rules = [*_binary_rules(closed), *_property_rules(closed)]
    for predicate, chain in sorted(chains):
        rules.append(_chain_rule(_term(predicate), [_term(step) for step in chain]))
    return RuleSet(tuple(rules), tuple(_construct_rules(load_graph(ontology / "rules"))))


def _term(node: Node) -> Term:
    return f"<{node}>"


def _pairs(closed: Graph, predicate: URIRef) -> list[tuple[Term, Term]]:
    return sorted(
        (_term(s), _term(o))
        for s, o in closed.subject_objects(predicate)
        if isinstance(s, URIRef)
        and isinstance(o, URIRef)
        and s != o
        and not str(s).startswith(_BUILT_IN)
        and not str(o).startswith(_BUILT_IN)
    )


def _binary_rules(closed: Graph) -> Iterator[Rule]:
    for sub, sup in _pairs(closed, RDFS.subClassOf):
        yield Rule("cax-sco", ("?x", RDF_TYPE, sup), (("?x", RDF_TYPE, sub),))
    for sub, sup in _pairs(closed, RDFS.subPropertyOf):
        yield Rule("prp-spo1", ("?x", sup, "?y"), (("?x", sub, "?y"),))
    for one, other in _pairs(closed, OWL.inverseOf):
        yield Rule(INVERSE, ("?y", other, "?x"), (("?x", one, "?y"),))
        yield Rule(INVERSE, ("?y", one, "?x"), (("?x", other, "?y"),))
    for predicate, kind in _pairs(closed, RDFS.domain):
        yield Rule("prp-dom", ("?x", RDF_TYPE, kind), (("?x", predicate, "?y"),))
    for predicate, kind in _pairs(closed, RDFS.range):
        yield Rule("prp-rng", ("?y", RDF_TYPE, kind), (("?x", predicate, "?y"),))


def _property_rules(closed: Graph) -> Iterator[Rule]:
    for kind, name in ((OWL.TransitiveProperty, TRANSITIVE), (OWL.SymmetricProperty, "prp-symp")):
        for node in sorted(closed.subjects(RDF.type, kind), key=str):
            p = _term(node)
            if str(node).startswith(_BUILT_IN):
                continue
            if name == TRANSITIVE:
                yield Rule(name, ("?x", p, "?z"), (("?x", p, "?y"), ("?y", p, "?z")))
            else:
                yield Rule(name, ("?y", p, "?x"), (("?x", p, "?y"),))


def _chain_rule(predicate: Term, chain: list[Term]) -> Rule:
    body = tuple((f"?v{i}", step, f"?v{i + 1}") for i, step in enumerate(chain))
    return Rule("prp-spo2", ("?v0", predicate, f"?v{len(chain)}"), body)


def _construct_rules(graph: Graph) -> Iterator[ConstructRule]:
    # In sh:order (SHACL-AF, 8.4): a rule may read what those before it give.
    rules = [(_order(graph, rule), shape, rule) for shape, rule in graph.subject_objects(SH.rule)]
    for _, shape, rule in sorted(rules):
        text = str(graph.value(rule, SH.construct))
        match = _CONSTRUCT.search(text)
        if match is None:
            raise OntologyError(
                f"rule {shape}: sh:construct is no CONSTRUCT {{…}} WHERE {{…}}",
                hint="write the rule in that form",
            )
        head, body = (_expand(part, rule, graph) for part in match.groups())
        target = graph.value(shape, SH.targetClass)
        typed = f"?this {RDF_TYPE} {_term(target)} . " if target is not None else ""
        name = str(graph.value(rule, RDFS.label) or graph.value(shape, RDFS.label) or shape)
        yield ConstructRule(name, head, typed + body)


def _order(graph: Graph, rule: Node) -> float:
    said = graph.value(rule, SH.order)
    return 0.0 if said is None else float(str(said))


def _expand(text: str, rule: Node, graph: Graph) -> str:
    prefixes: dict[str, str] = {}
    for header in graph.objects(rule, SH.prefixes):
        for declared in graph.objects(header, SH.declare):
            name = str(graph.value(declared, SH.prefix))
            prefixes[name] = str(graph.value(declared, SH.namespace))
    for name, namespace in prefixes.items():
        text = re.sub(rf"(?<![\w<:/]){re.escape(name)}:([\w/-]+)", rf"<{namespace}\1>", text)
    return text.replace("$this", "?this")


def shapes_of(fact: Fact) -> tuple[Shape, ...]:
    """Give the shapes of patterns that a fact may match."""
    _, p, o = fact
    return ((p, ""), (p, o)) if p == RDF_TYPE else ((p, ""),)


def shape_of(pattern: Fact) -> Shape:
    """Give the one shape of a pattern, whose property is fixed."""
    _, p, o = pattern
    return p, o if p == RDF_TYPE and o[0] != "?" else ""


def unify(pattern: Fact, fact: Fact) -> dict[str, Term] | None:
    """Bind the variables of a pattern so that it is the fact; None where it cannot be."""
    bindings: dict[str, Term] = {}
    for part, term in zip(pattern, fact, strict=True):
        if part.startswith("?"):
            if bindings.setdefault(part, term) != term:
                return None
        elif part != term:
            return None
    return bindings

"""Rules: all that the ontology says about data, in a form that can be run over it.

The ontology alone is closed once by owlrl (OWL 2 RL/RDF, W3C, section 4.3); what that means for
data are rules without negation. Rules that look for what is absent (``ontology/rules``, SHACL-AF
SPARQL rules) stand beside them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rdflib import OWL, RDFS, SH, Graph, URIRef

from kg.errors import OntologyError
from kg.keys import Key
from kg.reason.axioms import Axioms
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
    """All that the ontology says about data.

    ``giving`` remembers by property the rules that can give it, for who explains facts.
    """

    rules: tuple[Rule, ...]
    constructs: tuple[ConstructRule, ...]
    keys: tuple[Key, ...] = ()
    giving: dict[Term, tuple[Rule, ...]] = field(default_factory=dict, compare=False, repr=False)


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
    """Close the ontology with owlrl and turn its axioms and rules into what runs over data.

    Raises:
        OntologyError: an axiom is none that is followed, or the axioms contradict each other.
    """
    axioms = Axioms(load_graph(ontology))
    rules = [*_binary_rules(axioms), *_property_rules(axioms)]
    for (predicate, _), chain in axioms.chains.items():
        rules.append(_chain_rule(_term(predicate), [_term(step) for step in chain]))
    constructs = tuple(_construct_rules(load_graph(ontology / "rules")))
    return RuleSet(tuple(dict.fromkeys(rules)), constructs, tuple(_keys(axioms)))


def _term(node: Node) -> Term:
    return f"<{node}>"


def _binary_rules(axioms: Axioms) -> Iterator[Rule]:
    def pairs(predicate: URIRef) -> list[tuple[Term, Term]]:
        return [(_term(one), _term(other)) for one, other in axioms.pairs(predicate)]

    for sub, sup in pairs(RDFS.subClassOf):
        yield Rule("cax-sco", ("?x", RDF_TYPE, sup), (("?x", RDF_TYPE, sub),))
    for sub, sup in pairs(RDFS.subPropertyOf):
        yield Rule("prp-spo1", ("?x", sup, "?y"), (("?x", sub, "?y"),))
    for one, other in pairs(OWL.inverseOf):
        yield Rule(INVERSE, ("?y", other, "?x"), (("?x", one, "?y"),))
        yield Rule(INVERSE, ("?y", one, "?x"), (("?x", other, "?y"),))
    for predicate, kind in pairs(RDFS.domain):
        yield Rule("prp-dom", ("?x", RDF_TYPE, kind), (("?x", predicate, "?y"),))
    for predicate, kind in pairs(RDFS.range):
        yield Rule("prp-rng", ("?y", RDF_TYPE, kind), (("?x", predicate, "?y"),))


def _property_rules(axioms: Axioms) -> Iterator[Rule]:
    for p in map(_term, axioms.of_kind(OWL.TransitiveProperty)):
        yield Rule(TRANSITIVE, ("?x", p, "?z"), (("?x", p, "?y"), ("?y", p, "?z")))
    for p in sorted(map(_term, axioms.symmetric())):
        yield Rule("prp-symp", ("?y", p, "?x"), (("?x", p, "?y"),))


def _chain_rule(predicate: Term, chain: list[Term]) -> Rule:
    body = tuple((f"?v{i}", step, f"?v{i + 1}") for i, step in enumerate(chain))
    return Rule("prp-spo2", ("?v0", predicate, f"?v{len(chain)}"), body)


def _keys(axioms: Axioms) -> Iterator[Key]:
    """Tell by what facts a thing of a class with a key, and the key's values, are known."""
    properties = [*axioms.of_kind(OWL.ObjectProperty), *axioms.of_kind(OWL.DatatypeProperty)]
    for (kind, _), listed in axioms.keys.items():
        of_kind = {
            (_term(p), of_object)
            for p in properties
            for of_object in (False, True)
            if kind in axioms.types_of(p, of_object=of_object)
        }
        classes = [c for c in (kind, *axioms.of_kind(OWL.Class)) if kind in axioms.supers(c)]
        values = tuple(
            frozenset(
                (_term(p), is_turned)
                for p in {*properties, part}
                for q, is_turned in axioms.implied(p)
                if q == part
            )
            for part in listed
        )
        yield Key(frozenset(map(_term, classes)), frozenset(of_kind), values)


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
        if part[0] == "?":
            if bindings.setdefault(part, term) != term:
                return None
        elif part != term:
            return None
    return bindings

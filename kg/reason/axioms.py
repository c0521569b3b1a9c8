"""Axioms: what an ontology says, read with care, and closed by owlrl.

Only axioms that are followed are taken (OWL 2 Web Ontology Language Profiles, section 4): one that
would silently mean nothing is refused, and so is an ontology in which a class or a property can
have no instance, as that is always a mistake.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeGuard

import owlrl
from rdflib import OWL, RDF, RDFS, Graph, URIRef

from kg.errors import OntologyError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rdflib.term import Node

_BETWEEN_TERMS = (
    RDFS.subClassOf,
    RDFS.subPropertyOf,
    RDFS.domain,
    RDFS.range,
    OWL.inverseOf,
    OWL.equivalentClass,
    OWL.equivalentProperty,
    OWL.disjointWith,
    OWL.propertyDisjointWith,
)
_OF_LISTS = (OWL.propertyChainAxiom, OWL.hasKey)
_KINDS = (
    OWL.Class,
    OWL.ObjectProperty,
    OWL.DatatypeProperty,
    OWL.TransitiveProperty,
    OWL.SymmetricProperty,
)
_SAYS_NOTHING = (
    OWL.Ontology,
    OWL.AnnotationProperty,
    OWL.NamedIndividual,
    OWL.DeprecatedClass,
    OWL.DeprecatedProperty,
    OWL.versionIRI,
    OWL.versionInfo,
    OWL.priorVersion,
    OWL.backwardCompatibleWith,
    OWL.incompatibleWith,
    OWL.deprecated,
    OWL.imports,
)
_TAKEN = (
    "subclasses, subproperties, domains, ranges, inverses, symmetric and transitive properties,"
    " property chains, equivalent classes and properties, keys and disjointness are followed;"
    " say what else must hold by a shape"
)
_ERROR = URIRef("http://www.daml.org/2002/03/agents/agent-ont#error")
End = tuple[URIRef, bool]
"""A property, and whether its subject and object are exchanged."""


class Axioms:
    """The axioms of one ontology and what follows from them alone.

    Raises:
        OntologyError: one is not followed, or they contradict each other; the message names it.
    """

    def __init__(self, ontology: Graph) -> None:
        taken = Graph()
        for s, p, o in ontology:
            if _is_taken(s, p, o):
                taken.add((s, p, o))
        self.chains = dict(_lists(ontology, OWL.propertyChainAxiom))
        self.keys = dict(_lists(ontology, OWL.hasKey))
        owlrl.DeductiveClosure(owlrl.OWLRL_Semantics).expand(taken)
        self._closed = taken
        self._empty = sorted(
            kind
            for kind in (
                *ontology.subjects(RDFS.subClassOf, OWL.Nothing),
                *ontology.subjects(OWL.equivalentClass, OWL.Nothing),
                *ontology.objects(OWL.Nothing, OWL.equivalentClass),
            )
            if _is_own(kind)
        )
        self._check_errors()
        self._check_classes()
        self._check_properties()

    def pairs(self, predicate: URIRef) -> list[tuple[URIRef, URIRef]]:
        """Give what the closed axioms of one kind say of two different terms of the ontology."""
        return sorted(
            (s, o)
            for s, o in self._closed.subject_objects(predicate)
            if _is_own(s) and _is_own(o) and s != o
        )

    def of_kind(self, kind: URIRef) -> list[URIRef]:
        """Give the terms of a kind, such as the transitive properties."""
        return sorted(node for node in self._closed.subjects(RDF.type, kind) if _is_own(node))

    def symmetric(self) -> set[URIRef]:
        """Give the symmetric properties; an inverse of itself is one."""
        own = {s for s, o in self._closed.subject_objects(OWL.inverseOf) if s == o and _is_own(s)}
        return own.union(self.of_kind(OWL.SymmetricProperty))

    def supers(self, kind: URIRef) -> set[URIRef]:
        """Give a class and all that it is a subclass of."""
        found = self._closed.objects(kind, RDFS.subClassOf)
        return {kind} | {node for node in found if isinstance(node, URIRef)}

    def implied(self, predicate: URIRef) -> set[End]:
        """Give the properties that hold wherever one holds, and whether the other way round."""
        found: set[End] = {(predicate, False)}
        waiting = list(found)
        while waiting:
            p, is_turned = waiting.pop()
            for end in self._next(p, is_turned):
                if end not in found:
                    found.add(end)
                    waiting.append(end)
        return found

    def types_of(self, predicate: URIRef, *, of_object: bool) -> set[URIRef]:
        """Give the classes of all that a property leads from, or to."""
        found: set[URIRef] = set()
        for p, is_turned in self.implied(predicate):
            said = RDFS.range if of_object != is_turned else RDFS.domain
            for kind in self._closed.objects(p, said):
                if isinstance(kind, URIRef):
                    found |= self.supers(kind)
        return found

    def _next(self, p: URIRef, is_turned: bool) -> Iterator[End]:
        for node in self._closed.objects(p, RDFS.subPropertyOf):
            if _is_own(node):
                yield node, is_turned
        inverses = (self._closed.objects(p, OWL.inverseOf), self._closed.subjects(OWL.inverseOf, p))
        for nodes in inverses:
            yield from ((node, not is_turned) for node in nodes if _is_own(node))
        if p in self.symmetric():
            yield p, not is_turned

    def _check_errors(self) -> None:
        for told in self._closed.objects(None, _ERROR):
            raise _contradiction(str(told))

    def _check_classes(self) -> None:
        for kind in self.of_kind(OWL.Class):
            self._check(f"nothing can be a <{kind}>", self.supers(kind))

    def _check_properties(self) -> None:
        properties = (*self.of_kind(OWL.ObjectProperty), *self.of_kind(OWL.DatatypeProperty))
        apart = set(self._closed.subject_objects(OWL.propertyDisjointWith))
        for p in properties:
            for of_object, end in ((False, "subject"), (True, "object")):
                kinds = self.types_of(p, of_object=of_object)
                self._check(f"<{p}> can have no {end}", kinds)
            implied = self.implied(p)
            for one, other in apart:
                if {(one, False), (other, False)} <= implied or one == other == p:
                    raise _contradiction(
                        f"<{p}> can link nothing: <{one}> owl:propertyDisjointWith <{other}>"
                    )

    def _check(self, what: str, kinds: set[URIRef]) -> None:
        """Refuse classes that one thing cannot be of together."""
        if OWL.Nothing in kinds:
            named = " or ".join(f"<{kind}>" for kind in self._empty if kind in kinds)
            raise _contradiction(f"{what}: {named or what} is owl:Nothing")
        for one in sorted(kinds):
            for other in self._closed.objects(one, OWL.disjointWith):
                if other in kinds:
                    raise _contradiction(f"{what}: <{one}> owl:disjointWith <{other}>")


def _contradiction(what: str) -> OntologyError:
    return OntologyError(
        f"the ontology contradicts itself: {what}",
        hint="take one of the axioms away that lead there",
    )


def _is_own(node: Node) -> TypeGuard[URIRef]:
    """Tell whether a term is the ontology's, and no built-in one."""
    return isinstance(node, URIRef) and not str(node).startswith(_BUILT_IN)


_BUILT_IN = (str(OWL), str(RDF), str(RDFS), "http://www.w3.org/2001/XMLSchema#")


def _is_taken(s: Node, p: Node, o: Node) -> bool:
    """Tell whether a triple is an axiom to be closed; refuses one that is not followed."""
    if p in _BETWEEN_TERMS:
        if isinstance(s, URIRef) and isinstance(o, URIRef):
            return True
        raise _refused(s, p, "a class or property that has no name")
    if p == RDF.type and str(o).startswith(str(OWL)):
        if o not in _KINDS and o not in _SAYS_NOTHING:
            raise _refused(s, p, f"<{o}>")
        return o in _KINDS
    if str(p).startswith(str(OWL)) and p not in _SAYS_NOTHING and p not in _OF_LISTS:
        raise _refused(s, p, str(o))
    return False


def _refused(s: Node, p: Node, what: str) -> OntologyError:
    return OntologyError(f"the axiom <{s}> <{p}> {what} is none that is followed", hint=_TAKEN)


def _lists(graph: Graph, predicate: URIRef) -> Iterator[tuple[tuple[URIRef, Node], list[URIRef]]]:
    """Give the named terms that each axiom of a kind lists, in order."""
    for subject, head in sorted(graph.subject_objects(predicate), key=str):
        if not isinstance(subject, URIRef):
            raise _refused(subject, predicate, "of something that has no name")
        listed = list(_listed(graph, subject, predicate, head))
        if not listed:
            raise _refused(subject, predicate, "with an empty list")
        yield (subject, head), listed


def _listed(graph: Graph, subject: Node, predicate: Node, head: Node) -> Iterator[URIRef]:
    seen: set[Node] = set()
    while head != RDF.nil:
        first, rest = graph.value(head, RDF.first), graph.value(head, RDF.rest)
        if head in seen or not isinstance(first, URIRef) or rest is None:
            raise _refused(subject, predicate, "with a list that is none of named terms")
        seen.add(head)
        yield first
        head = rest

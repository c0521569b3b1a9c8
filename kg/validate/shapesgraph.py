"""A shapes graph on its way to shapes: its terms, lists and flags, and what to say when they fail.

Whoever reads a shape asks here, so that every error names the shape, the property and the remedy.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from kg.errors import OntologyError
from kg.vocab import RDF_TYPE

if TYPE_CHECKING:
    from kg.records import Term
    from kg.validate.facts import Facts

SH = "http://www.w3.org/ns/shacl#"
_RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
_XSD = "http://www.w3.org/2001/XMLSchema#"
FIRST = f"<{_RDF}first>"
REST = f"<{_RDF}rest>"
NIL = f"<{_RDF}nil>"
SUBCLASS = "<http://www.w3.org/2000/01/rdf-schema#subClassOf>"
TRUE = f'"true"^^<{_XSD}boolean>'
FALSE = f'"false"^^<{_XSD}boolean>'
_COUNT = re.compile(rf'"\+?([0-9]{{1,9}})"\^\^<{re.escape(_XSD)}integer>')
_STRING = re.compile(r'"(?:[^"\\]|\\.)*"')


def sh(name: str) -> Term:
    """Give a term of the SHACL vocabulary."""
    return f"<{SH}{name}>"


def short(term: Term) -> str:
    """Write a term as people write it: ``sh:path``; others as they are, cut when long."""
    if term.startswith(f"<{SH}"):
        return f"sh:{term[len(SH) + 1 : -1]}"
    if term.startswith("_:"):
        return "a blank node"
    return term if len(term) <= 120 else f"{term[:120]}…"


class ShapesGraph:
    """Reads what a shapes graph says of its nodes; all methods raise OntologyError."""

    def __init__(self, facts: Facts) -> None:
        self.facts = facts

    def wrong(self, node: Term, name: str, what: str, hint: str) -> OntologyError:
        """Say what is wrong with a property of a shape."""
        place = f"{self.called(node)}: sh:{name}" if name else self.called(node)
        return OntologyError(f"{place} {what}", hint=hint, code="bad-shape")

    def called(self, node: Term) -> str:
        """Name a shape; one without a name by the first named one that it is part of."""
        seen = {node}
        owner = node
        while owner.startswith("_:"):
            above = next((s for s, _, _ in self.facts.facts(o=owner) if s not in seen), None)
            if above is None:
                return "a shape without a name"
            seen.add(above)
            owner = above
        return f"shape {owner}" if owner == node else f"a part of shape {owner}"

    def instances(self, term: Term) -> set[Term]:
        """Give the SHACL instances of a class: also those of its subclasses in the graph."""
        kinds, waiting = {term}, [term]
        while waiting:
            for below, _, _ in self.facts.facts(p=SUBCLASS, o=waiting.pop()):
                if below not in kinds:
                    kinds.add(below)
                    waiting.append(below)
        return {node for kind in kinds for node, _, _ in self.facts.facts(p=RDF_TYPE, o=kind)}

    def all(self, node: Term, name: str) -> list[Term]:
        """Give all values of a property of the SHACL vocabulary."""
        return self.facts.objects(node, sh(name))

    def one(self, node: Term, name: str) -> Term | None:
        """Give the value of a property that may have one."""
        found = self.all(node, name)
        if len(found) > 1:
            what = f"has {len(found)} values: {', '.join(short(term) for term in found[:3])}"
            raise self.wrong(node, name, what, "Keep one; make shapes of their own for the others.")
        return found[0] if found else None

    def flag(self, node: Term, name: str) -> bool:
        """Give a flag; the standard knows the literal ``true`` and no other spelling of it."""
        return self.one(node, name) == TRUE

    def count(self, node: Term, name: str) -> int | None:
        """Give a number from zero up."""
        term = self.one(node, name)
        if term is None:
            return None
        found = _COUNT.fullmatch(term)
        if found is None:
            what = f"is {short(term)}, which is no whole number from zero up"
            raise self.wrong(node, name, what, "Write an xsd:integer, such as 1.")
        return int(found[1])

    def iri(self, node: Term, name: str, term: Term) -> Term:
        """Give back a term that must be an IRI."""
        if not term.startswith("<"):
            what = f"is {short(term)}, which is no IRI"
            raise self.wrong(node, name, what, "Write an IRI, such as ex:Thing.")
        return term

    def iris(self, node: Term, name: str) -> list[Term]:
        """Give the values of a property that must all be IRIs."""
        return [self.iri(node, name, term) for term in self.all(node, name)]

    def literal(self, node: Term, name: str, term: Term) -> Term:
        """Give back a term that must be a literal."""
        if not term.startswith('"'):
            what = f"is {short(term)}, which is no literal"
            raise self.wrong(node, name, what, "Write a value, such as 1 or a quoted text.")
        return term

    def string(self, node: Term, name: str, term: Term) -> Term:
        """Give back a term that must be a text without language."""
        if not _STRING.fullmatch(term):
            what = f"is {short(term)}, which is no text of the type xsd:string"
            raise self.wrong(node, name, what, "Write a quoted text.")
        return term

    def members(self, node: Term, name: str, head: Term) -> list[Term]:
        """Give the members of a list (SHACL, section 2: well-formed, without a loop)."""
        members: list[Term] = []
        seen: set[Term] = set()
        while head != NIL:
            first, rest = self.facts.objects(head, FIRST), self.facts.objects(head, REST)
            if head in seen or len(first) != 1 or len(rest) != 1:
                what = "has a list that loops" if head in seen else "has a list that is not whole"
                raise self.wrong(node, name, what, "Write the list as ( … ) in Turtle.")
            seen.add(head)
            members.append(first[0])
            head = rest[0]
        return members

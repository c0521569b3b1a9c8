"""Hiding: what a role does not see, with all that follows from it."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches
from hashlib import sha256
from typing import TYPE_CHECKING

from rdflib import OWL, RDF

from kg.errors import ConfigError
from kg.roles import SOURCE
from kg.store.terms import PREFIXES
from kg.vocab import RDF_TYPE

if TYPE_CHECKING:
    from collections.abc import Collection

    from rdflib import Graph

    from kg.reason.rules import RuleSet
    from kg.records import Term
    from kg.roles import RoleSettings

_PROPERTIES = (OWL.ObjectProperty, OWL.DatatypeProperty)


@dataclass(frozen=True, slots=True)
class Hiding:
    """What is withheld: facts that rest on a source, properties, and things of a class.

    ``name`` tells one view of a plant from another, and is "" where nothing is withheld.
    """

    name: str
    sources: frozenset[str]
    properties: frozenset[Term]
    classes: frozenset[Term]

    def __bool__(self) -> bool:
        return bool(self.name)

    @property
    def words(self) -> frozenset[str]:
        """The last words of the properties, by which answers name them."""
        return frozenset(last_word(term) for term in self.properties)


NOTHING = Hiding("", frozenset(), frozenset(), frozenset())


def last_word(term: Term) -> str:
    """Give what answers call a property: the last word of its IRI."""
    return term[1:-1].rsplit("/", 1)[-1].rsplit("#", 1)[-1]


def compile_hiding(role: RoleSettings, rules: RuleSet, ontology: Graph) -> Hiding:
    """Say what a role does not see: what it names, and what any rule draws from that.

    What is hidden with a class are its things, those of its subclasses, and every property that
    begins or ends at one of them.

    Raises:
        ConfigError: the ontology has no such property or class; near ones stand in the hint.
    """
    if not role.hides:
        return NOTHING
    named = [name for name in role.hides if not name.startswith(SOURCE)]
    terms = {_term(name, role): name for name in named}
    classes = {f"<{one}>" for one in ontology.subjects(RDF.type, OWL.Class)}
    properties = {f"<{one}>" for kind in _PROPERTIES for one in ontology.subjects(RDF.type, kind)}
    for term, name in terms.items():
        if term not in classes | properties and term.startswith(f"<{PREFIXES['tr']}"):
            words = {last_word(known): known for known in classes | properties}
            near = get_close_matches(last_word(term), words, 3)
            hint = f"did you mean {' or '.join(f'tr:{word}' for word in near)}?" if near else ""
            raise ConfigError(f"role {role.name} hides {name}, which is no term", hint=hint)
    hidden_classes = _subclasses(terms.keys() & classes, rules)
    hidden = (terms.keys() - classes) | _touching(hidden_classes, rules)
    digest = sha256("\0".join(sorted(role.hides)).encode()).hexdigest()[:8]
    return Hiding(
        f"{role.name}-{digest}",
        frozenset(n.removeprefix(SOURCE) for n in role.hides if n.startswith(SOURCE)),
        followed(hidden, rules),
        frozenset(hidden_classes),
    )


def _term(name: str, role: RoleSettings) -> Term:
    if "://" in name:
        return f"<{name}>"
    prefix, _, local = name.partition(":")
    if prefix not in PREFIXES:
        raise ConfigError(
            f"role {role.name} hides {name}, whose prefix is not known",
            hint=f"one of {', '.join(f'{known}:' for known in PREFIXES)}",
        )
    return f"<{PREFIXES[prefix]}{local}>"


def _subclasses(classes: set[Term], rules: RuleSet) -> set[Term]:
    found = set(classes)
    below = [
        (body[0][2], head[2])
        for head, body in ((rule.head, rule.body) for rule in rules.rules)
        if head[1] == RDF_TYPE and body[0][1] == RDF_TYPE
    ]
    while more := {sub for sub, sup in below if sup in found} - found:
        found |= more
    return found


def typed_by(properties: Collection[Term], classes: Collection[Term], rules: RuleSet) -> set[Term]:
    """Give the classes that rules put things in which have one of some properties or classes."""
    pairs = [(rule.head, rule.body) for rule in rules.rules if rule.head[1] == RDF_TYPE]
    found = set(classes)
    while (
        more := {
            head[2]
            for head, body in pairs
            if any(
                part[2] in found if part[1] == RDF_TYPE else part[1] in properties for part in body
            )
        }
        - found
    ):
        found |= more
    return found


def _touching(classes: set[Term], rules: RuleSet) -> set[Term]:
    """Give the properties whose domain or range is one of the classes."""
    return {
        rule.body[0][1]
        for rule in rules.rules
        if rule.head[1] == RDF_TYPE and rule.head[2] in classes and rule.body[0][1] != RDF_TYPE
    }


def followed(properties: set[Term], rules: RuleSet) -> frozenset[Term]:
    """Add what rules draw from hidden properties, also by their absence; types stay to be seen."""
    found = set(properties)
    while True:
        more = {rule.head[1] for rule in rules.rules if any(part[1] in found for part in rule.body)}
        for construct in rules.constructs:
            if any(term in construct.body for term in found):
                more |= {term for term in _terms_of(construct.head) if term != RDF_TYPE}
        more -= {*found, RDF_TYPE}
        if not more:
            return frozenset(found)
        found |= more


def _terms_of(head: str) -> set[Term]:
    """Give the properties in the head of a rule: its IRIs in second place."""
    words = head.replace(";", " ; ").split()
    iris = {word for word in words if word.startswith("<") and word.endswith(">")}
    return {iri for iri in iris if last_word(iri)[:1].islower()}

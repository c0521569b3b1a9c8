"""Sight: which single facts, labels and things of a plant a role sees."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import unquote

from kg import vocab
from kg.access.hiding import last_word
from kg.answer.evidence import literal_text
from kg.answer.lookup import look_up
from kg.answer.names import normalise

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from kg.access.hiding import Hiding
    from kg.answer.bundle import Fact
    from kg.answer.evidence import Evidence
    from kg.records import Fact as Triple
    from kg.records import Term
    from kg.store import Store

WITHHELD = "withheld"


class Sight:
    """Looks at one answer's facts for one role; whose source is not known, is not shown."""

    def __init__(self, hiding: Hiding, store: Store, evidence: Evidence, base: str) -> None:
        self.hiding = hiding
        self.words = hiding.words
        self._store = store
        self._evidence = evidence
        self._base = base
        self._things: dict[str, bool] = {}
        self._labels: dict[str, str] = {}

    def term(self, short: str) -> Term:
        """Give the term of a short id."""
        return f"<{short}>" if "://" in short else f"<{self._base}{short}>"

    def hides_any(self, properties: Iterable[Term]) -> bool:
        """Tell whether one of the properties is hidden."""
        return not self.hiding.properties.isdisjoint(properties)

    def hides_property(self, word: str) -> bool:
        """Tell whether a property is hidden, by its last word."""
        return word in self.words

    def hides_thing(self, short: str) -> bool:
        """Tell whether a thing is of a hidden class, by its short id."""
        if not self.hiding.classes:
            return False
        if short not in self._things:
            classes = " ".join(sorted(self.hiding.classes))
            query = f"ASK {{ VALUES ?c {{ {classes} }} {self.term(short)} a ?c }}"
            self._things[short] = self._store.ask(query)
        return self._things[short]

    def hidden_among(self, things: Iterable[Term]) -> set[Term]:
        """Give those of many things that are of a hidden class, as terms."""
        ways = (f"{{ ?entity a {kind} }}" for kind in sorted(self.hiding.classes))
        pattern = " UNION ".join(ways)
        if not pattern:
            return set()
        return {row["entity"] for row in look_up(self._store, things, pattern)}

    def listed(self, things: Iterable[str]) -> list[str]:
        """Give those of some things, by short ids, that a list may name: of which others tell."""
        terms = {thing: self.term(thing) for thing in things}
        hidden = self.hidden_among(terms.values())
        return [
            thing
            for thing, term in terms.items()
            if term not in hidden and (not self.hiding.sources or self.is_known_openly(term))
        ]

    def rests_openly(self, fact: Triple) -> bool:
        """Tell whether no record that a fact rests on is of a hidden source."""
        leaves = self._evidence.lineage(fact).leaves()
        graphs = [graph for leaf in leaves for graph in leaf.graphs]
        return bool(graphs) and all(leaf.graphs for leaf in leaves) and self.is_open(graphs)

    def is_known_openly(self, subject: Term) -> bool:
        """Tell whether what a thing is rests on shown records, also where rules say it alone."""
        if sources := self._sources(self._store.claims(subject, vocab.RDF_TYPE)):
            return not sources <= self.hiding.sources
        types = self._store.objects(subject, vocab.RDF_TYPE)
        return any(self.rests_openly((subject, vocab.RDF_TYPE, kind)) for kind in types)

    def sees(self, fact: Fact) -> bool:
        """Tell whether a fact is shown; what was computed is looked at by its inputs elsewhere."""
        if self.hides_property(fact.predicate):
            return False
        if self.hides_thing(fact.about) or (fact.is_entity and self.hides_thing(fact.value)):
            return False
        if not self.hiding.sources or fact.inputs:
            return True
        # The names of all sources that it was joined through.
        cited = {citation.source for citation in fact.via}
        return bool(cited) and cited.isdisjoint(self.hiding.sources)

    def foresee(self, things: Collection[Term]) -> None:
        """Look at once which of many things are of a hidden class."""
        hidden = self.hidden_among(things)
        self._things |= {self._evidence.short(thing): thing in hidden for thing in things}

    def sees_said(self, subject: Term, predicate: Term, values: Collection[Term]) -> bool:
        """Tell whether values of a property are shown, by whom they are said or drawn from what.

        Of a value that lost to them the record's source counts too, as a conflict tells of it.
        """
        short = self._evidence.short
        things = [subject, *(value for value in values if value.startswith("<"))]
        if predicate in self.hiding.properties or any(self.hides_thing(short(t)) for t in things):
            return False
        if not self.hiding.sources:
            return True
        claims = self._store.claims(subject, predicate)
        said = [graph for _, graph in claims if self._evidence.is_support(graph)]
        return self.is_open(said) and all(
            self.rests_openly((subject, predicate, value)) for value in values
        )

    def shows(self, subject: Term, *properties: Term) -> bool:
        """Tell whether all that is said of a thing by some properties is shown."""
        if self.hides_any(properties):
            return False
        if not self.hiding.sources and not self.hiding.classes:
            return True
        facts = [f for p in properties for f in self._evidence.facts(subject, p, last_word(p))]
        return all(map(self.sees, facts))

    def is_told_by_others(self, subject: Term) -> bool:
        """Tell whether anybody but hidden sources says that there is such a thing."""
        if not self.hiding.sources:
            return True
        sources = self._sources(self._store.claims(subject, vocab.RDF_TYPE))
        return not sources or not sources <= self.hiding.sources

    def label(self, short: str) -> str:
        """Give what people call a thing, as far as it is shown; else the last part of its id."""
        if short not in self._labels:
            found = self.shown_label(self.term(short))
            self._labels[short] = found or unquote(short.rsplit("/", 1)[-1])
        return self._labels[short]

    def shown_name(self, subject: Term, predicate: Term) -> Term | None:
        """Give the label or identifier of a thing that is shown, as a literal term."""
        if predicate in self.hiding.properties:
            return None
        return min(
            (
                value
                for value, graph in self._store.claims(subject, predicate)
                if self._sources([(value, graph)]) and self.is_open([graph])
            ),
            key=literal_text,
            default=None,
        )

    def shown_label(self, subject: Term) -> str:
        """Give the label of a thing that is shown, else such an identifier, else ""."""
        for predicate in (vocab.RDFS_LABEL, vocab.IDENTIFIER):
            name = self.shown_name(subject, predicate)
            if name is not None:
                return literal_text(name)
        return ""

    def names(self, short: str) -> set[str]:
        """Give every name of a thing that is shown: its id, labels and identifiers."""
        subject = self.term(short)
        said = {
            literal_text(value)
            for predicate in (vocab.RDFS_LABEL, vocab.IDENTIFIER)
            if predicate not in self.hiding.properties
            for value, graph in self._store.claims(subject, predicate)
            if self.is_open([graph])
        }
        return {short, unquote(short.split("/", 1)[-1]), subject[1:-1], *said}

    def is_named(self, short: str, given: str) -> bool:
        """Tell whether a thing goes by a name that is shown: else its answer would tell the name.

        Its kind may be left out.
        """
        names = {normalise(name) for name in self.names(short)}
        asked = (given, unquote(given), f"{short.partition('/')[0]}/{given}")
        return not names.isdisjoint(normalise(name) for name in asked)

    def is_open(self, graphs: Iterable[Term]) -> bool:
        """Tell whether records' graphs are all of sources that are shown."""
        return self._sources((g, g) for g in graphs).isdisjoint(self.hiding.sources)

    def _sources(self, claims: Iterable[tuple[Term, Term]]) -> set[str]:
        return {
            self._evidence.place(graph)[0]
            for _, graph in claims
            if self._evidence.is_support(graph)
        }

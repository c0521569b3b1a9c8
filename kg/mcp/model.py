"""Model: the terms of the ontology that a topic is about, in few lines."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from functools import lru_cache
from math import sqrt
from typing import TYPE_CHECKING

from rdflib import OWL, RDF, RDFS, SH, SKOS, Literal, URIRef

from kg.answer.context import KINDS
from kg.answer.finding.words import STOP_WORDS
from kg.answer.names import split_words
from kg.answer.tokens import estimate_tokens
from kg.answer.untrusted import clean
from kg.reason.rules import load_graph
from kg.store.terms import PREFIXES

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from rdflib import Graph
    from rdflib.term import Node

MOST_TOKENS = 1_000
MOST_WORDS = 32
"""Words of a topic that are looked at; who writes more is told so."""
SENTENCE = 320
_HUMPS = re.compile(r"(?<=[a-z])(?=[A-Z])")
_IN_NAME, _IN_LABEL, _IN_TEXT, _OF_CLASS = 5.0, 3.0, 1.0, 0.4
_PROPERTIES = (OWL.ObjectProperty, OWL.DatatypeProperty)


@dataclass(frozen=True, slots=True)
class Entry:
    """A class, a property or a code list: how it is called, what it means, what shapes say."""

    name: str
    kind: str
    definition: str
    classes: tuple[str, ...]
    line: str
    words: dict[str, float]


@dataclass(frozen=True, slots=True)
class Model:
    """The terms of an ontology, and of how many of them a word stands in."""

    entries: tuple[Entry, ...]
    common: Counter[str]

    def excerpt(self, topic: str, most_tokens: int = MOST_TOKENS) -> str:
        """Write what a topic is about, the closest first; without one, what there is to ask of."""
        words = split_words(topic)
        if not words:
            return self._overview(most_tokens)
        looked_at = [word for word in words[:MOST_WORDS] if word not in STOP_WORDS] or words[:1]
        scored = self._scored(looked_at)
        if not scored:
            return (
                f"# model | nothing in it goes by {clean(topic)}\n"
                "Ask with other words, or without a topic for what there is.\n"
            )
        cut = f", first {MOST_WORDS} words looked at" if len(words) > MOST_WORDS else ""
        head = f"# model | {{shown}} of {len(scored)} terms about {clean(topic)}{cut}"
        return _fitted(head, [entry.line for entry in scored], most_tokens)

    def _scored(self, words: Iterable[str]) -> list[Entry]:
        asked = {form for word in words for form in (word, _singular(word))}
        scores = {
            entry.name: sum(
                entry.words.get(word, 0.0) / sqrt(self.common[word] or 1) for word in sorted(asked)
            )
            for entry in self.entries
        }
        for entry in self.entries:
            if entry.kind == "property":
                near = max((scores.get(name, 0.0) for name in entry.classes), default=0.0)
                scores[entry.name] += _OF_CLASS * near
        found = [entry for entry in self.entries if scores[entry.name] > 0]
        return sorted(found, key=lambda entry: (-scores[entry.name], entry.name))

    def _overview(self, most_tokens: int) -> str:
        mine = {_short(URIRef(term[1:-1])) for term in KINDS}
        things = [entry for entry in self.entries if entry.name in mine]
        head = f"# model | {{shown}} of {len(things)} kinds of things; name a topic for more"
        lines = [f"- {one.name}: {clean(_first_sentence(one.definition), 200)}" for one in things]
        return _fitted(head, lines, most_tokens)


def _fitted(head: str, lines: list[str], most_tokens: int) -> str:
    """Keep as many whole lines as fit, and say how many they are."""
    while True:
        text = "\n".join([head.replace("{shown}", str(len(lines))), *lines]) + "\n"
        if estimate_tokens(text) <= most_tokens or not lines:
            return text
        lines = lines[: max(1, len(lines) * 9 // 10) if len(lines) > 1 else 0]


@lru_cache(maxsize=2)
def load_model(ontology: Path) -> Model:
    """Read the ontology's terms and shapes, once for each folder."""
    graph, shapes = load_graph(ontology), load_graph(ontology / "shapes")
    entries = tuple(_entries(graph, _said(shapes)))
    return Model(entries, Counter(word for entry in entries for word in entry.words))


def _entries(graph: Graph, said: dict[Node, Said]) -> Iterator[Entry]:
    for term in filter(_is_ours, _sorted(graph.subjects(RDF.type, OWL.Class))):
        wider = filter(_is_ours, _sorted(graph.objects(term, RDFS.subClassOf)))
        above = [_short(one) for one in wider]
        told = f", a kind of {' and '.join(above)}" if above else ""
        yield _entry(graph, term, "class", f"class{told}", ())
    for kind in _PROPERTIES:
        for term in filter(_is_ours, _sorted(graph.subjects(RDF.type, kind))):
            says = said.get(term, Said())
            domains = _named(graph, term, RDFS.domain) or tuple(sorted(says.classes))
            ranges = _named(graph, term, RDFS.range) or tuple(sorted(says.values))
            signature = f"{' '.join(domains) or 'anything'} → {' '.join(ranges) or 'any value'}"
            line = "; ".join([signature, *dict.fromkeys(says.limits)])
            yield _entry(graph, term, "property", line, (*domains, *ranges))
    for term in _sorted(graph.subjects(RDF.type, SKOS.ConceptScheme)):
        codes = [str(one) for one in _notations(graph, term)]
        yield _entry(graph, term, "codes", f"codes: {', '.join(codes)}", ())


def _entry(graph: Graph, term: URIRef, kind: str, told: str, classes: tuple[str, ...]) -> Entry:
    name = _short(term)
    definition = str(graph.value(term, SKOS.definition) or "")
    labels = [str(one) for p in (RDFS.label, SKOS.prefLabel) for one in graph.objects(term, p)]
    codes = [
        str(one)
        for code in graph.subjects(SKOS.inScheme, term)
        for one in graph.objects(code, SKOS.prefLabel)
    ]
    words: dict[str, float] = {}
    parts = _HUMPS.sub(" ", name.partition(":")[2])
    for text, weight in (
        (definition, _IN_TEXT),
        (" ".join(codes), _IN_LABEL),
        (" ".join(labels), _IN_LABEL),
        (parts, _IN_NAME),
    ):
        for word in split_words(text):
            words[_singular(word)] = max(weight, words.get(_singular(word), 0.0))
            words[word] = max(weight, words.get(word, 0.0))
    line = f"- {name} ({told}): {clean(definition, SENTENCE)}"
    return Entry(name, kind, definition, classes, line, words)


@dataclass(slots=True)
class Said:
    """What shapes say of a property: of which classes, in what datatype, how often."""

    classes: set[str] = field(default_factory=set)
    values: set[str] = field(default_factory=set)
    limits: list[str] = field(default_factory=list)


def _said(shapes: Graph) -> dict[Node, Said]:
    found: dict[Node, Said] = {}
    for shape in _sorted(shapes.subjects(SH.path, None)):
        path = shapes.value(shape, SH.path)
        if not isinstance(path, URIRef):
            continue
        said = found.setdefault(path, Said())
        for node in shapes.subjects(SH.property, shape):
            said.classes |= {_short(one) for one in _sorted(shapes.objects(node, SH.targetClass))}
        for way in (SH.datatype, SH["class"]):
            said.values |= {_short(one) for one in _sorted(shapes.objects(shape, way))}
        most, least = shapes.value(shape, SH.maxCount), shapes.value(shape, SH.minCount)
        if isinstance(most, Literal) and int(most) == 1:
            said.limits.append("at most one")
        if isinstance(least, Literal) and int(least) > 0:
            message = shapes.value(shape, SH.message) or "it must be there"
            said.limits.append(f"owed: {clean(str(message))}")
    return found


def _notations(graph: Graph, scheme: URIRef) -> list[str]:
    codes = graph.subjects(SKOS.inScheme, scheme)
    return sorted(str(graph.value(code, SKOS.notation) or "") for code in codes)


def _is_ours(term: URIRef) -> bool:
    """Tell whether a term is of our ontology: others are aligned with it, and say nothing here."""
    return str(term).startswith(PREFIXES["tr"])


def _named(graph: Graph, term: URIRef, way: URIRef) -> tuple[str, ...]:
    return tuple(_short(one) for one in _sorted(graph.objects(term, way)))


def _sorted(nodes: Iterable[Node]) -> list[URIRef]:
    return sorted({node for node in nodes if isinstance(node, URIRef)})


def _short(term: URIRef) -> str:
    iri = str(term)
    for prefix, space in PREFIXES.items():
        if iri.startswith(space):
            return f"{prefix}:{iri.removeprefix(space)}"
    return iri


def _singular(word: str) -> str:
    """Take the plural's s from an English word."""
    return word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith("ss") else word


def _first_sentence(text: str) -> str:
    return text.partition(". ")[0].removesuffix(".") + "."

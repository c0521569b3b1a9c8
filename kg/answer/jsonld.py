"""JSON-LD: an answer as linked data (JSON-LD 1.1), in the ontology's terms and those of PROV-O.

Every current fact is a plain triple of its subject. Every fact, also one that lost a conflict, is
an ``rdf:Statement`` too (RDF Schema 1.1, section 5.3), which says what it is derived from, since
when, and what it is worth. What is computed has no property in the ontology: it is a
``prov:Entity`` with a value. Gaps are results in the words of SHACL. Data stands here as it is,
unlike on a card.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from kg import vocab
from kg.answer.sources import facts_of

if TYPE_CHECKING:
    from kg.answer.bundle import Context, Fact, SlotGap

PATH = "/v1/context.jsonld"
"""Where the API publishes the context that documents carry."""
_RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
_PAV = "http://purl.org/pav/"
_DCTERMS = "http://purl.org/dc/terms/"


def _leads(iri: str) -> dict[str, str]:
    return {"@id": iri, "@type": "@id"}


def _time(iri: str) -> dict[str, str]:
    return {"@id": iri, "@type": f"{vocab.XSD}dateTime"}


TERMS: dict[str, Any] = {
    "@version": 1.1,
    "@vocab": vocab.TR,
    "trc": vocab.TRC,
    "xsd": vocab.XSD,
    "id": "@id",
    "type": "@type",
    "facts": "@included",
    "Statement": f"{_RDF}Statement",
    "Computed": f"{vocab.PROV}Entity",
    "Gap": f"{vocab.SH}AbstractResult",
    "label": f"{vocab.RDFS}label",
    "subject": _leads(f"{_RDF}subject"),
    "predicate": {"@id": f"{_RDF}predicate", "@type": "@vocab"},
    "object": f"{_RDF}object",
    "via": _leads(f"{vocab.PROV}wasDerivedFrom"),
    "state": f"{_DCTERMS}type",
    "trust": f"{_DCTERMS}provenance",
    "since": _time(f"{_DCTERMS}valid"),
    "recorded": _time(f"{vocab.PROV}generatedAtTime"),
    "confirmed": _time(f"{_PAV}lastRefreshedOn"),
    "note": f"{vocab.SKOS}note",
    "focus": _leads(f"{vocab.SH}focusNode"),
    "slot": f"{_DCTERMS}subject",
    "message": f"{vocab.SH}resultMessage",
}
"""The terms of a document: the ontology's by their names, and those that tell of a fact."""
_PLAIN_ID = re.compile(r"[A-Za-z][\w-]*(?:/[\w~%-][\w.~%-]*)+")
_IRI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")


def context_document() -> dict[str, Any]:
    """Give the context by itself, as the API publishes it; a document adds its base only."""
    return {"@context": TERMS}


def to_jsonld(context: Context, base: str) -> dict[str, Any]:
    """Write an answer as one document that needs nothing fetched: its context stands in it."""
    writer = _Writer(base, context.as_of)
    for fact in {fact.id: fact for fact in facts_of(context)}.values():
        writer.tell(fact)
    entity = writer.node(context.entity["id"])
    entity["label"] = context.entity["label"]
    nodes = [writer.nodes[name] for name in sorted(writer.nodes)]
    told = [writer.told[name] for name in sorted(writer.told)]
    gaps = [writer.gap(gap) for gap in context.gaps]
    return {"@context": TERMS | {"@base": base}, "@graph": [*nodes, *told, *gaps]}


class _Writer:
    def __init__(self, base: str, as_of: str) -> None:
        self._base = base
        self._as_of = as_of
        self.nodes: dict[str, dict[str, Any]] = {}
        self.told: dict[str, dict[str, Any]] = {}

    def node(self, short: str) -> dict[str, Any]:
        """Give the node of a thing, by its id below the base."""
        name = self._id(short)
        return self.nodes.setdefault(name, {"id": name})

    def tell(self, fact: Fact) -> None:
        """Add a fact: the triple where it counts, and what is said of it."""
        value = self._value(fact)
        told: dict[str, Any] = {"id": self._id(f"fact/{quote(fact.id, safe='/~')}")}
        told |= {"type": "Statement", "subject": self._id(fact.about)}
        told |= {"predicate": fact.predicate, "object": value}
        told["via"] = [self._id(one.record) for one in fact.via]
        times = {"since": fact.observed_at, "recorded": fact.recorded_at}
        if fact.is_computed:
            told["type"] = ["Statement", "Computed"]
            told["via"] = [self._id(f"fact/{quote(one, safe='/~')}") for one in fact.inputs]
            times["recorded"] = self._as_of
        elif fact.is_current:
            values = self.node(fact.about).setdefault(fact.predicate, [])
            values += [value] if value not in values else []
        told["state"] = [fact.state, *(["stale"] if fact.is_stale else [])]
        told["trust"] = fact.trust
        times |= {"confirmed": fact.confirmed_at, "note": fact.note, "unit": fact.unit}
        told |= {name: at for name, at in times.items() if at is not None}
        self.told[told["id"]] = told

    def _value(self, fact: Fact) -> Any:
        if fact.datatype == "iri":
            return {"id": self._id(fact.value)}
        if fact.datatype.startswith("trc:"):
            return {"id": f"{vocab.TRC}{fact.datatype[4:]}/{fact.value}"}
        if fact.datatype.startswith("@"):
            return {"@value": fact.value, "@language": fact.datatype[1:]}
        if fact.datatype == "xsd:string":
            return {"@value": fact.value}
        return {"@value": fact.value, "@type": fact.datatype}

    def gap(self, gap: SlotGap) -> dict[str, Any]:
        """Say what is lacking of a thing."""
        return {
            "id": self._id(f"gap/{quote(gap.id, safe='/~')}"),
            "type": "Gap",
            "focus": self._id(gap.entity),
            "slot": gap.slot,
            "state": gap.state,
            "message": gap.message,
        }

    def _id(self, short: str) -> str:
        """Name a thing: relative to the base where that reads back as it is, else in full."""
        if _PLAIN_ID.fullmatch(short):
            return short
        return short if _IRI.match(short) else self._base + short

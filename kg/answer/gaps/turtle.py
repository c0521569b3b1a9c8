"""Gaps as RDF: resources in the words of SHACL, PROV-O and Dublin Core, written as Turtle 1.1."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import quote

from kg import vocab

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kg.answer.bundle import SlotGap
    from kg.answer.gaps.coverage import Check

_PREFIXES = f"""\
@prefix dcterms: <http://purl.org/dc/terms/> .
@prefix prov: <{vocab.PROV}> .
@prefix rdfs: <{vocab.RDFS}> .
@prefix sh: <{vocab.SH}> .
@prefix skos: <{vocab.SKOS}> .
@prefix tr: <{vocab.TR}> .
@prefix xsd: <{vocab.XSD}> .
"""
_SEVERITY = {"violation": "sh:Violation", "warning": "sh:Warning", "info": "sh:Info"}
_NOT_IN_IRI = re.compile(r"[\x00-\x20<>\"{}|^`\\]")
_ESCAPED = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t"}


def gaps_turtle(check: Check, base: str) -> str:
    """Write a check as a collection of results, each gap below ``{base}gap/``.

    A gap is a ``sh:AbstractResult`` (SHACL, section 3.6.2): a validation result would have to
    name its constraint component, and not every gap is found by a shape. Whom it is for is its
    audience, what is at risk are its relations.
    """
    blocks = [_PREFIXES, _collection(check, base)]
    blocks += [_block(f"<{gap_iri(gap, base)}>", list(_pairs(gap, base))) for gap in check.gaps]
    return "\n".join(blocks)


def gap_iri(gap: SlotGap, base: str) -> str:
    """Name a gap's resource."""
    return f"{base}gap/{quote(gap.id, safe='/~')}"


def _collection(check: Check, base: str) -> str:
    pairs = [("a", "prov:Collection")]
    if check.checked_at:
        pairs.append(("prov:generatedAtTime", _time(check.checked_at)))
    pairs += [("prov:hadMember", f"<{gap_iri(gap, base)}>") for gap in check.gaps]
    return _block(f"<{base}gap/>", pairs)


def _pairs(gap: SlotGap, base: str) -> Iterator[tuple[str, str]]:
    yield "a", "sh:AbstractResult"
    yield "dcterms:identifier", _text(gap.id)
    yield "dcterms:type", _text(gap.kind)
    yield "rdfs:label", _text(gap.label or gap.entity)
    yield "sh:focusNode", _iri(gap.entity, base)
    yield "sh:resultMessage", _text(gap.message)
    yield "sh:resultSeverity", _SEVERITY.get(gap.severity or "", "sh:Info")
    yield "tr:slot", _text(gap.slot)
    if gap.shape:
        yield "sh:sourceShape", _iri(gap.shape, base)
    yield from _provenance(gap, base)
    yield from _consequences(gap, base)


def _provenance(gap: SlotGap, base: str) -> Iterator[tuple[str, str]]:
    if gap.record:
        yield "prov:wasDerivedFrom", _iri(gap.record, base)
    if gap.source:
        yield "dcterms:source", _text(gap.flow_step or gap.source)
    if gap.since:
        yield "dcterms:created", _time(gap.since)
    if gap.checked_at:
        yield "prov:generatedAtTime", _time(gap.checked_at)
    if gap.owner:
        yield "dcterms:audience", f"[ a dcterms:AgentClass ; rdfs:label {_text(gap.owner)} ]"


def _consequences(gap: SlotGap, base: str) -> Iterator[tuple[str, str]]:
    risk = gap.at_risk
    if risk:
        for name in (*risk.orders, *risk.customers):
            yield "dcterms:relation", _iri(name, base)
        if risk.due:
            yield "skos:note", _text(f"due {risk.due}")
    for worth in gap.value_at_risk:
        yield "skos:note", _text(f"at risk: {worth.amount} {worth.currency or ''}".strip())
    for question in gap.questions:
        yield "skos:note", _text(f"no full answer to: {question}")
    for candidate in gap.candidates:
        yield "rdfs:seeAlso", _iri(candidate.entity, base)


def _block(subject: str, pairs: list[tuple[str, str]]) -> str:
    return subject + "\n    " + " ;\n    ".join(f"{p} {o}" for p, o in pairs) + " .\n"


def _iri(name: str, base: str) -> str:
    whole = name if "://" in name else base + name
    return "<" + _NOT_IN_IRI.sub(lambda found: quote(found.group()), whole) + ">"


def _text(text: str) -> str:
    return '"' + "".join(_ESCAPED.get(c, c) for c in text) + '"'


def _time(moment: str) -> str:
    return f'"{moment}"^^xsd:dateTime'

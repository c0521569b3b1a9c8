"""Gaps as RDF: resources in the words of SHACL, PROV-O and Dublin Core, written as Turtle 1.1."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

from kg import vocab
from kg.answer.turtle import write_block, write_iri, write_text, write_time

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


def gaps_turtle(check: Check, base: str) -> str:
    """Write a check as a collection of results, each gap below ``{base}gap/``.

    A gap is a ``sh:AbstractResult`` (SHACL, section 3.6.2): a validation result would have to
    name its constraint component, and not every gap is found by a shape. Whom it is for is its
    audience, what is at risk are its relations.
    """
    blocks = [_PREFIXES, _collection(check, base)]
    blocks += [
        write_block(f"<{gap_iri(gap, base)}>", list(_pairs(gap, base))) for gap in check.gaps
    ]
    return "\n".join(blocks)


def gap_iri(gap: SlotGap, base: str) -> str:
    """Name a gap's resource."""
    return f"{base}gap/{quote(gap.id, safe='/~')}"


def _collection(check: Check, base: str) -> str:
    pairs = [("a", "prov:Collection")]
    if check.checked_at:
        pairs.append(("prov:generatedAtTime", write_time(check.checked_at)))
    pairs += [("prov:hadMember", f"<{gap_iri(gap, base)}>") for gap in check.gaps]
    return write_block(f"<{base}gap/>", pairs)


def _pairs(gap: SlotGap, base: str) -> Iterator[tuple[str, str]]:
    yield "a", "sh:AbstractResult"
    yield "dcterms:identifier", write_text(gap.id)
    yield "dcterms:type", write_text(gap.kind)
    yield "rdfs:label", write_text(gap.label or gap.entity)
    yield "sh:focusNode", write_iri(gap.entity, base)
    yield "sh:resultMessage", write_text(gap.message)
    yield "sh:resultSeverity", _SEVERITY.get(gap.severity or "", "sh:Info")
    yield "tr:slot", write_text(gap.slot)
    if gap.shape:
        yield "sh:sourceShape", write_iri(gap.shape, base)
    yield from _provenance(gap, base)
    yield from _consequences(gap, base)


def _provenance(gap: SlotGap, base: str) -> Iterator[tuple[str, str]]:
    if gap.record:
        yield "prov:wasDerivedFrom", write_iri(gap.record, base)
    if gap.source:
        yield "dcterms:source", write_text(gap.flow_step or gap.source)
    if gap.since:
        yield "dcterms:created", write_time(gap.since)
    if gap.checked_at:
        yield "prov:generatedAtTime", write_time(gap.checked_at)
    if gap.owner:
        yield "dcterms:audience", f"[ a dcterms:AgentClass ; rdfs:label {write_text(gap.owner)} ]"


def _consequences(gap: SlotGap, base: str) -> Iterator[tuple[str, str]]:
    risk = gap.at_risk
    if risk:
        for name in (*risk.orders, *risk.customers):
            yield "dcterms:relation", write_iri(name, base)
        if risk.due:
            yield "skos:note", write_text(f"due {risk.due}")
    for worth in gap.value_at_risk:
        yield "skos:note", write_text(f"at risk: {worth.amount} {worth.currency or ''}".strip())
    for question in gap.questions:
        yield "skos:note", write_text(f"no full answer to: {question}")
    for candidate in gap.candidates:
        yield "rdfs:seeAlso", write_iri(candidate.entity, base)

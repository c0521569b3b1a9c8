"""The flow map as RDF, in the ontology's own terms, written as Turtle 1.1."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING
from urllib.parse import quote

from kg import vocab
from kg.answer.flow.declared import kind_term
from kg.answer.turtle import write_block, write_iri, write_text, write_time

if TYPE_CHECKING:
    from collections.abc import Iterator
    from fractions import Fraction

    from kg.answer.flow.map import FlowEdge, FlowMap
    from kg.answer.flow.measured import MeasuredTable
    from kg.answer.flow.steps import FlowStep

_PREFIXES = f"""\
@prefix rdfs: <{vocab.RDFS}> .
@prefix skos: <{vocab.SKOS}> .
@prefix tr: <{vocab.TR}> .
@prefix xsd: <{vocab.XSD}> .
"""


def flow_turtle(flow: FlowMap, base: str) -> str:
    """Write steps, what was measured of tables, and dark edges, each below ``{base}``."""
    blocks = [_PREFIXES]
    blocks += [write_block(step.term, _step(step, flow, base)) for step in flow.steps]
    for source in flow.sources:
        pairs = [("a", "tr:Source"), ("rdfs:label", write_text(source["title"]))]
        blocks.append(write_block(write_iri(f"source/{quote(source['name'])}", base), pairs))
    for table in flow.tables.values():
        kind = kind_term(base, table.source, table.table.partition(".")[2])
        blocks.append(write_block(kind, _table(table, base)))
    blocks += [write_block(_edge_iri(edge, base), _edge(edge, base)) for edge in flow.dark]
    return "\n".join(blocks)


def _step(step: FlowStep, flow: FlowMap, base: str) -> Iterator[tuple[str, str]]:
    yield "a", "tr:FlowStep"
    yield from _described(step)
    for link in sorted(step.carries):
        yield "tr:carries", _code("link", link)
    for person in sorted(step.people):
        yield "tr:doneBy", write_iri(person, base)
    for table in sorted(step.tables):
        source, _, name = table.partition(".")
        yield "tr:recordedIn", kind_term(base, source, name)
    known = {other.term for other in flow.steps}
    for further in sorted({term for terms in step.onward.values() for term in terms} & known):
        yield "tr:passesTo", further


def _described(step: FlowStep) -> Iterator[tuple[str, str]]:
    for name, text in (("rdfs:label", step.label), ("tr:process", step.process)):
        if text:
            yield name, write_text(text)
    for name, code in (("medium", step.medium), ("handover", step.handover)):
        if code:
            yield f"tr:{name}", _code(name, code)
    numbers = (
        ("tr:timesPerDay", step.times_per_day),
        ("tr:latencyMinutes", step.latency_minutes),
    )
    for name, number in numbers:
        if number is not None:
            yield name, _decimal(number)


def _code(scheme: str, name: str) -> str:
    """Name a code; records may say anything in its place."""
    return vocab.code(scheme, quote(name, safe="-"))


def _table(table: MeasuredTable, base: str) -> Iterator[tuple[str, str]]:
    yield "a", "tr:RecordKind"
    yield "tr:fromSource", write_iri(f"source/{quote(table.source)}", base)
    yield "tr:recordCount", str(table.records)
    if table.per_day is not None:
        yield "tr:recordsPerDay", _decimal(table.per_day)
    if table.delay is not None:
        yield "tr:usualDelaySeconds", _decimal(table.delay.p50_seconds)
        yield "tr:longDelaySeconds", _decimal(table.delay.p95_seconds)
    if table.last_seen:
        yield "tr:lastSeenAt", write_time(table.last_seen)


def _edge_iri(edge: FlowEdge, base: str) -> str:
    told = "\0".join((edge.link, edge.start, edge.end))
    return f"<{base}dark-edge/{sha256(told.encode()).hexdigest()[:12]}>"


def _edge(edge: FlowEdge, base: str) -> Iterator[tuple[str, str]]:
    yield "a", "tr:DarkEdge"
    yield "tr:darkLink", _code("link", edge.link)
    yield "tr:darkness", vocab.code("darkness", edge.state)
    if edge.start:
        yield "tr:darkFrom", write_iri(edge.start, base)
    if edge.end:
        yield "tr:darkTo", write_iri(edge.end, base)
    yield "tr:gapCount", str(edge.gaps)
    yield "skos:note", write_text(edge.why)


def _decimal(number: Fraction | float) -> str:
    return f'"{float(number):.3f}"^^xsd:decimal'

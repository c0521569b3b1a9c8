"""Planners over plants that are written down in Turtle, every fact said by one record."""

from __future__ import annotations

import tempfile
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from zoneinfo import ZoneInfo

import pyoxigraph as ox

from kg import assets, vocab
from kg.answer.evidence import Evidence
from kg.answer.planning.planner import Planner
from kg.answer.slots import LINK_RULES, Slots
from kg.journal import Journal
from kg.reason.rules import RuleSet, compile_rules
from kg.settings import Plant, SourceSettings, TableSettings
from kg.store import EmbeddedStore

BASE = "https://plant.example/"
NOW = datetime(2026, 11, 23, 8, tzinfo=UTC)
RECORD = f"<{BASE}record/erp/plant/1>"
PREFIXES = f"""
@base <{BASE}> .
@prefix tr: <{vocab.TR}> .
@prefix xsd: <{vocab.XSD}> .
@prefix rdfs: <{vocab.RDFS}> .
@prefix status: <{vocab.TRC}job-status/> .
@prefix step: <{vocab.TRC}operation-status/> .
@prefix activity: <{vocab.TRC}activity/> .
"""
PLANT = Plant(
    name="Test",
    base=BASE,
    sources=(
        SourceSettings(
            name="erp",
            adapter="files",
            tables=(TableSettings(name="plant", mapping="plant.yml", key=("id",)),),
        ),
    ),
)


@cache
def _rules() -> RuleSet:
    return compile_rules(assets.ontology_folder())


@cache
def _journal() -> Journal:
    return Journal.open(Path(tempfile.mkdtemp(prefix="planners")) / "journal.sqlite")


def term(name: str) -> str:
    """Give the term of a short name: ``job/1``."""
    return f"<{BASE}{name}>"


def planner_of(turtle: str, now: datetime = NOW, zone: str = "UTC") -> Planner:
    """Give the planner of a plant; what follows from its facts is not derived."""
    store = EmbeddedStore.in_memory(BASE)
    lines = []
    for triple in ox.parse(PREFIXES + turtle, format=ox.RdfFormat.TURTLE):
        fact = f"{triple.subject} {triple.predicate} {triple.object}"
        lines += [f"{fact} .", f"{fact} {RECORD} ."]
    store.bulk_load(lines)
    evidence = Evidence(PLANT, store, _journal(), _rules(), frozenset(), now)
    slots = Slots(store, evidence, {}, {name: ["erp"] for name in (*LINK_RULES, "now")})
    return Planner(store, evidence, slots, ZoneInfo(zone), now, lambda _: True)

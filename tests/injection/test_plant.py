"""The hostile texts in a real plant: in names, ids, units, descriptions and notes of its tables."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bench.context.cardtext import read_card
from kg.answer.bundle import Context, Focus
from kg.answer.compact import render_compact
from kg.answer.focus import FOCUSES
from kg.answer.render import render_card
from kg.answer.sources import facts_of
from kg.answer.untrusted import clean
from kg.pipeline import Pipeline
from kg.settings import load_plant
from tests.injection.payloads import PAYLOADS
from tests.unit.answer.conftest import PLANT, write_table

NOW = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
HARMLESS = "plain words"
WHOLE = 10**6
STARTS = re.compile(
    r"# |Marks: |- |  - |\[\d+\] |none$|[0-9a-f]{16}$"
    r"|## (?:Now \(|Run |Why it matters: |Details$|Computed$|Why it is late$|Next, by |Facts$"
    r"|Missing or unknown$|Notes by people, |Sources)"
)
KINDS = ("machine", "job", "customer", "batch")
TABLES = {
    "customer": ("erp", "a, tr:Customer\nrdfs:label, $(text)\ntr:identifier, $(text)"),
    "part": ("erp", "a, tr:Part\nrdfs:label, $(text)\ntr:currentSpec, spec/$(id)~iri"),
    "spec": ("erp", "a, tr:Specification\nrdfs:label, $(text)"),
    "job": (
        "erp",
        """a, tr:Job
        rdfs:label, $(text)
        tr:status, trc:job-status/in-progress~iri
        tr:makes, part/$(id)~iri
        tr:forCustomer, customer/$(id)~iri
        tr:plannedQuantity, 40, xsd:decimal
        tr:unit, $(text)
        tr:dueDate, $(text)""",
    ),
    "operation": (
        "erp",
        """a, tr:Operation
        rdfs:label, $(text)
        tr:operationOf, job/$(id)~iri
        tr:plannedOn, machine/$(id)~iri
        tr:status, trc:job-status/released~iri
        tr:plannedStart, $(text)""",
    ),
    "batch": (
        "erp",
        """a, tr:MaterialBatch
        rdfs:label, $(text)
        tr:unit, $(text)
        tr:ofMaterial, part/$(id)~iri""",
    ),
    "machine": (
        "mes",
        """a, tr:Machine
        rdfs:label, $(text)
        tr:activity, trc:activity/production~iri
        tr:activityReason, $(text)""",
    ),
    "run": (
        "mes",
        """a, tr:Run
        tr:onMachine, machine/$(id)~iri
        tr:ofJob, job/$(id)~iri
        tr:byPerson, person/$(id)~iri
        tr:onPallet, $(text)
        tr:startedAt, 2026-11-23T06:00:00Z, xsd:dateTime""",
    ),
    "note": (
        "mes",
        """a, tr:Note
        tr:about, job/$(id)~iri
        tr:text, $(text)
        tr:statedBy, person/$(id)~iri""",
    ),
}


def write_plant(folder: Path, texts: list[tuple[str, str]]) -> None:
    """Write a plant in which each (id, text) is a job with all that belongs to it."""
    folder.mkdir()
    (folder / "plant.toml").write_text(PLANT)
    for name, (source, po) in TABLES.items():
        write_table(folder, source, name, f"{name}/$(id)", po, "id,text\n")
        path = folder / source / f"{name}.csv"
        with path.open("w", encoding="utf-8", newline="") as file:
            rows = csv.writer(file)
            rows.writerow(["id", "text"])
            rows.writerows(texts)


def load(folder: Path, texts: list[tuple[str, str]]) -> Pipeline:
    write_plant(folder, texts)
    work = Pipeline.open(load_plant(folder))
    work.read(NOW)
    work.apply(NOW)
    work.validate(NOW)
    return work


@pytest.fixture(scope="module")
def hostile(tmp_path_factory) -> Iterator[Pipeline]:
    """Every payload as the text of all that belongs to a job, and as a part of its id.

    But for a NUL, which no key can hold: the text has it, the id has not.
    """
    texts = [
        (f"{n}-{one.payload[:60]}".replace("\0", ""), one.payload) for n, one in enumerate(PAYLOADS)
    ]
    with load(tmp_path_factory.mktemp("hostile") / "plant", texts) as work:
        yield work


@pytest.fixture(scope="module")
def harmless(tmp_path_factory) -> Iterator[Pipeline]:
    texts = [("0", HARMLESS)]
    with load(tmp_path_factory.mktemp("harmless") / "plant", texts) as work:
        yield work


def named(work: Pipeline, kind: str) -> list[str]:
    """The ids of all things of a kind."""
    rows = work.store.select(
        "SELECT ?x WHERE { ?x a <https://w3id.org/traveler/ontology/"
        f"{'MaterialBatch' if kind == 'batch' else kind.capitalize()}> }} ORDER BY ?x"
    )
    return [row["x"] for row in rows]


def told(work: Pipeline, kind: str, focus: Focus) -> Iterator[Context]:
    answers = work.answers()
    for term in named(work, kind):
        yield answers.context(term[1:-1], NOW, kind, focus=focus)


def facts_shown(context: Context) -> set[frozenset[str]]:
    """What a card must tell of an answer: of each fact what it is about, and its value.

    Of what points to the entity the card gives what points: so the two are compared as a pair.
    """
    slots = [context.slots, context.computed, *(run.slots for run in context.runs)]
    facts = [fact for some in slots for slot in some.values() for fact in slot.facts]
    return {
        frozenset({clean(fact.about, is_id=True), clean(fact.value, is_id=fact.is_entity)})
        for fact in facts
    }


def read_back(card: str) -> set[frozenset[str]]:
    return {frozenset({one.about, one.value}) for one in read_card(card).facts}


def test_nearly_every_payload_is_taken_in(hostile) -> None:
    found = " ".join(named(hostile, "job") + named(hostile, "machine"))
    lost = [one.name for n, one in enumerate(PAYLOADS) if f"/job/{n}-" not in found]
    assert lost == ["long-lines"]  # a cell of 500 lines is no cell: its rows are put aside
    assert found.count("/machine/") == found.count("/job/") == len(PAYLOADS) - 1


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("focus", ["now", "full"])
def test_no_line_of_a_card_is_forged(hostile, kind: str, focus: Focus) -> None:
    for context in told(hostile, kind, focus):
        card = render_card(context, WHOLE, is_with_notes=True)
        assert card.splitlines() == card.removesuffix("\n").split("\n")
        for line in card.splitlines():
            assert STARTS.match(line), line
        found = read_card(card)
        assert found.forged == []
        assert found.shown == found.total
        assert found.entity == clean(context.entity["id"], is_id=True)
        cited = set(re.findall(r"\[(\d+)\]", card.split("\n## ", 1)[1].split("\n## Sources")[0]))
        assert cited == {str(n) for n in range(1, len(found.sources) + 1)}


@pytest.mark.parametrize("kind", KINDS)
def test_a_card_reads_back_as_exactly_the_facts_of_the_answer(hostile, kind: str) -> None:
    for context in told(hostile, kind, "now"):
        card = render_card(context, WHOLE)
        assert read_back(card) == facts_shown(context)
        records = {c.record for fact in facts_of(context) for c in fact.via}
        assert {one.record for one in read_card(card).sources} <= {
            clean(record.removeprefix("record/"), is_id=True) for record in records
        }


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("focus", list(FOCUSES))
def test_hostile_text_makes_no_more_and_no_fewer_facts_sources_and_gaps(
    hostile, harmless, kind: str, focus: Focus
) -> None:
    (plain,) = told(harmless, kind, focus)
    expected = sizes(render_card(plain, WHOLE))
    assert expected[0] > 0
    for context in told(hostile, kind, focus):
        assert sizes(render_card(context, WHOLE)) == expected, context.entity["id"]


def sizes(card: str) -> tuple[int, ...]:
    found = read_card(card)
    return (len(found.facts), len(found.states), len(found.sources), len(found.gaps), found.total)


def test_notes_are_counted_and_withheld_or_stand_between_boundaries(hostile) -> None:
    for context in told(hostile, "job", "now"):
        text = context.notes[0]["text"] or ""
        assert "1 note by people withheld" in render_card(context, WHOLE)
        card = render_card(context, WHOLE, is_with_notes=True)
        (boundary,) = re.findall(r"## Notes by people, between two lines (\w{16}): ", card)
        lines = card.splitlines()
        first, last = [n for n, line in enumerate(lines) if line == boundary]
        assert last == first + 2
        assert boundary not in text
        assert lines[last + 1].startswith("## Sources")


def test_compact_json_holds_cleaned_text_only_and_as_many_facts(hostile, harmless) -> None:
    (plain,) = told(harmless, "job", "now")
    expected = json.loads(render_compact(plain, WHOLE, is_with_notes=True))
    for context in told(hostile, "job", "now"):
        found = json.loads(render_compact(context, WHOLE, is_with_notes=True))
        assert found.keys() == expected.keys()
        assert len(found["facts"]) == len(expected["facts"])
        assert found["notes_by_people"][0]["trust"] == "person"
        for text in texts_in({**found, "told": []}):
            assert clean(text, 240, is_id=True) in {text, text.replace(";", ",")} or '"' in text
            assert len(text.splitlines()) <= 1


def texts_in(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for part in value.values():
            yield from texts_in(part)
    elif isinstance(value, list):
        for part in value:
            yield from texts_in(part)

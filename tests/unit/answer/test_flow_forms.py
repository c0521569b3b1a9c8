"""The map in its forms: whole, the same each time, and of hostile names nothing but text."""

from __future__ import annotations

import re
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from random import Random
from xml.etree import ElementTree as ET

import pytest
from rdflib import OWL, RDF, SKOS, Graph, URIRef

from kg import vocab
from kg.answer.asking.readiness import Addition
from kg.answer.flow.forms import MEDIA_TYPES, write_flows
from kg.answer.flow.layout import BOX_WIDTH, Drawing, lay_out
from kg.answer.flow.map import FlowEdge, FlowMap, LinkFlow, duration_text
from kg.answer.flow.measured import Carried, Delay, MeasuredTable
from kg.answer.flow.steps import FlowStep

ONTOLOGY = Path(__file__).resolve().parents[3] / "ontology"
BASE = "https://plant.example/"
HOSTILE = '</title><script>alert(1)</script>"\\"; } ]]> \u202eyap\n\x1b[2J & \\" -> x'
LINKS = ("job-machine", "job-spec", "job-customer", "job-batch", "machine-now")


def step(name: str, *links: str, table: str = "", text: str = "") -> FlowStep:
    term = f"<{BASE}flow-step/{name}>"
    made = FlowStep(term, f"flow-step/{name}", text or name, text, "paper", "hand", "flows.yml:3")
    made.carries |= set(links)
    made.people.add("person/P1")
    made.tables |= {table} if table else set()
    made.is_seen = bool(table)
    made.latency_minutes = Fraction(1, 3)
    return made


def table(name: str, *links: str) -> MeasuredTable:
    carried = tuple(Carried(link, 3, 4) for link in links)
    delay, people = Delay(4, 75.0, 90_000.0), (("P1", 3), ("P2", 1))
    seen = "2026-11-23T08:00:00.5Z"
    return MeasuredTable(name, name.split(".")[0], 4, 9, Fraction(5), seen, delay, people, carried)


def flow_of(text: str = "plain", *, shuffled: int = 0) -> FlowMap:
    """A map with a circle, a skipped column, a dead end, and a table that no step names."""
    steps = [
        step("a", "job-batch", text=text),
        step("b", "job-batch", "job-machine"),
        step("c", "job-batch", table="erp.move"),
        step("d", "job-machine", table="mes.run"),
        step("end", "job-spec"),
    ]
    edges = [
        FlowEdge("job-batch", "flow-step/a", "flow-step/b", "unrecorded", text),
        FlowEdge("job-batch", "flow-step/b", "flow-step/a", "unrecorded", "a circle"),
        FlowEdge("job-batch", "flow-step/b", "flow-step/c", "late", text, ("erp.move",), None, 3),
        FlowEdge("job-batch", "flow-step/a", "flow-step/c", "patchy", "x", ("erp.move",)),
        FlowEdge("job-machine", "flow-step/b", "flow-step/d", "seen", "x", ("mes.run",)),
        FlowEdge("job-machine", "", "flow-step/d", "never", "x", ("mes.run",)),
        FlowEdge("job-spec", "flow-step/end", "", "unrecorded", "x"),
    ]
    tables = [table("erp.move", "job-batch"), table("mes.run", "job-machine"), table("x.y", *LINKS)]
    Random(shuffled).shuffle(edges)
    source = {
        "name": "erp", "title": text, "system": "ERP", "owner": text, "confirmed_at": None,
        "is_stale": False, "visible": {"records": 1, "p50_seconds": 0.5, "p95_seconds": 1.0},
        "tables": [one.to_dict() for one in tables],
    }  # fmt: skip
    links = [LinkFlow(link, 3, 4, 1, 0, (), (), ("q",), 2) for link in LINKS]
    hanging = {"what": "sheet", "name": text, "carries": "job-batch", "why": text}
    addition = Addition("properties", text, text, ("q",), (), (text,))
    process = {
        "rank": "1", "process": text, "links": "job-batch", "gaps": "1", "answers": "2",
        "dark_minutes": "3",
    }  # fmt: skip
    return FlowMap(
        text, "2026-11-23T08:00:00Z", 7, True, Fraction(60), (source,),
        {one.table: one for one in tables}, tuple(steps), tuple(links), tuple(edges), (hanging,),
        (addition,), (process,),
    )  # fmt: skip


def test_text_fits_80_columns_and_controls_no_terminal() -> None:
    text = write_flows(flow_of(HOSTILE * 3), "text", BASE)
    assert max(map(len, text.splitlines())) <= 80
    assert all(character.isprintable() or character == "\n" for character in text)
    assert "LATE" in text
    assert "1. job-batch LATE: b -> c, 3 gaps" in text


@pytest.mark.parametrize("text", ["plain", HOSTILE], ids=["plain", "hostile"])
def test_an_image_is_well_formed_and_loads_nothing(text: str) -> None:
    written = write_flows(flow_of(text), "svg", BASE)
    root = ET.fromstring(written)
    tags = {element.tag.removeprefix("{http://www.w3.org/2000/svg}") for element in root.iter()}
    assert tags == {"svg", "title", "desc", "style", "path", "g", "rect", "text"}
    names = {name for element in root.iter() for name in element.attrib}
    assert not {name for name in names if name.startswith("on") or "href" in name}
    assert "url(" not in written
    assert root.get("role") == "img"
    labelled = (root.get("aria-labelledby") or "").split()
    by_id = {element.get("id"): element.text for element in root.iter()}
    assert all(by_id[name] for name in labelled)
    assert "\u202e" not in written


def test_a_map_is_drawn_the_same_however_it_was_found() -> None:
    drawn = {write_flows(flow_of(shuffled=seed), "svg", BASE) for seed in range(5)}
    assert len(drawn) == 1


def overlaps(drawing: Drawing) -> list[tuple[str, str]]:
    boxes = drawing.boxes
    return [
        (one.name, other.name)
        for place, one in enumerate(boxes)
        for other in boxes[place + 1 :]
        if one.x == other.x and one.y < other.y + other.height and other.y < one.y + one.height
    ]


def test_boxes_lie_apart_and_bands_end_at_them() -> None:
    drawing = lay_out(flow_of())
    assert overlaps(drawing) == []
    where = {box.name: box for box in drawing.boxes}
    assert where["flow-step/a"].x < where["flow-step/b"].x < where["flow-step/c"].x
    assert {box.x for box in drawing.boxes if box.kind == "link"} == {
        max(box.x for box in drawing.boxes)
    }
    edges = {(box.x, box.y, box.y + box.height) for box in drawing.boxes}
    for band in drawing.bands:
        (x1, y1), (x2, y2) = band.points[0], band.points[-1]
        starts = [e for e in edges if e[0] + BOX_WIDTH == x1 and e[1] <= y1 <= e[2]]
        ends = [e for e in edges if e[0] == x2 and e[1] <= y2 <= e[2]]
        assert starts or ends
    assert all(0 < box.x < drawing.width and 0 < box.y < drawing.height for box in drawing.boxes)


def test_an_empty_map_has_every_form() -> None:
    empty = replace(
        flow_of(), sources=(), tables={}, steps=(), edges=(), hangs_on=(), next=(), processes=()
    )
    for form in MEDIA_TYPES.values():
        assert write_flows(empty, form, BASE).endswith("\n")


DOT = re.compile(
    r"""(?P<text>"(?:[^"\\]|\\.)*")|(?P<word>[A-Za-z_]\w*)|(?P<number>\d+(\.\d+)?)
    |(?P<arrow>->)|(?P<sign>[{}\[\]=,;])|\s+""",
    re.VERBOSE,
)
"""What DOT is made of, as far as it is written here (Graphviz, the DOT language)."""


@pytest.mark.parametrize("text", ["plain", HOSTILE, "ends with \\"], ids=["plain", "hostile", "\\"])
def test_dot_is_a_digraph_of_quoted_names(text: str) -> None:
    written = write_flows(flow_of(text), "dot", BASE)
    tokens, place = [], 0
    while place < len(written):
        match = DOT.match(written, place)
        assert match, written[place : place + 40]
        tokens += [(match.lastgroup, match.group())] if match.lastgroup else []
        place = match.end()
    assert [kind for kind, _ in tokens[:3]] == ["word", "text", "sign"]
    assert tokens[-1] == ("sign", "}")
    signs = [token for kind, token in tokens if kind in {"sign", "arrow"}]
    assert signs.count("{") == signs.count("}") == 1
    assert signs.count("[") == signs.count("]")
    assert signs.count("->") == len(lay_out(flow_of()).bands)


@pytest.mark.parametrize("text", ["plain", HOSTILE], ids=["plain", "hostile"])
def test_turtle_says_what_the_ontology_has_words_for(text: str) -> None:
    ontology = Graph()
    for name in ("flow", "factory", "codes"):
        ontology.parse(ONTOLOGY / f"{name}.ttl")
    graph = Graph().parse(data=write_flows(flow_of(text), "turtle", BASE), format="turtle")
    own = {
        str(term)
        for kind in (OWL.Class, OWL.ObjectProperty, OWL.DatatypeProperty)
        for term in ontology.subjects(RDF.type, kind)
    }
    codes = {str(term) for term in ontology.subjects(RDF.type, SKOS.Concept)}
    used = {str(term) for triple in graph for term in triple if isinstance(term, URIRef)}
    assert {term for term in used if term.startswith(vocab.TR)} <= own
    assert {term for term in used if term.startswith(vocab.TRC)} <= codes
    dark = set(graph.subjects(RDF.type, URIRef(f"{vocab.TR}DarkEdge")))
    assert len(dark) == len(flow_of().dark)
    assert {str(label) for label in graph.objects(None, URIRef(f"{vocab.RDFS}label"))} >= {text}


def test_json_gives_the_darkest_first() -> None:
    edges = flow_of().to_dict()["edges"]
    assert [edge["state"] for edge in edges] == [
        "late", "never", "unrecorded", "unrecorded", "unrecorded", "patchy", "seen",
    ]  # fmt: skip
    assert edges[0]["gaps"] == 3


def test_delays_are_ranked() -> None:
    delay = Delay.of(range(1, 101))
    assert delay == Delay(100, 50.0, 95.0)
    assert Delay.of([4.0]) == Delay(1, 4.0, 4.0)
    assert Delay.of([]) is None


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.25, "0.25 s"), (59, "59 s"), (60, "1 min"), (14_520, "4 h 2 min"), (180_000, "2 d 2 h")],
)
def test_how_long_it_took_is_said_for_people(seconds: float, text: str) -> None:
    assert duration_text(seconds) == text

"""Gaps as a table, a page and RDF: whatever the data says, the form stays safe and whole."""

from __future__ import annotations

import csv
import io
import json
from html.parser import HTMLParser

import rdflib
from hypothesis import given, settings
from hypothesis import strategies as st

from kg import vocab
from kg.answer.bundle import AtRisk, SlotGap, Worth
from kg.answer.gaps.candidates import Candidate
from kg.answer.gaps.coverage import Check, LinkCoverage
from kg.answer.gaps.page import MAX_SHOWN, gaps_html
from kg.answer.gaps.ranking import Repair
from kg.answer.gaps.table import COLUMNS, gaps_csv
from kg.answer.gaps.turtle import gap_iri, gaps_turtle

BASE = "https://tiny.example/"
DCTERMS = rdflib.Namespace("http://purl.org/dc/terms/")
SH = rdflib.Namespace(vocab.SH)
hostile = st.one_of(
    st.sampled_from(
        [
            "=1+1",
            "+1",
            "-1",
            "@SUM(A1)",
            "\t=1",
            "\r=1",
            "  =cmd|' /C calc'!A0",
            "＝1",
            "<script>alert(1)</script>",
            '"><img src=x onerror=alert(1)>',
            "</style><b>",
            "a;b,c",
            'say "no"',
            "back\\slash",
            "line\nbreak",
            "\0null",
            "&amp;",
            "> . <x:s> <x:p> <x:o",
        ]
    ),
    st.text(st.characters(codec="utf-8"), max_size=30),
)
ids = st.text('abc019/-_%.~<>"{} äø', min_size=1, max_size=20)
maybe = st.one_of(st.none(), hostile)
times = st.sampled_from([None, "2026-11-23T08:00:00Z"])
gaps = st.builds(
    SlotGap,
    entity=ids,
    slot=st.sampled_from(["machine", "customer", "dueDate"]),
    state=st.sampled_from(["missing", "unknown", "conflicting"]),
    shape=st.sampled_from([None, "https://w3id.org/traveler/shape/JobHasCustomer"]),
    severity=st.sampled_from(["violation", "warning", "info", None]),
    message=hostile,
    source=maybe,
    record=maybe,
    since=times,
    label=hostile,
    checked_at=times,
    owner=maybe,
    flow_step=maybe,
    questions=st.lists(st.sampled_from(["what-runs-on-a-machine", "how-old"]), max_size=2).map(
        tuple
    ),
    at_risk=st.one_of(
        st.none(),
        st.builds(
            AtRisk,
            orders=st.lists(ids, max_size=2).map(tuple),
            customers=st.lists(ids, max_size=2).map(tuple),
            due=st.one_of(st.none(), hostile),
        ),
    ),
    value_at_risk=st.lists(
        st.builds(Worth, st.sampled_from(["12.5", "0"]), st.sampled_from([None, "EUR", "=X"])),
        max_size=2,
    ).map(tuple),
    candidates=st.lists(
        st.builds(Candidate, ids, st.floats(0, 1), st.just(("same number",)), hostile), max_size=2
    ).map(tuple),
)
few = settings(max_examples=80, deadline=None)


def checked(found: list[SlotGap]) -> Check:
    return Check([LinkCoverage("job-customer", 1, 4, 1, 1, 0)], found, checked_at=None)


@few
@given(st.lists(gaps, max_size=6))
def test_no_cell_of_the_table_is_a_formula_and_none_is_lost(found) -> None:
    head, *rows = csv.reader(io.StringIO(gaps_csv(found), newline=""))
    assert tuple(head) == COLUMNS
    assert len(rows) == len(found)
    for row, gap in zip(rows, found, strict=True):
        assert not any(cell.lstrip(" ").startswith(tuple("=+-@＝＋－＠\t\r\n")) for cell in row)
        told = dict(zip(head, row, strict=True))
        for name in ("entity", "label", "message", "owner", "flow_step"):
            assert told[name].removeprefix("'") in {
                said := (getattr(gap, name) or "").replace("\0", ""),
                said.removeprefix("'"),
            }


def test_one_amount_is_a_number_and_several_are_a_text() -> None:
    def told(*worth: Worth) -> list[str]:
        gap = SlotGap("job/1", "spec", "missing", None, None, "m", None, None, value_at_risk=worth)
        row = next(csv.DictReader(io.StringIO(gaps_csv([gap]), newline="")))
        return [row["value_at_risk"], row["currency"]]

    assert told(Worth("12.5", "EUR")) == ["12.5", "EUR"]
    assert told(Worth("12.5", "EUR"), Worth("3", "USD")) == ["12.5 EUR; 3 USD", ""]


class Page(HTMLParser):
    """What a browser would see: its tags, where they lead, and its text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[str] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag, attrs) -> None:
        self.tags.append(tag)
        self.attributes += [name for name, _ in attrs]

    def handle_data(self, data) -> None:
        self.text += data


@few
@given(st.lists(gaps, max_size=6), hostile)
def test_the_page_runs_nothing_and_fetches_nothing(found, plant) -> None:
    page = Page(gaps_html(checked(found), plant))
    assert set(page.tags) <= {
        "html", "head", "meta", "title", "style", "body", "h1", "h2", "p", "table", "thead",
        "tbody", "tr", "th", "td", "section", "span", "meter", "ol", "ul", "li",
    }  # fmt: skip
    assert not {name for name in page.attributes if name.startswith("on")}
    assert not {"src", "href"} & set(page.attributes)
    alike = {
        (g.state, g.slot, g.message, g.source, g.owner, g.flow_step, g.questions) for g in found
    }
    assert page.tags.count("section") == len(alike)


def test_the_page_shows_the_first_of_many_and_counts_the_rest() -> None:
    many = [
        SlotGap(f"job/{n}", "spec", "missing", None, None, "No spec", "erp", None)
        for n in range(MAX_SHOWN + 7)
    ]
    page = Page(gaps_html(checked(many), "Demo"))
    assert "and 7 more" in page.text
    assert f"job/{MAX_SHOWN - 1}" in page.text
    assert f"job/{MAX_SHOWN}" not in page.text.replace("and 7 more", "")


@few
@given(st.lists(gaps, max_size=6, unique_by=lambda gap: gap.id))
def test_the_turtle_says_of_each_gap_what_it_is(found) -> None:
    graph = rdflib.Graph().parse(data=gaps_turtle(checked(found), BASE), format="turtle")
    assert len(set(graph.subjects(rdflib.RDF.type, SH.AbstractResult))) == len(found)
    for gap in found:
        node = rdflib.URIRef(gap_iri(gap, BASE))
        assert graph.value(node, DCTERMS.identifier) == rdflib.Literal(gap.id)
        assert graph.value(node, SH.resultMessage) == rdflib.Literal(gap.message)
        assert len(list(graph.objects(node, SH.focusNode))) == 1
        assert len(list(graph.objects(node, SH.resultSeverity))) == 1
        if gap.owner is not None and gap.owner:
            audience = graph.value(node, DCTERMS.audience)
            assert graph.value(audience, rdflib.RDFS.label) == rdflib.Literal(gap.owner)


@few
@given(st.lists(gaps, max_size=4))
def test_json_holds_every_field(found) -> None:
    repair = Repair("table", "spec", "erp", None, "erp.part", 1, 2, ("q",), (), "part/1")
    told = json.loads(json.dumps({**checked(found).to_dict(), "x": repair.sentence()}))
    assert [gap["id"] for gap in told["gaps"]] == [gap.id for gap in found]
    assert all(set(gap) == set(SlotGap.__dataclass_fields__) for gap in told["gaps"])

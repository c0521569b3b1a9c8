"""The flow page in a real browser: what goes dark is named, drawn, told in tables, and harmless."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote

import pytest

from kg.demo.paper import DARK_AT_FIRST, DARK_EDGES
from kg.owner import Owner
from kg.pipeline import Pipeline
from kg.settings import load_plant
from tests.pages.conftest import PHONE, WIDE, looked_at, served
from tests.pages.test_pages import grave
from tests.shop_plant import PREFIXES
from tests.unit.api.access_plant import guarded
from tests.unit.api.conftest import NOW, ROWS, opened, write_plant

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = [pytest.mark.slow, pytest.mark.server]

STEPS = """
  step:
    sources: [[step~table]]
    s: flow-step/$(id)
    po:
      - [a, tr:FlowStep]
      - [rdfs:label, $(label)]
      - [tr:process, $(label)]
      - [tr:carries, trc:link/job-customer~iri]
      - [tr:medium, trc:medium/paper~iri]
      - [tr:doneBy, person/$(who)~iri]
      - [tr:passesTo, flow-step/$(next)~iri]
"""
MOVE_TABLE = """
[[table]]
name = "move"
mapping = "move.yml"
file = "move.csv"
key = ["id"]
row = "state"
changed = ["at"]
settle_seconds = 0
"""
MOVES = """
  use:
    sources: [[move~table]]
    s: use/$(id)
    po:
      - [a, tr:BatchUse]
      - [tr:inputTo, job/$(job)~iri]
      - [tr:ofBatch, batch/$(batch)~iri]
"""
SLIPS = """
steps:
  slip:
    medium: paper
    by: hand
    latency_minutes: 240
    carries: [job-batch]
    passes_to: [booking]
  booking:
    medium: system
    by: hand
    carries: [job-batch]
    recorded_in: [shop.move]
"""
HOSTILE = (
    "<script>window.hit = 1</script>",
    "<img src=x onerror='window.hit = 2'>",
    "<svg onload='window.hit = 3'></svg>",
    "</text><style>* { display: none }</style>",
    "javascript:window.hit=4",
    "\u202egnol \u2066rev\u2069 \u202d",
    "W" * 300,
)


def described(folder: Path, rows: list[tuple[str, str, str]]) -> Path:
    """Write a small plant whose records describe steps: id, label, and the step that is next."""
    plant = write_plant(folder)
    head = '[[table]]\nname = "step"\nmapping = "step.yml"\nfile = "step.csv"\nkey = ["id"]\n'
    source = folder / "shop" / "source.toml"
    source.write_text(f'{source.read_text("utf-8")}\n{head}row = "state"\n', encoding="utf-8")
    (folder / "shop" / "step.yml").write_text(PREFIXES + STEPS, encoding="utf-8")
    lines = [f'{name},"{label}",P1,{onward}' for name, label, onward in rows]
    text = "\n".join(["id,label,who,next", *lines]) + "\n"
    (folder / "data" / "step.csv").write_text(text, encoding="utf-8")
    return plant


def dark_rows(page: Page) -> dict[tuple[str, ...], str]:
    """Read from the table what is dark: link, from which step, to which, and how."""
    found = {}
    for row in page.locator("tr.is-dark").all():
        link, start, end = (row.get_attribute("id") or "").removeprefix("edge-").split("~")
        ends = (unquote(part).removeprefix("flow-step/") for part in (start, end))
        state = row.locator(".flow-state").get_attribute("class") or ""
        found[(link, *ends)] = state.split("is-")[1]
    return found


def test_the_dark_edges_of_the_demo_plant_are_named_and_drawn(browser: Browser, demo: str) -> None:
    late = ("job-batch", "issue-slip", "stock-booking")
    dark = DARK_EDGES | DARK_AT_FIRST | {late: "patchy"}
    with looked_at(browser, demo) as watched:
        page = watched.open("flow")
        page.locator(".flow-map .box").first.wait_for()
        assert dark_rows(page) == dark
        for state in {"never", "unrecorded", "patchy"}:
            number = sum(one == state for one in dark.values())
            assert page.locator(f"path.band.is-{state}").count() == number + (1), state
            assert page.locator(f"g.label.is-{state}").count() == number, state
        assert watched.faults == []


def test_one_link_is_traced_alone_and_a_band_leads_to_its_row(browser: Browser, demo: str) -> None:
    with looked_at(browser, demo) as watched:
        page = watched.open("flow")
        page.locator(".flow-map .box").first.wait_for()
        everything = page.locator(".flow-map .box").count()
        page.get_by_label("Link", exact=True).select_option("job-customer")
        assert 0 < page.locator(".flow-map .box").count() < everything
        assert page.locator(".flow-map .box.is-link").count() == 1
        assert {link for link, *_ in dark_rows(page)} == {"job-customer"}
        assert "link=job-customer" in page.url
        page.locator(".map path.band.is-unrecorded").dispatch_event("click")
        row = page.evaluate("document.activeElement.id")
        assert unquote(row) == "edge-job-customer~flow-step/order-call~flow-step/rush-word"
        thin = page.locator(".map path.band").evaluate_all(
            "all => all.map(one => one.getAttribute('stroke-width'))"
        )
        page.get_by_label("Width of bands").select_option("share")
        wide = page.locator(".map path.band").evaluate_all(
            "all => all.map(one => one.getAttribute('stroke-width'))"
        )
        assert thin != wide
        page.reload()
        page.locator(".flow-map .box").first.wait_for()
        assert page.locator(".flow-map .box.is-link").count() == 1
        assert watched.faults == []


def test_the_map_is_had_as_a_file_and_leads_on(browser: Browser, demo: str) -> None:
    begins = {"svg": "<svg", "dot": "digraph", "json": "{", "turtle": "@prefix", "text": "How"}
    with looked_at(browser, demo) as watched:
        page = watched.open("flow")
        page.locator(".flow-map .box").first.wait_for()
        for form, start in begins.items():
            address = page.get_by_role("link", name=form, exact=True).get_attribute("href")
            assert page.request.get(f"{demo}/{address}").text().startswith(start), form
        hanging = page.locator(
            "section.part", has=page.get_by_role("heading", name="Depends on one")
        )
        assert "identity.crosswalk" in hanging.inner_text()
        gaps = page.locator("tr.is-dark a[href^='#/missing']").first
        gaps.click()
        page.locator(".gaps > li").first.wait_for()
        assert "slot=" in page.url
        page.go_back()
        page.locator(".flow-map .box").first.wait_for()
        page.locator("section.part details summary").first.click()
        page.locator("section.part details[open] a").first.click()
        page.locator(".editor").wait_for()
        assert watched.faults == []


def test_how_late_an_edge_is_stands_at_its_band_and_in_its_row(
    browser: Browser, tmp_path: Path
) -> None:
    plant = write_plant(tmp_path)
    source, moves = tmp_path / "shop" / "source.toml", tmp_path / "data" / "move.csv"
    source.write_text(source.read_text("utf-8") + MOVE_TABLE, encoding="utf-8")
    (tmp_path / "shop" / "move.yml").write_text(PREFIXES + MOVES, encoding="utf-8")
    (tmp_path / "flows.yml").write_text(SLIPS, encoding="utf-8")
    moves.write_text("id,job,batch,at\n1,1043,B1,2026-11-23T07:59:00Z\n", encoding="utf-8")
    clock = [NOW - timedelta(days=1)]
    with Pipeline.open(load_plant(plant)) as pipeline:
        owner = Owner(pipeline, lambda: clock[0])
        owner.round()
        clock[0] = NOW
        # Typed now, and true since two to five hours: half of them no later than three.
        for place, hour in enumerate((6, 5, 3), start=2):
            row = f"{place},1044,B{place},2026-11-23T{hour:02}:00:00Z\n"
            moves.write_text(moves.read_text("utf-8") + row, encoding="utf-8")
        owner.round()
        with served(owner) as url, looked_at(browser, url) as watched:
            page = watched.open("flow?link=job-batch")
            page.locator(".flow-map .box").first.wait_for()
            label = page.locator("g.label.is-late").text_content()
            assert "3 h 0 min / 5 h 0 min" in (label or "")
            told = page.locator("tr.is-dark", has=page.locator(".flow-state.is-late"))
            assert "3 h 0 min / 5 h 0 min" in told.inner_text()
            assert watched.faults == []


@pytest.mark.parametrize("size", [WIDE, PHONE], ids=["wide", "phone"])
def test_hostile_names_are_text_and_break_no_line(
    browser: Browser, tmp_path: Path, size: tuple[int, int]
) -> None:
    steps = [(f"s{n}", name, f"s{n + 1}") for n, name in enumerate(HOSTILE)]
    plant = described(tmp_path, [*steps, (f"s{len(HOSTILE)}", "the end", "s0")])
    with opened(plant) as owner, served(owner) as url, looked_at(browser, url, size) as watched:
        page = watched.open("flow")
        page.locator(".flow-map .box").first.wait_for()
        assert page.evaluate("window.hit") is None
        made = "main script, main img, main style, main svg[onload], main iframe"
        assert page.locator(made).count() == 0
        shown = page.locator("main").inner_text()
        for name in HOSTILE[:5]:
            assert name in shown
        assert len(dark_rows(page)) == len(HOSTILE) + 1
        assert watched.is_within_its_width()
        assert grave(watched) == []
        assert watched.faults == []


def test_two_hundred_steps_are_drawn_and_listed(browser: Browser, tmp_path: Path) -> None:
    steps = [(f"s{n}", f"step {n}", f"s{n + 1}" if n % 20 < 19 else "") for n in range(200)]
    plant = described(tmp_path, steps)
    with opened(plant) as owner, served(owner) as url, looked_at(browser, url, PHONE) as watched:
        page = watched.open("flow")
        page.locator(".flow-map .box").first.wait_for()
        assert page.locator(".flow-map .box.is-dark").count() == 200
        assert page.locator("tr.is-dark").count() == 100
        page.get_by_role("button", name="90 more").click()
        assert page.locator("tr.is-dark").count() == 190
        assert watched.is_within_its_width()
        assert watched.faults == []


def test_who_described_nothing_is_told_how_and_a_mistake_is_told_with_its_line(
    browser: Browser, tmp_path: Path
) -> None:
    plant = write_plant(tmp_path)
    with opened(plant) as owner, served(owner) as url, looked_at(browser, url) as watched:
        page = watched.open("flow")
        page.locator(".flow-map .box").first.wait_for()
        page.locator(".undescribed summary").click()
        example = page.locator(".undescribed pre").inner_text()
        assert "recorded_in: [shop." in example
        (tmp_path / "flows.yml").write_text("steps:\n  a:\n    carries: [job-bach]\n")
        page.get_by_role("button", name="Look again").click()
        page.locator(".failed", has_text="flows.yml:3").wait_for()
        assert "did you mean job-batch?" in page.locator(".failed").inner_text()
        (tmp_path / "flows.yml").write_text(example)
        page.get_by_role("button", name="Try again").click()
        page.locator(".flow-map .box.is-dark").first.wait_for()
        assert page.locator(".undescribed").count() == 0
        assert [one for one in watched.faults if "500" not in one] == []


def test_a_plant_that_read_nothing_says_so(browser: Browser, tmp_path: Path) -> None:
    plant = write_plant(tmp_path)
    for name, text in ROWS.items():
        (tmp_path / "data" / f"{name}.csv").write_text(text.splitlines()[0] + "\n")
    with opened(plant) as owner, served(owner) as url, looked_at(browser, url) as watched:
        page = watched.open("flow")
        page.locator(".told.empty").wait_for()
        assert page.locator(".flow-map").count() == 0
        assert watched.faults == []


def test_what_a_role_does_not_see_is_named(browser: Browser, tmp_path: Path) -> None:
    with guarded(tmp_path) as plant, looked_at(browser, plant.url.rstrip("/")) as watched:
        page = watched.page
        page.set_extra_http_headers({"Authorization": f"Bearer {plant.key('workshop')}"})
        watched.open("flow")
        page.get_by_text("Not shown to your role: job-customer").wait_for()
        assert page.get_by_label("Link", exact=True).locator("option").count() == 5
        assert watched.faults == []

"""Every page of the demo plant in a real browser: whole, within its width, to be used by all."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from api.pages import FOLDER
from tests.pages.conftest import PHONE, WEB, WIDE, Watched, looked_at

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = [pytest.mark.slow, pytest.mark.server]

PAGES = {
    "board": ".tile .run dl",
    "entity/machine/MILL-01": ".facts",
    "entity/job/1043": ".runs",
    "missing": ".gaps > li",
    "flow": ".flow-map .box",
    "notes?about=machine%2FSAW-01": ".notes > li",
    "notes/codes?about=machine%2FSAW-01": "svg.qr",
    "ask?q=1043": ".card",
    "sparql": ".editor",
    "sources": "table",
    "start": ".mapped",
}
"""Each page, and what stands in it when it is whole."""
AXE = (
    (WEB / "node_modules" / "axe-core" / "axe.min.js").read_text("utf-8") if FOLDER.is_dir() else ""
)
IS_TOLD = """
() => ![...document.querySelectorAll(".tile .run:empty")].some(
  (run) => run.getBoundingClientRect().top < innerHeight)
"""
"""Whether each machine on the screen is told whole, and not only in short."""
PICTURES = Path(__file__).resolve().parent.parent.parent / "build" / "pages"
"""Where each page is left as it was seen; `make screenshots` takes those of the README from it."""
LOOKS = {
    "desktop": (WIDE, "light", "en-GB"),
    "phone": (PHONE, "light", "sv-SE"),
    "dark": (WIDE, "dark", "de-DE"),
}


def grave(watched: Watched) -> list[str]:
    """What axe-core finds that keeps people out; it runs beside the page's own policy."""
    watched.page.evaluate(AXE)
    found = watched.page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    return [
        f"{one['id']}: {one['help']}: {one['nodes'][0]['html'][:200]}"
        for one in found["violations"]
        if one["impact"] in {"serious", "critical"}
    ]


@pytest.mark.parametrize("look", LOOKS)
def test_every_page_is_whole(browser: Browser, demo: str, look: str) -> None:
    size, colours, language = LOOKS[look]
    with looked_at(browser, demo, size, colours, language) as watched:
        for name, part in PAGES.items():
            page = watched.open(name)
            page.locator(part).first.wait_for()
            assert page.locator("html").get_attribute("lang") == language[:2]
            assert watched.is_within_its_width(), name
            assert grave(watched) == [], name
            file = f"{name.split('?')[0].replace('/', '-')}-{look}.png"
            page.wait_for_function(IS_TOLD)
            page.screenshot(path=PICTURES / file)
        assert watched.faults == []


def test_the_first_page_is_small() -> None:
    assert (FOLDER / "index.html").is_file(), "make web builds it"
    index = (FOLDER / "index.html").read_text("utf-8")
    parts = [path for path in (FOLDER / "assets").iterdir() if path.name in index]
    assert {path.suffix for path in parts} == {".js", ".css", ".svg"}
    assert sum(len(gzip.compress(path.read_bytes())) for path in parts) <= 300_000


def test_the_board_is_used_by_keyboard_and_filtered(browser: Browser, demo: str) -> None:
    with looked_at(browser, demo) as watched:
        page = watched.open("board")
        page.locator(".tile .run dl").first.wait_for()
        everyone = page.locator(".tile:visible").count()
        assert everyone == 12
        page.get_by_role("searchbox").fill("mill")
        assert 0 < page.locator(".tile:visible").count() < everyone
        assert "text=mill" in page.url
        page.get_by_role("searchbox").fill("mill 1")
        page.locator(".tile:visible h2 a").focus()
        page.keyboard.press("Enter")
        page.get_by_role("heading", level=1, name="Mill 1").wait_for()
        page.go_back()
        page.locator(".tile:visible").first.wait_for()
        assert page.locator(".tile:visible").count() == 1
        assert watched.faults == []


def test_a_fact_is_explained_and_copied(browser: Browser, demo: str) -> None:
    with looked_at(browser, demo) as watched:
        page = watched.open("entity/job/1043")
        row = page.locator("tr", has=page.get_by_role("rowheader", name="Customer")).first
        row.locator("summary").click()
        row.locator(".why dl").first.wait_for()
        assert "demo-erp/" in row.inner_text(), "the line of the mapping"
        page.get_by_role("button", name="Copy the card").click()
        page.get_by_role("button", name="Copied").wait_for()
        assert page.evaluate("navigator.clipboard.readText()").startswith("# job/1043")
        page.get_by_role("button", name="Show the graph").click()
        page.locator(".graph canvas").first.wait_for()
        assert watched.faults == []


def test_gaps_are_grouped_and_narrowed(browser: Browser, demo: str) -> None:
    with looked_at(browser, demo) as watched:
        page = watched.open("missing")
        page.get_by_label("What", exact=True).select_option("spec")
        page.locator(".gaps > li").first.wait_for()
        assert page.locator(".gaps > li").count() == 2
        assert "slot=spec" in page.url
        csv = page.locator("a", has_text="csv").get_attribute("href") or ""
        assert page.request.get(f"{demo}/{csv}").text().count("job/") >= 2
        page.get_by_label("Grouped by").select_option("owner")
        page.locator("details summary", has_text="Planning office").wait_for()
        assert watched.faults == []


def test_a_saved_question_and_one_of_ones_own_are_answered(browser: Browser, demo: str) -> None:
    with looked_at(browser, demo) as watched:
        page = watched.open("sparql/what-runs-on-a-machine")
        page.locator("input[name=machine]").fill("SAW-01")
        page.locator("form button").click()
        page.locator(".results tbody tr").first.wait_for()
        assert "job/1043" in page.locator(".results").inner_text()
        editor = page.locator(".editor")
        editor.fill("PREFIX tr: <https://w3id.org/traveler/ontology/>\nSELECT ?m WHERE { ?m a ")
        editor.press_sequentially("tr:Mach")
        offer = page.locator("[role=option]").first
        offer.wait_for()
        assert "tr:Machine" in offer.inner_text()
        page.keyboard.press("Enter")
        editor.press_sequentially("}")
        page.keyboard.press("Control+Enter")
        page.locator(".results tbody tr").nth(11).wait_for()
        with page.expect_download() as loading:
            page.get_by_role("button", name="CSV").click()
        assert "machine/SAW-01" in loading.value.path().read_text()
        assert watched.faults == []

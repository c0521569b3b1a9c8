"""Pages of plants that change, hold hostile names, go away, or say who may ask."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.pages.conftest import PHONE, looked_at, served
from tests.unit.api.access_plant import guarded
from tests.unit.api.conftest import ROWS, opened, write_plant
from tests.unit.two_names import write_two_names

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = [pytest.mark.slow, pytest.mark.server]

HOSTILE = (
    "<script>window.hit = 1</script>",
    "<img src=x onerror='window.hit = 2'>",
    "<svg onload='window.hit = 3'></svg>",
    "<style>* { display: none }</style>",
    "javascript:window.hit=4",
    "\u202egnol \u2066rev\u2069 \u202d",
    "W" * 300,
)


def test_the_board_follows_an_event(browser: Browser, tmp_path: Path) -> None:
    plant = write_plant(tmp_path)
    with opened(plant) as owner, served(owner) as url, looked_at(browser, url) as watched:
        page = watched.open("board")
        tile = page.locator("[data-id='machine/SAW-02']")
        tile.get_by_text("No job").wait_for()
        page.locator(".live.is-open").wait_for()
        asked: list[str] = []
        page.on("request", lambda sent: asked.append(sent.url))
        runs = tmp_path / "data" / "run.csv"
        runs.write_text(runs.read_text() + "2,SAW-02,1044,2026-11-23T07:50:00Z,\n")
        owner.round()
        tile.get_by_role("link", name="Bracket").wait_for()
        fetched = [one for one in asked if "/v1/context/" in one]
        assert fetched
        assert [one for one in fetched if "SAW-02" not in one] == [], "only what changed"
        assert watched.faults == []


def test_hostile_names_are_text_on_every_page(browser: Browser, tmp_path: Path) -> None:
    plant = write_plant(tmp_path)
    quoted = [f'"{name}"' for name in HOSTILE]
    machines = "".join(f"M{n},{name}\n" for n, name in enumerate(quoted))
    jobs = "".join(f"J{n},{name},in-progress,Nordwind\n" for n, name in enumerate(quoted))
    runs = "".join(f"{n},M{n},J{n},2026-11-23T05:40:00Z,\n" for n in range(len(HOSTILE)))
    data = tmp_path / "data"
    (data / "machine.csv").write_text("id,name\n" + machines, encoding="utf-8")
    # Of the last one nobody knows the customer: a gap that names it.
    (data / "job.csv").write_text(
        "id,name,status,customer\n" + jobs.replace("in-progress,Nordwind", "released,"),
        encoding="utf-8",
    )
    (data / "run.csv").write_text(f"{ROWS['run'].splitlines()[0]}\n{runs}x,,,soon,\n")
    with opened(plant) as owner, served(owner) as url:
        for size in (PHONE, (1280, 900)):
            with looked_at(browser, url, size) as watched:
                for name, part in {
                    "board": ".tile .run h3",
                    "entity/machine/M1": ".facts",
                    "entity/job/J0": ".facts",
                    "missing": ".gaps > li",
                    "ask?q=M1": ".card",
                    "sparql/machines-that-run-without-a-job": "select",
                    "sources": ".gaps > li",
                }.items():
                    page = watched.open(name)
                    page.locator(part).first.wait_for()
                    assert page.evaluate("window.hit") is None, name
                    made = "main script, main img, main style, main svg[onload], main iframe"
                    assert page.locator(made).count() == 0, name
                    assert page.locator("a[href^='javascript' i]").count() == 0, name
                    assert watched.is_within_its_width(), name
                page = watched.open("board")
                for name in HOSTILE[:5]:
                    page.get_by_role("heading", level=2, name=name, exact=True).wait_for()
                assert watched.faults == []


def test_a_server_that_goes_is_told_and_found_again(browser: Browser, tmp_path: Path) -> None:
    plant = write_plant(tmp_path)
    with opened(plant) as owner, served(owner) as url, looked_at(browser, url) as watched:
        page = watched.open("board")
        page.locator(".live.is-open").wait_for()
        page.context.set_offline(True)
        page.goto(f"{url}/#/missing")
        page.locator(".link-bar.is-bad").wait_for()
        page.locator(".told.failed").wait_for()
        page.context.set_offline(False)
        page.locator(".coverage").wait_for()
        assert page.locator(".link-bar.is-bad").count() == 0


def test_a_candidate_is_accepted_and_closes_its_gap(browser: Browser, tmp_path: Path) -> None:
    plant = write_two_names(tmp_path)
    with opened(plant) as owner, served(owner) as url, looked_at(browser, url) as watched:
        page = watched.open("missing?kind=identity")
        gaps = page.locator(".gaps > li")
        gaps.first.wait_for()
        before = gaps.count()
        page.get_by_role("button", name="Is it this one?").first.click()
        page.get_by_label("Your code").fill("P12")
        page.get_by_role("button", name="These are one thing").click()
        page.get_by_text("are one thing from now on").wait_for()
        assert gaps.count() < before
        assert page.request.get(f"{url}/v1/accepted").json()["accepted"][0]["by"] == "P12"
        assert watched.faults == []


def test_a_key_signs_in_and_an_ended_session_is_asked_for_again(
    browser: Browser, tmp_path: Path
) -> None:
    with guarded(tmp_path) as plant:
        key = plant.key("workshop")
        url = plant.url.rstrip("/")
        with looked_at(browser, url) as watched:
            page = watched.page
            page.goto(url)
            page.get_by_label("Key").fill(key)
            page.get_by_role("button", name="Sign in").click()
            page.locator(".tile").first.wait_for()
            assert watched.faults == []
            page.context.clear_cookies()
            page.goto(f"{url}/#/missing")
            page.locator(".link-bar .sign-in input").fill(key)
            page.locator(".link-bar .sign-in button").click()
            page.locator(".coverage").wait_for()

"""The slider of a thing's page: what was true then is what the server says of then."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from kg.owner import Owner
from kg.pipeline import Pipeline
from kg.settings import load_plant
from tests.pages.conftest import looked_at, served
from tests.unit.api.conftest import ROWS, write_plant

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = [pytest.mark.slow, pytest.mark.server]

FIRST, NOW = datetime(2026, 11, 23, 6, tzinfo=UTC), datetime(2026, 11, 23, 9, tzinfo=UTC)
STEPS = 8
"""Of a quarter of an hour each: from now back to 07:00Z."""
THEN = "2026-11-23T07:00:00Z"


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A plant that was read twice: its saw had a valve body at 07:00Z, and has a bracket now."""
    folder = tmp_path_factory.mktemp("lived")
    file = write_plant(folder)
    # The plant's own zone, which the moments that people write are of; the source's stays UTC.
    text = file.read_text("utf-8").replace('zone = "UTC"', 'zone = "Europe/Stockholm"')
    file.write_text(text, encoding="utf-8")
    clock = [FIRST]
    with Pipeline.open(load_plant(file)) as pipeline:
        owner = Owner(pipeline, lambda: clock[0])
        owner.round()
        clock[0] = NOW
        ended = ROWS["run"].replace("05:40:00Z,", "05:40:00Z,2026-11-23T08:00:00Z")
        (folder / "data" / "run.csv").write_text(f"{ended}2,SAW-01,1044,2026-11-23T08:10:00Z,\n")
        owner.round()
        pipeline.validate(NOW)
        with served(owner) as url:
            yield url


def _runs_of(page: Page, name: str) -> int:
    return page.locator("details > summary", has_text=name).count()


def test_the_slider_shows_what_was_true_then_and_comes_back(browser: Browser, lived: str) -> None:
    with looked_at(browser, lived) as watched:
        page = watched.open("entity/machine/SAW-01")
        page.locator("details > summary", has_text="Bracket").first.wait_for()
        assert _runs_of(page, "Valve body") == 0
        page.get_by_label("As of, in the last 7 days").focus()
        for _ in range(STEPS):
            page.keyboard.press("ArrowLeft")
        page.locator("details > summary", has_text="Valve body").first.wait_for()
        assert _runs_of(page, "Bracket") == 0
        assert f"at={THEN.replace(':', '%3A')}" in page.url
        assert "08:00" in page.locator(".as-of.is-then output").inner_text(), "the plant's time"
        page.reload()
        page.locator("details > summary", has_text="Valve body").first.wait_for()
        assert page.locator(".as-of.is-then").count() == 1, "an address says as of when"
        page.get_by_role("button", name="Now", exact=True).click()
        page.locator("details > summary", has_text="Bracket").first.wait_for()
        assert "at=" not in page.url
        assert page.locator(".as-of.is-then").count() == 0
        assert watched.faults == []


def test_a_moment_is_written_in_the_plants_time(browser: Browser, lived: str) -> None:
    with looked_at(browser, lived) as watched:
        page = watched.open("entity/machine/SAW-01")
        page.get_by_label("As of a moment").fill("2026-11-23T08:00")
        page.locator("details > summary", has_text="Valve body").first.wait_for()
        assert watched.faults == []


def test_a_time_before_anything_was_known_says_so(browser: Browser, lived: str) -> None:
    with looked_at(browser, lived) as watched:
        page = watched.open("entity/machine/SAW-01?at=2026-11-20T08%3A00%3A00Z")
        page.locator(".told.failed", has_text="not known then").wait_for()
        page.get_by_role("button", name="Now", exact=True).click()
        page.locator("details > summary", has_text="Bracket").first.wait_for()
        # That there is nothing is an answer whose status the browser tells by itself.
        assert [fault for fault in watched.faults if "404" not in fault] == []

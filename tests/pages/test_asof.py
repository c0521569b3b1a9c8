"""The slider of a thing's page: what was true then is what the server says of then."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.pages.conftest import looked_at

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = [pytest.mark.slow, pytest.mark.server]

STEPS = 12
"""Of a quarter of an hour each."""


def _told(page: Page, url: str, machine: str, at: str = "") -> dict[str, Any]:
    answer = page.request.get(f"{url}/v1/context/{machine}", params={"at": at} if at else {})
    assert answer.ok, answer.text()
    told: dict[str, Any] = answer.json()
    return told


def _jobs(context: dict[str, Any]) -> list[str]:
    """The jobs of a machine's runs by their names, as the page heads each run."""
    facts = [fact for run in context["runs"] for fact in run["slots"]["job"]["facts"][:1]]
    return [fact["label"] for fact in facts]


def _moved(page: Page, url: str) -> str:
    """Find a machine that had another job three hours ago."""
    machines = [one["id"] for one in page.request.get(f"{url}/v1/machines").json()["machines"]]
    then = "2026-11-23T06:00:00Z"
    for machine in machines:
        now, before = _told(page, url, machine), _told(page, url, machine, then)
        if _jobs(now) and _jobs(before) and set(_jobs(now)).isdisjoint(_jobs(before)):
            return str(machine)
    raise AssertionError("every machine has the jobs that it had")


def test_the_slider_shows_what_was_true_then_and_comes_back(browser: Browser, demo: str) -> None:
    with looked_at(browser, demo) as watched:
        machine = _moved(watched.page, demo)
        page = watched.open(f"entity/{machine}")
        runs = page.locator(".part details summary bdi:first-child")
        runs.first.wait_for()
        here = _jobs(_told(page, demo, machine))
        assert here[0] in runs.all_inner_texts()
        page.get_by_label("As of, in the last 7 days").focus()
        for _ in range(STEPS):
            page.keyboard.press("ArrowLeft")
        page.wait_for_url("**at=2026-11-23T06*")
        page.locator(".as-of.is-then output", has_text="as of").wait_for()
        (at,) = parse_qs(urlsplit(page.url).fragment.partition("?")[2])["at"]
        assert at == "2026-11-23T06:00:00Z"
        before = _jobs(_told(page, demo, machine, at))
        page.locator("summary", has_text=before[0]).first.wait_for()
        assert here[0] not in runs.all_inner_texts()
        page.reload()
        page.locator(".as-of.is-then").wait_for()
        page.locator("summary", has_text=before[0]).first.wait_for()
        page.get_by_role("button", name="Now", exact=True).click()
        page.locator("summary", has_text=here[0]).first.wait_for()
        assert "at=" not in page.url
        assert page.locator(".as-of.is-then").count() == 0
        assert watched.faults == []


def test_a_moment_is_written_in_the_plants_time(browser: Browser, demo: str) -> None:
    with looked_at(browser, demo) as watched:
        page = watched.open("entity/machine/MILL-01")
        page.get_by_label("As of a moment").fill("2026-11-23T07:30")
        page.locator(".as-of.is-then output", has_text="07:30").wait_for()
        zone = page.request.get(f"{demo}/v1/plant").json()["zone"]
        assert zone == "Europe/Stockholm"
        then = _told(page, demo, "machine/MILL-01", "2026-11-23T07:30:00")
        assert then["as_of"] == "2026-11-23T06:30:00Z"
        assert page.locator(".doing").inner_text() != ""
        assert watched.faults == []

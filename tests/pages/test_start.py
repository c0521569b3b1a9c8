"""Starting with one process: from a source to its rows, what they become, and what they answer."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.pages.conftest import PHONE, looked_at, served
from tests.unit.api.access_plant import guarded
from tests.unit.api.conftest import opened, write_plant

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = [pytest.mark.slow, pytest.mark.server]


def test_the_way_from_a_source_to_its_answers_is_shown(browser: Browser, demo: str) -> None:
    with looked_at(browser, demo) as watched:
        page = watched.open("start?source=erp&table=production_order")
        steps = page.locator(".step")
        assert steps.count() == 5
        row = page.locator(".mapped").first
        row.wait_for()
        assert page.get_by_role("button", name="Demo ERP").get_attribute("aria-pressed") == "true"
        told = page.request.get(f"{demo}/v1/sources/erp/production_order").json()
        first = told["rows"][0]
        for name, value in first["cells"].items():
            assert name in row.inner_text()
            assert str("–" if value is None else value) in row.inner_text()
        made = [one for one in first["facts"] if one["predicate"] == "makes"]
        assert f"makes {made[0]['value']} ← item" in row.inner_text()
        assert f"line {made[0]['line']}" in row.inner_text()
        ready = page.request.get(f"{demo}/v1/readiness").json()
        of = ready["whole"] + ready["part"] + ready["none"]
        assert f"{ready['whole']} of {of} questions" in steps.nth(3).inner_text()
        gaps = page.request.get(f"{demo}/v1/gaps").json()["coverage"]
        have = steps.nth(3).locator("tbody tr td:nth-child(2)").all_inner_texts()
        assert have == [str(one["have"]) for one in gaps]
        added = steps.nth(4).locator(".additions > li")
        assert added.count() == min(5, len(ready["next"]))
        assert ready["next"][0]["title"] in added.first.inner_text()
        assert watched.faults == []


def test_another_source_and_table_are_chosen_by_keyboard(browser: Browser, demo: str) -> None:
    with looked_at(browser, demo) as watched:
        page = watched.open("start")
        page.get_by_role("button", name="Demo MES").focus()
        page.keyboard.press("Enter")
        page.wait_for_url("**source=mes*")
        assert page.locator("button.source:focus").get_attribute("aria-pressed") == "true"
        page.get_by_label("Table").select_option("batch_loaded")
        page.wait_for_url("**table=batch_loaded")
        page.locator(".mapped").first.wait_for()
        assert "E0" in page.locator(".mapped").first.inner_text()
        page.get_by_text("Connect one more").click()
        page.locator(".step").first.get_by_role("button", name="Copy").last.click()
        assert page.evaluate("navigator.clipboard.readText()").startswith("traveler serve --plant ")
        assert watched.faults == []


def test_a_mapping_is_mended_while_one_looks(browser: Browser, tmp_path: Path) -> None:
    plant = write_plant(tmp_path)
    mapping = tmp_path / "shop" / "machine.yml"
    well = mapping.read_text("utf-8")
    (tmp_path / "data" / "machine.csv").write_text(
        "id,name\nSAW-01,<img src=x onerror='window.hit = 1'>\n", encoding="utf-8"
    )
    with opened(plant) as owner, served(owner) as url, looked_at(browser, url, PHONE) as watched:
        page = watched.open("start?source=shop&table=machine")
        page.get_by_text("answers go by it").wait_for()
        assert page.evaluate("window.hit") is None
        assert page.locator("main img").count() == 0
        assert watched.is_within_its_width()
        mapping.write_text(well.replace("$(name)", "$(nmae)"), encoding="utf-8")
        page.get_by_role("button", name="Look again").click()
        page.locator(".step").nth(1).locator(".failed").wait_for()
        assert "machine.yml" in page.locator(".failed").first.inner_text()
        mapping.write_text(well + "      - [tr:identifier, $(id)]\n", encoding="utf-8")
        page.get_by_role("button", name="Look again").click()
        page.get_by_text("changed since: serve the plant anew").wait_for()
        assert "identifier SAW-01" in page.locator(".mapped").inner_text()
        # The answer that was asked for is an error, which the browser tells by itself.
        assert [fault for fault in watched.faults if "500" not in fault] == []


def test_only_who_may_administer_is_led_there(browser: Browser, tmp_path: Path) -> None:
    with guarded(tmp_path) as plant:
        for role, count in (("reader", 0), ("admin", 1)):
            with looked_at(browser, plant.url.rstrip("/")) as watched:
                page = watched.page
                page.goto(plant.url)
                page.get_by_label("Key").fill(plant.key(role))
                page.get_by_role("button", name="Sign in").click()
                page.locator(".tile").first.wait_for()
                assert page.locator("nav a[data-page=start]").count() == count, role

"""Notes in a real browser: written at a machine, confirmed, contradicted, and reached by a code."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from shutil import which
from typing import TYPE_CHECKING
from urllib.parse import unquote

import pytest

from tests.pages.conftest import PHONE, WEB, WIDE, looked_at
from tests.pages.test_pages import grave
from tests.unit.api.access_plant import guarded

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Locator, Page, Route

pytestmark = [pytest.mark.slow, pytest.mark.server]
HOSTILE = (
    "</blockquote><script>document.title='taken'</script>"
    "<img src=x onerror=\"document.title='taken'\"><style>body{display:none}</style>"
    "<svg onload=\"document.title='taken'\"> \u202edlrow javascript:alert(1)"
)
LONG = "x" * 300 + " end"
# Draws a code on white, four dots for each module, and gives what a camera would see.
SEE = """async (picture) => {
  const size = 4 * picture.viewBox.baseVal.width;
  const text = new XMLSerializer().serializeToString(picture);
  const image = new Image(size, size);
  image.src = `data:image/svg+xml,${encodeURIComponent(text)}`;
  await image.decode();
  const canvas = new OffscreenCanvas(size, size).getContext("2d");
  canvas.drawImage(image, 0, 0, size, size);
  return {size, dots: [...canvas.getImageData(0, 0, size, size).data]};
}"""
DECODE = """
import decodeQR from "qr/decode.js";
import { readFileSync } from "node:fs";
const { size, dots } = JSON.parse(readFileSync(0, "utf8"));
process.stdout.write(decodeQR({ width: size, height: size, data: Uint8Array.from(dots) }));
"""
KIOSK = """
[access]
requests_per_minute = 6000
burst = 5000
[[role]]
name = "post"
scopes = ["notes:write"]
"""


def write(page: Page, text: str, by: str = "P06") -> None:
    """Write a note by the form, about what it says already."""
    page.locator("textarea[name=text]").fill(text)
    page.locator("input[name=by]").fill(by)
    page.locator("form.writing button.main").click()
    page.locator("textarea[name=text]:invalid").wait_for()  # it is empty: what it held was written


def entry(page: Page, text: str) -> Locator:
    """Find a note by its words."""
    return page.locator(".notes > li", has=page.locator("blockquote", has_text=text))


def decoded(page: Page) -> str:
    """Read the first code of a page with another program than the one that drew it."""
    seen = page.locator("svg.qr").first.evaluate(SEE)
    node = which("node")
    if node is None:
        pytest.skip("node is not on this machine")
    command = [node, "--input-type=module", "-e", DECODE]
    done = subprocess.run(
        command, input=json.dumps(seen), capture_output=True, text=True, check=True, cwd=WEB
    )
    return done.stdout


def test_a_note_appears_with_its_author_on_the_page_and_in_its_things_answer(
    browser: Browser, demo: str
) -> None:
    with looked_at(browser, demo, PHONE) as watched:
        page = watched.open("notes?about=machine%2FMILL-01")
        assert page.locator("input[name=about]").input_value() == "machine/MILL-01"
        page.locator("form.writing select").select_option("tomorrow")
        write(page, "Vise jaw is loose.")
        mine = entry(page, "Vise jaw is loose.")
        mine.wait_for()
        assert "person/P06" in mine.inner_text()
        assert "Mill 1" in mine.inner_text()
        assert watched.is_within_its_width()
        answer = page.request.get(f"{demo}/v1/context/machine/MILL-01").json()
        told = next(one for one in answer["notes"] if one["text"] == "Vise jaw is loose.")
        assert (told["stated_by"], told["state"]) == ("person/P06", "unconfirmed")
        assert told["expires_at"] == "2026-11-24T23:00:00Z", "the end of tomorrow, in Stockholm"
        assert mine.get_by_role("button", name="It holds").is_hidden(), "one's own note"
        page.locator("input[name=by]").fill("P05")
        mine.get_by_role("button", name="It holds").click()
        mine.locator(".state.is-confirmed").wait_for()
        assert "person/P05" in mine.inner_text()
        mine.get_by_role("button", name="It is wrong").click()
        page.locator(".against").wait_for()
        write(page, "It is tight again.", by="P05")
        mine.locator(".state.is-contradicted").wait_for()
        page.reload()
        entry(page, "It is tight again.").wait_for()
        page.goto(f"{demo}/#/entity/machine/MILL-01")
        entry(page, "It is tight again.").wait_for()
        assert page.get_by_role("link", name="Write a note").get_attribute("href") == (
            "#/notes?about=machine%2FMILL-01"
        )
        assert watched.faults == []


def test_a_note_that_another_writes_comes_by_itself(browser: Browser, demo: str) -> None:
    with looked_at(browser, demo) as watched:
        page = watched.open("notes")
        body = {"about": "SAW-01", "text": "From another phone.", "by": "P05"}
        assert page.request.post(f"{demo}/v1/notes", data=body).status == 201
        entry(page, "From another phone.").wait_for()
        assert watched.faults == []


def test_what_a_note_holds_is_text_however_long(browser: Browser, demo: str) -> None:
    with looked_at(browser, demo, PHONE) as watched:
        page = watched.open("notes?about=job%2F1043")
        write(page, HOSTILE)
        entry(page, "onerror").wait_for()
        write(page, LONG)
        entry(page, " end").wait_for()
        for place in ("notes", "entity/job/1043"):
            page.goto(f"{demo}/#/{place}")
            found = entry(page, "onerror")
            found.wait_for()
            assert HOSTILE in (found.locator("blockquote").text_content() or "")
            assert found.locator("script, img, style, svg").count() == 0
            assert "taken" not in page.title()
            assert watched.is_within_its_width()
            assert grave(watched) == []
        assert watched.faults == []


def test_a_code_leads_a_phone_to_the_note_of_its_machine(browser: Browser, demo: str) -> None:
    with looked_at(browser, demo, WIDE, "dark") as watched:
        page = watched.open("entity/machine/SAW-01")
        page.get_by_role("link", name="QR code").click()
        page.locator("svg.qr").wait_for()
        assert page.locator(".told.failed", has_text="every phone to itself").count() == 1
        page.locator("input[type=url]").fill("https://traveler.example/hall 2")
        page.locator("input[type=url]").blur()
        page.locator("svg.qr[aria-label*='traveler.example']").wait_for()
        address = decoded(page)
        assert address == "https://traveler.example/hall%202/#/notes?about=machine%2FSAW-01"
        assert unquote(address.split("about=")[1]) == "machine/SAW-01"
        assert grave(watched) == []
        page.locator("input[type=url]").fill(demo)
        page.locator("input[type=url]").blur()
        page.locator(f"svg.qr[aria-label*='{demo}']").wait_for()
        page.goto(decoded(page))
        page.locator("input[name=about]").wait_for()
        assert page.locator("input[name=about]").input_value() == "machine/SAW-01"
        assert watched.faults == []


def test_a_sheet_of_codes_has_every_machine_and_open_job_and_nothing_else(
    browser: Browser, demo: str
) -> None:
    with looked_at(browser, demo) as watched:
        page = watched.open("notes/codes")
        page.locator("svg.qr").nth(12).wait_for()
        ids = page.locator(".codes li > p:first-of-type").all_text_contents()
        assert sum(one.startswith("machine/") for one in ids) == 12
        assert "job/1043" in ids
        assert len(ids) == len(set(ids)) == page.locator("svg.qr").count()
        page.get_by_label("Machines").uncheck()
        page.locator(".codes").filter(has_not_text="machine/").wait_for()
        page.emulate_media(media="print")
        assert page.locator("header").is_hidden()
        assert page.get_by_role("button", name="Print").is_hidden()
        assert page.locator("svg.qr").first.is_visible()
        assert watched.faults == []


def test_a_phone_that_may_only_write_notes_does_that(browser: Browser, tmp_path: Path) -> None:
    with guarded(tmp_path, KIOSK) as plant, looked_at(browser, plant.url, PHONE) as watched:
        page, url = watched.page, plant.url.rstrip("/")
        page.goto(f"{url}/#/notes?about=machine%2FSAW-02")
        page.locator("input[name=key]").fill(plant.key("post"))
        page.get_by_role("button", name="Sign in").click()
        page.locator("form.writing").wait_for()
        assert page.locator("header nav li").all_inner_texts() == ["Notes"]
        assert page.locator("input[name=about]").input_value() == "machine/SAW-02"
        write(page, "No light here.", by="P12")
        entry(page, "No light here.").wait_for()
        assert watched.is_within_its_width()
        page.goto(f"{url}/#")
        page.reload()
        page.locator("form.writing").wait_for()
        assert watched.faults == []


def test_what_was_written_outlives_a_lost_server_and_is_written_once(
    browser: Browser, demo: str
) -> None:
    with looked_at(browser, demo) as watched:
        page = watched.open("notes")
        sent: list[str] = []

        def lose(route: Route) -> None:
            """Let the server take it, and lose the answer."""
            sent.append(route.request.post_data or "")
            route.fetch()
            route.abort()

        page.route("**/v1/notes", lose)
        page.locator("input[name=about]").fill("machine/SAW-01")
        page.locator("textarea[name=text]").fill("Did anybody hear this?")
        page.locator("input[name=by]").fill("P06")
        page.locator("form.writing button.main").click()
        page.locator(".told.failed, .link-bar.is-bad").first.wait_for()
        page.unroute("**/v1/notes")
        page.locator(".link-bar:not(.is-bad)").wait_for(state="attached")
        entry(page, "Did anybody hear this?").wait_for()
        assert page.locator("textarea[name=text]").input_value() == "Did anybody hear this?"
        page.locator("form.writing button.main").click()
        page.locator("textarea[name=text]:invalid").wait_for()
        assert len(sent) == 1
        assert entry(page, "Did anybody hear this?").count() == 1

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from shutil import which
from typing import TYPE_CHECKING

import pytest

from api.pages import FOLDER
from api.serving import bind, make_server
from kg.demo import DEFAULT_HOURS, build_plant
from kg.owner import Owner
from kg.pipeline import Pipeline
from kg.settings import load_plant

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
SEED = 7
WEB = Path(__file__).resolve().parent.parent.parent / "api" / "web"
WIDE, PHONE = (1280, 900), (390, 844)


class Watched:
    """A page of a browser, and all that went wrong in it."""

    def __init__(self, page: Page, url: str) -> None:
        self.page = page
        self.url = url
        self.faults: list[str] = []
        page.on("console", lambda said: self._hear(said.type, said.text))
        page.on("pageerror", lambda error: self.faults.append(f"error: {error}"))
        page.on("request", lambda sent: self._see(sent.url))

    def _hear(self, kind: str, text: str) -> None:
        if kind in {"error", "warning"}:
            self.faults.append(f"{kind}: {text}")

    def _see(self, address: str) -> None:
        if not address.startswith((self.url, "data:", "blob:")):
            self.faults.append(f"asked another host: {address}")

    def open(self, name: str) -> Page:
        """Go to a page, and wait until it has what it asks for."""
        self.page.goto(f"{self.url}/#/{name}")
        self.page.locator("main h1").wait_for()
        self.page.locator("main .waiting").first.wait_for(state="detached")
        return self.page

    def is_within_its_width(self) -> bool:
        """Tell whether nothing sticks out to the side."""
        script = "document.documentElement.scrollWidth <= document.documentElement.clientWidth"
        return bool(self.page.evaluate(script))


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Debian's Chromium, without a window.

    Its driver runs an event loop in this thread until it ends: no other module's tests could have
    one of their own.
    """
    program = which("chromium")
    if program is None:
        pytest.skip("Chromium is not on this machine: `make servers` installs it")
    if not (FOLDER / "index.html").is_file():
        pytest.skip("the pages are not built here: `make web` builds them")
    playwright = pytest.importorskip("playwright.sync_api")
    with playwright.sync_playwright() as driver:
        found = driver.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield found
        found.close()


@contextmanager
def looked_at(
    browser: Browser,
    url: str,
    size: tuple[int, int] = WIDE,
    colours: str = "light",
    language: str = "en-GB",
) -> Iterator[Watched]:
    """Open a page of a browser that nobody used before."""
    context = browser.new_context(
        viewport={"width": size[0], "height": size[1]},
        color_scheme=colours,  # type: ignore[arg-type]
        locale=language,
        permissions=["clipboard-read", "clipboard-write"],
    )
    context.set_default_timeout(20_000)
    try:
        yield Watched(context.new_page(), url)
    finally:
        context.close()


@contextmanager
def served(owner: Owner, port: int = 0) -> Iterator[str]:
    """Serve an owner's answers; gives the address."""
    is_up = threading.Event()
    urls: list[str] = []

    def ready(url: str) -> None:
        urls.append(url.rstrip("/"))
        is_up.set()

    with bind("127.0.0.1", port) as listener:
        server = make_server(owner, "127.0.0.1", listener, ready)
        thread = threading.Thread(target=server.run, args=([listener],))
        thread.start()
        try:
            assert is_up.wait(20), "the server did not start"
            yield urls[0]
        finally:
            server.should_exit = True
            thread.join()


@pytest.fixture(scope="package")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The demo plant, served; gives its address."""
    folder = tmp_path_factory.mktemp("demo")
    build_plant(folder, SEED, NOW - timedelta(hours=DEFAULT_HOURS)).close()
    with Pipeline.open(load_plant(folder / "plant.toml")) as pipeline:
        owner = Owner(pipeline, lambda: NOW)
        owner.round()
        pipeline.validate(NOW)
        with served(owner) as url:
            yield url

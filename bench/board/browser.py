"""What a real browser says of the board: frames, memory, what the first page weighs and takes."""

from __future__ import annotations

import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from shutil import which
from typing import TYPE_CHECKING

from playwright.sync_api import sync_playwright

from bench.command import say
from bench.live.served import ServerError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page

SIZE = (1920, 1080)
SAMPLE_SECONDS = 20.0
FETCH_MS = 5_000
"""Until what is on the screen has been fetched."""
MEGABYTE = 1e6
# Runs before the page: what it notes has its place from the beginning, so that it does not grow.
_WATCH = """
(() => {
  const seconds = new Uint16Array(7200);
  const start = performance.now();
  let longest = 0, last = start;
  const step = (now) => {
    seconds[Math.min(seconds.length - 1, Math.floor((now - start) / 1000))] += 1;
    longest = Math.max(longest, now - last);
    last = now;
    requestAnimationFrame(step);
  };
  requestAnimationFrame(step);
  window.frames_seen = (from, to) => ({ counts: [...seconds.slice(from, to)], longest });
  window.seconds_seen = () => Math.floor((performance.now() - start) / 1000);
  window.forget_longest = () => { longest = 0; };
  const machines = MACHINES;
  window.is_whole = new Promise((done) => {
    const look = () => {
      const tiles = document.getElementsByClassName("tile").length;
      if (tiles < machines) return;
      watcher.disconnect();
      // Drawn, and free again: what is pressed from here on is heard.
      requestAnimationFrame(() => setTimeout(() => done(performance.now()), 0));
    };
    const watcher = new MutationObserver(look);
    watcher.observe(document, { childList: true, subtree: true });
  });
})();
"""
_WEIGHED = """
() => [...performance.getEntriesByType("navigation"), ...performance.getEntriesByType("resource")]
  .map((one) => [new URL(one.name).pathname, one.transferSize])
"""
_STATES = """
() => [...document.querySelectorAll(".tile")].filter((tile) => {
    const box = tile.getBoundingClientRect();
    return box.bottom > 0 && box.top < innerHeight;
  }).map((tile) => [tile.dataset.id, tile.className.match(/is-(?!old)([\\w-]+)/)?.[1] ?? ""])
"""


@dataclass(frozen=True, slots=True)
class FirstLoad:
    """A load into an empty cache: milliseconds until it can be used, and bytes as they were sent.

    ``file_bytes`` are of the page's own files, ``answer_bytes`` of what it asked until then.
    """

    interactive_ms: float
    file_bytes: int
    answer_bytes: int


@dataclass(frozen=True, slots=True)
class Sample:
    """What the page holds after its garbage is collected, some seconds after it was loaded."""

    at_seconds: float
    heap_bytes: int
    nodes: int
    listeners: int


@dataclass(frozen=True, slots=True)
class Watched:
    """Frames of each second, the longest time without one, and what the page held on the way."""

    frames: list[int]
    longest_ms: float
    asked: int
    samples: list[Sample] = field(default_factory=list)


@contextmanager
def open_browser() -> Iterator[Browser]:
    """Start Debian's Chromium without a window.

    Raises:
        ServerError: it is not installed.
    """
    program = which("chromium")
    if program is None:
        raise ServerError("Chromium is not on this machine: `make servers` installs it")
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=program, args=["--no-sandbox"])
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def open_page(browser: Browser, machines: int) -> Iterator[Page]:
    """Open a page that nothing is cached for, and that notes frames, and when all is there."""
    context = browser.new_context(viewport={"width": SIZE[0], "height": SIZE[1]}, locale="en-GB")
    context.add_init_script(_WATCH.replace("MACHINES", str(machines)))
    try:
        yield context.new_page()
    finally:
        context.close()


def load_first(page: Page, url: str) -> FirstLoad:
    """Load the board, and time it until every machine is there."""
    page.goto(url, wait_until="commit")
    took = float(page.evaluate("window.is_whole"))
    weighed: list[tuple[str, int]] = page.evaluate(_WEIGHED)
    asked = sum(size for path, size in weighed if "/v1/" in path)
    return FirstLoad(took, sum(size for _, size in weighed) - asked, asked)


def watch_board(page: Page, url: str, seconds: float) -> Watched:
    """Look at the board for so long while its machines change."""
    asked = 0

    def count(_: object) -> None:
        nonlocal asked
        asked += 1

    page.goto(url, wait_until="commit")
    page.evaluate("window.is_whole")
    page.wait_for_timeout(FETCH_MS)
    page.on("request", count)
    page.evaluate("window.forget_longest()")
    first = int(page.evaluate("window.seconds_seen()")) + 1
    samples = list(_sampled(page, seconds))
    last = int(page.evaluate("window.seconds_seen()"))
    seen = page.evaluate(f"window.frames_seen({first}, {last})")
    return Watched(list(seen["counts"]), float(seen["longest"]), asked, samples)


def _sampled(page: Page, seconds: float) -> Iterator[Sample]:
    """Collect garbage from time to time, and say what is left."""
    session = page.context.new_cdp_session(page)
    session.send("Performance.enable")
    start = time.monotonic()
    while True:
        session.send("HeapProfiler.collectGarbage")
        metrics = session.send("Performance.getMetrics")["metrics"]
        found = {one["name"]: one["value"] for one in metrics}
        at = time.monotonic() - start
        heap = int(found["JSHeapUsedSize"])
        say(f"{at:6.0f} s  {heap / MEGABYTE:.2f} MB, {found['Nodes']:.0f} nodes")
        yield Sample(at, heap, int(found["Nodes"]), int(found["JSEventListeners"]))
        if at >= seconds:
            return
        page.wait_for_timeout(1_000 * max(0.2, min(SAMPLE_SECONDS, seconds - at)))


def states_on_screen(page: Page) -> dict[str, str]:
    """Give the machines that are on the screen, and the state that each is coloured by."""
    return dict(page.evaluate(_STATES))

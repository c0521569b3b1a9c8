"""Measure the board in a browser while its machines change: ``python -m bench.board --help``."""

from __future__ import annotations

import json
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.request import urlopen

from api.pages import FOLDER
from bench.board.browser import (
    FirstLoad,
    load_first,
    open_browser,
    open_page,
    states_on_screen,
    watch_board,
)
from bench.board.machines import Publisher, write_machines
from bench.board.results import Board, is_well, tell_results
from bench.command import (
    add_folder,
    add_number,
    add_output,
    add_seed,
    has_place,
    new_parser,
    publish,
    say,
)
from bench.live.served import ServerError, is_ready, mosquitto, served
from bench.machine import describe_machine, load_after

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from playwright.sync_api import Page

_SETTLE_SECONDS = 30.0
_DESCRIPTION = """\
Serve a plant of many machines that publish at a real Mosquitto, look at its
board with a real Chromium, and measure there: frames a second and memory while
the machines change, what the first page weighs, and how long it takes until it
can be used. At the end the screen is compared with what the server tells.
"""
_EPILOG = """\
examples:
  python -m bench.board                               about twelve minutes
  python -m bench.board --seconds 60 --output -       a look, on the screen only

exit code: 0 measured, 1 an event was lost or the screen is wrong, 2 it could
not run (it needs Mosquitto, Chromium, and the pages of `make web`)
The page goes to standard output, progress to standard error.
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, then print and write the page."""
    options = _parser().parse_args(arguments)
    if not has_place(options.output):
        return 2
    machine = describe_machine()
    with tempfile.TemporaryDirectory(dir=options.folder) as name:
        try:
            board, browser = _measure(Path(name), options)
        except ServerError as error:
            print(f"error: {error}", file=sys.stderr)
            return 2
    machine |= load_after() | {"Browser": browser}
    day = datetime.now(UTC).date()
    publish(tell_results(board, machine, _command(options), day), options.output)
    return 0 if is_well(board) else 1


def _measure(folder: Path, options: argparse.Namespace) -> tuple[Board, str]:
    if not (FOLDER / "index.html").is_file():
        raise ServerError("the pages are not built: `make web` builds them")
    machines, jobs = options.machines, options.jobs
    with mosquitto(folder / "broker") as broker:
        write_machines(folder / "plant", machines, jobs, options.seed, broker)
        with (
            served(folder / "plant") as port,
            open_browser() as browser,
            Publisher(broker, machines, jobs) as publisher,
        ):
            url = f"http://127.0.0.1:{port}/"
            say(f"{machines:,} machines are served; each starts a run")
            publisher.publish(2 * machines)
            _wait_until_whole(port)
            publisher.start(options.rate)
            loads: list[FirstLoad] = []
            for _ in range(options.loads):
                with open_page(browser, machines) as page:
                    loads.append(load_first(page, url))
                say(f"first page in {loads[-1].interactive_ms:,.0f} ms")
            with open_page(browser, machines) as page:
                watched = watch_board(page, url, options.seconds)
                publisher.stop()
                shown, wrong = _compare(page, port)
            held = _held(port)
            version = f"Chromium {browser.version}, without a window"
    board = Board(machines, options.rate, loads, watched, shown, wrong, publisher.published - held)
    return board, version


def _wait_until_whole(port: int) -> None:
    deadline = time.monotonic() + _SETTLE_SECONDS
    while not is_ready(port):
        if time.monotonic() > deadline:
            raise ServerError("the graph does not follow the events")
        time.sleep(0.1)


def _compare(page: Page, port: int) -> tuple[int, int]:
    """Count the machines on the screen, and those whose state is not what the server tells."""
    _wait_until_whole(port)
    deadline = time.monotonic() + _SETTLE_SECONDS
    while True:
        shown = states_on_screen(page)
        told = {one["id"]: _state_of(one) for one in _ask(port, "v1/machines", "machines")}
        wrong = sum(told.get(machine) != state for machine, state in shown.items())
        if not wrong or time.monotonic() > deadline:
            return len(shown), wrong
        page.wait_for_timeout(500)


def _state_of(machine: dict[str, Any]) -> str:
    """Give the state that a machine is coloured by, as the pages do."""
    activity = str(machine["activity"] or "unknown")
    is_only_running = activity == "unknown" and machine["state"] == "running"
    return "production" if is_only_running else activity


def _held(port: int) -> int:
    """Count the events that the plant took in."""
    return sum(int(feed["new"]) for feed in _ask(port, "v1/sources", "feeds"))


def _ask(port: int, path: str, part: str) -> list[dict[str, Any]]:
    with urlopen(f"http://127.0.0.1:{port}/{path}", timeout=60) as answer:
        found: list[dict[str, Any]] = json.load(answer)[part]
        return found


def _command(options: argparse.Namespace) -> str:
    usual, names = _parser(), ("machines", "rate", "seconds", "jobs", "loads", "seed")
    given = {name: getattr(options, name) for name in names}
    told = (f"--{name} {n}" for name, n in given.items() if n != usual.get_default(name))
    return " ".join(["python -m bench.board", *told])


def _parser() -> argparse.ArgumentParser:
    parser = new_parser("bench.board", _DESCRIPTION, _EPILOG)
    add_number(parser, "--machines", 1, 500, "machines on the board")
    add_number(parser, "--rate", 1, 50, "events a second")
    add_number(parser, "--seconds", 1, 600, "how long the board is looked at")
    add_number(parser, "--jobs", 2, 1_000, "jobs of the plant")
    add_number(parser, "--loads", 1, 5, "how often the first page is loaded")
    add_folder(parser, "where the plant is for the time: on a disk")
    add_seed(parser)
    add_output(parser, "RESULTS-board.md")
    return parser


if __name__ == "__main__":
    sys.exit(main())

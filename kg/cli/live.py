"""Commands that go on living: serve and demo."""

from __future__ import annotations

import importlib
import shutil
import sys
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from time import monotonic
from typing import Annotated

import typer

from kg import report
from kg.access.gate import is_loopback, open_gate, require_access
from kg.answer.render import DEFAULT_TOKENS
from kg.cli.ask import print_context
from kg.cli.options import (
    FormatOption,
    NowOption,
    PlantOption,
    QuietOption,
    choose,
    read_clock,
    say,
    show_progress,
    suggest,
)
from kg.demo import DEFAULT_HOURS, Simulation, build_plant
from kg.errors import ConfigError, DiskFull
from kg.owner import Owner, announce, withdraw
from kg.pipeline import Pipeline
from kg.settings import load_plant
from kg.store import generations
from kg.times import machine_clock

DEMO_MARK = ".traveler-demo"
"""Left in a folder that the demo made, and may therefore make anew."""
SWITCH_SECONDS = 0.0005
"""How long one thread may keep the others waiting: folding would take Python's 5 ms each time."""
SHOWN_FIRST = "machine/SAW-01"
"""The demo plant's machine with two jobs for two customers."""


def serve(
    plant: PlantOption = Path("plant.toml"),
    host: Annotated[
        str, typer.Option(help="Beyond 127.0.0.1 only if plant.toml has [access].")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="0 takes a free one.")] = 8000,
    every: Annotated[float, typer.Option(help="Seconds between readings of the sources.")] = 5.0,
    root_path: Annotated[
        str, typer.Option(help="Below which path a proxy shows it, such as /traveler.")
    ] = "",
    quiet: QuietOption = False,
) -> None:
    """Follow the sources and answer over HTTP: context, questions, gaps, SPARQL, documentation."""
    described = load_plant(plant)
    require_access(described, host)
    with show_progress(is_quiet=quiet) as progress:
        work = Pipeline.open(described, progress)
        owner = Owner(work, machine_clock)
        # Without room it answers from what it has, says so, and goes on when there is some.
        with suppress(DiskFull):
            owner.round()
            work.validate(owner.clock())
    hints = [
        "open {url} in a browser: the board, and what is missing",
        "connect what there is, one source at a time: {url}/#/start",
        "every route, to try out: {url}/docs",
    ]
    if described.access is not None and not (is_loopback(host) or described.access.is_encrypted):
        hints.append("keys travel in the clear here: put TLS before it, and say url of [access]")
    serve_owner(owner, host, port, every, hints, root_path, is_quiet=quiet)


def demo(
    folder: Annotated[Path, typer.Option(help="Where the demo plant is made.")] = Path(
        "demo-plant"
    ),
    once: Annotated[bool, typer.Option("--once", help="Answer once; serve nothing.")] = False,
    form: FormatOption = "text",
    seed: Annotated[int, typer.Option(help="The same seed gives the same plant.")] = 7,
    speed: Annotated[float, typer.Option(min=0.1, max=3600, help="Plant seconds a second.")] = 60.0,
    port: Annotated[int, typer.Option(help="0 takes a free one.")] = 8000,
    now: NowOption = "",
    quiet: QuietOption = False,
) -> None:
    """Make a plant of its own orders and events, load it, check it, and serve it live."""
    choose(form, "text", "md", "compact", "json", "jsonld")
    clock = read_clock(now).replace(microsecond=0)
    _clear_demo(folder)
    with show_progress(is_quiet=quiet) as progress:
        progress("simulate", f"{DEFAULT_HOURS:g} hours of a job shop, seed {seed}")
        folder.mkdir(parents=True, exist_ok=True)
        (folder / DEMO_MARK).touch()
        simulation = build_plant(folder, seed, clock - timedelta(hours=DEFAULT_HOURS))
        work = Pipeline.open(load_plant(folder), progress)
        balances = work.read(clock)
        applied = work.apply(clock)
        work.validate(clock)
    answers = work.answers()
    found = answers.context(SHOWN_FIRST, clock)
    if form == "text":
        say(report.balance_text(balances, applied.rejected), is_quiet=quiet)
        say("\n" + report.coverage_text(answers.check(clock)) + "\n", is_quiet=quiet)
    print_context(found, work.plant.base, form, DEFAULT_TOKENS)
    if once:
        work.close()
        simulation.close()
        suggest(f"traveler check --plant {folder}", is_quiet=quiet)
        return
    began = monotonic()
    owner = Owner(
        work,
        lambda: clock + timedelta(milliseconds=int((monotonic() - began) * speed * 1_000)),
        lambda moment: _advance(simulation, moment),
    )
    hints = [
        "open {url} in a browser: the board, and what is missing",
        f"ask it from a second terminal: .venv/bin/traveler context MILL-01 --plant {folder}",
        f"see what is missing: .venv/bin/traveler check --plant {folder}",
    ]
    serve_owner(owner, "127.0.0.1", port, 2.0, hints, is_quiet=quiet)
    simulation.close()


def _advance(simulation: Simulation, moment: datetime) -> None:
    simulation.advance(moment)


def _clear_demo(folder: Path) -> None:
    """Remove an earlier demo plant; anything else in the folder is left alone.

    Raises:
        ConfigError: the folder holds something that is no demo plant.
        StoreLocked: that plant is being served.
    """
    if not folder.exists() or not any(folder.iterdir()):
        return
    if not (folder / DEMO_MARK).exists():
        raise ConfigError(
            f"{folder} holds something else than a demo plant", hint="name another with --folder"
        )
    earlier = load_plant(folder)
    held = generations.open_current(earlier.store_path, earlier.base)
    if held is not None:
        held.close()
    shutil.rmtree(earlier.store_path, ignore_errors=True)
    for ending in ("", "-wal", "-shm"):
        Path(f"{earlier.journal_path}{ending}").unlink(missing_ok=True)


def serve_owner(
    owner: Owner,
    host: str,
    port: int,
    every: float,
    hints: list[str],
    root_path: str = "",
    *,
    is_quiet: bool,
) -> None:
    """Serve an owner's answers until interrupted.

    Raises:
        ConfigError: the address is taken, or beyond this machine without [access].
    """
    serving = importlib.import_module("api.serving")  # api is above: loaded only to serve
    folder = owner.pipeline.plant.store_path
    sys.setswitchinterval(SWITCH_SECONDS)
    try:
        with open_gate(owner.pipeline.plant, owner.pipeline.rules) as gate:
            token = gate.owner_token if gate is not None else ""
            owner.start(every)
            serving.run(
                owner,
                host,
                port,
                lambda url: _announce(folder, url, token, hints, is_quiet=is_quiet),
                gate,
                root_path,
            )
    finally:
        owner.stop()
        withdraw(folder)
        owner.pipeline.close()


def _announce(folder: Path, url: str, token: str, hints: list[str], *, is_quiet: bool) -> None:
    announce(folder, _reachable(url), token)
    say(f"Serving at {url} (stop with Ctrl-C)", is_quiet=is_quiet)
    if not is_quiet:
        for number, hint in enumerate(hints, 1):
            typer.echo(f"  {number}. {hint.replace('{url}', url.rstrip('/'))}")


def _reachable(url: str) -> str:
    """Give where this machine's own commands find a server that listens on every address."""
    return url.replace("://0.0.0.0:", "://127.0.0.1:").replace("://[::]:", "://[::1]:")

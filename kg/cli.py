"""The command ``traveler``: each stage by hand, each ending with the next thing to try."""

from __future__ import annotations

import importlib
import json
import shutil
import sys
import urllib.error
import urllib.request
from contextlib import closing, contextmanager, nullcontext
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import quote, urlencode

import typer
from rich.console import Console

from kg import report
from kg.answer.evidence import short
from kg.answer.render import render_card, to_json, to_jsonld
from kg.demo import DEFAULT_HOURS, Simulation, build_plant
from kg.errors import ConfigError, QueryError, StoreLocked, TravelerError
from kg.lift import lift_file
from kg.owner import Owner, announce, owner_url, withdraw
from kg.pipeline import Pipeline
from kg.settings import Plant, load_plant
from kg.store.workers import QueryWorkers
from kg.times import format_time, parse_time

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from kg.answer.bundle import Context

app = typer.Typer(
    name="traveler",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
    help="The context layer of a factory: what runs where, for whom, to which spec, from which "
    "batch; how old each fact is, and what is missing.\n\n"
    "Start with **traveler demo**, then **traveler init** or a plant.toml of your own.",
)
PlantOption = Annotated[
    Path, typer.Option("--plant", envvar="TRAVELER_PLANT", help="The plant's file or its folder.")
]
NowOption = Annotated[
    str, typer.Option("--now", help="The clock, ISO 8601; default: this machine's.")
]
QuietOption = Annotated[bool, typer.Option("--quiet", "-q", help="No progress, no next steps.")]
FormatOption = Annotated[str, typer.Option("--format", "-f", help="How to print the answer.")]
_stderr = Console(stderr=True)
MAX_TOKENS = 1500
SHOWN_FIRST = "machine/SAW-01"
"""The demo plant's machine with two jobs for two customers."""


def main() -> None:
    """Run the command; errors are one line, a hint, and exit code 2."""
    try:
        app()
    except TravelerError as error:
        _stderr.print(f"traveler: {error.message}", style="red", markup=False, highlight=False)
        if error.hint:
            _stderr.print(f"  {error.hint}", markup=False, highlight=False)
        sys.exit(error.exit_code)


def read_clock(now: str) -> datetime:
    """Read ``--now``; empty is this machine's clock.

    Raises:
        ConfigError: it is no ISO 8601 time.
    """
    if not now:
        return datetime.now(UTC)
    try:
        return parse_time(now, "iso", UTC)  # type: ignore[arg-type]
    except ValueError as error:
        raise ConfigError(f"--now {now!r} is no time", hint="2026-11-23T08:00:00Z") from error


@contextmanager
def _progress(*, is_quiet: bool) -> Iterator[Callable[[str, str], None]]:
    if is_quiet or not _stderr.is_terminal:
        yield lambda _stage, _what: None
        return
    with _stderr.status("starting") as status:
        yield lambda stage, what: status.update(f"{stage}: {what}")


def _say(text: str, *, is_quiet: bool = False) -> None:
    if not is_quiet:
        typer.echo(text)


def _next(text: str, *, is_quiet: bool) -> None:
    if not is_quiet:
        typer.echo(f"\nNext: {text}", err=True)


def _choose(given: str, *allowed: str) -> str:
    if given not in allowed:
        raise ConfigError(f"--format {given!r} is unknown", hint=f"one of {', '.join(allowed)}")
    return given


@app.command()
def load(
    plant: PlantOption = Path("plant.toml"), now: NowOption = "", quiet: QuietOption = False
) -> None:
    """Read every source once into the journal, and fold what is new into the graph."""
    clock = read_clock(now)
    with _progress(is_quiet=quiet) as progress, Pipeline.open(load_plant(plant), progress) as work:
        balances = work.read(clock)
        applied = work.apply(clock)
        gaps = work.validate(clock)
    _say(report.balance_text(balances, applied.rejected), is_quiet=quiet)
    _say(report.applied_text(applied) + f"; {gaps} gap(s) found", is_quiet=quiet)
    _next(f"traveler check --plant {plant}", is_quiet=quiet)


@app.command()
def rebuild(
    plant: PlantOption = Path("plant.toml"), now: NowOption = "", quiet: QuietOption = False
) -> None:
    """Refold the whole journal into a new graph; needed after a mapping or the ontology changed."""
    clock = read_clock(now)
    with _progress(is_quiet=quiet) as progress, Pipeline.open(load_plant(plant), progress) as work:
        applied = work.rebuild(clock)
        gaps = work.validate(clock)
    _say(report.applied_text(applied) + f"; {gaps} gap(s) found", is_quiet=quiet)
    _next(f"traveler check --plant {plant}", is_quiet=quiet)


@app.command()
def check(
    plant: PlantOption = Path("plant.toml"),
    now: NowOption = "",
    form: FormatOption = "text",
    quiet: QuietOption = False,
) -> None:
    """Count how much is linked, and list what is missing, conflicting or invalid.

    Exit code 0: nothing is (what no source covers is nothing); 1: something is; 2: could not run.
    """
    _choose(form, "text", "json")
    described = load_plant(plant)
    try:
        with Pipeline.open(described) as work:
            found = work.answers().check(read_clock(now))
    except StoreLocked as locked:
        answer = _ask_owner(described, locked, "/v1/gaps", {"format": form})
        typer.echo(answer)
        sys.exit(0 if '"state": "missing"' not in answer else 1)
    typer.echo(to_json(found.to_dict()) if form == "json" else report.check_text(found))
    if form == "text":
        _next(f"traveler context MACHINE --plant {plant}", is_quiet=quiet)
    sys.exit(found.exit_code())


@app.command()
def context(
    entity: Annotated[str, typer.Argument(help="Any source's id or a label: SAW-01, job/1043.")],
    plant: PlantOption = Path("plant.toml"),
    now: NowOption = "",
    at: Annotated[str, typer.Option("--at", help="latest: the clock of an old export.")] = "",
    max_tokens: Annotated[int, typer.Option("--max-tokens", min=100, max=4000)] = MAX_TOKENS,
    form: FormatOption = "text",
    quiet: QuietOption = False,
) -> None:
    """Say what is going on with a machine, a job, a customer or a batch."""
    _choose(form, "text", "md", "json", "jsonld")
    described = load_plant(plant)
    try:
        with Pipeline.open(described) as work:
            clock = _clock_at(work, at, now)
            found = work.answers().context(entity, clock)
    except StoreLocked as locked:
        query = {"q": entity, "max_tokens": str(max_tokens)}
        wanted = "md" if form == "text" else form
        answer = _ask_owner(described, locked, "/v1/context", query | {"format": wanted})
        typer.echo(report.card_text(answer) if form == "text" else answer)
        return
    _print_context(found, described.base, form, max_tokens)
    first = next((fact.id for slot in found.slots.values() for fact in slot.facts), None)
    if form == "text" and first:
        _next(f"traveler explain '{first}' --plant {plant}", is_quiet=quiet)


def _print_context(found: Context, base: str, form: str, max_tokens: int) -> None:
    if form == "text":
        typer.echo(report.card_text(render_card(found, max_tokens, is_with_notes=True)))
    elif form == "md":
        typer.echo(render_card(found, max_tokens), nl=False)
    else:
        typer.echo(to_json(found.to_dict() if form == "json" else to_jsonld(found, base)))


def _clock_at(work: Pipeline, at: str, now: str) -> datetime:
    if at in {"", "now"}:
        return read_clock(now)
    if at == "latest":
        return work.latest() or read_clock(now)
    raise ConfigError(
        f"--at {at!r} is not supported: answers are as of now, or of the latest record",
        hint="--at latest, or move the clock with --now",
    )


@app.command()
def explain(
    fact: Annotated[str, typer.Argument(help="A fact's id: job/1043~customer~3fa2c1d0.")],
    plant: PlantOption = Path("plant.toml"),
    now: NowOption = "",
) -> None:
    """Trace a fact to the source's row, the mapping's line and the rules between."""
    described = load_plant(plant)
    try:
        with Pipeline.open(described) as work:
            found = work.answers().explain(fact, read_clock(now))
            typer.echo(report.explained_text(found, work))
    except StoreLocked as locked:
        typer.echo(_ask_owner(described, locked, f"/v1/facts/{quote(fact, safe='/~')}", {}))


@app.command()
def query(
    source: Annotated[
        str, typer.Argument(metavar="FILE|-|QUESTION", help="SPARQL, or a question.")
    ],
    plant: PlantOption = Path("plant.toml"),
    now: NowOption = "",
    parameter: Annotated[
        list[str] | None, typer.Option("--set", help="A question's parameter: machine=SAW-01.")
    ] = None,
    form: FormatOption = "text",
) -> None:
    """Run SPARQL from a file or standard input, or a saved question by its name."""
    _choose(form, "text", "json")
    given = dict(item.partition("=")[::2] for item in parameter or [])
    described = load_plant(plant)
    try:
        with Pipeline.open(described) as work:
            answers = work.answers()
            if source in answers.questions:
                rows = answers.ask(source, given)
            else:
                rows = _run_query(work, _read_query(source))
    except StoreLocked as locked:
        path = (
            f"/v1/questions/{quote(source)}"
            if source != "-" and not Path(source).exists()
            else "/sparql"
        )
        asked = given if path != "/sparql" else {"query": _read_query(source)}
        typer.echo(_ask_owner(described, locked, path, asked))
        return
    typer.echo(to_json(rows) if form == "json" else report.rows_text(rows))


def _read_query(source: str) -> str:
    if source == "-":
        return sys.stdin.read()
    try:
        return Path(source).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise QueryError(
            f"{source}: {error}", hint="name a file, - for standard input, or a saved question"
        ) from error


def _run_query(work: Pipeline, text: str) -> list[dict[str, str]]:
    with closing(QueryWorkers(work.store, work.plant.store_path / "checkpoints")) as workers:
        answer = workers.run(text, "application/sparql-results+json", 60.0)
    found = json.loads(answer.body)
    if "boolean" in found:
        return [{"answer": str(found["boolean"]).lower()}]
    base = work.plant.base
    return [
        {
            name: short(f"<{cell['value']}>", base) if cell["type"] == "uri" else cell["value"]
            for name, cell in row.items()
        }
        for row in found["results"]["bindings"]
    ]


@app.command()
def lift(
    mapping: Annotated[Path, typer.Argument(help="A mapping in YARRRML (.yml) or RML (.ttl).")],
    output: Annotated[Path | None, typer.Option("-o", "--output", help="Default: print.")] = None,
    base: Annotated[str, typer.Option(help="What relative IRIs resolve against.")] = (
        "http://example.com/base/"
    ),
    in_order: Annotated[bool, typer.Option("--sorted", help="Sorted: the same bytes.")] = False,
) -> None:
    """Lift files into N-Quads by a mapping, without a plant or a store."""
    lifted = lift_file(mapping, base, is_sorted=in_order)
    with nullcontext(sys.stdout) if output is None else output.open("w", encoding="utf-8") as out:
        out.writelines(f"{line}\n" for line in lifted.lines)
    for row in lifted.rejected:
        typer.echo(f"{row.position}: {row.code}: {row.message}", err=True)
    if lifted.rejected:
        sys.exit(1)


@app.command()
def quarantine(plant: PlantOption = Path("plant.toml")) -> None:
    """List the rows that could not become records or facts, and what to do about each."""
    with Pipeline.open(load_plant(plant)) as work:
        typer.echo(report.quarantine_text(work.journal.quarantined()))


@app.command()
def serve(
    plant: PlantOption = Path("plant.toml"),
    host: Annotated[
        str, typer.Option(help="Loopback only: there is no sign-in yet.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="0 takes a free one.")] = 8000,
    every: Annotated[float, typer.Option(help="Seconds between readings of the sources.")] = 5.0,
    quiet: QuietOption = False,
) -> None:
    """Follow the sources and answer over HTTP: context, questions, gaps, SPARQL, documentation."""
    described = load_plant(plant)
    with _progress(is_quiet=quiet) as progress:
        work = Pipeline.open(described, progress)
        owner = Owner(work, lambda: datetime.now(UTC))
        owner.round()
        work.validate(owner.clock())
    serve_owner(owner, host, port, every, [f"http://{host}:{port}/docs"], is_quiet=quiet)


@app.command()
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
    _choose(form, "text", "md", "json", "jsonld")
    clock = read_clock(now).replace(microsecond=0)
    _clear_demo(folder)
    with _progress(is_quiet=quiet) as progress:
        progress("simulate", f"{DEFAULT_HOURS:g} hours of a job shop, seed {seed}")
        simulation = build_plant(folder, seed, clock - timedelta(hours=DEFAULT_HOURS))
        work = Pipeline.open(load_plant(folder), progress)
        balances = work.read(clock)
        applied = work.apply(clock)
        work.validate(clock)
    answers = work.answers()
    found = answers.context(SHOWN_FIRST, clock)
    if form == "text":
        _say(report.balance_text(balances, applied.rejected), is_quiet=quiet)
        _say("\n" + report.coverage_text(answers.check(clock)) + "\n", is_quiet=quiet)
    _print_context(found, work.plant.base, form, MAX_TOKENS)
    if once:
        work.close()
        simulation.close()
        _next(f"traveler check --plant {folder}", is_quiet=quiet)
        return
    began = monotonic()
    owner = Owner(
        work,
        lambda: clock + timedelta(seconds=(monotonic() - began) * speed),
        lambda moment: _advance(simulation, moment),
    )
    hints = [
        "open {url} in a browser: coverage, questions and every interface",
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
    """
    if not folder.exists() or not any(folder.iterdir()):
        return
    if not (folder / "plant.toml").exists() or load_plant(folder).name != "Demo":
        raise ConfigError(
            f"{folder} holds something else than a demo plant", hint="name another with --folder"
        )
    shutil.rmtree(folder / "store", ignore_errors=True)


def serve_owner(
    owner: Owner, host: str, port: int, every: float, hints: list[str], *, is_quiet: bool
) -> None:
    """Serve an owner's answers until interrupted.

    Raises:
        ConfigError: the address is not loopback, or is taken.
    """
    if host not in {"127.0.0.1", "::1", "localhost"}:
        raise ConfigError(
            f"will not serve on {host}: there is no sign-in yet",
            hint="serve on 127.0.0.1 and put a proxy that signs people in before it",
        )
    serving = importlib.import_module("api.serving")  # api is above: loaded only to serve
    folder = owner.pipeline.plant.store_path
    try:
        owner.start(every)
        serving.run(owner, host, port, lambda url: _announce(folder, url, hints, is_quiet=is_quiet))
    finally:
        owner.stop()
        withdraw(folder)
        owner.pipeline.close()


def _announce(folder: Path, url: str, hints: list[str], *, is_quiet: bool) -> None:
    announce(folder, url)
    _say(f"Serving at {url} (stop with Ctrl-C)", is_quiet=is_quiet)
    if not is_quiet:
        for number, hint in enumerate(hints, 1):
            typer.echo(f"  {number}. {hint.replace('{url}', url)}")


def _ask_owner(plant: Plant, locked: StoreLocked, path: str, query: dict[str, str]) -> str:
    """Ask the process that owns the store instead."""
    url = owner_url(plant.store_path)
    if url is None:
        raise locked
    address = f"{url}{path}?{urlencode(query)}"
    try:
        with urllib.request.urlopen(address, timeout=30) as answer:  # noqa: S310 - our own URL
            return str(answer.read().decode())
    except urllib.error.HTTPError as error:
        problem: dict[str, Any] = json.loads(error.read().decode() or "{}")
        raise TravelerError(
            problem.get("detail", str(error)), hint=problem.get("hint", "")
        ) from error
    except OSError as error:
        raise locked from error


__all__ = ["app", "format_time", "main", "read_clock", "serve_owner"]

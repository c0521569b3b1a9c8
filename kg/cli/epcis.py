"""The commands that exchange events with others by EPCIS 2.0 (GS1)."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from kg import report
from kg.answer.render import to_json
from kg.cli.options import NowOption, PlantOption, QuietOption, choose, read_clock, say, suggest
from kg.cli.output import open_output
from kg.cli.remote import ask_owner
from kg.epcis.export import epcis_document
from kg.epcis.rows import events_of, rows_of
from kg.epcis.triples import event_graph
from kg.errors import ConfigError, StoreLocked
from kg.pipeline import Pipeline
from kg.settings import load_plant
from kg.sources import Message

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from kg.epcis.rows import Row
    from kg.settings import Plant

MOST_BYTES = 512 << 20
"""A longer file is refused: events can be sent in several."""
_AT_ONCE = 10_000
_SETTINGS = '[[source]]\nname = "epcis"\nmapping = "mappings/epcis"'

epcis = typer.Typer(no_args_is_help=True, help="Exchange events by EPCIS 2.0 (GS1).")
FilesArgument = Annotated[list[Path], typer.Argument(help="EPCIS 2.0 documents in JSON.")]


@epcis.command("import")
def import_events(
    files: FilesArgument,
    plant: PlantOption = Path("plant.toml"),
    form: Annotated[
        str,
        typer.Option("--triples", help="turtle or ntriples: write the events' triples, no plant."),
    ] = "",
    output: Annotated[str, typer.Option("--output", "-o", help="Where the triples go.")] = "",
    now: NowOption = "",
    quiet: QuietOption = False,
) -> None:
    """Take in events: batches, what was made of them, shipments; or write their triples."""
    documents = [(str(file), _read(file)) for file in files]
    if form:
        choose(form, "turtle", "ntriples")
        _write_triples(documents, form, output)
        return
    described = load_plant(plant)
    _check_source(described)
    tables = _tables(documents, described.base)
    try:
        with Pipeline.open(described) as work:
            _take(work, tables, read_clock(now), is_quiet=quiet)
    except StoreLocked as locked:
        for table, rows in tables.items():
            for part in _parts(rows):
                ask_owner(described, locked, f"/v1/records/epcis/{table}", {}, part)
        say(f"{_counted(tables)} sent to the plant that is served", is_quiet=quiet)
    suggest(f"traveler trace ID --direction backward --plant {plant}", is_quiet=quiet)


@epcis.command("export")
def export_events(
    plant: PlantOption = Path("plant.toml"),
    output: Annotated[str, typer.Option("--output", "-o", help="Default: standard output.")] = "",
    now: NowOption = "",
    quiet: QuietOption = False,
) -> None:
    """Write what is known of batches, jobs, pieces and shipments as an EPCIS document."""
    described = load_plant(plant)
    try:
        with Pipeline.open(described) as work:
            document, left_out = epcis_document(work.answers(), read_clock(now))
    except StoreLocked as locked:
        told = json.loads(ask_owner(described, locked, "/v1/epcis", {}))
        document, left_out = told, {}
    with open_output(output) as file:
        file.write((to_json(document) + "\n").encode())
        file.flush()
    if not quiet:
        number = len(document["epcisBody"]["eventList"])
        typer.echo(f"{number} event(s)", err=True)
        for why, count in sorted(left_out.items()):
            typer.echo(f"left out: {count} × {why}", err=True)


def _read(file: Path) -> Any:
    try:
        if file.stat().st_size > MOST_BYTES:
            raise ConfigError(f"{file}: larger than {MOST_BYTES >> 20} MiB", hint="split it")
        return json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        said = error.strerror if isinstance(error, OSError) else error
        raise ConfigError(
            f"{file}: {said}", hint="name a file with an EPCIS 2.0 document in JSON"
        ) from error


def _write_triples(documents: Sequence[tuple[str, Any]], form: str, output: str) -> None:
    with open_output(output) as file:
        for place, document in documents:
            graph = event_graph(document, place)
            name = "turtle" if form == "turtle" else "nt"
            file.write(graph.serialize(format=name, encoding="utf-8"))
        file.flush()


def _check_source(plant: Plant) -> None:
    if not any(source.name == "epcis" for source in plant.sources):
        raise ConfigError(
            "the plant has no source named epcis", hint=f"add to plant.toml:\n{_SETTINGS}"
        )


def _tables(documents: Sequence[tuple[str, Any]], base: str) -> dict[str, list[Row]]:
    tables: dict[str, list[Row]] = defaultdict(list)
    for place, document in documents:
        for number, event in enumerate(events_of(document, place), start=1):
            for table, row in rows_of(event, base, f"{place}#{number}"):
                tables[table].append(row)
    return tables


def _take(work: Pipeline, tables: dict[str, list[Row]], clock: datetime, *, is_quiet: bool) -> None:
    balances = [
        work.take("epcis", table, _messages(table, part), clock)
        for table, rows in tables.items()
        for part in _parts(rows)
    ]
    applied = work.apply(clock)
    gaps = work.validate(clock)
    say(report.balance_text(balances, applied.rejected, work.doubtful_times()), is_quiet=is_quiet)
    say(report.applied_text(applied, gaps), is_quiet=is_quiet)


def _messages(table: str, rows: Iterable[Row]) -> list[Message]:
    return [Message(f"epcis/{table}", json.dumps(row).encode()) for row in rows]


def _parts(rows: Sequence[Row]) -> Iterable[Sequence[Row]]:
    return (rows[start : start + _AT_ONCE] for start in range(0, len(rows), _AT_ONCE))


def _counted(tables: dict[str, list[Row]]) -> str:
    counts = Counter({table: len(rows) for table, rows in tables.items()})
    return ", ".join(f"{number} {table}" for table, number in sorted(counts.items())) or "nothing"

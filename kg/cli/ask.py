"""Commands that ask a plant: context, explain, query."""

from __future__ import annotations

import json
import sys
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from urllib.parse import quote

import typer

from kg import report
from kg.answer.bundle import Focus  # noqa: TC001 - the options are read at run time
from kg.answer.compact import render_compact
from kg.answer.evidence import short
from kg.answer.focus import FOCUSES
from kg.answer.jsonld import to_jsonld
from kg.answer.planning.next import DEFAULT_RULE, Rule
from kg.answer.render import DEFAULT_TOKENS, render_card, to_json
from kg.answer.tokens import MAX_TOKENS, MIN_TOKENS
from kg.cli.options import (
    FormatOption,
    NowOption,
    PlantOption,
    QuietOption,
    choose,
    read_clock,
    refuse_clock,
    suggest,
)
from kg.cli.remote import ask_owner
from kg.errors import QueryError, StoreLocked
from kg.pipeline import Pipeline
from kg.settings import load_plant
from kg.store.engines import open_queries

if TYPE_CHECKING:
    from kg.answer.bundle import Context

_FOCUSES = ", ".join(f"{name} ({adds})" for name, adds in FOCUSES.items())


def context(
    entity: Annotated[str, typer.Argument(help="Any source's id or a label: SAW-01, job/1043.")],
    plant: PlantOption = Path("plant.toml"),
    now: NowOption = "",
    at: Annotated[
        str, typer.Option("--at", help="What was then, ISO 8601; latest: an old export's clock.")
    ] = "",
    believed_at: Annotated[
        str, typer.Option("--believed-at", help="By what was on record then, before corrections.")
    ] = "",
    focus: Annotated[Focus, typer.Option("--focus", help=f"What to add: {_FOCUSES}.")] = "now",
    rule: Annotated[
        Rule, typer.Option("--rule", help="How --focus next orders what waits.")
    ] = DEFAULT_RULE,
    max_tokens: Annotated[
        int, typer.Option("--max-tokens", min=MIN_TOKENS, max=MAX_TOKENS)
    ] = DEFAULT_TOKENS,
    include_notes: Annotated[
        bool, typer.Option("--include-notes", help="With what people wrote, in md and compact.")
    ] = False,
    form: FormatOption = "text",
    quiet: QuietOption = False,
) -> None:
    """Say what is going on with a machine, a job, a customer or a batch."""
    choose(form, "text", "md", "compact", "json", "jsonld")
    described = load_plant(plant)
    try:
        with Pipeline.open(described) as work:
            found = work.history.ask_at(
                (at, believed_at),
                read_clock(now),
                work.latest,
                lambda answers, clock: answers.context(entity, clock, focus=focus, rule=rule),
            )
    except StoreLocked as locked:
        refuse_clock(now)
        query = {"q": entity, "max_tokens": str(max_tokens), "focus": focus, "rule": rule}
        query |= {"at": at or "now", "believed_at": believed_at}
        query["include_notes"] = str(include_notes or form == "text").lower()
        wanted = "md" if form == "text" else form
        answer = ask_owner(described, locked, "/v1/context", query | {"format": wanted})
        text = report.card_text(answer) if form == "text" else answer
        typer.echo(text, nl=form not in {"md", "compact"})
        return
    print_context(found, described.base, form, max_tokens, is_with_notes=include_notes)
    first = next((fact.id for slot in found.slots.values() for fact in slot.facts), None)
    if form == "text" and first:
        suggest(f"traveler explain '{first}' --plant {plant}", is_quiet=quiet)


def print_context(
    found: Context, base: str, form: str, max_tokens: int, *, is_with_notes: bool = False
) -> None:
    """Print an answer as text for a terminal, a card, compact JSON, JSON or JSON-LD."""
    if form == "text":
        typer.echo(report.card_text(render_card(found, max_tokens, is_with_notes=True)))
    elif form == "md":
        typer.echo(render_card(found, max_tokens, is_with_notes=is_with_notes), nl=False)
    elif form == "compact":
        typer.echo(render_compact(found, max_tokens, is_with_notes=is_with_notes), nl=False)
    else:
        typer.echo(to_json(found.to_dict() if form == "json" else to_jsonld(found, base)))


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
        typer.echo(
            ask_owner(described, locked, f"/v1/facts/{quote(fact, safe='/~')}", {"format": "text"})
        )


def query(
    source: Annotated[str, typer.Argument(metavar="FILE|-", help="SPARQL.")],
    plant: PlantOption = Path("plant.toml"),
    form: FormatOption = "text",
) -> None:
    """Run SPARQL from a file or standard input."""
    choose(form, "text", "json")
    described = load_plant(plant)
    text = _read_query(source)
    try:
        with Pipeline.open(described) as work:
            rows = _run_query(work, text)
    except StoreLocked as locked:
        typer.echo(ask_owner(described, locked, "/sparql", {"query": text}))
        return
    typer.echo(to_json(rows) if form == "json" else report.rows_text(rows))


def _read_query(source: str) -> str:
    if source == "-":
        return sys.stdin.read()
    try:
        return Path(source).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no UTF-8 text"
        raise QueryError(
            f"{source}: {reason}",
            hint="name a file, or - for standard input; traveler ask has the saved questions",
        ) from error


def _run_query(work: Pipeline, text: str) -> list[dict[str, str]]:
    with closing(open_queries(work.store, work.plant.store_path / "checkpoints")) as queries:
        answer = queries.run(text, "application/sparql-results+json", 60.0)
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

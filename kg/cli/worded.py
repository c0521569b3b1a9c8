"""Worded: a question in words, answered in a terminal."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from kg import report
from kg.access.worded import ask_in_words
from kg.answer.bundle import Focus
from kg.answer.finding.told import compact_asked, render_asked
from kg.answer.jsonld import to_jsonld
from kg.answer.planning.next import Rule
from kg.answer.render import to_json
from kg.answer.tokens import MAX_TOKENS, MIN_TOKENS
from kg.cli.options import choose, read_clock, refuse_clock, suggest
from kg.cli.remote import ask_owner
from kg.errors import StoreLocked
from kg.pipeline import Pipeline
from kg.settings import load_plant

if TYPE_CHECKING:
    from pathlib import Path

    from kg.access.worded import Worded
    from kg.answer.bundle import Context
    from kg.answer.finding.found import Asked
    from kg.settings import Plant

FocusOption = Annotated[
    Focus | None,
    typer.Option("--focus", help="What is asked, where the words of the question do not say it."),
]
AtOption = Annotated[
    str, typer.Option("--at", help="What was then, ISO 8601; latest: an old export's clock.")
]
BelievedOption = Annotated[
    str, typer.Option("--believed-at", help="By what was on record then, before corrections.")
]
RuleOption = Annotated[Rule, typer.Option("--rule", help="How what waits is ordered.")]
MaxTokensOption = Annotated[
    int,
    typer.Option(
        "--max-tokens", min=MIN_TOKENS, max=MAX_TOKENS, help="How long the answer may be."
    ),
]
NotesOption = Annotated[
    bool, typer.Option("--include-notes", help="With what people wrote, in md and compact.")
]
_WHOLE_LINES = ("md", "compact")
"""What is written to its last line's end."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Of which plant an answer is wanted, as of when, and how."""

    plant: Path
    now: str
    at: str
    believed_at: str
    form: str
    max_tokens: int
    is_with_notes: bool


def answer_words(question: Worded, wanted: Wanted, *, is_quiet: bool) -> None:
    """Print the answer to a question in words, and how it was read."""
    choose(wanted.form, "text", "md", "compact", "json", "jsonld")
    plant = load_plant(wanted.plant)
    try:
        with Pipeline.open(plant) as work:
            asked, found = work.history.ask_at(
                (wanted.at, wanted.believed_at),
                read_clock(wanted.now),
                work.latest,
                lambda answers, clock: ask_in_words(answers, question, clock),
            )
    except StoreLocked as locked:
        answer = _ask_owner(plant, locked, question, wanted)
        typer.echo(
            report.card_text(answer) if wanted.form == "text" else answer,
            nl=wanted.form not in _WHOLE_LINES,
        )
        return
    typer.echo(_written(asked, found, plant, wanted), nl=wanted.form not in _WHOLE_LINES)
    if wanted.form == "text":
        again = f"traveler context {asked.subject.id} --focus full --plant {wanted.plant}"
        suggest(again, is_quiet=is_quiet)


def _ask_owner(plant: Plant, locked: StoreLocked, question: Worded, wanted: Wanted) -> str:
    refuse_clock(wanted.now)
    query = {"q": question.text, "max_tokens": str(wanted.max_tokens), "rule": question.rule}
    query |= {"at": wanted.at or "now", "believed_at": wanted.believed_at}
    query["include_notes"] = str(wanted.is_with_notes or wanted.form == "text").lower()
    query["format"] = "md" if wanted.form == "text" else wanted.form
    if question.focus is not None:
        query["focus"] = question.focus
    return ask_owner(plant, locked, "/v1/context", query)


def _written(asked: Asked, found: Context, plant: Plant, wanted: Wanted) -> str:
    if wanted.form == "json":
        return to_json({"asked": asked.to_dict(), **found.to_dict()})
    if wanted.form == "jsonld":
        return to_json(to_jsonld(found, plant.base))
    is_text = wanted.form == "text"
    write = compact_asked if wanted.form == "compact" else render_asked
    told = write(asked, found, wanted.max_tokens, is_with_notes=wanted.is_with_notes or is_text)
    return report.card_text(told) if is_text else told

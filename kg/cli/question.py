"""The command that asks a plant: a question in words, or one of those that are saved."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import quote

import typer

from kg import report
from kg.access.worded import Worded
from kg.answer.asking.questions import load_questions
from kg.answer.planning.next import DEFAULT_RULE
from kg.answer.render import DEFAULT_TOKENS, to_json
from kg.answer.rowtable import rows_csv
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
from kg.cli.worded import (
    AtOption,
    BelievedOption,
    FocusOption,
    MaxTokensOption,
    NotesOption,
    RuleOption,
    Wanted,
    answer_words,
)
from kg.errors import ConfigError, StoreLocked
from kg.pipeline import Pipeline
from kg.settings import load_plant
from kg.times import format_time

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kg.answer.asking.answerers import Row
    from kg.settings import Plant


@dataclass(frozen=True, slots=True)
class _Asked:
    """An answer to print: what was asked, as of when, and the rows."""

    question: str
    as_of: str
    columns: Sequence[str]
    rows: list[Row]


def ask(
    words: Annotated[
        str, typer.Argument(help="A question in words: why is job 1043 late on mill 3?")
    ] = "",
    question: Annotated[
        str, typer.Option("--question", "-Q", help="A saved question's name.")
    ] = "",
    given: Annotated[
        list[str] | None, typer.Option("--set", help="A parameter: machine=SAW-01.")
    ] = None,
    is_list: Annotated[bool, typer.Option("--list", help="Say what can be asked.")] = False,
    is_ready: Annotated[
        bool, typer.Option("--ready", help="Say what can be answered, and what is lacking.")
    ] = False,
    focus: FocusOption = None,
    rule: RuleOption = DEFAULT_RULE,
    at: AtOption = "",
    believed_at: BelievedOption = "",
    max_tokens: MaxTokensOption = DEFAULT_TOKENS,
    include_notes: NotesOption = False,
    plant: PlantOption = Path("plant.toml"),
    now: NowOption = "",
    form: FormatOption = "text",
    quiet: QuietOption = False,
) -> None:
    """Ask a question in words, or a saved one by its name; say which can be answered.

    In words: name a thing by any id or label, and ask in English, Swedish or German.
    """
    if sum((bool(words), bool(question), is_list, is_ready)) != 1:
        raise ConfigError(
            "one of a question in words, --question NAME, --list and --ready is needed",
            hint='traveler ask "why is job 1043 late?", or traveler ask --list',
        )
    if words:
        asked = Worded(words, focus=focus, rule=rule)
        wanted = Wanted(plant, now, at, believed_at, form, max_tokens, include_notes)
        answer_words(asked, wanted, is_quiet=quiet)
        return
    choose(form, "text", "json") if is_ready else choose(form, "text", "json", "csv")
    if is_list:
        _list(form)
        suggest("traveler ask --question NAME --set machine=SAW-01", is_quiet=quiet)
        return
    if is_ready:
        typer.echo(_ready(load_plant(plant), form))
        suggest(f"traveler ask --list; traveler check --plant {plant}", is_quiet=quiet)
        return
    answer = _ask(load_plant(plant), question, _read_given(given or []), now)
    if form == "json":
        typer.echo(to_json(answer.rows))
    elif form == "csv":
        typer.echo(rows_csv(answer.columns, answer.rows), nl=False)
    else:
        typer.echo(report.answered_text(answer.question, answer.as_of, answer.rows, answer.columns))


def _read_given(given: Sequence[str]) -> dict[str, str]:
    values: dict[str, str] = {}
    for item in given:
        name, sign, value = item.partition("=")
        if not sign or name in values:
            why = "is given twice" if name in values else "has no ="
            raise ConfigError(f"--set {item!r}: {name} {why}", hint="--set machine=SAW-01")
        values[name] = value
    return values


def _ask(plant: Plant, name: str, given: dict[str, str], now: str) -> _Asked:
    try:
        with Pipeline.open(plant) as work:
            answers, clock = work.answers(), read_clock(now)
            question = answers.question(name)
            rows = answers.ask(name, given, clock)
            return _Asked(question.text, format_time(clock), question.columns(), rows)
    except StoreLocked as locked:
        refuse_clock(now)
        told = json.loads(ask_owner(plant, locked, f"/v1/questions/{quote(name, safe='')}", given))
        return _Asked(told["question"], told["as_of"], told["columns"], told["rows"])


def _ready(plant: Plant, form: str) -> str:
    try:
        with Pipeline.open(plant) as work:
            ready = work.answers().readiness()
    except StoreLocked as locked:
        return ask_owner(plant, locked, "/v1/readiness", {"format": form})
    return to_json(ready.to_dict()) if form == "json" else report.readiness_text(ready)


def _list(form: str) -> None:
    questions = sorted(load_questions().values(), key=lambda one: (int(one.number), one.name))
    rows: list[dict[str, Any]] = [
        {
            "number": one.number,
            "name": one.name,
            "question": one.text,
            "parameters": one.parameters,
            "optional": sorted(one.optional),
            "owner": one.owner,
            "answers": one.answers,
        }
        for one in questions
    ]
    if form == "json":
        typer.echo(to_json(rows))
    elif form == "csv":
        plain = [row | {"parameters": "; ".join(row["parameters"])} for row in rows]
        typer.echo(
            rows_csv(("number", "name", "question", "parameters", "owner", "answers"), plain),
            nl=False,
        )
    else:
        typer.echo(report.questions_text(questions))

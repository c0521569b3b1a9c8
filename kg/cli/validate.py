"""The command validate: files against shapes, with nothing of a plant loaded."""

from __future__ import annotations

import json
import logging
import sys
from enum import StrEnum
from pathlib import Path  # noqa: TC003 - typer reads the annotations
from typing import TYPE_CHECKING, Annotated

import typer

from kg.cli.options import QuietOption, show_progress, suggest
from kg.cli.output import open_output
from kg.validate.paths import to_sparql
from kg.validate.report import report_graph, report_text, sorted_results
from kg.validate.run import validate_files
from kg.validate.values import text_of

if TYPE_CHECKING:
    from kg.validate.run import Outcome


class Engine(StrEnum):
    """What evaluates the shapes."""

    TRAVELER = "traveler"
    PYSHACL = "pyshacl"


class Format(StrEnum):
    """How the report is printed."""

    TEXT = "text"
    TURTLE = "turtle"
    JSON = "json"


def validate(
    data: Annotated[
        list[Path],
        typer.Option(
            help="What to validate: .ttl .nt .nq .trig .jsonld; more than once: together."
        ),
    ],
    shapes: Annotated[
        list[Path], typer.Option(help="SHACL shapes, a file or a folder; may be given repeatedly.")
    ],
    engine: Annotated[
        Engine, typer.Option(help="pyshacl: the reference, to compare with; slow.")
    ] = Engine.TRAVELER,
    layout: Annotated[
        Format, typer.Option("--format", "-f", help="turtle: the standard's validation report.")
    ] = Format.TEXT,
    limit: Annotated[
        int, typer.Option(min=0, help="Results shown of each shape in text; 0: all.")
    ] = 20,
    quiet: QuietOption = False,
) -> None:
    """Validate files against shapes (SHACL Core and SHACL-SPARQL), without a plant.

    Facts of all graphs of the files count. A shape on a class finds the instances of its subclasses
    only where the data says rdfs:subClassOf: give the ontology as **--data** too.

    Exit code 0: the data conforms; 1: it does not; 2: it could not be validated. Try
    **traveler validate --data plant.ttl --shapes shapes/**.
    """
    # rdflib prints a traceback for each literal that is ill-formed; the report has them as results.
    logging.getLogger("rdflib.term").setLevel(logging.ERROR)
    with show_progress(is_quiet=quiet) as progress:
        outcome = validate_files(data, shapes, engine.value, progress)
    with open_output("") as out:
        out.write(_written(outcome, layout, limit).encode())
    if outcome.checked == 0 and not outcome.left:
        typer.echo("No node of the data is a target of any shape: nothing was checked.", err=True)
    if outcome.results:
        if layout is Format.TEXT:
            suggest("the same with --format turtle, for a report as data", is_quiet=quiet)
        sys.exit(1)


def _written(outcome: Outcome, layout: Format, limit: int) -> str:
    if layout is Format.TURTLE:
        report = report_graph(sorted_results(outcome.results), outcome.prefixes)
        return report.serialize(format="turtle")
    if layout is Format.JSON:
        return f"{json.dumps(_as_json(outcome), indent=1, ensure_ascii=False)}\n"
    return report_text(outcome.results, outcome.left, outcome.prefixes, limit)


def _as_json(outcome: Outcome) -> dict[str, object]:
    return {
        "conforms": not outcome.results,
        "checked": outcome.checked,
        "left": dict(outcome.left),
        "results": [
            {
                "focus": one.focus,
                "path": None if one.path is None else to_sparql(one.path),
                "value": one.value,
                "component": one.component,
                "source": one.source,
                "shape": one.root,
                "severity": one.severity,
                "messages": [text_of(message) for message in one.messages],
            }
            for one in sorted_results(outcome.results)
        ],
    }

"""Start: what is connected, what each mapping makes of real rows, and the commands to go on by."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Query, Request
from pydantic import Field

from api.desk import desk_of
from api.models import Answer
from kg.cli.options import short_path
from kg.draft.connected import connected_sources
from kg.draft.mapped import map_rows
from kg.records import Scalar  # noqa: TC001 - pydantic reads it
from kg.settings import load_plant

if TYPE_CHECKING:
    from kg.draft.connected import ConnectedSource
    from kg.draft.mapped import MappedRow
    from kg.records import Rejected

router = APIRouter(tags=["Sources"])
MOST_ROWS = 50


class TableEntry(Answer):
    """A table of a source: how many records of it stand, and how many rows wait, by the reason."""

    name: str = Field(examples=["production_order"])
    mapping: str = Field(examples=["erp/production_order.yml"])
    arrives: str = Field(examples=["snapshot"])
    key: list[str] = Field(examples=[["id"]])
    is_current: bool = Field(description="False until the plant is served anew: it came later.")
    records: int = Field(examples=[120])
    waiting: dict[str, int] = Field(examples=[{"bad-time": 2}])


class SourceEntry(Answer):
    """A source that plant.toml connects, and where it is; never an account or a password."""

    name: str = Field(examples=["erp"])
    title: str = Field(examples=["ERP"])
    system: str = Field(examples=["ERP"])
    owner: str = Field(examples=["Planning office"])
    adapter: str = Field(examples=["sql"])
    place: str = Field(examples=["erp.sqlite"])
    is_loaded: bool
    tables: list[TableEntry]


class Commands(Answer):
    """What to type next, from where the plant is served."""

    draft: str = Field(examples=["traveler init nordwerk --from FILE"])
    serve: str = Field(examples=["traveler serve --plant nordwerk"])


class StartAnswer(Answer):
    """The sources of plant.toml as it stands at this moment, in its order."""

    commands: Commands
    sources: list[SourceEntry]


class MadeFact(Answer):
    """A fact of a row: the columns that its value is made of, and the line of the mapping."""

    about: str = Field(examples=["job/1043"])
    predicate: str = Field(examples=["makes"])
    value: str = Field(examples=["part/P-100"])
    columns: list[str] = Field(examples=[["item_id"]])
    line: int | None = Field(examples=[14])


class Fault(Answer):
    """What of a row could not be read or lifted, and what to do about it."""

    code: str = Field(examples=["bad-time"])
    message: str
    hint: str


class RowEntry(Answer):
    """A row as it came, without names of people, and what the mapping makes of it."""

    key: str = Field(examples=["70001"])
    position: str = Field(examples=["erp.sqlite:production_order#70001"])
    cells: dict[str, Scalar]
    facts: list[MadeFact]
    faults: list[Fault]


class RowsAnswer(Answer):
    """The first rows of a table, lifted by its mapping's file as it stands at this moment."""

    mapping: str = Field(examples=["erp/production_order.yml"])
    is_current: bool = Field(description="Whether answers go by this mapping, as it stands.")
    is_loaded: bool = Field(description="False: read from the source just now, and kept nowhere.")
    unused: list[str] = Field(description="Columns that the mapping does not read.")
    rows: list[RowEntry]
    faults: list[Fault] = Field(description="Of rows that could not even be read.")


@router.get("/v1/start", summary="What is connected, and which command comes next?")
def tell_start(request: Request) -> StartAnswer:
    """Tell each source and table of plant.toml, how far it is loaded, and what to type next.

    plant.toml is read again for it: what was connected since the plant is served is told too, with
    `is_current` false. Nothing here changes a file.
    """
    pipeline = desk_of(request).pipeline
    file = pipeline.plant.path
    found = connected_sources(load_plant(file), pipeline.journal, pipeline.mappings)
    folder, is_usual = short_path(file.parent), file.name == "plant.toml"
    named = folder if is_usual else short_path(file)
    draft = f"traveler init {folder}" if is_usual else f"traveler init {folder} --plant {named}"
    return StartAnswer(
        commands=Commands(draft=f"{draft} --from FILE", serve=f"traveler serve --plant {named}"),
        sources=[_source(one) for one in found],
    )


@router.get("/v1/sources/{source}/{table}", summary="What does its mapping make of a table's rows?")
def map_table(
    request: Request,
    source: str,
    table: str,
    rows: Annotated[int, Query(ge=1, le=MOST_ROWS, description="How many, at most.")] = 5,
) -> RowsAnswer:
    """Lift the first rows of a table by its mapping as its file stands now, and change nothing.

    So a mapping can be written and looked at while the plant is served; `is_current` says whether
    answers already go by it. A mapping that cannot be used is an error (500 `mapping`) that names
    file, line and term.
    """
    desk = desk_of(request)
    pipeline = desk.pipeline
    found = map_rows(
        load_plant(pipeline.plant.path),
        pipeline.journal,
        (source, table),
        pipeline.mappings,
        rows,
        desk.clock(),
    )
    return RowsAnswer(
        mapping=found.file,
        is_current=found.is_current,
        is_loaded=found.is_loaded,
        unused=list(found.unused),
        rows=[_row(one) for one in found.rows],
        faults=[_fault(one) for one in found.unread],
    )


def _source(one: ConnectedSource) -> SourceEntry:
    return SourceEntry(is_loaded=one.is_loaded, **asdict(one))


def _row(one: MappedRow) -> RowEntry:
    return RowEntry(
        key=one.record.key,
        position=one.record.position,
        cells=dict(one.record.row),
        facts=[MadeFact(**asdict(made)) for made in one.made],
        faults=[_fault(fault) for fault in one.faults],
    )


def _fault(one: Rejected) -> Fault:
    return Fault(code=one.code, message=one.message, hint=one.hint)

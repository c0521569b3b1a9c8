"""Facts: where one comes from, down to the source's row and the mapping's line."""

from __future__ import annotations

from pathlib import PurePath
from typing import TYPE_CHECKING, Annotated, Literal
from urllib.parse import unquote

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from api.access import note, sight_of
from api.desk import desk_of
from api.models import Derivation, FactAnswer, Said, SourceRow, Statement
from kg.access.withheldgaps import unseen, withhold_explained
from kg.answer.evidence import short
from kg.errors import UnknownEntity
from kg.merge import NOW
from kg.report import explained_text

if TYPE_CHECKING:
    from datetime import datetime

    from kg.answer import Answers
    from kg.answer.answers import Explained
    from kg.answer.evidence import Lineage
    from kg.pipeline import Pipeline
    from kg.records import Fact, Record, Term

PATH = "/v1/facts/"

router = APIRouter(tags=["Facts"])


class Form(BaseModel):
    """How to write the trace."""

    model_config = ConfigDict(extra="forbid")

    format: Literal["json", "text"] = Field("json", description="`text` reads well in a terminal.")


@router.get(
    PATH + "{fact:path}",
    response_model=FactAnswer,
    responses={200: {"content": {"text/plain": {"example": "job/1043 forCustomer customer/7"}}}},
    summary="Who says so?",
)
def explain_fact(request: Request, fact: str, form: Annotated[Form, Query()]) -> Response:
    """Trace a fact of an answer: which row of which system says so, by which mapping and rule?

    Ids such as `job/1043~customer~3fa2c1d0` stand in every answer. A fact that was corrected
    since is a 404.
    """
    desk = desk_of(request)
    pipeline = desk.pipeline
    now = desk.clock()
    sight = sight_of(request, desk.answers(), now)
    try:
        found = _explained(desk.answers(), request, fact, now)
        found = found if sight is None else withhold_explained(found, sight)
    except UnknownEntity:
        if sight is None:
            raise
        raise unseen(fact) from None  # of a guessed value it is not told whether it is right
    note(request, rows=len(found.records))
    if form.format == "text":
        return Response(explained_text(found, pipeline) + "\n", media_type="text/plain")
    answer = FactAnswer(
        id=fact,
        fact=_statement(found.fact, pipeline),
        lineage=_derivation(found.lineage, pipeline),
        records=[_source_row(record) for record in found.records],
        withheld=0 if sight is None else len(found.records),
    )
    return Response(answer.model_dump_json(indent=2), media_type="application/json")


def _explained(answers: Answers, request: Request, id_: str, now: datetime) -> Explained:
    try:
        return answers.explain(id_, now)
    except UnknownEntity:
        # An id may hold %20; whoever pastes it as it stands has it decoded on the way.
        pasted = request.scope["raw_path"].decode().removeprefix(PATH)
        if pasted == id_:
            raise
        return answers.explain(pasted, now)


def _statement(fact: Fact, pipeline: Pipeline) -> Statement:
    base = pipeline.plant.base
    about, predicate, value = fact
    return Statement(
        about=short(about, base),
        predicate=predicate[1:-1].rsplit("/", 1)[-1].rsplit("#", 1)[-1],
        value=short(value, base),
    )


def _derivation(lineage: Lineage, pipeline: Pipeline) -> Derivation:
    return Derivation(
        fact=_statement(lineage.fact, pipeline),
        said_by=[_said(graph, lineage.fact[1], pipeline) for graph in lineage.graphs],
        rule=lineage.rule,
        premises=[_derivation(premise, pipeline) for premise in lineage.premises],
    )


def _said(graph: Term, predicate: Term, pipeline: Pipeline) -> Said:
    record = short(graph, pipeline.plant.base).removesuffix(NOW)
    source, kind = (unquote(part) for part in record.split("/")[1:3])
    place = pipeline.line_of(source, kind, predicate)
    if place is None:
        return Said(record=record, mapping=None)
    # Folder and file say which mapping; where it lies on the server's disk is nobody's matter.
    name = "/".join(PurePath(place[0]).parts[-2:])
    return Said(record=record, mapping=f"{name}:{place[1]}")


def _source_row(record: Record) -> SourceRow:
    return SourceRow(
        record=record.path(),
        position=record.position,
        version=record.version,
        effective=record.effective,
        effective_by=record.effective_by,
        recorded=record.recorded,
        row=dict(record.row),
    )

"""Questions: the plant's saved questions, asked by name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from api.access import note, principal_of, sight_of
from api.asked import QuestionAnswer, QuestionEntry, QuestionList, ReadinessAnswer
from api.desk import desk_of
from api.parameters import take_once
from kg.access.questioning import ask_seen
from kg.access.reading import RECORDS
from kg.access.veiledstore import refuse
from kg.answer.rowtable import rows_csv
from kg.report import readiness_text
from kg.times import format_time

if TYPE_CHECKING:
    from kg.answer.asking.questions import Question

router = APIRouter(tags=["Questions"])


@router.get("/v1/questions", summary="What can be asked?")
def list_questions(request: Request) -> QuestionList:
    """List the saved questions: which are there, in plain words, and what does each need?"""
    questions = desk_of(request).answers().questions.values()
    return QuestionList(questions=[_entry(question) for question in questions])


def _entry(question: Question) -> QuestionEntry:
    return QuestionEntry(
        name=question.name,
        number=question.number,
        question=question.text,
        parameters=question.parameters,
        optional=sorted(question.optional),
        owner=question.owner,
        answers=question.answers,
        columns=list(question.columns()),
    )


@router.get(
    "/v1/readiness",
    summary="Which questions can be answered, and what would the next source add?",
    response_model=ReadinessAnswer,
    responses={200: {"content": {"text/plain": {}}}},
)
def get_readiness(
    request: Request, form: Annotated[Literal["json", "text"], Query(alias="format")] = "json"
) -> ReadinessAnswer | Response:
    """Tell how far the connected sources can answer each question, and what is lacking.

    It goes by what mappings can say, not by what records say today: `/v1/gaps` tells that.
    """
    if principal_of(request).hiding.sources:
        refuse([RECORDS])
    ready = desk_of(request).answers().readiness()
    if form == "text":
        return Response(readiness_text(ready), media_type="text/plain")
    return ReadinessAnswer.model_validate(ready.to_dict())


@router.get(
    "/v1/questions/{name}",
    summary="What is the answer to this question?",
    response_model=QuestionAnswer,
    responses={200: {"content": {"text/csv": {}}}},
)
def ask_question(
    request: Request,
    name: str,
    form: Annotated[Literal["json", "csv"], Query(alias="format")] = "json",
) -> QuestionAnswer | Response:
    """Answer a saved question, for example: what runs on machine M, for whom, since when?

    Its parameters are given by name, `?machine=SAW-01`, as any id or label, a time as ISO 8601;
    `/v1/questions` lists them. Values in rows are short ids, labels and plain literals. Cells that
    your role does not see say `withheld`; where what it does not see decides which rows there are,
    nothing is answered (403 `withheld`).
    """
    given = take_once(request.query_params.multi_items())
    given.pop("format", None)
    answer = _answered(request, name, given)
    note(request, about=name, rows=len(answer.rows), withheld=len(answer.withheld))
    if form == "csv":
        table = rows_csv(answer.columns, answer.rows)
        return Response(table, media_type="text/csv; header=present")
    return answer


def _answered(request: Request, name: str, given: dict[str, str]) -> QuestionAnswer:
    desk = desk_of(request)
    answers = desk.answers()
    question = answers.question(name)
    now = desk.clock()
    seq = answers.store.applied_seq()
    asked = ask_seen(answers, name, given, now, sight_of(request, answers, now))
    return QuestionAnswer(
        question=question.text,
        parameters=given,
        as_of=format_time(now),
        applied_seq=seq,
        columns=list(question.columns()),
        rows=asked.rows,
        withheld=asked.withheld,
    )

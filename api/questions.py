"""Questions: the plant's saved questions, asked by name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastapi import APIRouter, Request

from api.desk import Desk, desk_of
from api.models import QuestionAnswer, QuestionEntry, QuestionList
from api.parameters import take_once
from kg.errors import ConfigError, UnknownEntity
from kg.times import format_time

if TYPE_CHECKING:
    from kg.answer.questions import Question

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
        owner=question.owner,
    )


@router.get("/v1/questions/{name}", summary="What is the answer to this question?")
def ask_question(request: Request, name: str) -> QuestionAnswer:
    """Answer a saved question, for example: what runs on machine M, for whom, since when?

    Its parameters are given by name, `?machine=SAW-01`, as any id or label; `/v1/questions` lists
    them. Values in rows are short ids, labels and plain literals.
    """
    return _answered(desk_of(request), name, take_once(request.query_params.multi_items()))


def _answered(desk: Desk, name: str, given: dict[str, str]) -> QuestionAnswer:
    answers = desk.answers()
    question = answers.questions.get(name)
    if question is None:
        raise UnknownEntity(
            f"there is no question {name!r}", hint=f"one of {', '.join(answers.questions)}"
        )
    unknown = sorted(given.keys() - question.parameters.keys())
    if unknown:
        needed = ", ".join(question.parameters) or "none"
        raise ConfigError(
            f"the question has no parameter {unknown[0]!r}",
            hint=f"its parameters: {needed}",
            code="parameter",
        )
    now = desk.owner.clock()
    seq = answers.store.applied_seq()
    rows = answers.ask(name, given)
    return QuestionAnswer(
        question=question.text,
        parameters=given,
        as_of=format_time(now),
        applied_seq=seq,
        columns=list(dict.fromkeys(column for row in rows for column in row)),
        rows=rows,
    )

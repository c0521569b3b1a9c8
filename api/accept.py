"""Accepting: somebody says that a candidate of a gap is the thing that the gap is of."""

from __future__ import annotations

from dataclasses import asdict

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field

from api.desk import desk_of
from api.guard import MAX_BODY_BYTES
from api.models import Accepted, AcceptedList
from kg.accepted import LONGEST, Acceptances, Choice

router = APIRouter(tags=["Gaps"], max_body_size=MAX_BODY_BYTES)
PATH = "/v1/gaps/{gap:path}/accept"


class Accepting(BaseModel):
    """What is accepted, by whom and why."""

    model_config = ConfigDict(extra="forbid")

    candidate: str = Field(
        min_length=1, max_length=LONGEST, description="One that the gap offers.",
        examples=["job/1057"],
    )  # fmt: skip
    by: str = Field(
        min_length=1, max_length=LONGEST, description="Your code as a person.", examples=["P12"]
    )
    why: str = Field("", max_length=LONGEST, examples=["It says so on the paper at the machine."])


class Undoing(BaseModel):
    """Who takes it back, and why."""

    model_config = ConfigDict(extra="forbid")

    by: str = Field("", max_length=LONGEST, examples=["P12"])
    why: str = Field("", max_length=LONGEST, examples=["It was the other rush job."])


@router.post(PATH, summary="Are these two one thing?")
def accept_candidate(request: Request, gap: str, accepting: Accepting) -> Accepted:
    """Accept a candidate of a gap: its id and the gap's entity are one thing from now on.

    The decision is a record of the journal, with who made it and when; what each of both ids says
    is joined, and gaps are looked for again, before this answers. The one that is described with
    more authority keeps its name. To accept the same again changes nothing. A candidate that the
    gap does not offer and what disagrees with an earlier decision are a 409, a gap that is closed
    a 410.
    """
    desk = desk_of(request)
    choice = Choice(gap, accepting.candidate, accepting.by, accepting.why)
    return Accepted(**asdict(desk.owner.accept(desk.check().gaps, choice)))


@router.delete(PATH, summary="Are they two after all?")
def take_back(request: Request, gap: str, undoing: Undoing | None = None) -> Accepted:
    """Take back what was accepted for a gap; gives what it was. Each id is its own again.

    The decision and its taking back both stay in the journal.
    """
    given = undoing or Undoing(by="", why="")
    return Accepted(**asdict(desk_of(request).owner.undo(gap, given.by, given.why)))


@router.get("/v1/accepted", summary="What was accepted?")
def list_accepted(request: Request) -> AcceptedList:
    """Tell which ids are one thing by somebody's word, who said so and when, the oldest first."""
    pipeline = desk_of(request).pipeline
    standing = Acceptances(pipeline.plant, pipeline.journal, pipeline.store).standing()
    return AcceptedList(accepted=[Accepted(**asdict(one)) for one in standing])

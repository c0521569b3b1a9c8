"""What traces and recalls answer with."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from api.models import Entity
from kg.answer.tracing.grading import How
from kg.answer.tracing.steps import Direction
from kg.answer.tracing.stock import StockState


class _Told(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Counts(_Told):
    """How many things of a kind were reached, by how sure it is."""

    certain: int
    possible: int
    excluded: int


class ReachedThing(_Told):
    """A thing that a trace reached, by its surest way and of these the shortest."""

    id: str = Field(examples=["job/1043"])
    kind: str = Field(examples=["job"])
    label: str = Field(examples=["1043 Spindle shaft"])
    how: How = Field(description="`excluded` would be reached, but something rules it out.")
    why: list[str] = Field(description="Why it is less than certain.")
    depth: int = Field(description="The number of steps.")
    path: list[str] = Field(examples=[["batch/4742", "job/1043"]])
    step: str = Field(description="The last step, in words.", examples=["went into"])
    records: list[str] = Field(description="The records that say the last step.")


class BrokenThing(_Told):
    """Where the records end: what is not written down of which thing."""

    kind: Literal["no-batch", "no-origin", "no-lot", "no-outcome", "no-job", "no-customer"]
    id: str
    said: str


class StockLeft(_Told):
    """How much of a batch is left: received − used − shipped − discarded; exact decimals."""

    batch: str
    state: StockState
    left: str | None
    unit: str | None
    received: str | None
    used: str
    shipped: str
    discarded: str
    perhaps_used: str = Field(description="Loaded for jobs and not booked: gone or not.")
    places: list[str]
    why: str


class WorstCase(_Told):
    """What else would be reached if every break leaked; the first of a kind are named."""

    is_whole: bool = Field(description="False where anything could be in something; see `why`.")
    why: str
    counts: dict[str, int]
    named: dict[str, list[str]]
    unbounded: list[str]


class WithheldPart(_Told):
    """What your role does not see of the things of one kind that were met."""

    kind: str = Field(examples=["order"])
    things: int = Field(description="How many of them were met.", examples=[3])
    properties: list[str] = Field(examples=[["orderedBy"]])


class TraceAnswer(_Told):
    """A whole trace, forward or backward from one thing."""

    entity: Entity
    direction: Direction
    as_of: str
    applied_seq: int
    counts: dict[str, Counts]
    reached: list[ReachedThing]
    breaks: list[BrokenThing]
    stock: list[StockLeft]
    worst_case: WorstCase | None
    is_whole: bool = Field(description="False where your role does not see all of it.")
    withheld: list[WithheldPart]


class RuledOut(_Told):
    """What would be reached, but something rules it out."""

    id: str
    kind: str
    why: list[str]


class RecallAnswer(_Told):
    """Whom a bad thing reached; a cell without a value is absent from its row."""

    entity: Entity
    as_of: str
    applied_seq: int
    columns: list[str]
    rows: list[dict[str, str]] = Field(
        examples=[[{"how": "certain", "customer": "customer/KAL", "order_line": "order-line/7"}]]
    )
    here: list[StockLeft]
    jobs: list[str]
    excluded: list[RuledOut]
    breaks: list[BrokenThing]
    is_whole: bool = Field(
        description="False where your role does not see all of it: others may have to be told."
    )
    withheld: list[WithheldPart]

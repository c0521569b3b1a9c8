"""What the routes of saved questions answer with."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class _Answer(BaseModel):
    model_config = ConfigDict(extra="forbid")


class QuestionEntry(_Answer):
    """A saved question: its name, its words, and what must be given for it (name → kind)."""

    name: str = Field(examples=["what-runs-on-machine"])
    number: str = Field(examples=["1"])
    question: str = Field(examples=["What runs on machine M now?"])
    parameters: dict[str, str] = Field(examples=[{"machine": "tr:Machine"}])
    optional: list[str] = Field(description="The parameters that may be left out.", examples=[[]])
    owner: str = Field(examples=["Production"])
    answers: str = Field(description="What the rows tell.", examples=["one row for each open run"])
    columns: list[str] = Field(examples=[["job", "customer"]])


class QuestionList(_Answer):
    """The questions that can be asked by name."""

    questions: list[QuestionEntry]


class QuestionAnswer(_Answer):
    """The rows that answer a question; a cell without a value is absent from its row."""

    question: str = Field(examples=["What runs on machine M now?"])
    parameters: dict[str, str] = Field(examples=[{"machine": "SAW-01"}])
    as_of: str = Field(examples=["2026-11-23T08:00:00Z"])
    applied_seq: int = Field(examples=[4711])
    columns: list[str] = Field(examples=[["job", "customer"]])
    rows: list[dict[str, str]] = Field(
        examples=[[{"job": "job/1043", "customer": "customer/Nordwind"}]]
    )
    withheld: list[str] = Field(
        description="The properties that your role does not see; the cells that they would fill "
        "say `withheld`, whether there is something or not.",
        examples=[[]],
    )


class QuestionReady(_Answer):
    """How far a question can be answered, and what some source would have to say for the rest."""

    name: str = Field(examples=["what-runs-on-a-machine"])
    number: str = Field(examples=["1"])
    question: str = Field(examples=["What runs on machine M now?"])
    state: Literal["whole", "part", "none"]
    lacks: list[str] = Field(
        description="Properties and classes of the ontology that no connected source can say.",
        examples=[["orderedBy"]],
    )


class NextSource(_Answer):
    """What connecting a mapping that ships, or whatever says some properties, would add."""

    what: Literal["mapping", "properties"]
    name: str = Field(examples=["tryton"])
    title: str = Field(examples=["Tryton"])
    whole: list[str] = Field(description="The questions that it makes whole.")
    part: list[str] = Field(description="Those that can be answered in part at last.")
    says: list[str] = Field(description="What it says that nothing says yet.")


class ReadinessAnswer(_Answer):
    """How many questions of the catalogue can be answered, and what to connect next, best first."""

    whole: int = Field(examples=[24])
    part: int = Field(examples=[8])
    none: int = Field(examples=[4])
    questions: list[QuestionReady]
    next: list[NextSource]

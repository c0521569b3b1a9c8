"""The plant: its name, zone and vocabulary, and every machine of it in short."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, ConfigDict, Field

from api.access import note, sight_of
from api.desk import desk_of
from api.models import Answer
from kg.access.withheldboard import listed_machines, withhold_machines
from kg.answer.board import machines_now
from kg.answer.context import KINDS
from kg.answer.terms import TermKind, ontology_terms
from kg.assets import ontology_folder
from kg.times import format_time

router = APIRouter(tags=["Context"])
MOST = 5_000


class PlantAnswer(Answer):
    """What a page must know of a plant before it asks anything."""

    name: str = Field(examples=["Nordwerk"])
    base: str = Field(description="What the IRIs of its things begin with.")
    zone: str = Field(description="The zone of its dates.", examples=["Europe/Stockholm"])
    kinds: list[str] = Field(description="What can be asked about.", examples=[["machine", "job"]])
    is_limited: bool = Field(description="Whether it says who may ask.")
    url: str | None = Field(
        description="The address by which browsers know it, where plant.toml says one.",
        examples=["https://traveler.example"],
    )


class MachineEntry(Answer):
    """A machine in short: the status of its context, as your role sees it.

    Null is what nobody told, or what your role does not see: `state` says `withheld` then.
    """

    id: str = Field(examples=["machine/SAW-01"])
    label: str = Field(examples=["Saw 1"])
    work_center: str | None = Field(examples=["Sawing"])
    state: str | None = Field(examples=["running"])
    activity: str | None = Field(examples=["production"])
    reason: str | None = Field(examples=["waiting for material"])
    since: str | None = Field(examples=["2026-11-23T05:40:00Z"])
    runs: int | None = Field(description="How many runs hold it.", examples=[1])


class MachinesAnswer(Answer):
    """Machines in the order of their ids; ``next`` is what to ask for ``after``, if there is more.

    ``of`` counts all that are shown to whoever asks.
    """

    as_of: str = Field(examples=["2026-11-23T08:00:00Z"])
    applied_seq: int
    machines: list[MachineEntry]
    of: int = Field(examples=[12])
    next: str | None
    withheld: int = Field(
        0, description="Of how many of them something is not shown to your role.", examples=[0]
    )


class TermEntry(Answer):
    """A term of the ontology, as one writes it in a query."""

    name: str = Field(examples=["tr:runningOn"])
    label: str = Field(examples=["running on"])
    definition: str
    kind: TermKind


class TermsAnswer(Answer):
    """The ontology's classes, properties and codes, in the order of their names."""

    terms: list[TermEntry]


class Part(BaseModel):
    """Which machines."""

    model_config = ConfigDict(extra="forbid")

    after: str = Field("", max_length=400, description="Only those whose id comes after this one.")
    limit: int = Field(1_000, ge=1, le=MOST, description="No more than so many.")


@router.get("/v1/plant", summary="Which plant is this?")
def tell_plant(request: Request) -> PlantAnswer:
    """Tell the plant's name, its zone, and of which kinds of things one can ask."""
    plant = desk_of(request).pipeline.plant
    return PlantAnswer(
        name=plant.name,
        base=plant.base,
        zone=plant.zone,
        kinds=list(KINDS.values()),
        is_limited=plant.access is not None,
        url=(plant.access.url or None) if plant.access else None,
    )


@router.get("/v1/terms", summary="Which words are there to write queries with?")
def list_terms() -> TermsAnswer:
    """Tell the ontology's terms with what they mean, as editors complete them.

    A code's name is a whole IRI: it holds a slash, which no prefixed name may.
    """
    terms = ontology_terms(ontology_folder())
    return TermsAnswer(terms=[TermEntry(**asdict(term)) for term in terms])


@router.get("/v1/machines", summary="What does every machine do now?")
def list_machines(request: Request, part: Annotated[Part, Query()]) -> MachinesAnswer:
    """Tell every machine's status in short; `/v1/context/machine/{id}` tells the rest of it."""
    desk = desk_of(request)
    answers, now = desk.answers(), desk.clock()
    sight, evidence = sight_of(request, answers, now), answers.evidence(now)
    seq = answers.store.applied_seq()
    told, withheld = machines_now(answers.store, evidence), 0
    if sight is not None:
        told = listed_machines(told, sight)
    rest = [one for one in told if one.id > part.after]
    listed = rest[: part.limit]
    if sight is not None:
        listed, withheld = withhold_machines(listed, answers.store, evidence, sight)
    note(request, rows=len(listed), withheld=withheld)
    return MachinesAnswer(
        as_of=format_time(now),
        applied_seq=seq,
        machines=[MachineEntry(**asdict(one)) for one in listed],
        of=len(told),
        next=listed[-1].id if len(rest) > len(listed) else None,
        withheld=withheld,
    )

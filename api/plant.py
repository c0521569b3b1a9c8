"""The plant: its name, zone and vocabulary, and every machine of it in short."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, ConfigDict, Field

from api.access import note, sight_of
from api.desk import desk_of
from api.models import Answer
from kg.answer.board import MachineNow, machines_now
from kg.answer.context import KINDS
from kg.answer.terms import TermKind, ontology_terms
from kg.assets import ontology_folder
from kg.times import format_time

if TYPE_CHECKING:
    from kg.access.sight import Sight

router = APIRouter(tags=["Context"])
MOST = 5_000


class PlantAnswer(Answer):
    """What a page must know of a plant before it asks anything."""

    name: str = Field(examples=["Nordwerk"])
    base: str = Field(description="What the IRIs of its things begin with.")
    zone: str = Field(description="The zone of its dates.", examples=["Europe/Stockholm"])
    kinds: list[str] = Field(description="What can be asked about.", examples=[["machine", "job"]])
    is_limited: bool = Field(description="Whether it says who may ask.")


class MachineEntry(Answer):
    """A machine in short: the status of its context. Null is what your role is not told here."""

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
    """Tell every machine's status in short; `/v1/context/machine/{id}` tells the rest of it.

    What whoever asks may not see is not worked out here: where a role hides something, each
    machine's own context says what is left of its status.
    """
    desk = desk_of(request)
    answers, now = desk.answers(), desk.owner.clock()
    sight = sight_of(request, answers, now)
    seq = answers.store.applied_seq()
    told = machines_now(answers.store, answers.evidence(now))
    if sight is not None:
        told = [one for one in told if not sight.hides_thing(one.id)]
    rest = [one for one in told if one.id > part.after]
    listed = rest[: part.limit]
    note(request, rows=len(listed))
    return MachinesAnswer(
        as_of=format_time(now),
        applied_seq=seq,
        machines=[_entry(one, sight) for one in listed],
        of=len(told),
        next=listed[-1].id if len(rest) > len(listed) else None,
    )


def _entry(one: MachineNow, sight: Sight | None) -> MachineEntry:
    if sight is None:
        return MachineEntry(**asdict(one))
    return MachineEntry(
        id=one.id,
        label=sight.label(one.id),
        work_center=None,
        state=None,
        activity=None,
        reason=None,
        since=None,
        runs=None,
    )

"""What the documented routes answer with; facts, slots and runs keep the answer's own shapes."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from kg.answer.bundle import (
    Cause,
    Fact,
    Focus,
    GapKind,
    NextEntry,
    NextOrder,
    Run,
    Slot,
    SlotGap,
    SlotState,
    Worth,
)
from kg.answer.finding.found import By

State = SlotState


class Answer(BaseModel):
    """Whatever a route answers with; a part that is not described would be an error."""

    model_config = ConfigDict(extra="forbid")


class Problem(BaseModel):
    """What went wrong (RFC 9457), a stable code for programs, and what to do about it."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "type": "https://w3id.org/traveler/problem/unknown-entity",
                    "title": "Nothing here has this name",
                    "status": 404,
                    "detail": "nothing here is called 'SAW-9'",
                    "code": "unknown-entity",
                    "hint": "did you mean machine/SAW-01?",
                }
            ]
        }
    )

    type: str
    title: str
    status: int
    detail: str
    code: str
    hint: str


class Entity(Answer):
    """What was asked about; ``id`` is its short name, ``iri`` its name in the graph."""

    id: str = Field(examples=["machine/SAW-01"])
    kind: str = Field(examples=["machine"])
    label: str = Field(examples=["Saw 1"])
    iri: str = Field(examples=["https://demo.example/machine/SAW-01"])


class Status(Answer):
    """What it is doing: for a machine its activity, why, and since when."""

    state: str = Field(examples=["running"])
    activity: str | None = Field(examples=["production"])
    reason: str | None = Field(examples=["waiting for material"])
    since: str | None = Field(examples=["2026-11-23T05:40:00Z"])


class SourceState(Answer):
    """A connected system: who owns it, when it last vouched for anything, which links it covers."""

    name: str = Field(examples=["erp"])
    title: str = Field(examples=["ERP"])
    system: str = Field(examples=["ERP"])
    owner: str = Field(examples=["Planning office"])
    confirmed_at: str | None = Field(examples=["2026-11-23T08:00:00Z"])
    is_stale: bool
    covers: list[str] = Field(examples=[["customer", "spec", "batch"]])


class Match(Answer):
    """One thing that words of a question can mean: which words matched which name, how surely."""

    id: str = Field(examples=["job/1043"])
    kind: str = Field(examples=["job"])
    label: str = Field(examples=["1043 Valve body"])
    score: float = Field(ge=0, le=1, examples=[1.0])
    by: By
    words: str = Field(description="The words of the question.", examples=["1043"])
    why: str = Field(examples=['its id is "1043"'])
    place: int = Field(description="Where they stand in it, in words from 0.", examples=[3])


class AskedAnswer(Answer):
    """How a question in words was read: what it is about, what of that it asks, and why so."""

    subject: Match
    focus: Focus
    focus_why: str = Field(examples=['the question says "late"'])
    others: list[Match] = Field(description="What else it names.")
    unclear: list[Match] = Field(description="Of which some of its words can mean several.")
    remarks: list[str] = Field(description="What of it was not understood, or not looked at.")


class ContextAnswer(Answer):
    """What is going on with one thing: its runs, its links with their sources, and what is missing.

    Slots are the links and values that are owed; each says what is known or why it is empty. At
    the top they are the union over the runs.
    """

    entity: Entity
    as_of: str = Field(examples=["2026-11-23T08:00:00Z"])
    applied_seq: int = Field(description="The journal's record that the graph had reached.")
    status: Status
    slots: dict[str, Slot]
    runs: list[Run]
    next: list[NextEntry] = Field(
        description="What waits for a machine: the first five by plan; with `focus=next` as "
        "`order` says."
    )
    gaps: list[SlotGap]
    notes: list[dict[str, str | None]]
    sources: list[SourceState]
    focus: Focus
    order: NextOrder | None = Field(description="By which rule `next` stands in its order.")
    causes: list[Cause] = Field(description="Why it is late, the nearest cause first.")
    computed: dict[str, Slot] = Field(description="What was reckoned, each from its `inputs`.")
    inputs: list[Fact] = Field(description="The facts that computed ones name as their inputs.")
    withheld: int = Field(description="How much of it your role does not see.", examples=[0])
    left_out: dict[str, int | None] = Field(
        description="Of which list how many more there are; null: that is withheld.",
        examples=[{"runs": 12}],
    )
    asked: AskedAnswer | None = Field(
        None, description="How it was read, where it was asked in words."
    )


class Coverage(Answer):
    """One of the five links: ``of`` = have + none + not_due + unknown + missing."""

    link: str = Field(examples=["job-customer"])
    have: int = Field(examples=[17])
    of: int = Field(examples=[25])
    none: int = Field(examples=[4])
    not_due: int = Field(examples=[2])
    unknown: int = Field(examples=[0])
    missing: int = Field(examples=[2])


class QuarantineCount(Answer):
    """How many rows of a table wait in quarantine for one reason."""

    source: str = Field(examples=["mes"])
    kind: str = Field(description="The table.", examples=["run"])
    stage: Literal["read", "lift"]
    code: str = Field(examples=["bad-time"])
    rows: int = Field(examples=[2])


class RepairEntry(Answer):
    """One thing that somebody could do, and what it would mend.

    `record` mends one row, `table` fills what a table lacks, `connect` is a source that is not
    connected yet. `answers` counts each question once for each thing about which it would have a
    full answer.
    """

    what: Literal["record", "table", "connect"]
    slot: str = Field(examples=["customer"])
    source: str | None = Field(examples=["erp"])
    owner: str | None = Field(examples=["Planning office"])
    where: str | None = Field(description="The record or table.", examples=["erp.sales_order"])
    gaps: int = Field(description="How many gaps it would close.", examples=[4])
    answers: int = Field(examples=[16])
    questions: list[str] = Field(examples=[["what-runs-on-a-machine"]])
    worth: list[Worth]
    example: str = Field(description="A thing that lacks it.", examples=["order/5053"])
    sentence: str


class GapsAnswer(Answer):
    """How much of what should be linked is, every gap with its source, and how many rows wait.

    Gaps stand in the order in which to mend them; the first of `repairs` answers most questions.
    """

    checked_at: str | None = Field(examples=["2026-11-23T08:00:00Z"])
    coverage: list[Coverage]
    repairs: list[RepairEntry]
    gaps: list[SlotGap]
    quarantine: list[QuarantineCount]
    withheld: int = Field(description="How many gaps your role does not see.", examples=[0])
    left_out: int = Field(description="How many more there are than `limit`.", examples=[0])


class CoverageThen(Coverage):
    """How much of a link there was from a time on, until the next such row."""

    at: str = Field(examples=["2026-11-23T08:00:00Z"])


class GapCount(Answer):
    """How many gaps of a kind and state there were from a time on, until the next such row."""

    kind: GapKind
    state: SlotState
    gaps: int = Field(examples=[4])
    at: str = Field(examples=["2026-11-23T08:00:00Z"])


class GapDay(Answer):
    """How many gaps opened and closed on a day (UTC)."""

    day: str = Field(examples=["2026-11-23"])
    opened: int = Field(examples=[3])
    closed: int = Field(examples=[5])


class GapHistoryAnswer(Answer):
    """How coverage and the numbers of gaps changed, the oldest first; a rebuild forgets nothing."""

    coverage: list[CoverageThen]
    gaps: list[GapCount]
    days: list[GapDay]


class QuarantinedRow(Answer):
    """A row that could not be read (`stage` read) or lifted: where, why, and what to do."""

    id: int = Field(examples=[12])
    source: str = Field(examples=["mes"])
    table: str = Field(examples=["run"])
    key: str | None = Field(description="Where the row has one.", examples=["E001353"])
    position: str = Field(examples=["events.jsonl:1353"])
    stage: Literal["read", "lift"]
    code: str = Field(examples=["bad-time"])
    message: str = Field(examples=["events.jsonl:1353: column ts is 'yesterday', no iso time"])
    hint: str = Field(examples=["mend the time in the source, or say its form in times"])
    raw: str = Field(description="The row as it came.", examples=['{"id": "E001353"}'])
    first_seen: str = Field(examples=["2026-11-23T08:00:00Z"])
    last_seen: str = Field(examples=["2026-11-23T08:00:00Z"])
    attempts: int = Field(description="How often it was tried.", examples=[1])
    is_mapping_current: bool = Field(description="Whether it was last tried by today's mapping.")
    is_superseded: bool = Field(description="Whether its key came again later, and well.")
    discarded_at: str | None = Field(examples=[None])
    discarded_why: str | None = Field(examples=[None])


class QuarantineAnswer(Answer):
    """What waits in quarantine, or was discarded, oldest first."""

    rows: list[QuarantinedRow]


class QuarantineReplay(Answer):
    """What became of a row that was tried again, and how many rows wait now."""

    has_left: bool
    waiting: int


class Discarded(Answer):
    """How many rows were discarded: those of the same bytes go with the one that was named."""

    discarded: int


class RefusedRecord(Answer):
    """A record that waits in quarantine: which one of the request, why, and what to do."""

    position: str = Field(examples=["POST /v1/records/mes/run#3"])
    key: str | None = Field(description="Where the record has one.", examples=["E001353"])
    code: str = Field(examples=["bad-time"])
    message: str = Field(examples=["POST /v1/records/mes/run#3: column ts is 'soon', no iso time"])
    hint: str = Field(examples=["mend the time in the source, or say its form in times"])


class RecordsTaken(Answer):
    """What became of records that were sent: new + unchanged + filtered + quarantined."""

    records: int = Field(examples=[3])
    new: int = Field(examples=[2])
    unchanged: int = Field(description="Known already.", examples=[0])
    filtered: int = Field(description="Left out by `where` of source.toml.", examples=[0])
    quarantined: int = Field(examples=[1])
    refused: list[RefusedRecord] = Field(description="The first 100 that are quarantined.")
    warnings: list[str] = Field(examples=[["mes.run: column 'tool' is new"]])
    seq: int = Field(description="The journal holds all of them by this record.", examples=[4711])


class Statement(Answer):
    """A fact in short words: ids below the plant's base, the property's last word."""

    about: str = Field(examples=["job/1043"])
    predicate: str = Field(examples=["forCustomer"])
    value: str = Field(examples=["customer/Nordwind"])


class Said(Answer):
    """A record that says a fact, and where the mapping makes it say so (``file:line``)."""

    record: str = Field(examples=["record/erp/sale/5512"])
    mapping: str | None = Field(examples=["tryton/sale.yml:14"])


class Derivation(Answer):
    """How a fact came about: said by records, or drawn by a rule from other facts."""

    fact: Statement
    said_by: list[Said]
    rule: str | None = Field(examples=["prp-spo2"])
    premises: list[Derivation]


class SourceRow(Answer):
    """A source's row as it was read: ``position`` says where, ``effective`` since when it holds."""

    record: str = Field(examples=["record/erp/sale/5512"])
    position: str = Field(examples=["factory.sqlite:sale#5512"])
    version: str | None = Field(examples=["2"])
    effective: str | None = Field(examples=["2026-11-20T09:12:00Z"])
    effective_by: Literal["event", "changed", "seen"]
    recorded: str = Field(examples=["2026-11-23T08:00:00Z"])
    row: dict[str, str | int | float | bool | None] = Field(
        examples=[{"id": 5512, "party": 7, "state": "processing"}]
    )


class FactAnswer(Answer):
    """A fact, how it came about, and the source rows that it rests on."""

    id: str = Field(examples=["job/1043~customer~3fa2c1d0"])
    fact: Statement
    lineage: Derivation
    records: list[SourceRow]
    withheld: int = Field(description="How many rows your role does not see.", examples=[0])


class CheckpointAnswer(Answer):
    """Whether the graph was copied: one in a SPARQL server is folded again from the journal."""

    has_graph: bool
    recipe: str = Field(description="What the graph was made by; empty where that is not known.")


class Accepted(Answer):
    """Two ids that are one thing by somebody's word; the alias leads to the canonical one."""

    gap: str = Field(examples=["job/RUSH-7~identity~3fa2c1d0"])
    candidate: str = Field(examples=["job/1057"])
    canonical: str = Field(examples=["job/1057"])
    alias: str = Field(examples=["job/RUSH-7"])
    by: str = Field(description="The code of the person who accepted it.", examples=["P12"])
    why: str
    at: str = Field(examples=["2026-11-23T08:00:00Z"])
    record: str = Field(examples=["record/traveler/accepted/job%2FRUSH-7"])
    is_new: bool = Field(description="Whether this request made it, or it stood before.")


class AcceptedList(Answer):
    """What was accepted and not taken back, the oldest first."""

    accepted: list[Accepted]

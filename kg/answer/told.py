"""Told: what an answer says of now and of why it matters, as sections of a card."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from kg.answer.card import Line, Part
from kg.answer.focus import DETAILS
from kg.answer.priority import KEPT
from kg.answer.untrusted import id_text, quoted, said, value_text

if TYPE_CHECKING:
    from collections.abc import Iterable

    from kg.answer.bundle import Context, Fact, Run, Slot
    from kg.answer.card import Card, Section

OF_RUN = ("job", "machine", "phase", "started", "position", "operation", "person", "program")
"""The slots of a run that say something of the run itself; the others are of its job."""
OF_STATE = ("activity", "activity_since", "activity_reason")
"""The slots of a machine that say how it stands, in the line of its state."""
OF_SHARE = ("order_line",)
"""The slots of a run's job that say something of the allocations of the job."""
_EMPTY = {"none", "missing", "not_due", "withheld"}
_WITH_RUNS = {"machine", "job", "customer", "batch"}
_NUMBER = re.compile(r"[-+]?\d+(?:\.\d+)?")
_PAIRED = re.compile(r"[^()]*(?:\([^()]*\)[^()]*)*")
_NOT_IN_NAME = re.compile(r"[^\w.-]")
_MARKS = {"person": "PERSON", "computed": "COMPUTED"}


def tell_now(card: Card, context: Context) -> None:
    """Tell the state of a thing, its runs one by one, and what is known of their jobs."""
    entity, kind = context.entity["id"], context.entity["kind"]
    section = _state(card, context) if kind in _WITH_RUNS else card.section("## Facts")
    section.about = id_text(entity)
    own = {name: slot for name, slot in context.slots.items() if name not in DETAILS}
    if kind != "job":
        tell_slots(card, section, _not_of_runs(own, context.runs), entity)
    jobs: dict[str, Section] = {}
    for run in context.runs:
        _tell_run(card, run, entity)
        _tell_jobs(card, run, entity, jobs)
    if kind == "job":
        section = jobs.get(entity) or _job_section(card, entity, "")
        tell_slots(card, section, own, entity)


def _not_of_runs(slots: dict[str, Slot], runs: list[Run]) -> dict[str, Slot]:
    """Leave out of slots what the runs tell, and empty ones that runs have as well."""
    seen = {fact.id for run in runs for slot in run.slots.values() for fact in slot.facts}
    names = {name for run in runs for name in run.slots}
    left = {}
    for name, slot in slots.items():
        facts = [fact for fact in slot.facts if fact.id not in seen]
        if facts or (not slot.facts and name not in names):
            left[name] = replace(slot, facts=facts)
    return left


def _state(card: Card, context: Context) -> Section:
    """Tell the state, and in its line the facts that say so, if there are any."""
    count = sum(run.end == "open" for run in context.runs)
    title = f"## Now ({count} run{'s' if count != 1 else ''})"
    entity = context.entity["id"]
    section = card.section(title, id_text(entity), is_kept=True)
    status = context.status
    state = str(status["state"])
    word = _NOT_IN_NAME.sub("_", state).upper()
    said_by = [
        fact_part(card, name, fact, entity, "state_fact")
        for name in OF_STATE
        for fact in (context.slots[name].facts if name in context.slots else ())
    ]
    if said_by:
        for part in said_by:
            card.is_new(part.fact.id if part.fact else "")
        section.lines.append(Line("- ", [Part(word, KEPT, about=section.about), *said_by]))
        return section
    detail = [str(status[name]) for name in ("activity", "reason") if status.get(name)]
    shown = ", ".join(map(value_text, detail)) if detail and detail != [state] else ""
    began = status.get("since")
    since = f" since {value_text(began)}" if began else ""
    card.keep(section, f"{word}{f': {shown}' if shown else ''}{since}")
    return section


def _tell_jobs(card: Card, run: Run, entity: str, jobs: dict[str, Section]) -> None:
    """Tell what is known of the jobs of a run, in a section of each, once."""
    labels = {fact.value: fact.label for fact in run.slots["job"].facts}
    of_job = {name: slot for name, slot in run.slots.items() if name not in OF_RUN}
    others = (
        f.about
        for name, slot in of_job.items()
        for f in slot.facts
        if f.about != run.run and name not in OF_SHARE
    )
    for place, job in enumerate(dict.fromkeys([*labels, *others])):
        if job not in jobs:
            jobs[job] = _job_section(card, job, labels.get(job, ""))
        slots = {n: _of(slot, job, is_whole=not place) for n, slot in of_job.items()}
        if not place:
            slots |= {name: of_job[name] for name in OF_SHARE if name in of_job}
        tell_slots(card, jobs[job], slots, entity)


def _of(slot: Slot, about: str, *, is_whole: bool) -> Slot:
    """Give of a slot what is said of one thing; ``is_whole``: also that it is empty."""
    facts = [fact for fact in slot.facts if fact.about == about]
    is_told = facts or (is_whole and not slot.facts)
    state = slot.state if is_told else "unknown"
    return replace(slot, state=state, facts=facts, withheld=slot.withheld if is_whole else 0)


def _job_section(card: Card, job: str, label: str) -> Section:
    shown = f" {quoted(label)}" if label and label not in {job, _last(job)} else ""
    return card.section(f"## Why it matters: {id_text(job)}{shown}", id_text(job))


def _tell_run(card: Card, run: Run, entity: str) -> None:
    # What is open says so itself, each with its record.
    is_over = run.end != "open"
    phase = f": {value_text(run.phase)}" if run.phase and is_over else ""
    where = f" at {id_text(run.position)}" if run.position and is_over else ""
    since = f", since {value_text(run.since)}" if run.since and is_over else ""
    ended = f", ended {value_text(run.ended_at or '')}" if run.end == "recorded" else ""
    if run.end == "inferred":
        ended = f", ended by {value_text(run.ended_at or '')} (INFERRED: {said(run.note or '')})"
    heading = f"## Run {id_text(run.run)}{phase}{where}{since}{ended}"
    section = card.section(heading, id_text(run.run))
    slots = {name: run.slots[name] for name in OF_RUN if name in run.slots}
    if "quantity" in run.slots:
        slots["quantity"] = _of(run.slots["quantity"], run.run, is_whole=False)
    topic = "run" if run.end == "open" else "past"
    tell_slots(card, section, slots, entity, topic)


def tell_slots(
    card: Card, section: Section, slots: dict[str, Slot], entity: str, topic: str = ""
) -> None:
    """Add a line for each slot: its facts, or why it is empty."""
    for name, slot in slots.items():
        parts = [
            fact_part(card, name, fact, entity, _topic_of(name, topic))
            for fact in slot.facts
            if card.is_new(fact.id)
        ]
        if not slot.facts and slot.state in _EMPTY and card.is_new("state", section.about, name):
            parts = [state_part(card, name, slot.state, section.about)]
        elif slot.withheld and card.is_new("withheld", section.about, name):
            parts.append(state_part(card, name, "withheld", section.about))
        if parts:
            section.lines.append(Line("- ", parts, is_list=True))


def _topic_of(name: str, topic: str) -> str:
    """Give the topic of a run's slot: who works, and counts, are less urgent than what runs."""
    is_of_run = topic == "past" or (topic and name in {"job", "machine", "operation", "started"})
    return topic if is_of_run else name


def state_part(card: Card, name: str, state: str, about: str, note: str = "") -> Part:
    """Say why a slot is empty."""
    word = state.upper()
    text = f"{word} ({_remark(note)})" if note else word
    return Part(text, card.rank("state"), _NOT_IN_NAME.sub("_", name), about, marks=(word,))


def fact_part(card: Card, slot: str, fact: Fact, entity: str, topic: str, name: str = "") -> Part:
    """Write a fact: its value, its label or unit, what is to be minded of it, what it cites."""
    is_inverse = fact.value == entity and fact.about != entity
    is_pointing = is_inverse and slot == topic == "job"
    if is_inverse and not is_pointing and topic != "past":
        topic = "self"
    text, marks = fact_text(fact, is_pointing=is_pointing)
    return Part(
        text,
        card.rank(topic),
        _NOT_IN_NAME.sub("_", name or _name_of(slot, fact)),
        id_text(entity if is_pointing else fact.about),
        cited=tuple(dict.fromkeys(one.record for one in fact.via)),
        marks=marks,
        fact=fact,
    )


def _name_of(slot: str, fact: Fact) -> str:
    if slot == "quantity":
        return fact.predicate.removesuffix("Quantity")
    return fact.predicate if slot in DETAILS else slot


def fact_text(fact: Fact, *, is_pointing: bool = False) -> tuple[str, tuple[str, ...]]:
    """Write a fact without its name and citations; and the marks that it bears."""
    if is_pointing:
        text = id_text(fact.about)
    elif fact.is_entity:
        label = "" if fact.label in {fact.value, _last(fact.value)} else f" {quoted(fact.label)}"
        text = id_text(fact.value) + label
    else:
        text = value_text(fact.value)
        if fact.unit and _NUMBER.fullmatch(text):
            text += f" {value_text(fact.unit)}"
        elif fact.label != fact.value:
            text += f" {quoted(fact.label)}"
    marks = tuple(_marks_of(fact))
    told = _remark(fact.note) if fact.note else ""
    remark = ": ".join(filter(None, (", ".join(marks), told)))
    return (f"{text} ({remark})" if remark else text), marks


def _remark(text: str) -> str:
    """Write a sentence in parentheses, in which they stand in pairs or not at all."""
    plain = said(text)
    if _PAIRED.fullmatch(plain):
        return plain
    return " ".join(plain.replace("(", " ").replace(")", " ").split()) or "-"


def _marks_of(fact: Fact) -> Iterable[str]:
    if fact.state == "inferred":
        yield "INFERRED"
    if fact.state == "conflicting":
        yield "CONFLICT"
    if fact.is_stale:
        yield "STALE"
    if fact.is_computed or fact.trust in _MARKS:
        yield "COMPUTED" if fact.is_computed else _MARKS[fact.trust]


def _last(short: str) -> str:
    return short.rsplit("/", 1)[-1]

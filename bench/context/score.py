"""Compares what a card says with what it must say: by the text of the card, and by the graph."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING

from bench.context.cardtext import read_card
from bench.context.plants import LOADED_AT
from bench.context.words import WITHIN, read_words

if TYPE_CHECKING:
    from bench.context.cardtext import CardText, Said
    from bench.context.gold import Question, WantedFact, WantedNumber
    from bench.context.plants import AskedPlant

NAMES: dict[str, tuple[str, ...]] = {
    "customer": ("forCustomer",),
    "spec": ("appliesSpec", "presumedSpec"),
    "batch": ("consumes", "presumablyConsumes", "possiblyConsumes"),
    "consumes": ("consumes",),
    "possibly_consumes": ("possiblyConsumes",),
    "produces": ("produces",),
    "machine": ("onMachine", "madeOn", "runningOn", "plannedOn", "plannedAt"),
    "part": ("makes",),
    "makes": ("makes",),
    "due": ("dueDate",),
    "planned": ("plannedQuantity",),
    "good": ("goodQuantity",),
    "scrap": ("scrapQuantity",),
    "rework": ("reworkQuantity",),
    "job": ("ofJob", "operationOf", "^forCustomer", "^consumes", "^possiblyConsumes"),
    "operation": ("ofOperation", "^operationOf"),
    "person": ("byPerson",),
    "work_center": ("inWorkCenter",),
    "material": ("ofMaterial",),
    "supplier": ("suppliedBy", "outsourcedTo"),
    "order": ("^orderedBy", "^forOrder"),
    "order_line": ("toOrderLine",),
    "started": ("startedAt",),
    "activity_since": ("activitySince",),
    "activity_reason": ("activityReason",),
    "since": ("startedAt", "activitySince"),
    "ended": ("endedAt", "inferredEndAt"),
    "position": ("onPallet",),
    "pallet": ("onPallet",),
    "program": ("runsProgram",),
    "reason": ("activityReason",),
    "made_from": ("madeFrom",),
    "made_into": ("madeInto",),
    "made_by": ("producedBy",),
}
"""What a name on the card says of its subject, ``^`` the other way round; others are properties."""
COMPUTED = {"lateBy": "late_by", "timeLeft": "time_left", "remainingQuantity": "remaining"}
_INVERSE = {"hasOperation": "operationOf", "consumedBy": "consumes", "producedBy": "produces"}
_NEAR = Decimal("0.06")
"""Computed hours are told to a tenth."""

Triple = tuple[str, str, str]


@dataclass(slots=True)
class Scored:
    """What one card of one question came to."""

    question: Question
    tokens: int
    budget: int
    card: CardText
    found: int = 0
    facts_wanted: int = 0
    facts_found: int = 0
    provenance: list[bool] = field(default_factory=list)
    stale: list[tuple[bool, bool]] = field(default_factory=list)
    """Of each cited fact whether it is stale by its sources' schedules, and whether told so."""
    states: list[tuple[str, str]] = field(default_factory=list)
    """For each wanted state what it is and what the card says."""
    missed: list[str] = field(default_factory=list)

    @property
    def is_sufficient(self) -> bool:
        """Tell whether everything wanted is there."""
        return not self.missed


def score_card(
    plant: AskedPlant, question: Question, text: str, tokens: int, budget: int
) -> Scored:
    """Read a card and compare it with a question's gold."""
    card = read_card(text)
    read_words(card, question.now)
    done = Scored(question, tokens, budget, card)
    done.facts_wanted = len(question.facts)
    for wanted in question.facts:
        _score_fact(done, wanted)
    for about, name, state in question.states:
        _score_state(done, about, name, state)
    for number in question.numbers:
        _score_number(done, number)
    if question.template.ages:
        _score_ages(done, question)
    done.stale = [
        (any(plant.is_stale(record, question.now) for record in said.records if record),
         "STALE" in said.marks)
        for said in card.facts
        if said.records and said.section not in WORDS
    ]  # fmt: skip
    return done


WORDS = frozenset({"Why it is late", "Next"})
"""Sections in words, where a sentence carries no marks of its own."""


def _score_fact(done: Scored, wanted: WantedFact) -> None:
    said = [one for one in done.card.facts if one.records and is_said(one, wanted)]
    if not said:
        done.missed.append(f"{wanted.about} {wanted.predicate} {wanted.value}")
        return
    done.found += 1
    done.facts_found += 1
    done.provenance.append(any(has_right_records(one, wanted) for one in said))


def is_said(said: Said, wanted: WantedFact) -> bool:
    """Tell whether a fact on the card is the wanted one."""
    is_presumed = wanted.predicate.startswith(("presum", "possibly"))
    if is_presumed and said.name in {"spec", "batch"} and "INFERRED" not in said.marks:
        return False
    predicate = wanted.predicate
    about, value = wanted.about, wanted.value
    if predicate in _INVERSE:
        predicate, about, value = _INVERSE[predicate], value, about
    return any(
        (one[0], one[1]) == (about, predicate) and is_same(one[2], value, said.label)
        for one in triples(said)
    )


def triples(said: Said) -> list[Triple]:
    """Give what a fact on the card can mean, as triples of short names."""
    found = []
    for name in NAMES.get(said.name, (said.name,)):
        if name.startswith("^"):
            found.append((said.value, name[1:], said.about))
        else:
            found.append((said.about, name, said.value))
    return found


def has_right_records(said: Said, wanted: WantedFact) -> bool:
    """Tell whether its citations are what the graph gives for one of its ways, and no others."""
    cited = set(said.records)
    every = {record for way in wanted.ways for premise in way for record in premise}
    is_whole = any(all(premise & cited for premise in way) for way in wanted.ways)
    return is_whole and cited <= every


def is_same(one: str, other: str, label: str = "") -> bool:
    """Compare two values: as numbers, as moments, else as text."""
    first, second = _plain(one), _plain(other)
    if label.startswith(WITHIN) and isinstance(first, datetime) and isinstance(second, datetime):
        return abs((first - second).total_seconds()) <= int(label.removeprefix(WITHIN))
    return first == second


def _plain(text: str) -> Decimal | datetime | str:
    try:
        return Decimal(text)
    except InvalidOperation:
        pass
    if re.match(r"\d{4}-\d\d-\d\dT", text):
        moment = datetime.fromisoformat(text)
        return moment.replace(tzinfo=moment.tzinfo or UTC)
    return " ".join(text.replace('"', "'").split())


def _score_state(done: Scored, about: str, name: str, state: str) -> None:
    said = {s for a, n, s in [*done.card.states, *done.card.gaps] if (a, n) == (about, name)}
    told = state if said == {state} else "/".join(sorted(said)) or "-"
    done.states.append((state, told))
    if told == state:
        done.found += 1
    else:
        done.missed.append(f"{about} {name} {state} (said: {told})")


def _score_number(done: Scored, wanted: WantedNumber) -> None:
    for said in done.card.facts:
        is_named = said.name in {wanted.name, COMPUTED[wanted.name]} and said.about == wanted.about
        if is_named and abs(Decimal(said.value) - wanted.value) <= _NEAR and said.records:
            done.found += 1
            return
    done.missed.append(f"{wanted.about} {wanted.name} {wanted.value:.2f}")


def _score_ages(done: Scored, question: Question) -> None:
    """See that each record cited for a wanted fact has its age, right to within what is shown."""
    age = (question.now - LOADED_AT) / timedelta(seconds=1)
    told = {source.record: source for source in done.card.sources}
    for said in done.card.facts:
        if not any(is_said(said, wanted) for wanted in question.facts):
            continue
        for record in said.records:
            source = told.get(record)
            told_age = None if source is None else source.age_seconds
            step = 0 if source is None else source.step_seconds
            if told_age is None or abs(told_age - age) > step:
                done.missed.append(f"the age of {record}")

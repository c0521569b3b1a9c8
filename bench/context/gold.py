"""Questions with what a good answer to them must hold, by SPARQL over the graph written by hand."""

from __future__ import annotations

import re
from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING

from bench.context.reckon import RECKONED
from bench.context.ways import PREFIXES, TR, ways_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime
    from decimal import Decimal

    from bench.context.plants import AskedPlant
    from bench.context.templates import Template
    from bench.context.ways import Way
    from kg.records import Fact, Term

SEEDS = {"seen": 11, "held_out": 4711, "lacking": 23}
"""Of the draw of things to ask about, for each file of templates."""
_CODE = "https://w3id.org/traveler/code/"


@dataclass(frozen=True, slots=True)
class WantedFact:
    """A fact that must be on the card, by short names, and the ways in which it has records."""

    about: str
    predicate: str
    value: str
    ways: tuple[Way, ...]


@dataclass(frozen=True, slots=True)
class WantedNumber:
    """A number that must have been computed."""

    about: str
    name: str
    value: Decimal


@dataclass(frozen=True, slots=True)
class Question:
    """One question of one plant at one clock, with its gold."""

    plant: str
    template: Template
    entity: str
    words: str
    now: datetime
    facts: tuple[WantedFact, ...]
    states: tuple[tuple[str, str, str], ...]
    numbers: tuple[WantedNumber, ...]

    @property
    def size(self) -> int:
        """How many things the answer must hold."""
        return len(self.facts) + len(self.states) + len(self.numbers)


def write_questions(
    plant: AskedPlant, templates: Iterable[Template], each: int
) -> tuple[list[Question], list[str]]:
    """Draw up to ``each`` things for every template; also gives what could be asked of nothing."""
    asked: list[Question] = []
    idle: list[str] = []
    for place, template in enumerate(templates):
        drawn = [
            question
            for turn in range(each)
            if (question := _draw(plant, template, place, turn)) is not None
        ]
        one_each = {question.entity: question for question in drawn}
        asked += one_each.values()
        if not drawn:
            idle.append(template.name)
    return asked, idle


def _draw(plant: AskedPlant, template: Template, place: int, turn: int) -> Question | None:
    now = plant.clocks[(place + turn) % len(plant.clocks)]
    found = entities(plant, template, now)
    if len(found) <= turn:
        return None
    seed = SEEDS[template.group]
    shuffled = Random(f"{seed} {plant.name} {template.name}").sample(found, len(found))
    return write_question(plant, template, shuffled[turn], now, seed + turn)


def entities(plant: AskedPlant, template: Template, now: datetime) -> list[Term]:
    """Give everything that a template can be asked about, sorted."""
    pattern = _at(template.choose, now)
    if pattern not in plant.chosen:
        rows = plant.store.select(f"{PREFIXES} SELECT DISTINCT ?entity WHERE {{ {pattern} }}")
        plant.chosen[pattern] = sorted(row["entity"] for row in rows)
    return plant.chosen[pattern]


def write_question(
    plant: AskedPlant, template: Template, entity: Term, now: datetime, seed: int
) -> Question | None:
    """Write one question with its gold; None where its pattern finds nothing."""
    pattern = re.sub(r"\?entity\b", entity, _at(template.where, now))
    rows = plant.store.select(f"{PREFIXES} SELECT DISTINCT * WHERE {{ {pattern} }}")
    if not rows and "?entity a " not in template.where:
        return None
    bound = [{**row, "entity": entity} for row in rows] or [{"entity": entity}]
    facts = dict.fromkeys(
        fact for row in bound for said in template.facts if (fact := _ground(said, row))
    )
    wanted = tuple(_wanted(plant, fact) for fact in facts)
    states = tuple(_state(plant, said, bound[0]) for said in template.states)
    numbers = tuple(_number(plant, said, bound[0], now) for said in template.computed)
    name = plant.say(entity, Random(f"{seed} {entity}"))
    words = template.words[seed % len(template.words)].format(entity=name)
    short = short_name(entity, plant.base)
    return Question(plant.name, template, short, words, now, wanted, states, numbers)


def _wanted(plant: AskedPlant, fact: Fact) -> WantedFact:
    about, predicate, value = (short_name(term, plant.base) for term in fact)
    ways = tuple(ways_of(plant.store, plant.base, fact))
    return WantedFact(about, predicate, value, ways)


def _state(plant: AskedPlant, said: str, row: Mapping[str, Term]) -> tuple[str, str, str]:
    about, name, state = said.split()
    if state == "MISSING" and name in plant.lacks:
        state = "UNKNOWN"
    return short_name(row[about[1:]], plant.base), name, state


def _number(plant: AskedPlant, said: str, row: Mapping[str, Term], now: datetime) -> WantedNumber:
    about, name, *inputs = said.split()
    texts = [short_name(row[one[1:]], plant.base) for one in inputs]
    value = RECKONED[name](texts, now, plant.zone)
    return WantedNumber(short_name(row[about[1:]], plant.base), name, value)


def _at(pattern: str, now: datetime) -> str:
    return pattern.replace("$now", f'"{now:%Y-%m-%dT%H:%M:%SZ}"^^xsd:dateTime')


def _ground(said: str, row: Mapping[str, Term]) -> Fact | None:
    """Put a row's terms into a pattern; None where the row lacks one."""
    terms: list[Term] = []
    for word in said.split():
        if word.startswith("?"):
            if word[1:] not in row:
                return None
            terms.append(row[word[1:]])
        else:
            scheme, _, name = word.partition(":")
            terms.append(f"<{TR}{name}>" if scheme == "tr" else f"<{_CODE}{scheme}/{name}>")
    subject, predicate, value = terms
    return subject, predicate, value


def short_name(term: Term, base: str) -> str:
    """Write a term as people would: ``job/1043``, ``released``, ``60``, ``forCustomer``."""
    if not term.startswith("<"):
        return _text(term)
    iri = term[1:-1]
    if iri.startswith(_CODE):
        return iri.rsplit("/", 1)[-1]
    return iri.removeprefix(base).removeprefix(TR)


def _text(term: Term) -> str:
    body = term[1 : term.rindex('"')]
    return body.encode("latin-1", "backslashreplace").decode("unicode_escape")

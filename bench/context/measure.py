"""Asks a plant every question, and compares cards and dumps with the gold."""

from __future__ import annotations

from dataclasses import dataclass, field
from time import perf_counter, process_time
from typing import TYPE_CHECKING

from bench.context.baselines import dump_hop, dump_rows
from bench.context.gold import short_name, write_questions
from bench.context.score import NAMES, WORDS, is_same, score_card, triples
from bench.context.templates import load_templates
from bench.context.ways import PREFIXES, TR
from kg.answer.render import render_card
from kg.answer.tokens import estimate_tokens
from kg.errors import CardError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bench.context.cardtext import CardText, Said
    from bench.context.gold import Question
    from bench.context.plants import AskedPlant
    from bench.context.score import Scored, Triple
    from kg.answer.bundle import Context

BUDGETS = (800, 1_500)
SMALL_AND_LARGE = (100, 150, 250, 400, 600, 1_000, 2_000, 3_000, 4_000)
"""Further budgets that no card may exceed."""
MOST_TIMED = 400
WARMING = 10
"""Cards that are made before any is timed."""


@dataclass(slots=True)
class Outcome:
    """One question at one budget: what of its gold is on the card, and what dumps would hold."""

    plant: str
    family: str
    group: str
    budget: int
    scored: Scored
    rows_suffice: bool
    hop_suffices: bool
    is_plain: bool
    """Whether it wants stored facts alone, which a dump can hold as well."""
    true_facts: int = 0
    all_facts: int = 0
    mixed: int = 0
    false_missing: int = 0


@dataclass(slots=True)
class PlantOutcome:
    """What a plant's questions came to."""

    name: str
    facts: int
    questions: list[Question]
    idle: list[str]
    outcomes: list[Outcome] = field(default_factory=list)
    overruns: int = 0
    refused_budgets: int = 0
    cards: int = 0


def measure_plant(plant: AskedPlant, groups: Sequence[str], each: int) -> PlantOutcome:
    """Ask a plant the questions of some files of templates."""
    (count,) = plant.store.select("SELECT (COUNT(*) AS ?n) WHERE { ?s ?p ?o }")
    facts = int(count["n"].split('"')[1])
    made = PlantOutcome(plant.name, facts, [], [])
    for group in groups:
        asked, idle = write_questions(plant, load_templates(group), each)
        made.questions += asked
        made.idle += idle
    for place, question in enumerate(made.questions):
        context = plant.ask(question.entity, question.template.focus, question.now)
        for budget in BUDGETS:
            text = render_card(context, budget)
            tokens = estimate_tokens(text)
            scored = score_card(plant, question, text, tokens, budget)
            made.outcomes.append(_outcome(plant, question, scored))
            made.cards += 1
            made.overruns += tokens > budget
        for budget in SMALL_AND_LARGE if place % 5 == 0 else ():
            _try_budget(made, context, budget)
    return made


def _try_budget(made: PlantOutcome, context: Context, budget: int) -> None:
    try:
        text = render_card(context, budget)
    except CardError:
        made.refused_budgets += 1
        return
    made.cards += 1
    made.overruns += estimate_tokens(text) > budget


def _outcome(plant: AskedPlant, question: Question, scored: Scored) -> Outcome:
    template = question.template
    made = Outcome(
        plant.name,
        template.family,
        template.group,
        scored.budget,
        scored,
        dump_rows(plant, question, scored.budget),
        dump_hop(plant, question, scored.budget),
        not (question.states or question.numbers or template.ages),
    )
    _check_truth(plant, scored.card, made)
    made.false_missing = sum(
        state == "MISSING" and _is_there(plant, about, name)
        for about, name, state in scored.card.gaps
    )
    return made


def _check_truth(plant: AskedPlant, card: CardText, made: Outcome) -> None:
    """Look every fact of the card up in the graph: it must be true of what it is said of."""
    stored = [
        said
        for said in card.facts
        if "COMPUTED" not in said.marks and said.section not in WORDS and said.name != "note"
    ]
    made.all_facts = len(stored)
    abouts = {said.about for said in stored}
    for said in stored:
        if any(_holds(plant, one) for one in triples(said)) or "CONFLICT" in said.marks:
            made.true_facts += 1
        elif any(_is_true_of(plant, said, other) for other in abouts):
            made.mixed += 1


def _is_true_of(plant: AskedPlant, said: Said, other: str) -> bool:
    return any(_holds(plant, (other, name, said.value)) for name in NAMES.get(said.name, ()))


def _holds(plant: AskedPlant, fact: Triple) -> bool:
    subject, predicate, value = fact
    found = plant.store.objects(f"<{plant.base}{subject}>", f"<{TR}{predicate}>")
    if any(is_same(short_name(term, plant.base), value) for term in found):
        return True
    backwards = f"<{plant.base}{value}>"
    return any(
        short_name(term, plant.base) == subject
        for term in plant.store.subjects(f"<{TR}{predicate}>", backwards)
    )


def _is_there(plant: AskedPlant, about: str, name: str) -> bool:
    """Tell whether the graph has what a gap says is missing."""
    subject = f"<{plant.base}{about}>"
    if about.startswith("machine/"):
        pattern = f"?run tr:runningOn {subject} ; tr:ofJob ?job"
    else:
        names = [one for one in NAMES.get(name, (name,)) if not one.startswith("^")]
        pattern = " UNION ".join(f"{{ {subject} tr:{one} ?value }}" for one in names)
    return plant.store.ask(f"{PREFIXES} ASK {{ {pattern} }}")


@dataclass(frozen=True, slots=True)
class Timed:
    """Milliseconds of a card of each thing: of the clock, and of the processor."""

    wall_ms: list[float]
    cpu_ms: list[float]


def time_cards(plant: AskedPlant, budget: int = BUDGETS[0]) -> Timed:
    """Time the cards of machines and open jobs, each made anew."""
    rows = plant.store.select(
        f"{PREFIXES} SELECT DISTINCT ?e WHERE {{ {{ ?e a tr:Machine }} UNION {{ ?e a tr:Job ; "
        "tr:status ?status . VALUES ?status { job-status:released job-status:in-progress } } } "
        "ORDER BY ?e"
    )
    every = [short_name(row["e"], plant.base) for row in rows]
    for entity in every[:WARMING]:
        render_card(plant.ask(entity, "now", plant.clocks[0]), budget)
    step = max(1, len(every) // MOST_TIMED)
    wall, cpu = [], []
    for entity in every[::step]:
        began, used = perf_counter(), process_time()
        render_card(plant.ask(entity, "now", plant.clocks[0]), budget)
        cpu.append(1_000 * (process_time() - used))
        wall.append(1_000 * (perf_counter() - began))
    return Timed(wall, cpu)

"""Makes every plant, asks every question, and runs the controls."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from bench.command import say
from bench.context import controls
from bench.context.finding import FoundWords, find_words
from bench.context.measure import PlantOutcome, Timed, measure_plant, time_cards
from bench.context.plants import demo_plant, shop_plant, tryton_plant

if TYPE_CHECKING:
    from pathlib import Path

    from bench.context.controls import Control
    from bench.context.gold import Question
    from bench.context.plants import AskedPlant

GROUPS = ("seen", "held_out")
MOST_SHUFFLED = 40
MOST_SPOILT = 40


@dataclass(slots=True)
class Measured:
    """What all of it came to."""

    jobs: int
    timed: Timed
    plants: list[PlantOutcome] = field(default_factory=list)
    words: FoundWords = field(default_factory=FoundWords)
    controls: list[Control] = field(default_factory=list)
    absent: dict[str, str] = field(default_factory=dict)
    """Plants that are not on this machine, and why."""

    @property
    def is_right(self) -> bool:
        """Tell whether nothing was forged, overrun or mixed, and every control came out."""
        outcomes = [one for plant in self.plants for one in plant.outcomes]
        wrong = sum(one.mixed + one.false_missing + len(one.scored.card.forged) for one in outcomes)
        wrong += sum(plant.overruns for plant in self.plants)
        return not wrong and all(one.right == one.of for one in self.controls)


def measure(folder: Path, jobs: int, each: int, seed: int, *, is_quick: bool = False) -> Measured:
    """Measure in an empty folder; ``each`` is how many things a template is asked about."""
    made = Measured(jobs, Timed([], []))
    if not is_quick:
        _measure_shop(made, folder / "shop", jobs, each, seed)
        _measure_tryton(made, folder / "tryton", each)
    with ExitStack() as open_plants:
        say("the demo plant")
        demo = open_plants.enter_context(demo_plant(folder / "demo", seed))
        _ask(made, demo, GROUPS, each)
        if is_quick:
            made.timed = time_cards(demo)
        say("the demo plant with a source taken away")
        for source in ("erp",) if is_quick else ("erp", "mes"):
            place = folder / f"without-{source}"
            less = open_plants.enter_context(demo_plant(place, seed, without=source))
            _ask(made, less, ("lacking",), each)
            if source == "erp":
                made.controls.append(_without_erp(made, demo, less))
        say("controls")
        _control(made, demo, folder, is_quick=is_quick)
    return made


def _ask(made: Measured, plant: AskedPlant, groups: tuple[str, ...], each: int) -> None:
    outcome = measure_plant(plant, groups, each)
    made.plants.append(outcome)
    found = find_words(plant, outcome.questions)
    for name in ("asked", "recalled", "wrong_strong", "absent", "refused"):
        setattr(made.words, name, getattr(made.words, name) + getattr(found, name))
    made.words.missed += found.missed


def _measure_shop(made: Measured, folder: Path, jobs: int, each: int, seed: int) -> None:
    say(f"a shop of {jobs:,} jobs")
    with shop_plant(folder, jobs, seed) as plant:
        _ask(made, plant, GROUPS, each)
        made.timed = time_cards(plant)


def _measure_tryton(made: Measured, folder: Path, each: int) -> None:
    say("the real ERP's database")
    with tryton_plant(folder) as plant:
        if plant is None:
            made.absent["tryton"] = "its records are not on this machine (TRAVELER_SHARED)"
        else:
            _ask(made, plant, GROUPS, each)


def _demo_questions(made: Measured) -> list[Question]:
    return next(plant.questions for plant in made.plants if plant.name == "demo")


def _entities(made: Measured) -> list[str]:
    kinds = ("job/", "machine/")
    return sorted({q.entity for q in _demo_questions(made) if q.entity.startswith(kinds)})


def _without_erp(made: Measured, demo: AskedPlant, less: AskedPlant) -> Control:
    return controls.take_source_away(demo, less, _entities(made), ("customer", "spec"))


def _control(made: Measured, demo: AskedPlant, folder: Path, *, is_quick: bool) -> None:
    questions = _demo_questions(made)
    spoilt = _entities(made)[:MOST_SPOILT]
    shuffled = questions[:: max(1, len(questions) // MOST_SHUFFLED)]
    made.controls += [
        controls.ask_nothing(folder / "empty", questions),
        controls.shuffle_graph(demo, shuffled[:5] if is_quick else shuffled),
    ]
    if not is_quick:
        made.controls += controls.forge(folder / "hostile", spoilt, demo)
        made.controls.append(controls.change_values(folder / "changed"))

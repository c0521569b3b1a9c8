"""Whether words of a question lead to the thing that it is about, and to nothing that is absent."""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random
from typing import TYPE_CHECKING

from kg.answer.finding.found import STRONG
from kg.errors import UnknownEntity

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bench.context.gold import Question
    from bench.context.plants import AskedPlant

MOST_LISTED = 5


@dataclass(slots=True)
class FoundWords:
    """Counts over the questions of a plant; ``missed`` are the questions themselves."""

    asked: int = 0
    recalled: int = 0
    wrong_strong: int = 0
    absent: int = 0
    refused: int = 0
    missed: list[str] = field(default_factory=list)


def find_words(plant: AskedPlant, questions: Sequence[Question]) -> FoundWords:
    """Look up every question as it is worded, and again with an id that the plant has not."""
    made = FoundWords()
    for question in questions:
        found = plant.answers.finder.find_entities(question.words, (), MOST_LISTED)
        made.asked += 1
        ids = [match.id for match in found.matches]
        made.recalled += question.entity in ids
        wrong = [m for m in found.matches if m.score >= STRONG and m.id != question.entity]
        # Of several things of one name none is wrong: they are given back as ambiguous.
        made.wrong_strong += 0 if found.is_ambiguous else len(wrong)
        if question.entity not in ids or (wrong and not found.is_ambiguous):
            made.missed.append(f"{question.words} -> {ids}")
        if question.template.kind == "job":
            _ask_absent(plant, question, made)
    return made


def _ask_absent(plant: AskedPlant, question: Question, made: FoundWords) -> None:
    absent = _absent_number(plant, question.entity)
    words = question.template.words[0].format(entity=absent)
    made.absent += 1
    try:
        plant.answers.finder.read_question(words)
    except UnknownEntity:
        made.refused += 1
    else:
        made.missed.append(f"{words} was not refused")


def _absent_number(plant: AskedPlant, entity: str) -> str:
    """Change digits of a number until nothing of the plant ends with it."""
    number = entity.rsplit("/", 1)[-1]
    draw = Random(f"absent {entity}")
    kinds = ("job", "batch", "order", "order-line", "customer", "part", "machine", "operation")
    while True:
        digits = list(number)
        digits[draw.randrange(len(digits))] = draw.choice("123456789")
        changed = "".join(digits) + draw.choice(("", "7"))
        names = [f"<{plant.base}{kind}/{changed}>" for kind in kinds]
        if not any(plant.store.about(name) for name in names):
            return changed

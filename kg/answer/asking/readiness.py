"""Readiness: which questions the connected sources can answer, and what the next would add."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Literal

from kg import assets
from kg.answer.asking.sayable import can_answer, closed, folded, roots
from kg.answer.flow.declared import DESCRIBES, load_declared
from kg.answer.planning.planner import local_name
from kg.lift import Engine, Lifter
from kg.settings import OWN_SOURCE, load_source

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from kg.answer.asking.producers import Producers
    from kg.answer.asking.questions import Question
    from kg.reason.rules import RuleSet
    from kg.records import Term
    from kg.settings import Plant

State = Literal["whole", "part", "none"]
ORDER: tuple[State, ...] = ("none", "part", "whole")


@dataclass(frozen=True, slots=True)
class QuestionState:
    """How far a question can be answered: ``whole``, in ``part``, or not at all (``none``).

    ``lacks`` are the properties and classes that some source would have to say, by their names.
    """

    name: str
    number: str
    question: str
    state: State
    lacks: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Addition:
    """What connecting one thing would add: a mapping that ships, or whatever says some properties.

    ``whole`` are the questions that it makes whole, ``part`` those that it lets be answered in part
    at last; ``says`` is what it says that nothing says yet.
    """

    what: Literal["mapping", "properties"]
    name: str
    title: str
    whole: tuple[str, ...]
    part: tuple[str, ...]
    says: tuple[str, ...]

    @property
    def merit(self) -> tuple[object, ...]:
        """What sorts the most useful first."""
        answered = len(self.whole) + len(self.part)
        return (-answered, -len(self.whole), -len(self.says), self.what, self.name)


@dataclass(frozen=True, slots=True)
class Readiness:
    """The questions in the order of their numbers, and what to connect, the most useful first."""

    questions: tuple[QuestionState, ...]
    next: tuple[Addition, ...]

    def count(self, state: State) -> int:
        """Count the numbers of the catalogue that have this state at their worst."""
        worst: dict[str, int] = {}
        for one in self.questions:
            worst[one.number] = min(worst.get(one.number, 2), ORDER.index(one.state))
        return sum(place == ORDER.index(state) for place in worst.values())

    def to_dict(self) -> dict[str, Any]:
        """Give plain data for JSON."""
        return {
            "whole": self.count("whole"),
            "part": self.count("part"),
            "none": self.count("none"),
            "questions": [asdict(one) for one in self.questions],
            "next": [asdict(one) for one in self.next],
        }


@dataclass(frozen=True, slots=True)
class Shipped:
    """A mapping that ships: what it is of, and what it can say."""

    name: str
    title: str
    terms: frozenset[Term]


@lru_cache(maxsize=4)
def shipped_mappings(base: str) -> tuple[Shipped, ...]:
    """Read every mapping that ships, for what it can say.

    Raises:
        MappingError: one cannot be used.
    """
    engine = Engine()
    found = []
    for path in sorted(assets.mappings_folder().glob("*/source.toml")):
        source = load_source(path.parent)
        if source.name != OWN_SOURCE:
            produced = Lifter(source, base, engine).produces()
            terms = {term for _, *pair in produced for term in pair if term}
            title = source.title or source.name
            found.append(Shipped(path.parent.name, title, folded(source, terms)))
    return tuple(found)


def find_readiness(
    plant: Plant,
    questions: Mapping[str, Question],
    producers: Producers,
    rules: RuleSet,
    shipped: Sequence[Shipped],
) -> Readiness:
    """Tell which questions can be answered, what each lacks, and what would add most."""
    said = frozenset[str]().union(
        *(folded(source, producers.said_by(source.name)) for source in plant.sources)
    )
    if load_declared(plant).steps:
        said |= DESCRIBES
    usual = said.union(*(mapping.terms for mapping in shipped))
    look = _Look(questions, rules, usual)
    there = closed(said, rules)
    states = look.states(there)
    connected = {source.folder.name for source in plant.sources}
    offered = [
        look.addition("mapping", one.name, one.title, one.terms, there, states)
        for one in shipped
        if one.name not in connected
    ]
    lacking = {name: look.lacks(name, there) for name in questions}
    for lacks in sorted({tuple(sorted(some)) for some in lacking.values() if some}):
        words = ", ".join(sorted(map(local_name, lacks)))
        offered.append(look.addition("properties", words, words, lacks, there, states))
    useful = [one for one in offered if one.whole or one.part]
    told = tuple(
        QuestionState(
            question.name,
            question.number,
            question.text,
            states[question.name],
            tuple(sorted(map(local_name, lacking[question.name]))),
        )
        for question in sorted(questions.values(), key=lambda one: (int(one.number), one.name))
    )
    return Readiness(told, tuple(sorted(useful, key=lambda one: one.merit)))


class _Look:
    """Looks at all questions for what can stand in the graph."""

    def __init__(
        self, questions: Mapping[str, Question], rules: RuleSet, usual: frozenset[Term]
    ) -> None:
        self._questions = questions
        self._rules = rules
        self._usual = usual
        self._read = {name: question.needs() for name, question in questions.items()}

    def states(self, there: frozenset[Term]) -> dict[str, State]:
        return {name: self._state(name, there) for name in self._questions}

    def _state(self, name: str, there: frozenset[Term]) -> State:
        if self._read[name] <= there:
            return "whole"
        return "part" if can_answer(self._questions[name].query, there) else "none"

    def lacks(self, name: str, there: frozenset[Term]) -> set[Term]:
        """Give what sources would have to say for a question to be whole."""
        missing = self._read[name] - there
        return {root for term in missing for root in roots(term, there, self._usual, self._rules)}

    def addition(
        self,
        what: Literal["mapping", "properties"],
        name: str,
        title: str,
        terms: Iterable[Term],
        there: frozenset[Term],
        states: Mapping[str, State],
    ) -> Addition:
        """Tell what would be answered beside what is, if these terms were said too."""
        now = closed(there.union(terms), self._rules)
        more = {one: self._state(one, now) for one in states if states[one] != "whole"}
        better = [one for one in sorted(more) if ORDER.index(more[one]) > ORDER.index(states[one])]
        read = frozenset[str]().union(*self._read.values())
        says = (set(terms) & read) - there
        return Addition(
            what,
            name,
            title,
            tuple(one for one in better if more[one] == "whole"),
            tuple(one for one in better if more[one] == "part"),
            tuple(sorted(map(local_name, says))),
        )

"""Questioning: a saved question asked by a role from which something is hidden.

Nothing that is hidden is looked at, so that nothing of it can be told. Cells that it would fill say
``withheld``, whether there is something or not; where it would decide which rows there are, the
question is refused with the reason, as an answer without it would be wrong.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, cast
from zoneinfo import ZoneInfo

from kg.access.hiding import last_word
from kg.access.reading import ANYTHING, RECORDS, blanked, read_query
from kg.access.seenfinder import SeenFinder
from kg.access.sight import WITHHELD
from kg.access.veiled import classes_in_hiding, said_in_hiding
from kg.access.veiledstore import VeiledJournal, VeiledStore, refuse
from kg.answer.asking.answerers import ANSWERERS
from kg.answer.asking.given import read_given
from kg.answer.flow.declared import DESCRIBES

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from kg.access.reading import Reading
    from kg.access.sight import Sight
    from kg.answer import Answers
    from kg.answer.asking.answerers import Row
    from kg.answer.asking.given import Given
    from kg.answer.asking.questions import Question
    from kg.answer.find import Finder
    from kg.journal import Journal
    from kg.records import Term
    from kg.store import Store


class Asked(NamedTuple):
    """The rows of a question, and the last words of the properties that are withheld from them."""

    rows: list[Row]
    withheld: list[str]


def ask_seen(
    answers: Answers, name: str, parameters: Mapping[str, str], now: datetime, sight: Sight | None
) -> Asked:
    """Answer a saved question as far as a role sees; ``sight`` None sees everything.

    Raises:
        AccessError: what is hidden would decide which rows there are.
        UnknownEntity: there is no such question, or a parameter names nothing that is shown.
        ConfigError: a parameter is missing, unknown or impossible.
    """
    if sight is None:
        return Asked(answers.ask(name, parameters, now), [])
    question = answers.question(name)
    hidden = hidden_terms(sight, answers)
    found = read_query(question.query, hidden)
    if found.deciding:
        refuse(found.deciding)
    finder = cast("Finder", SeenFinder(answers.finder, sight))
    given = read_given(question, parameters, finder, ZoneInfo(answers.plant.zone))
    rows = _rows(answers, question, given, now, sight, hidden)
    return Asked(
        _written(rows, question.columns(), found, sight),
        sorted({last_word(term) for term in found.telling}),
    )


def hidden_terms(sight: Sight, answers: Answers) -> frozenset[Term]:
    """Give the properties and classes of which something is hidden, and what looks at all."""
    said = said_in_hiding(sight, answers)
    classes = classes_in_hiding(sight, answers, said)
    hidden = sight.hiding.properties | said | classes | {ANYTHING}
    return hidden | {RECORDS} if sight.hiding.sources else hidden


def _rows(
    answers: Answers,
    question: Question,
    given: Given,
    now: datetime,
    sight: Sight,
    hidden: frozenset[Term],
) -> list[Row]:
    query = given.query(now)
    store = VeiledStore(answers.store, sight, hidden, {query: blanked(query, hidden)})
    journal = VeiledJournal(answers.journal, sight, answers.covering)
    veiled = answers.as_of(cast("Store", store), cast("Journal", journal), answers.finder)
    veiled.hindsight = None
    if question.computed:
        if question.computed in _OF_HISTORY or (
            question.computed in _OF_FLOWS and sight.hiding.sources
        ):
            refuse([RECORDS])
        if question.computed in _OF_FLOWS and (described := hidden & DESCRIBES):
            refuse(described)
        return ANSWERERS[question.computed](veiled, given, now)
    return [veiled.shortened(row) for row in store.select(query)]


_OF_HISTORY = frozenset(
    {"what_changed", "what_was_believed", "what_was_corrected", "what_was_true"}
)
"""What is answered of records of other times, which nothing filters here: contexts do."""
_OF_FLOWS = frozenset({"dark_steps", "processes_to_connect", "single_points", "where_facts_arise"})
"""What is answered by flows.yml too, which no query reads: the flow map takes hidden things out."""


def _written(
    rows: Iterable[Row], columns: Iterable[str], found: Reading, sight: Sight
) -> list[Row]:
    """Write the cells that are withheld; rows that were told apart by them alone are one."""
    blank = dict.fromkeys((name for name in columns if name in found.blank), WITHHELD)
    once: dict[tuple[tuple[str, str], ...], Row] = {}
    for row in rows:
        told = {name: _cell(value, sight) for name, value in {**row, **blank}.items()}
        once.setdefault(tuple(sorted(told.items())), told)
    return list(once.values())


def _cell(value: str, sight: Sight) -> str:
    kind, _, rest = value.partition("/")
    is_thing = bool(rest) and kind.replace("-", "").isalpha() and " " not in value
    return WITHHELD if is_thing and sight.hides_thing(value) else value

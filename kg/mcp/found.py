"""Found: which things of a plant somebody means, as far as whoever asks sees them."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote, unquote

from kg.access.withheldgaps import unseen
from kg.answer.context import KINDS
from kg.errors import UnknownEntity

if TYPE_CHECKING:
    from collections.abc import Iterable

    from kg.access.sight import Sight
    from kg.answer import Answers
    from kg.answer.find import Entity

MOST_IDS = 100
_OF_KIND = {kind: term for term, kind in KINDS.items()}


def check_kinds(kinds: Iterable[str]) -> None:
    """See that there are such kinds.

    Raises:
        UnknownEntity: there is no such kind; those that there are stand in the hint.
    """
    for kind in kinds:
        if kind not in _OF_KIND:
            raise UnknownEntity(
                f"there is no kind {kind!r}", hint=f"one of {', '.join(sorted(_OF_KIND))}"
            )


def entity_of(answers: Answers, given: str, sight: Sight | None) -> Entity:
    """Find the one thing that goes by a name.

    Raises:
        UnknownEntity: there is none, or several, or it is hidden from whoever asks.
    """
    if sight is None:
        return answers.finder.find(given)
    try:
        entity = answers.finder.find(given)
    except UnknownEntity:
        raise unseen(given) from None
    if sight.hides_thing(entity.id) or not sight.is_named(entity.id, given):
        raise unseen(given)
    return entity


def ids_of(answers: Answers, kind: str, begun: str, sight: Sight | None) -> list[str]:
    """Give ids of a kind that begin so, sorted; one more than are ever shown."""
    if kind not in _OF_KIND:
        return []
    start = f"{answers.plant.base}{kind}/"
    wanted = f"{start}{quote(begun, safe='-._~/')}"
    rows = answers.store.select(
        f"SELECT ?e WHERE {{ ?e a {_OF_KIND[kind]} "
        f'FILTER(STRSTARTS(STR(?e), "{wanted}")) }} ORDER BY ?e LIMIT {MOST_IDS + 1}'
    )
    found = [row["e"][1:-1].removeprefix(answers.plant.base) for row in rows]
    if sight is not None:
        found = [one for one in found if not sight.hides_thing(one)]
        found = [one for one in found if sight.is_told_by_others(sight.term(one))]
    return [unquote(one.partition("/")[2]) for one in found]

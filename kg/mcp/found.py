"""Found: which things of a plant somebody means, as far as whoever asks sees them."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote, unquote

from kg.answer.context import KINDS
from kg.answer.untrusted import id_text, quoted, said
from kg.errors import UnknownEntity

if TYPE_CHECKING:
    from collections.abc import Iterable

    from kg.access.sight import Sight
    from kg.answer import Answers
    from kg.answer.finding.found import Found, Match

MOST_IDS = 100
_PLAIN, _SLASH = "-._~", "-._~/"
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


def found_text(found: Found, query: str) -> str:
    """Write what words can mean, the best first; what is absent, and what several could be."""
    head = f"# {len(found.matches)} of {found.total} matches for {quoted(query)}"
    lines = [head, *(_line(match) for match in found.matches)]
    if found.is_ambiguous:
        lines.append("AMBIGUOUS: the same words mean several of these; ask which is meant.")
    lines += [f"ABSENT: {said(one)}" for one in found.absent]
    lines += [said(one) for one in found.remarks]
    if not found.matches and not found.absent:
        lines.append("Nothing here goes by these words; ask by an id, or with other words.")
    return "\n".join(lines) + "\n"


def _line(match: Match) -> str:
    label = "" if match.label in match.id else f" {quoted(match.label)}"
    return (
        f"- {id_text(match.id)}{label} score {match.score:.2f}:"
        f" {said(match.why)}, from {quoted(match.words)}"
    )


def ids_of(answers: Answers, kind: str, begun: str, sight: Sight | None) -> list[str]:
    """Give ids of a kind that begin so, sorted; one more than are ever shown."""
    if kind not in _OF_KIND:
        return []
    start = f"{answers.plant.base}{kind}/"
    # A slash may be one of the IRI, or an encoded one of the id.
    ways = {f'STRSTARTS(STR(?e), "{start}{quote(begun, safe=safe)}")' for safe in (_PLAIN, _SLASH)}
    rows = answers.store.select(
        f"SELECT ?e WHERE {{ ?e a {_OF_KIND[kind]} "
        f"FILTER({' || '.join(sorted(ways))}) }} ORDER BY ?e LIMIT {MOST_IDS + 1}"
    )
    found = [row["e"][1:-1].removeprefix(answers.plant.base) for row in rows]
    if sight is not None:
        found = [one for one in found if not sight.hides_thing(one)]
        found = [one for one in found if sight.is_told_by_others(sight.term(one))]
    return [unquote(one.partition("/")[2]) for one in found]

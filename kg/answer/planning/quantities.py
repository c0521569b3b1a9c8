"""Quantities: numbers with units, brought into one another exactly or not at all.

Units of one dimension convert by what Pint says they are worth (`kg.lift.conversion`). What a piece
weighs or a bar measures is said by conversions of the part, which are data.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

from kg import vocab
from kg.answer.lookup import look_up
from kg.lift.conversion import find_conversion

if TYPE_CHECKING:
    from collections.abc import Iterable

    from kg.answer.planning.planner import Planner
    from kg.records import Fact as Triple
    from kg.records import Term

_CONVERSION = (vocab.FROM_UNIT, vocab.TO_UNIT, vocab.CONVERSION_FACTOR)
_MOST_STEPS = 4
"""How many conversions of a part are made one after the other."""


@dataclass(frozen=True, slots=True)
class Rate:
    """One conversion of a part: one of ``start`` is ``factor`` of ``end``."""

    start: str
    end: str
    factor: Fraction
    facts: tuple[Triple, ...] = ()


@dataclass(frozen=True, slots=True)
class Converted:
    """A number in the unit that was wanted, and the facts by which it came there."""

    value: Fraction
    facts: tuple[Triple, ...] = ()


def rates_of(planner: Planner, parts: Iterable[Term]) -> dict[Term, list[Rate]]:
    """Give the conversions that hold for each of some parts."""
    wanted = list(dict.fromkeys(parts))
    rows = list(look_up(planner.store, wanted, f"?conversion {vocab.CONVERSION_OF} ?entity"))
    planner.values.load([row["conversion"] for row in rows], _CONVERSION)
    found: dict[Term, list[Rate]] = {part: [] for part in wanted}
    for row in sorted(rows, key=lambda row: row["conversion"]):
        conversion = row["conversion"]
        start = planner.values.text(conversion, vocab.FROM_UNIT)
        end = planner.values.text(conversion, vocab.TO_UNIT)
        factor = planner.values.number(conversion, vocab.CONVERSION_FACTOR)
        if start and end and factor and factor > 0:
            facts = planner.values.facts(conversion, *_CONVERSION)
            found[row["entity"]].append(Rate(start, end, factor, facts))
    return found


def convert(value: Fraction, start: str, end: str, rates: Iterable[Rate] = ()) -> Converted | None:
    """Bring a number from one unit into another, by the fewest of a part's conversions.

    None where nothing leads from the one to the other. Two units that are written alike are one,
    known or not.
    """
    edges = [*rates]
    edges += [Rate(rate.end, rate.start, 1 / rate.factor, rate.facts) for rate in edges]
    none: tuple[Triple, ...] = ()
    reached = deque([(start, value, none)])
    seen = {start}
    for _ in range((len(edges) + 1) * _MOST_STEPS):
        if not reached:
            break
        unit, amount, facts = reached.popleft()
        done = _directly(amount, unit, end)
        if done is not None:
            return Converted(done, facts)
        for edge in edges:
            at_edge = _directly(amount, unit, edge.start)
            if at_edge is not None and edge.end not in seen:
                seen.add(edge.end)
                reached.append((edge.end, at_edge * edge.factor, (*facts, *edge.facts)))
    return None


def _directly(value: Fraction, start: str, end: str) -> Fraction | None:
    if start == end:
        return value
    found = find_conversion(start, end)
    if found is None:
        return None
    return (found.factor * value + found.shift) / (found.divisor * Fraction(10) ** found.scale)

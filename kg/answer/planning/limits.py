"""Limits: measured values against the limits that hold for them, in one unit."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

from kg import vocab
from kg.answer.lookup import look_up
from kg.answer.planning.planner import number_text
from kg.answer.planning.quantities import convert, rates_of
from kg.answer.planning.supply import amount_text

if TYPE_CHECKING:
    from collections.abc import Iterable

    from kg.answer.planning.planner import Planner
    from kg.answer.planning.quantities import Rate
    from kg.records import Fact as Triple
    from kg.records import Term

_MEASUREMENT = (vocab.MEASURED_ON, vocab.MEASURES, vocab.MEASURED_VALUE, vocab.UNIT)
_LIMITS = (vocab.LOWER_LIMIT, vocab.UPPER_LIMIT, vocab.UNIT)


@dataclass(frozen=True, slots=True)
class Judged:
    """A measured value, judged: how far beyond its limits it is, 0 within, None untold."""

    measurement: Term
    beyond: Fraction | None
    unit: str | None
    text: str
    facts: tuple[Triple, ...]


def judge_measurements(planner: Planner, jobs: Iterable[Term]) -> list[Judged]:
    """Judge every measured value of jobs, by the customer's limits where he has his own."""
    wanted = list(dict.fromkeys(jobs))
    rows = list(look_up(planner.store, wanted, f"?measurement {vocab.MEASURED_ON} ?entity"))
    measurements = sorted({row["measurement"] for row in rows})
    planner.values.load(measurements, _MEASUREMENT)
    measured = {c for m in measurements for c in planner.values.of(m, vocab.MEASURES)}
    planner.values.load(measured, _LIMITS)
    planner.values.load(wanted, (vocab.FOR_CUSTOMER, vocab.MAKES))
    parts = {part for job in wanted for part in planner.values.of(job, vocab.MAKES)}
    judge = _Judge(planner, _requirements(planner, measured), rates_of(planner, parts))
    return [judge.judge(measurement) for measurement in measurements]


def _requirements(planner: Planner, characteristics: Iterable[Term]) -> dict[Term, list[Term]]:
    """Give the customers' requirements that replace the limits of characteristics."""
    rows = list(look_up(planner.store, characteristics, f"?own {vocab.OVERRIDES} ?entity"))
    planner.values.load([row["own"] for row in rows], (*_LIMITS, vocab.REQUIRED_BY))
    found: dict[Term, list[Term]] = {}
    for row in sorted(rows, key=lambda row: row["own"]):
        found.setdefault(row["entity"], []).append(row["own"])
    return found


class _Judge:
    def __init__(
        self,
        planner: Planner,
        requirements: dict[Term, list[Term]],
        rates: dict[Term, list[Rate]],
    ) -> None:
        self._planner = planner
        self._values = planner.values
        self._requirements = requirements
        self._rates = rates

    def judge(self, measurement: Term) -> Judged:
        """Judge one measured value."""
        value = self._values.number(measurement, vocab.MEASURED_VALUE)
        characteristic = self._values.one(measurement, vocab.MEASURES)
        name = self._planner.short(measurement)
        if value is None or characteristic is None:
            return Judged(measurement, None, None, f"{name} has no value of anything", ())
        job = self._values.one(measurement, vocab.MEASURED_ON) or ""
        lower, upper, facts = self._limits(characteristic, job)
        facts = (*self._values.facts(measurement, vocab.MEASURED_VALUE), *facts)
        if lower is None and upper is None:
            text = f"no limits are known for {self._planner.short(characteristic)}"
            return Judged(measurement, None, None, text, facts)
        unit = self._values.text(characteristic, vocab.UNIT)
        own = self._values.text(measurement, vocab.UNIT) or unit
        rates = [r for part in self._values.of(job, vocab.MAKES) for r in self._rates[part]]
        converted = convert(value, own or "", unit or "", rates)
        if converted is None:
            text = f"{name} is in {own}, its limits are in {unit or 'no unit'}: nothing converts"
            return Judged(measurement, None, None, text, facts)
        facts += converted.facts
        return _compare(measurement, converted.value, (lower, upper), unit, facts)

    def _limits(
        self, characteristic: Term, job: Term
    ) -> tuple[Fraction | None, Fraction | None, tuple[Triple, ...]]:
        """Give the limits that hold: each the customer's own, else that of the specification."""
        customers = set(self._values.of(job, vocab.FOR_CUSTOMER))
        own = [
            requirement
            for requirement in self._requirements.get(characteristic, [])
            if customers & set(self._values.of(requirement, vocab.REQUIRED_BY))
        ]
        lower, low = self._limit(characteristic, own, vocab.LOWER_LIMIT)
        upper, high = self._limit(characteristic, own, vocab.UPPER_LIMIT)
        return lower, upper, low + high

    def _limit(
        self, characteristic: Term, own: list[Term], predicate: Term
    ) -> tuple[Fraction | None, tuple[Triple, ...]]:
        said = [r for r in own if self._values.number(r, predicate) is not None]
        pick = max if predicate == vocab.LOWER_LIMIT else min
        if said:
            # Of several customers of one job the closest limit holds.
            best = pick(said, key=lambda r: self._values.number(r, predicate) or Fraction(0))
            return self._values.number(best, predicate), self._values.facts(best, predicate)
        return (
            self._values.number(characteristic, predicate),
            self._values.facts(characteristic, predicate),
        )


def _compare(
    measurement: Term,
    value: Fraction,
    limits: tuple[Fraction | None, Fraction | None],
    unit: str | None,
    facts: tuple[Triple, ...],
) -> Judged:
    lower, upper = limits
    shown = amount_text(value, unit)
    if lower is not None and value < lower:
        text = f"{shown} is below {number_text(lower)}"
        return Judged(measurement, lower - value, unit, text, facts)
    if upper is not None and value > upper:
        text = f"{shown} is above {number_text(upper)}"
        return Judged(measurement, value - upper, unit, text, facts)
    return Judged(measurement, Fraction(0), unit, f"{shown} is within its limits", facts)

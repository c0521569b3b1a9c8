"""Stock: how much of a batch is left, as far as its records add up, and where it lies."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Literal

from kg import vocab

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from kg.answer.tracing.genealogy import Genealogy, Use
    from kg.records import Term

StockState = Literal["known", "unknown", "conflicting", "none"]


@dataclass(frozen=True, slots=True)
class Stock:
    """What came, went and is left of a batch, in its unit.

    ``state`` is ``none`` where all of it is used, ``unknown`` where a number is lacking (``why``
    says which; the others are what is known), ``conflicting`` where more went than came.
    ``perhaps`` is how much was loaded for jobs and not booked: it may be gone or not.
    """

    batch: Term
    state: StockState
    unit: str | None
    received: Decimal | None
    used: Decimal
    shipped: Decimal
    discarded: Decimal
    left: Decimal | None
    perhaps: Decimal
    places: tuple[Term, ...]
    why: str = ""


def stock_of(held: Genealogy, batch: Term) -> Stock:
    """Reckon what is left of a batch: received − used − shipped − discarded."""
    unit = held.text(batch, vocab.UNIT)
    lacking: list[str] = []
    uses = held.uses_of_batch(batch)
    booked = counted([use for use in uses if use.role == "input" and use.is_certain])
    unsure = [use for use in uses if use.role != "output" and not use.is_certain]
    lines = held.to(batch, vocab.SHIPS_BATCH)
    units = {use.unit for use in booked} | {held.text(line, vocab.UNIT) for line in lines}
    unit = unit or (min(u for u in units if u) if len(units - {None}) == 1 else None)
    if units - {None, unit}:
        lacking.append(f"its quantities are in several units: {_listed(units | {unit})}")
    received = _received(held, batch)
    if received is None:
        lacking.append("nothing says how much of it there was")
    used = _sum((use.quantity for use in booked), "a use of it has no quantity", lacking)
    sent = (held.number(line, vocab.QUANTITY) for line in lines)
    shipped = _sum(sent, "a shipment of it has no quantity", lacking)
    discarded = held.number(batch, vocab.DISCARDED_QUANTITY) or Decimal(0)
    left = None if lacking or received is None else received - used - shipped - discarded
    state, why = _judge(left, lacking)
    return Stock(
        *(batch, state, unit, received, used, shipped, discarded, left),
        perhaps=sum((use.quantity or Decimal(0) for use in unsure), Decimal(0)),
        places=tuple(held.of(batch, vocab.STORED_AT)),
        why=why,
    )


def counted(uses: Sequence[Use]) -> list[Use]:
    """Leave out scans without a quantity where the same job has booked one: it is the same use."""
    with_quantity = {use.job for use in uses if use.quantity is not None}
    return [use for use in uses if use.quantity is not None or use.job not in with_quantity]


def _judge(left: Decimal | None, lacking: list[str]) -> tuple[StockState, str]:
    if left is None:
        return "unknown", "; ".join(lacking)
    if left < 0:
        return "conflicting", "more of it went than came"
    return ("known" if left else "none"), ""


def _received(held: Genealogy, batch: Term) -> Decimal | None:
    """Give how much of a batch there was: what it held, else what came out of jobs as it."""
    had = held.number(batch, vocab.QUANTITY)
    if had is not None:
        return had
    made = [use.quantity for use in held.uses_of_batch(batch) if use.role == "output"]
    numbers = [number for number in made if number is not None]
    return sum(numbers, Decimal(0)) if numbers and len(numbers) == len(made) else None


def _sum(numbers: Iterable[Decimal | None], lack: str, lacking: list[str]) -> Decimal:
    listed = list(numbers)
    if None in listed:
        lacking.append(lack)
    return sum((number for number in listed if number is not None), Decimal(0))


def _listed(units: set[str | None]) -> str:
    return ", ".join(sorted(unit for unit in units if unit))

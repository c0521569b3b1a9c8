"""Veil: what of a genealogy is kept from whoever asks, and what a trace then leaves open."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Protocol

from kg import vocab
from kg.errors import AccessError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from kg.answer.tracing.genealogy import Genealogy
    from kg.answer.tracing.leaks import Break
    from kg.answer.tracing.steps import Step
    from kg.answer.tracing.trace import Traced
    from kg.records import Fact, Term

WITHHELD = "withheld"
"""Stands in a cell whose value, or that it has none, is not shown."""
RULED_OUT = "what would rule it out is kept from your role in part"
CHAIN = frozenset({
    vocab.OF_BATCH, vocab.INPUT_TO, vocab.LOADED_FOR, vocab.OUTPUT_OF, vocab.CERTAINTY,
    vocab.CONSUMES, vocab.POSSIBLY_CONSUMES, vocab.PRODUCES, vocab.PIECE_OF, vocab.CUT_FROM,
    vocab.ASSEMBLED_INTO, vocab.ALLOCATION_OF, vocab.TO_ORDER_LINE, vocab.SHIPS_FOR,
    vocab.SHIPS_BATCH, vocab.SHIPS_PIECE, vocab.IN_SHIPMENT, vocab.SUPPLIED_BY,
})  # fmt: skip
"""By what one gets from a batch to what left the house; without one of them things are not met."""
_CELLS: Mapping[str, tuple[Term, ...]] = {
    "customer": (vocab.ORDERED_BY, vocab.SHIPPED_TO, vocab.LINE_OF),
    "customer_name": (vocab.RDFS_LABEL, vocab.IDENTIFIER, vocab.ORDERED_BY, vocab.SHIPPED_TO),
    "order": (vocab.LINE_OF,),
    "shipped_at": (vocab.SHIPPED_AT,),
    "serial": (vocab.SERIAL_NUMBER,),
    "quantity": (vocab.QUANTITY,),
    "unit": (vocab.UNIT,),
}
_OF_USES = (vocab.OF_BATCH, vocab.INPUT_TO, vocab.LOADED_FOR, vocab.CONSUMES,
            vocab.POSSIBLY_CONSUMES)  # fmt: skip
_MAKING = (vocab.OUTPUT_OF, vocab.PRODUCES, vocab.OF_BATCH)
_BEGUN = (vocab.STATUS, vocab.OF_JOB, vocab.USES_UNTRACKED_MATERIAL_ONLY)
_LOOKED_AT: Mapping[str, tuple[Term, ...]] = {
    "no-batch": (*_OF_USES, vocab.PIECE_OF, vocab.CUT_FROM, *_BEGUN),
    "no-origin": (vocab.SUPPLIED_BY, *_MAKING),
    "no-lot": (vocab.SHIPS_BATCH, vocab.SHIPS_PIECE),
    "no-outcome": (*_MAKING, vocab.PIECE_OF, vocab.ALLOCATION_OF, vocab.TO_ORDER_LINE, *_BEGUN),
    "no-job": (vocab.TO_ORDER_LINE, vocab.ALLOCATION_OF, vocab.SHIPS_FOR),
    "no-customer": (vocab.LINE_OF, vocab.ORDERED_BY),
}
"""For each kind of break the properties whose absence it is."""
_OF_STOCK = (
    *_OF_USES, vocab.OUTPUT_OF, vocab.CERTAINTY, vocab.QUANTITY, vocab.UNIT, vocab.USED_QUANTITY,
    vocab.DISCARDED_QUANTITY, vocab.SHIPS_BATCH, vocab.STORED_AT,
)  # fmt: skip


class Veil(Protocol):
    """Keeps facts from whoever asks.

    ``obscured`` are the properties of which anything at all may be kept: what they do not say may
    be there all the same.
    """

    obscured: frozenset[Term]

    def shown(self, facts: Collection[Fact]) -> list[Fact]:
        """Give the facts that are shown, in their order."""
        ...

    def label(self, thing: Term) -> str:
        """Give what people call a thing, as far as that is shown."""
        ...


def require_all(
    veil: Veil | None, what: str, read: frozenset[Term] = CHAIN, *, but: Collection[Term] = ()
) -> None:
    """Refuse what would be wrong where some of what it reads is not shown.

    Raises:
        AccessError: some of it is not, ``but`` for what may be left out.
    """
    hidden = sorted(_word(p) for p in (veil.obscured & read).difference(but)) if veil else []
    if hidden:
        raise AccessError(
            f"{what} would lack what is hidden from your role: {', '.join(hidden)}",
            hint="have somebody ask who sees everything",
            code="withheld",
        )


def told_withheld(traced: Traced) -> list[dict[str, Any]]:
    """Say for each kind of thing that was met, and how many, which properties are not shown."""
    met = Counter(reached.place.kind for reached in traced.things.values())
    met[traced.start.kind] += 1
    passed = behind(traced.start.kind) if traced.direction == "forward" else frozenset()
    # That a batch went into a job, and a job's goods to a line, are things of their own.
    beside = {"use": met["batch"] + met["job"], "allocation": met["job"] + met["order-line"]}
    return [
        {"kind": kind, "things": number, "properties": sorted(map(_word, obscured))}
        for kind, number in sorted({**met, **beside}.items())
        if number and (obscured := traced.held.obscured(kind) - passed)
    ]


def behind(kind: str) -> frozenset[Term]:
    """Give the ends of a chain that nobody passes who begins at a thing of some kind."""
    if kind == "supplier":
        return frozenset()
    return frozenset({vocab.SUPPLIED_BY})


def ruled_in(held: Genealogy, steps: Iterable[Step]) -> list[Step]:
    """Take nothing for excluded where what excludes it is not shown whole."""
    if not held.is_judged_in_part:
        return list(steps)
    return [
        replace(step, grade=step.grade._replace(how="possible", why=RULED_OUT))
        if step.grade.how == "excluded"
        else step
        for step in steps
    ]


def seen_breaks(veil: Veil | None, breaks: Iterable[Break]) -> list[Break]:
    """Leave out the breaks that may be none: what would mend them may be there, and not shown."""
    return [one for one in breaks if veil is None or veil.obscured.isdisjoint(_LOOKED_AT[one.kind])]


def shows_stock(veil: Veil | None) -> bool:
    """Tell whether what is left of batches can be reckoned from what is shown."""
    return veil is None or veil.obscured.isdisjoint(_OF_STOCK)


def filled(veil: Veil | None, row: dict[str, str]) -> dict[str, str]:
    """Say of each empty cell of a delivery whose value may be hidden that it is withheld."""
    if veil is None:
        return row
    hidden = {
        name: WITHHELD
        for name, properties in _CELLS.items()
        if not row.get(name) and not veil.obscured.isdisjoint(properties)
    }
    return row | hidden


def _word(term: Term) -> str:
    return term[1:-1].rsplit("/", 1)[-1].rsplit("#", 1)[-1]

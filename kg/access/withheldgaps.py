"""Withholding in gaps, checks, traces of facts and changes: what a role does not see goes out."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from kg import vocab
from kg.answer.bundle import AtRisk
from kg.answer.gaps.coverage import Check
from kg.answer.gaps.details import properties_of
from kg.answer.gaps.ranking import find_repairs, ranked
from kg.answer.slots import JOB_LINKS, LINK_RULES
from kg.errors import UnknownEntity

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from kg.access.sight import Sight
    from kg.answer.answers import Explained
    from kg.answer.bundle import GapKind, SlotGap
    from kg.answer.evidence import Lineage
    from kg.changes import Changed
    from kg.records import Term

_OF_SLOT: dict[str, tuple[Term, ...]] = {
    "job": (*JOB_LINKS, vocab.RUNNING_ON, vocab.ACTIVITY),
    "now": (vocab.RUNNING_ON,),
    "machine": (vocab.ON_MACHINE, vocab.MADE_ON),
    "part": (vocab.MAKES,),
    "operation": (vocab.HAS_OPERATION, vocab.OF_OPERATION),
    "quantity": (vocab.PLANNED_QUANTITY, vocab.GOOD_QUANTITY),
    "due": (vocab.DUE_DATE,),
    "work_center": (vocab.IN_WORK_CENTER,),
    "person": (vocab.BY_PERSON,),
    "program": (vocab.RUNS_PROGRAM,),
    "material": (vocab.OF_MATERIAL,),
    "supplier": (vocab.SUPPLIED_BY, vocab.OUTSOURCED_TO),
    "order": (vocab.PLACED,),
    "made_from": (vocab.MADE_FROM,),
    "made_into": (vocab.MADE_INTO,),
    "made_by": (vocab.PRODUCED_BY,),
}
"""By which properties the slots of an answer are filled; others are called as their property."""
_OF_OTHERS: dict[GapKind, str] = {
    "contradiction": "Two fields of one row cannot both be right.",
    "duplicate": "It may be there twice.",
}
"""What is said of gaps whose sentences repeat other fields of a row, or of another thing."""
_OF_SOURCES: dict[GapKind, str] = _OF_OTHERS | {
    "conflict": "Sources disagree on it.",
    "identity": "By its id it is none of the things that are known, or several.",
    "placeholder": "Where it should stand is a word that means nothing.",
}
"""What is said where some source is hidden: of those whose sentences repeat what sources say."""
_ORDERS = (vocab.LINE_OF, vocab.TO_ORDER_LINE, vocab.ALLOCATION_OF)
_CUSTOMERS = (vocab.ORDERED_BY, vocab.FOR_CUSTOMER)
_DATES = (vocab.PROMISED_DATE, vocab.REQUESTED_DATE, vocab.DUE_DATE)
_MONEY = (vocab.UNIT_PRICE, vocab.CURRENCY, vocab.QUANTITY)


class GapFilter:
    """Takes from gaps what a role does not see; of whom nothing is known, nothing is shown."""

    def __init__(self, sight: Sight, covering: Mapping[str, Sequence[str]]) -> None:
        self._sight = sight
        self._sources = sight.hiding.sources
        self._covering = covering

    def hides_slot(self, slot: str, state: str = "") -> bool:
        """Tell whether what would fill a slot is hidden, or that it is empty would tell too much.

        That nothing is there is what a source says that covers it.
        """
        properties = _OF_SLOT.get(slot, ())
        if slot in LINK_RULES:
            rule = LINK_RULES[slot]
            properties = (*properties, *rule.certain)
        if self._sight.hides_any(properties) or self._sight.hides_property(slot):
            return True
        if not self._sources or state in {"", "known", "inferred", "conflicting"}:
            return False
        covering = self._covering.get("now" if slot == "job" else slot, ())
        return state != "unknown" and not self._sources.isdisjoint(covering)

    def hides_link(self, link: str) -> bool:
        """Tell whether how much there is of a link, ``job-customer``, would tell too much."""
        return self.hides_slot(link.rpartition("-")[2], "missing")

    def shown(self, gap: SlotGap) -> SlotGap | None:
        """Give a gap without what is hidden; None where that there is one is hidden."""
        sight = self._sight
        if (
            self.hides_slot(gap.slot)
            or sight.hides_thing(gap.entity)
            or gap.source in self._sources
            or self._is_of_hidden(gap.record)
            or (sight.hides_any(properties_of(gap.slot)) and gap.state != "unknown")
        ):
            return None
        plain = _OF_SOURCES if self._sources or sight.hiding.classes else _OF_OTHERS
        return replace(
            gap,
            message=plain.get(gap.kind, gap.message),
            label=sight.label(gap.entity) if gap.label else "",
            at_risk=self._at_risk(gap.at_risk),
            value_at_risk=() if self._sources or sight.hides_any(_MONEY) else gap.value_at_risk,
            # Why two things may be one is told by what they have in common.
            candidates=tuple(
                replace(one, reasons=(), label=sight.label(one.entity))
                for one in gap.candidates
                if not sight.hides_thing(one.entity)
            ),
        )

    def _is_of_hidden(self, record: str | None) -> bool:
        return record is not None and source_of(record) in self._sources

    def _at_risk(self, risk: AtRisk | None) -> AtRisk | None:
        if risk is None or self._sources:
            return None
        sight = self._sight
        if sight.hides_any(_ORDERS):
            return AtRisk(due=None if sight.hides_any(_DATES) else risk.due)
        has_customers = not sight.hides_any(_CUSTOMERS)
        customers = [c for c in risk.customers if has_customers and not sight.hides_thing(c)]
        orders = [order for order in risk.orders if not sight.hides_thing(order)]
        is_whole = len(customers) == len(risk.customers) and len(orders) == len(risk.orders)
        return AtRisk(
            orders=tuple(orders),
            customers=tuple(customers),
            due=None if sight.hides_any(_DATES) else risk.due,
            order_count=risk.order_count if is_whole else len(orders),
            customer_count=risk.customer_count if is_whole else len(customers),
        )


def withhold_check(check: Check, sight: Sight, covering: Mapping[str, Sequence[str]]) -> Check:
    """Give a check without what a role does not see, ranked anew: the order would tell of it."""
    filter_ = GapFilter(sight, covering)
    shown = [gap for one in check.gaps if (gap := filter_.shown(one)) is not None]
    first = ranked(shown)
    return Check(
        [row for row in check.coverage if not filter_.hides_link(row.link)],
        first,
        [row for row in check.quarantine if row.source not in sight.hiding.sources],
        find_repairs(first, {}),
        check.checked_at,
        len(check.gaps) - len(shown),
    )


def withhold_history(
    told: Mapping[str, Any], sight: Sight, covering: Mapping[str, Sequence[str]]
) -> dict[str, Any]:
    """Leave the history of hidden links out; the numbers of all gaps stay."""
    filter_ = GapFilter(sight, covering)
    rows = [row for row in told["coverage"] if not filter_.hides_link(row["link"])]
    return {**told, "coverage": rows}


def withhold_explained(explained: Explained, sight: Sight) -> Explained:
    """Give a trace without the rows of its records: a row says more than the one fact.

    Raises:
        UnknownEntity: the fact rests on what is hidden.
    """
    for step in _steps(explained.lineage):
        subject, predicate, value = step.fact
        things = (term[1:-1] for term in (subject, value) if term.startswith("<"))
        if (
            predicate in sight.hiding.properties
            or not sight.is_open(step.graphs)
            or any(map(sight.hides_thing, things))
        ):
            raise unseen("it")
    rows = tuple(replace(record, row={}) for record in explained.records)
    return replace(explained, records=rows)


def _steps(lineage: Lineage) -> Iterator[Lineage]:
    yield lineage
    for premise in lineage.premises:
        yield from _steps(premise)


def withhold_change(changed: Changed, sight: Sight) -> Mapping[str, Any] | None:
    """Give what is told of a change; None where a role is not to hear of it."""
    data, hiding = dict(changed.data), sight.hiding
    if changed.topic == "source":
        return None if data.get("source") in hiding.sources else data
    if changed.entity and sight.hides_thing(changed.entity):
        return None
    if changed.topic == "entity":
        data["what"] = [word for word in data.get("what", ()) if word not in hiding.words]
        return data if data["what"] else None
    if changed.topic == "gap":
        if GapFilter(sight, {}).hides_slot(str(data.get("slot", ""))):
            return None
        # Of which source a sentence speaks is not known here.
        return data if not hiding.sources else {**data, "message": ""}
    return data


def unseen(name: str) -> UnknownEntity:
    """Say that a role sees nothing of a name: whether there is something would tell of it."""
    return UnknownEntity(
        f"nothing that your role sees goes by {name!r} alone",
        hint="ask by its full id, or as somebody who sees everything",
    )


def source_of(record: str) -> str:
    """Give the source in a record's path: ``record/erp/sale/5512``."""
    return record.split("/", 2)[1] if record.count("/") >= 2 else ""

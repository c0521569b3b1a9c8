"""What a focus adds to a card: why it is late, what was computed, what comes next."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kg.answer.card import MAX_TEXT, clean, fact_text
from kg.answer.focus import DETAILS

if TYPE_CHECKING:
    from kg.answer.bundle import Context, NextEntry, Reason, Slot
    from kg.answer.card import Card

COMPUTED = "COMPUTED=reckoned now from the facts cited."
_REASON = 2 * MAX_TEXT


def add_details(card: Card, context: Context) -> None:
    """Add what is said of each thing that a focus adds: its properties in one line."""
    for name in DETAILS:
        slot = context.slots.get(name)
        if slot is None:
            continue
        if not slot.facts:
            card.add(3, f"- {name}: {slot.state.upper()}")
        abouts = dict.fromkeys(fact.about for fact in slot.facts)
        for about in abouts:
            facts = [fact for fact in slot.facts if fact.about == about]
            said = ", ".join(f"{fact.predicate} {fact_text(fact)}" for fact in facts)
            card.add(3, f"- {name} {clean(about)}: {said}", facts)


def add_causes(card: Card, context: Context) -> None:
    """Add the chain of causes, the nearest first."""
    if context.focus not in {"why_late", "full"}:
        return
    card.add(0, "## Why it is late")
    if not context.causes and "late_by" in context.computed:
        card.add(0, "- neither past its due date nor behind its plan, by any record")
    elif not context.causes:
        card.add(0, "- it has no job to look at")
    for place, cause in enumerate(context.causes, start=1):
        card.add(1, f"- {place}. {cause.kind}: {clean(cause.text, _REASON)}", cause.facts)


def add_computed(card: Card, context: Context) -> None:
    """Add what was computed, and why something could not be."""
    if not context.computed:
        return
    card.add(0, "## Computed")
    for name, slot in context.computed.items():
        _add_slot(card, name, slot)


def _add_slot(card: Card, name: str, slot: Slot) -> None:
    why = f": {clean(slot.note, _REASON)}" if slot.note else ""
    if not slot.facts:
        card.add(2, f"- {name}: {slot.state.upper()}{why}")
        return
    abouts = {fact.about for fact in slot.facts}
    for fact in slot.facts:
        whose = f" of {clean(fact.about)}" if len(abouts) > 1 or len(slot.facts) > 1 else ""
        card.add(2, f"- {name}{whose}: {fact_text(fact)}", [fact])
    if slot.note:
        card.add(3, f"- {name}{why}")


def add_order(card: Card, context: Context) -> None:
    """Add what waits: by plan, or by a rule with the reasons and what blocks each."""
    order = context.order
    if order is None:
        _add_waiting(card, context)
        return
    card.add(0, f"## Next, by {order.rule}: {order.ready} ready, {order.blocked} blocked")
    card.add(1, f"- the rule: {order.means}")
    for remark in order.remarks:
        said = "CANNOT SAY" if remark.text.startswith(("no ", "cannot ")) else "NOTE"
        card.add(1, f"- {said}: {clean(remark.text, _REASON)}", remark.facts)
    for entry in context.next:
        _add_entry(card, entry)
    more = order.ready + order.blocked - order.listed
    if more > 0:
        card.add(1, f"- and {more} more that wait")
    if not context.next:
        card.add(0, "- nothing waits")


def _add_waiting(card: Card, context: Context) -> None:
    if context.next:
        card.add(2, "## Next, by planned start")
    for entry in context.next:
        due = f", due {clean(entry.due)}" if entry.due else ""
        card.add(4, f"- {clean(entry.operation)} of {clean(entry.job)}{due}")


def _add_entry(card: Card, entry: NextEntry) -> None:
    name = clean(entry.operation)
    label = clean(entry.label)
    shown = f' "{label}"' if label != name else ""
    due = f", due {clean(entry.due)}" if entry.due else ""
    place = f"{entry.rank}. " if entry.rank is not None else ""
    state = "" if entry.rank is not None else f"{entry.state.upper()}: "
    card.add(2, f"- {place}{state}{name}{shown} of {clean(entry.job)}{due}")
    for reason in entry.blockers:
        _add_reason(card, 3, "BLOCKED by", reason)
    for reason in entry.doubts:
        _add_reason(card, 5, "CANNOT SAY", reason)
    for reason in entry.reasons:
        _add_reason(card, 4, "because", reason)


def _add_reason(card: Card, priority: int, said: str, reason: Reason) -> None:
    text = f"  - {said} {reason.kind}: {clean(reason.text, _REASON)}"
    card.add(priority, text, reason.facts)

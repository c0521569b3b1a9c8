"""What a focus adds to a card: details, why it is late, what was computed, what comes next."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kg.answer.card import Line, Part
from kg.answer.focus import DETAILS
from kg.answer.told import fact_part, state_part
from kg.answer.untrusted import id_text, quoted, said, value_text

if TYPE_CHECKING:
    from kg.answer.bundle import Citation, Context, NextEntry, NextOrder, Reason, Slot
    from kg.answer.card import Card, Section

_WORDS = {"conflicting": "CONFLICT"}
"""How a card says a gap's state, where it is no mark of its own."""


def tell_details(card: Card, context: Context) -> None:
    """Tell what a focus adds of single things: the properties of each in one line."""
    entity = context.entity["id"]
    section = card.section("## Details", id_text(entity))
    for name in DETAILS:
        slot = context.slots.get(name)
        if slot is None:
            continue
        if not slot.facts:
            state = state_part(card, name, slot.state, section.about)
            section.lines.append(Line("- ", [state]))
        for about in dict.fromkeys(fact.about for fact in slot.facts):
            facts = [fact for fact in slot.facts if fact.about == about and card.is_new(fact.id)]
            parts = [fact_part(card, name, fact, entity, name) for fact in facts]
            if parts:
                section.lines.append(Line("- ", parts, is_list=True))


def tell_causes(card: Card, context: Context) -> None:
    """Tell the chain of causes, the nearest first."""
    if context.focus not in {"why_late", "full"}:
        return
    section = card.section("## Why it is late")
    if not context.causes and "late_by" in context.computed:
        text = "cause: neither past its due date nor behind its plan, by any record"
        card.tell(section, "cause", text)
    elif not context.causes:
        card.tell(section, "cause", "cause: it has no job to look at")
    for place, cause in enumerate(context.causes, start=1):
        text = f"{place}. {cause.kind}: {said(cause.text)}"
        card.tell(section, "cause", text, (one for fact in cause.facts for one in fact.via))


def tell_computed(card: Card, context: Context) -> None:
    """Tell what was computed, and why something could not be."""
    if not context.computed:
        return
    entity = context.entity["id"]
    section = card.section("## Computed", id_text(entity))
    for name, slot in context.computed.items():
        _tell_computed(card, section, name, slot, entity)


def _tell_computed(card: Card, section: Section, name: str, slot: Slot, entity: str) -> None:
    parts = [fact_part(card, name, fact, entity, name, name) for fact in slot.facts]
    if not slot.facts or slot.note:
        state = slot.state if not slot.facts else "note"
        made = state_part(card, name, state, section.about, slot.note or "")
        made.rank = card.rank(name)
        parts.append(made)
    section.lines.append(Line("- ", parts, is_list=True))


def tell_next(card: Card, context: Context) -> None:
    """Tell what waits: by plan, or by a rule with the reasons and what blocks each."""
    order = context.order
    if order is None:
        section = card.section("## Next, by planned start")
        for entry in context.next:
            _tell_line(card, section, entry, context.entity["id"])
    else:
        _tell_order(card, context, order)


def _tell_order(card: Card, context: Context, order: NextOrder) -> None:
    title = f"## Next, by {value_text(order.rule)}: {order.ready} ready, {order.blocked} blocked"
    section = card.section(title)
    card.tell(section, "rule", f"rule: {said(order.means)}")
    for remark in order.remarks:
        word = "CANNOT SAY" if remark.text.startswith(("no ", "cannot ")) else "NOTE"
        _tell_reason(card, section, "rule", f"- {word} ", remark)
    for entry in context.next:
        _tell_entry(card, section, entry, context.entity["id"])
    more = order.ready + order.blocked - order.listed
    if more > 0:
        card.tell(section, "rule", f"more: {more} others wait")
    if not context.next:
        card.tell(section, "entry", "entry: nothing waits")


def _tell_entry(card: Card, section: Section, entry: NextEntry, entity: str) -> None:
    _tell_line(card, section, entry, entity)
    for reason in entry.blockers:
        _tell_reason(card, section, "entry", "  - BLOCKED by ", reason)
    for reason in entry.doubts:
        _tell_reason(card, section, "reason", "  - CANNOT SAY ", reason)
    for reason in entry.reasons:
        _tell_reason(card, section, "reason", "  - because ", reason)


def _tell_line(card: Card, section: Section, entry: NextEntry, entity: str) -> None:
    """Tell what waits in one line; when its job is due is said by the job's own record."""
    card.tell(section, "entry", _entry_text(entry, entity), _cited(entry, entry.operation))
    if entry.due:
        cited = tuple(dict.fromkeys(one.record for one in _cited(entry, entry.job)))
        due = Part(f"due {value_text(entry.due)}", card.rank("entry"), link=", ", cited=cited)
        section.lines[-1].parts.append(due)


def _entry_text(entry: NextEntry, entity: str) -> str:
    label = entry.label
    is_told = label in {entry.operation, entry.operation.rsplit("/", 1)[-1]}
    place = f"{entry.rank}. " if entry.rank is not None else f"{entry.state.upper()}: "
    text = f"{place}{id_text(entry.operation)}{'' if is_told else f' {quoted(label)}'}"
    text += f" of {id_text(entry.job)}"
    if entry.machine and entry.machine != entity:
        text += f", machine {id_text(entry.machine)}"
    return text + (f", planned {value_text(entry.planned_start)}" if entry.planned_start else "")


def _cited(entry: NextEntry, about: str) -> list[Citation]:
    return [one for fact in entry.facts if fact.about == about for one in fact.via]


def _tell_reason(card: Card, section: Section, topic: str, lead: str, reason: Reason) -> None:
    via = (one for fact in reason.facts for one in fact.via)
    card.tell(section, topic, f"{reason.kind}: {said(reason.text)}", via, lead)


def tell_gaps(card: Card, context: Context) -> None:
    """Tell what is missing or unknown, like gaps together; the reason may be cut."""
    section = card.section("## Missing or unknown", is_kept=True)
    groups: dict[tuple[str, str, str], dict[str, None]] = {}
    for gap in context.gaps:
        told = (_WORDS.get(gap.state, gap.state.upper()), value_text(gap.slot), said(gap.message))
        groups.setdefault(told, {})[id_text(gap.entity)] = None
    for (state, slot, message), entities in groups.items():
        parts = [Part(f"{state} {slot} of {', '.join(entities)}", 0, marks=(state,))]
        parts += [Part(message, card.rank("gap"), link=": ")] if message else []
        section.lines.append(Line("- ", parts))
    if not groups:
        card.keep(section, "nothing that is owed")

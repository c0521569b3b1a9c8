"""Withholding: what a role does not see goes out of an answer, and is counted.

An answer is made as for anybody, and goes through here before it is written in any format. What is
withheld is never shown as missing. A part of an answer that is not known here is an error, so that
nothing is shown because nobody thought of it.
"""

from __future__ import annotations

from dataclasses import fields, is_dataclass, replace
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from kg import vocab
from kg.access.sight import WITHHELD
from kg.access.withheldgaps import GapFilter, unseen
from kg.answer.bundle import Cause, Context, Fact, NextEntry, NextOrder, Reason, Run, Slot
from kg.answer.context import QUANTITIES
from kg.errors import AccessError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from kg.access.sight import Sight
    from kg.answer.bundle import SlotState
    from kg.records import Term

KNOWN: dict[type, frozenset[str]] = {
    Context: frozenset(
        [
            "entity",
            "as_of",
            "applied_seq",
            "status",
            "slots",
            "runs",
            "next",
            "gaps",
            "notes",
            "sources",
            "focus",
            "order",
            "causes",
            "computed",
            "inputs",
            "withheld",
            "left_out",
        ]
    ),
    Run: frozenset(
        [
            "run",
            "phase",
            "position",
            "since",
            "operations",
            "pieces",
            "quantity",
            "slots",
            "end",
            "ended_at",
            "note",
            "left_out",
        ]
    ),
    Slot: frozenset(["state", "facts", "gap", "note", "withheld"]),
    NextEntry: frozenset(
        [
            "operation",
            "label",
            "job",
            "planned_start",
            "due",
            "rule",
            "state",
            "rank",
            "reasons",
            "blockers",
            "doubts",
            "facts",
            "machine",
        ]
    ),
    NextOrder: frozenset(["rule", "means", "ready", "blocked", "listed", "remarks"]),
    Reason: frozenset(["kind", "text", "facts"]),
    Cause: frozenset(["kind", "about", "text", "since", "hours", "facts"]),
}
"""The fields of the parts of an answer that are looked at here; others have none to hide."""
SHORTEST = 3
"""Texts with fewer letters are not looked for in sentences: they stand in many by chance."""
_PLANNING = (
    vocab.PLANNED_ON,
    vocab.PLANNED_AT,
    vocab.IN_WORK_CENTER,
    vocab.OPERATION_OF,
    vocab.STATUS,
)
_OF_NOTE = {
    "stated_by": vocab.STATED_BY,
    "stated_at": vocab.STATED_AT,
    "expires_at": vocab.EXPIRES_AT,
    "confirmed_by": vocab.CONFIRMED_BY,
    "contradicts": vocab.CONTRADICTS,
    "contradicted_by": vocab.CONTRADICTS,
}
_STATE_OF_NOTE = ("expires_at", "confirmed_by", "contradicted_by")
"""By which properties the parts of a note are said, and from which parts its state is told."""
OF_STATUS = {
    "activity": vocab.ACTIVITY,
    "reason": vocab.ACTIVITY_REASON,
    "since": vocab.ACTIVITY_SINCE,
}
"""By which properties the parts of a status are said."""
OF_WORK = (vocab.RUNNING_ON, vocab.PHASE, vocab.STARTED_AT)
"""What a status is drawn from where a machine does not say it itself."""


def withhold_context(
    context: Context, sight: Sight, covering: Mapping[str, Sequence[str]]
) -> Context:
    """Give the answer without what a role does not see, and with a count of it.

    ``covering`` are the sources that could fill each link.

    Raises:
        UnknownEntity: the thing itself is hidden.
        AccessError: the answer has a part that is not known here.
    """
    if sight.hides_thing(context.entity["id"]):
        raise unseen(context.entity["id"])
    return _Withholding(context, sight, covering).context()


def require_named(context: Context, given: str, sight: Sight) -> None:
    """See that a thing was asked for by a name that is shown: else it would tell the name.

    Raises:
        UnknownEntity: it was found by one that is hidden.
    """
    if not sight.is_named(context.entity["id"], given):
        raise unseen(given)


class _Withholding:
    def __init__(
        self, context: Context, sight: Sight, covering: Mapping[str, Sequence[str]]
    ) -> None:
        _require_known(context)
        self._context = context
        self._sight = sight
        self._gaps = GapFilter(sight, covering)
        facts = {fact.id: fact for fact in _all_facts(context)}
        self._kept = {i for i, fact in facts.items() if not fact.inputs and sight.sees(fact)}
        # What is computed from what is computed settles after as many rounds as there are steps.
        computed = {i: fact for i, fact in facts.items() if fact.inputs and sight.sees(fact)}
        while more := {
            i
            for i, f in computed.items()
            if i not in self._kept and self._kept.issuperset(f.inputs)
        }:
            self._kept |= more
        gone = [fact for i, fact in facts.items() if i not in self._kept]
        self._count = len(gone)
        self._texts = {text for fact in gone for text in _texts_of(fact)}
        # What decided a conflict names both of its sources.
        self._texts |= {s.casefold() for s in sight.hiding.sources if len(s) >= SHORTEST}

    def context(self) -> Context:
        known = self._context
        entity = known.entity | {"label": self._sight.label(known.entity["id"])}
        runs = [shown for run in known.runs if (shown := self._run(run)) is not None]
        slots = {name: self._slot(name, slot) for name, slot in known.slots.items()}
        waiting = [n for one in known.next if (n := self._next(one)) is not None]
        is_whole_order = waiting == known.next
        if not is_whole_order:  # in which order they stand would tell what is hidden
            waiting = [replace(w, rank=None) for w in sorted(waiting, key=lambda w: w.operation)]
        gaps = [shown for gap in known.gaps if (shown := self._gap(gap)) is not None]
        made = replace(
            known,
            entity=entity,
            status=self._status(len(runs) < len(known.runs)),
            slots=slots,
            runs=runs,
            next=waiting,
            gaps=gaps,
            notes=[told for note in known.notes if (told := self._note(note)) is not None],
            sources=[s for s in known.sources if s["name"] not in self._sight.hiding.sources],
            order=self._order(known.order) if is_whole_order else None,
            causes=[why for one in known.causes if (why := self._cause(one)) is not None],
            computed={name: self._slot(name, slot) for name, slot in known.computed.items()},
            inputs=self._facts(known.inputs),
            # Among the others may be some that are hidden.
            left_out=dict.fromkeys(known.left_out),
        )
        made.withheld = self._count
        return made

    # ---- facts

    def _slot(self, name: str, slot: Slot) -> Slot:
        kept = self._facts(slot.facts)
        gap = self._gaps.shown(slot.gap) if slot.gap is not None else None
        gone = len(slot.facts) - len(kept)
        is_gap_gone = slot.gap is not None and gap is None
        is_hidden = not kept and (
            gone > 0 or is_gap_gone or self._gaps.hides_slot(name, slot.state)
        )
        if is_hidden:
            return Slot("withheld", withheld=gone)
        state: SlotState = slot.state
        if kept and gone:
            states = {fact.state for fact in kept}
            state = next((s for s in ("conflicting", "known") if s in states), kept[0].state)
        note = None if gone or slot.note is None else self._said(slot.note)
        return Slot(state, kept, gap, note, gone)

    def _facts(self, facts: Iterable[Fact]) -> list[Fact]:
        return [self._fact(fact) for fact in facts if fact.id in self._kept]

    def _fact(self, fact: Fact) -> Fact:
        label = self._sight.label(fact.value) if fact.is_entity else self._said(fact.label)
        note = self._said(fact.note) if fact.note else fact.note
        has_unit = fact.unit and self._sight.shows(self._sight.term(fact.about), vocab.UNIT)
        return replace(fact, label=label, note=note, unit=fact.unit if has_unit else None)

    def _said(self, text: str) -> str:
        """Give a sentence, or nothing of one that holds what is hidden."""
        plain = text.casefold()
        return WITHHELD if any(told in plain for told in self._texts) else text

    # ---- runs

    def _run(self, run: Run) -> Run | None:
        term = self._sight.term(run.run)
        bearing = [*run.slots["machine"].facts, *run.slots["job"].facts]
        if (
            self._sight.hides_any([vocab.RUNNING_ON])
            or any(fact.id not in self._kept for fact in bearing)
            or not self._sight.is_told_by_others(term)
        ):
            self._count += 1
            return None
        slots = {name: self._slot(name, slot) for name, slot in run.slots.items()}

        def shown(value: str | None, *properties: str) -> str | None:
            return value if value is None or self._sight.shows(term, *properties) else None

        hides_pieces = self._sight.hiding.sources or self._sight.hides_any(
            [vocab.SERIAL_NUMBER, vocab.PIECE_OF]
        )
        return replace(
            run,
            phase=shown(run.phase, vocab.PHASE),
            position=shown(run.position, vocab.ON_PALLET),
            since=shown(run.since, vocab.STARTED_AT),
            ended_at=shown(run.ended_at, vocab.ENDED_AT, vocab.INFERRED_END_AT),
            operations=[fact.label for fact in slots["operation"].facts],
            pieces=[] if hides_pieces else run.pieces,
            left_out={} if hides_pieces else dict.fromkeys(run.left_out),
            quantity=self._quantity(run, slots.get("quantity", Slot("unknown"))),
            slots=slots,
        )

    def _quantity(self, run: Run, slot: Slot) -> dict[str, str | None]:
        """Keep the numbers whose facts are shown."""
        words = {name: _word(predicate) for name, predicate in QUANTITIES.items()}
        words["planned"] = _word(vocab.PLANNED_QUANTITY)
        shown = {fact.predicate for fact in slot.facts}
        units = [fact.unit for fact in slot.facts if fact.unit]
        kept = {n: v if words.get(n) in shown else None for n, v in run.quantity.items()}
        return kept | {"unit": run.quantity.get("unit") if units else None}

    def _status(self, has_lost_runs: bool) -> dict[str, str | None]:
        known, entity = self._context.status, self._sight.term(self._context.entity["id"])
        hides_work = self._sight.hides_any(OF_WORK)
        if has_lost_runs or hides_work or not self._sight.shows(entity, vocab.STATUS):
            return {"state": WITHHELD, "activity": None, "reason": None, "since": None}
        shown = {
            name: known.get(name) if self._sight.shows(entity, predicate) else None
            for name, predicate in OF_STATUS.items()
        }
        is_whole = all(shown[name] == known.get(name) for name in shown)
        return {"state": known["state"] if is_whole else WITHHELD, **shown}

    # ---- what else an answer says

    def _next(self, entry: NextEntry) -> NextEntry | None:
        sight = self._sight
        operation, job = sight.term(entry.operation), sight.term(entry.job)
        if (
            sight.hides_any(_PLANNING)
            or sight.hides_thing(entry.operation)
            or sight.hides_thing(entry.job)
            or not sight.shows(operation, *_PLANNING)
        ):
            self._count += 1
            return None
        reasons, blockers, doubts = (
            tuple(shown for one in group if (shown := self._reason(one)) is not None)
            for group in (entry.reasons, entry.blockers, entry.doubts)
        )
        is_due_shown = sight.shows(job, vocab.DUE_DATE)
        is_start_shown = sight.shows(operation, vocab.PLANNED_START)
        return replace(
            entry,
            label=sight.label(entry.operation),
            planned_start=entry.planned_start if is_start_shown else None,
            due=entry.due if is_due_shown else None,
            reasons=reasons,
            blockers=blockers,
            doubts=doubts,
            facts=tuple(self._facts(entry.facts)),
            machine=self._machine(entry, operation),
        )

    def _machine(self, entry: NextEntry, operation: Term) -> str | None:
        """Give where an entry is planned, unless the link or the machine itself is hidden."""
        sight = self._sight
        is_shown = sight.shows(operation, vocab.PLANNED_ON)
        return entry.machine if is_shown and not sight.hides_thing(entry.machine or "") else None

    def _order(self, order: NextOrder | None) -> NextOrder | None:
        if order is None:
            return None
        shown = [one for remark in order.remarks if (one := self._reason(remark)) is not None]
        return replace(order, remarks=tuple(shown))

    def _reason(self, reason: Reason) -> Reason | None:
        """Give a reason whose facts are all shown: one that names none may say anything."""
        if not reason.facts or any(fact.id not in self._kept for fact in reason.facts):
            self._count += 1
            return None
        text = self._said(reason.text)
        return replace(reason, text=text, facts=tuple(self._facts(reason.facts)))

    def _cause(self, cause: Cause) -> Cause | None:
        is_shown = cause.facts and all(fact.id in self._kept for fact in cause.facts)
        if not is_shown or self._sight.hides_thing(cause.about):
            self._count += 1
            return None
        text = self._said(cause.text)
        return replace(cause, text=text, facts=tuple(self._facts(cause.facts)))

    def _gap(self, gap: Any) -> Any:
        shown = self._gaps.shown(gap)
        if shown is None:
            self._count += 1
            return None
        return replace(shown, message=self._said(shown.message))

    def _note(self, note: Mapping[str, str | None]) -> dict[str, str | None] | None:
        sight = self._sight
        term = sight.term(note["id"] or "")
        about = note["about"] or ""
        if sight.hides_thing(about) or not sight.shows(term, vocab.TEXT, vocab.ABOUT):
            self._count += 1
            return None
        kept = {n: note[n] if sight.shows(term, p) else None for n, p in _OF_NOTE.items()}
        # The id of a fact that is not shown tells something of its value.
        denied = note["contradicts"]
        if denied and "~" in denied and denied not in self._kept:
            kept["contradicts"] = None
        is_whole = all(kept[name] == note[name] for name in _STATE_OF_NOTE)
        state = note["state"] if is_whole else WITHHELD
        return {**note, **kept, "text": self._said(note["text"] or ""), "state": state}


def _require_known(part: object) -> None:
    for one in _dataclasses_in(part):
        known = KNOWN.get(type(one))
        unknown = known and {field.name for field in fields(one)} - known
        if unknown:
            raise AccessError(
                f"an answer has {min(unknown)}, of which it is not known what a role may see",
                hint="ask as somebody who sees everything",
                code="withheld",
            )


def _dataclasses_in(part: Any) -> Iterator[Any]:
    if is_dataclass(part):
        yield part
        for field in fields(part):
            yield from _dataclasses_in(getattr(part, field.name))
    elif isinstance(part, dict):
        for value in part.values():
            yield from _dataclasses_in(value)
    elif isinstance(part, list | tuple):
        for value in part:
            yield from _dataclasses_in(value)


def _all_facts(part: Any) -> Iterator[Fact]:
    return (one for one in _dataclasses_in(part) if isinstance(one, Fact))


def _texts_of(fact: Fact) -> set[str]:
    """Give the texts by which a sentence may speak of a fact that is hidden."""
    said = {fact.label, fact.value, unquote(fact.value.rsplit("/", 1)[-1])}
    return {text.casefold() for text in said if len(text) >= SHORTEST}


def _word(predicate: str) -> str:
    return predicate[1:-1].rsplit("/", 1)[-1]

"""Render an answer as a card: what people and language models read, in a given number of tokens.

The same answer, clock and budget give the same bytes. Facts are cut whole, the least urgent first
(`kg.answer.priority`), and counted; header, state, gaps and the sources of what is shown stay. All
that comes from data went through `kg.answer.untrusted`: it stands as a bare word or in double
quotes, and can neither end a line nor write a citation, a mark or a quote.

The grammar of a card, one production a line (NL ends a line, ``{x}`` is any number, ``[x]`` none or
one; literal square brackets stand in quotes)::

    card      = header marks {section} sources
    header    = "# " id " " quoted " | as of " time " | " count NL
    count     = n " of " n " facts" [", " n " cut (" how ")"]
    marks     = "Marks: " text NL                      -- only the marks that the card uses
    section   = "## " title NL {line}
    line      = state | facts | told | entry | gap | note | withheld
    state     = "- " STATE [": " value {", " value}] [" since " time] NL
    facts     = "- " pair {"; " pair} ["; " n " more cut"] NL
    pair      = [name [" of " id] ": "] (fact | STATE)
    fact      = value [" " (label | unit)] [" (" remark ")"] {citation}
    remark    = mark {", " mark} [": " said] | said
    told      = ["  "] "- " [lead " "] name ": " said {citation} NL
    entry     = "- " (n ". " | STATE ": ") id [" " label] " of " id {", " name " " value} NL
    gap       = "- " STATE " " name " of " id {", " id} [": " said] NL
    note      = "- " id ": " quoted " (" value ", " value "; " name ")" NL
    sources   = "## Sources: …" NL {source} | "## Sources" NL "none" NL
    source    = "[" n "] " record " " ["~"] (time | "-") " " (age " ago" | "-") NL
    citation  = " " "[" n "]" for the first of a fact, "[" n "]" for the others
    value     = bare | quoted;  label, unit = bare | quoted
    bare      = no blank, none of  " ; ( ) [ ] ,  and at least one character
    quoted    = '"' text without '"' '"'
    STATE     = one word in capitals: MISSING, NONE, UNKNOWN, NOT_DUE, WITHHELD, RUNNING …
    mark      = STALE | INFERRED | CONFLICT | COMPUTED | PERSON

A pair without a name takes name and subject of the pair before it in its line, one without ``of``
the subject of the pair before it. The subject of a line's first pair, where it names none, is that
of its section:

* ``## Now (2 runs)``: the entity of the header; its state, and what is said of it itself.
* ``## Run run/mes/run/E17: production, since …``: that run. No section has facts of two runs.
* ``## Why it matters: job/1043 "Shaft"``: that job, whichever runs it has.
* ``## Details``, ``## Computed``: the entity of the header, or what ``of`` names.
* ``## Why it is late``, ``## Next, by …``: told lines and entries, in words, with what they cite.
* ``## Missing or unknown``: gaps. MISSING is owed and in no source; UNKNOWN no source covers.
* ``## Notes by people …``: only where asked for, between two lines that data cannot write.

A name is that of a slot of the answer (``customer``, ``spec``, ``due``); in slots of several
properties it is the property (``good``, ``scrap``, ``upperLimit``). A value with a slash is an
entity's id, and a text after it its label; after a number it is the unit. Where a slot lists what
points to the entity (a customer's jobs), the value is what points. A fact without a mark is known,
fresh, and from a system. Within a conflict the value that counts comes first. The record of a source
line is its path below ``record/``; ``~`` says that the time is when it was first seen, no mark since
when it is true; the age is how long ago its source last vouched for it, at most.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import pydantic_core

from kg import vocab
from kg.answer.card import MAX_LISTED, MAX_TEXT, Card, clean, fact_text
from kg.answer.focus import DETAILS
from kg.answer.focuscard import COMPUTED, add_causes, add_computed, add_details, add_order

if TYPE_CHECKING:
    from collections.abc import Iterable

    from kg.answer.bundle import Context, Fact, Run, Slot

CHARACTERS_PER_TOKEN = 2.7
"""Fewer than any common tokenizer makes of such text, so that the estimate errs high."""
_MARKS = (
    "Marks: none=fresh, STALE=its source has not vouched for it in time, MISSING=required, in "
    "no source; UNKNOWN=no source covers it, NONE=a source says there is nothing, INFERRED=drawn "
    "by a rule that can be wrong, CONFLICT=sources disagree. Cite facts as [n]."
)


def estimate_tokens(text: str) -> int:
    """Estimate the tokens of a text from its UTF-8 bytes; errs high."""
    return math.ceil(len(text.encode()) / CHARACTERS_PER_TOKEN)


def render_card(context: Context, max_tokens: int = 1_500, *, is_with_notes: bool = False) -> str:
    """Write the card, within an estimated number of tokens.

    Headings, gaps and the sources of what is shown stay; facts are cut from the least urgent on.
    What people wrote is counted and withheld unless it is asked for: a model should not take it
    for what a system knows.
    """
    card = Card()
    _now(card, context)
    if context.entity["kind"] in {"machine", "customer"} and context.runs:
        for run in context.runs:
            _why(card, run)
    else:
        _slots(card, {n: s for n, s in context.slots.items() if n not in DETAILS})
    add_details(card, context)
    add_causes(card, context)
    add_computed(card, context)
    add_order(card, context)
    _gaps(card, context)
    _notes(card, context, is_with_notes=is_with_notes)
    total = sum(line[2] for line in card.lines) + card.beyond
    lines = list(card.lines)
    while True:
        text = _assemble(context, card, lines, total)
        droppable = [line for line in lines if line[0] > 0]
        if estimate_tokens(text) <= max_tokens or not droppable:
            return text
        lines.remove(max(reversed(droppable), key=lambda line: line[0]))


def _assemble(
    context: Context,
    card: Card,
    lines: list[tuple[int, str, int, tuple[str, ...]]],
    total: int,
) -> str:
    shown = sum(line[2] for line in lines)
    cut = f", {total - shown} cut" if shown < total else ""
    entity = context.entity
    head = (
        f'# {entity["id"]} "{clean(entity["label"])}" | as of {context.as_of} | '
        f"{shown} of {total} facts{cut}"
    )
    cited = dict.fromkeys(record for line in lines for record in line[3])
    ages = _ages(context)
    sources = [
        f"[{card.numbers[record]}] {clean(record)} {ages.get(record, '')}".rstrip()
        for record in cited
    ]
    body = "\n".join(line[1] for line in lines)
    marks = f"{_MARKS} {COMPUTED}" if context.computed else _MARKS
    return f"{head}\n{marks}\n{body}\n## Sources\n" + "\n".join(sources or ["none"]) + "\n"


def _ages(context: Context) -> dict[str, str]:
    ages: dict[str, str] = {}
    for fact in _all_facts(context):
        for citation in fact.via:
            since = citation.observed_at
            text = f"since {since}" if since else f"first seen {citation.recorded_at}"
            if len(fact.via) == 1 and fact.age_s is not None:
                text += f", confirmed {_age(fact.age_s)} ago"
            if len(text) > len(ages.get(citation.record, "")):
                ages[citation.record] = text
    return ages


def _age(seconds: float) -> str:
    for unit, size in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} s"


def _all_slots(context: Context) -> Iterable[Slot]:
    yield from context.slots.values()
    for run in context.runs:
        yield from run.slots.values()


def _all_facts(context: Context) -> Iterable[Fact]:
    for slot in _all_slots(context):
        yield from slot.facts
    yield from context.inputs
    for cause in context.causes:
        yield from cause.facts
    for entry in context.next:
        for reason in (*entry.reasons, *entry.blockers, *entry.doubts):
            yield from reason.facts
    for remark in context.order.remarks if context.order else ():
        yield from remark.facts


def _now(card: Card, context: Context) -> None:
    if context.entity["kind"] not in {"machine", "job", "customer", "batch"}:
        return
    count = sum(run.end == "open" for run in context.runs)
    title = f"{count} run{'s' if count != 1 else ''}"
    card.add(0, f"## Now ({title})")
    status = context.status
    detail = ", ".join(
        clean(str(status[name])) for name in ("activity", "reason") if status.get(name)
    )
    since = f" since {status['since']}" if status.get("since") else ""
    state = str(status["state"])
    shown = f": {detail}" if detail and detail != state else ""
    card.add(0, f"- {state.upper()}{shown}{since}")
    for run in context.runs:
        _run(card, run)


def _run(card: Card, run: Run) -> None:
    facts = [fact for name in ("job", "machine", "operation") for fact in run.slots[name].facts]
    job = _shown(run.slots["job"], "job")
    operation = f" operation {', '.join(map(clean, run.operations))}" if run.operations else ""
    where = f" at {clean(run.position)}" if run.position else ""
    machine = _shown(run.slots["machine"], "machine")
    since = f", since {run.since}" if run.since else ""
    phase = f" ({clean(run.phase)})" if run.phase else ""
    ended = f", ended {run.ended_at}" if run.end == "recorded" else ""
    lost = f", ended by {run.ended_at} (INFERRED: {run.note})" if run.end == "inferred" else ""
    text = (
        f"- run {clean(run.run)}{phase}: {job}{operation} on {machine}{where}{since}{ended}{lost}"
    )
    card.add(0 if run.end == "open" else 5, text, facts)
    if run.end != "open":
        return
    done = {name: value for name, value in run.quantity.items() if value is not None}
    unit = clean(done.pop("unit", "") or "")
    if done:
        counts = ", ".join(f"{name} {clean(str(value))}" for name, value in done.items())
        card.add(3, f"  - quantity: {counts} {unit}".rstrip(), run.slots["quantity"].facts)
    if run.slots["person"].facts:
        card.add(5, f"  - by {_shown(run.slots['person'], 'person')}", run.slots["person"].facts)


def _why(card: Card, run: Run) -> None:
    card.add(0, f"## Why it matters: {_shown(run.slots['job'], 'job')}")
    _slots(
        card,
        {
            n: s
            for n, s in run.slots.items()
            if n not in {"job", "machine", "operation", "person", "quantity"}
        },
    )


_PRIORITY = {"customer": 1, "spec": 1, "batch": 1, "part": 2, "due": 2, "machine": 1, "job": 1}


def _slots(card: Card, slots: dict[str, Slot]) -> None:
    for name, slot in slots.items():
        if slot.facts:
            card.add(_PRIORITY.get(name, 4), f"- {name}: {_shown(slot, name)}", slot.facts)
        elif slot.state in {"none", "missing", "not_due", "withheld"}:
            card.add(2, f"- {name}: {slot.state.upper()}")


def _shown(slot: Slot, name: str) -> str:
    if not slot.facts:
        return f"{name} {slot.state.upper()}"
    counted = [
        f"{fact.predicate.removesuffix('Quantity')} {fact_text(fact)}" for fact in slot.facts
    ]
    if name == "quantity":
        return ", ".join(counted[:MAX_LISTED])
    more = len(slot.facts) - MAX_LISTED
    return "; ".join(map(fact_text, slot.facts[:MAX_LISTED])) + (
        f"; and {more} more" if more > 0 else ""
    )


def _gaps(card: Card, context: Context) -> None:
    card.add(0, "## Missing or unknown")
    for gap in context.gaps:
        message = clean(gap.message, 2 * MAX_TEXT)
        card.add(0, f"- {gap.state.upper()} {gap.slot} of {clean(gap.entity)}: {message}")
    if not context.gaps:
        card.add(0, "- nothing that is owed")


def _notes(card: Card, context: Context, *, is_with_notes: bool) -> None:
    count = len(context.notes)
    if count and not is_with_notes:
        card.add(0, f"- {count} note{'s' if count != 1 else ''} by people withheld")
    elif count:
        card.add(0, "## Notes by people, as they wrote them")
        for note in context.notes:
            said = f"{clean(note['stated_by'] or 'somebody')}, {note['stated_at'] or 'undated'}"
            about, text = clean(note["about"] or ""), clean(note["text"] or "")
            card.add(6, f"- {about}: {text} ({said}; {note['state']})")


def to_jsonld(context: Context, base: str) -> dict[str, Any]:
    """Give the answer's facts as JSON-LD 1.1: the entity, its links and what they cite."""
    nodes: dict[str, dict[str, Any]] = {}
    for slot in _all_slots(context):
        for fact in slot.facts:
            if fact.is_computed:
                continue
            node = nodes.setdefault(fact.about, {"@id": fact.about})
            values = node.setdefault(fact.predicate, [])
            value: Any = {"@id": fact.value} if fact.is_entity else fact.value
            if value not in values:
                values.append(value)
    entity = nodes.setdefault(context.entity["id"], {"@id": context.entity["id"]})
    entity["label"] = context.entity["label"]
    return {
        "@context": {
            "@base": base,
            "@vocab": vocab.TR,
            "label": "http://www.w3.org/2000/01/rdf-schema#label",
        },
        "@graph": [nodes[name] for name in sorted(nodes)],
    }


def to_json(value: Any) -> str:
    """Write JSON as people like to read it: two spaces, text as it is."""
    return pydantic_core.to_json(value, indent=2).decode()

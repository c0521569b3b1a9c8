"""Compact JSON: what a card tells, for a model that is given JSON; cut and cleaned as a card is.

Keys are the same for every kind of thing. A fact is of the entity unless ``of`` names another
thing; ``state`` stands where it is not known for certain, ``stale`` where its source has not
vouched for it in time, ``trust`` says what vouches for it, ``via`` are numbers of ``sources``.
``told`` are sentences, in the order of the card; ``read`` says how a question in words was read.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pydantic_core

from kg.answer.render import DEFAULT_TOKENS, card_of, too_small
from kg.answer.sources import source_lines
from kg.answer.tokens import MAX_TOKENS, estimate_tokens
from kg.answer.untrusted import MAX_SAID, clean

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kg.answer.bundle import Context, Fact
    from kg.answer.card import Card, Part, Section
    from kg.answer.tokens import Tokenizer


def render_compact(
    context: Context,
    max_tokens: int = DEFAULT_TOKENS,
    *,
    is_with_notes: bool = False,
    read: str = "",
    count: Tokenizer = estimate_tokens,
) -> str:
    """Write compact JSON within a number of tokens as ``count`` counts them.

    ``read`` is the line that says how a question in words was read, which is never cut.

    Raises:
        CardError: what is never cut alone needs more; the message says how many.
    """
    card = card_of(context, is_with_notes=is_with_notes)
    loose = sorted((part for part in card.parts() if part.rank), key=lambda part: part.rank)
    writer = _Writer(card, context, read, is_with_notes=is_with_notes)
    whole = writer.write(loose, 0)
    needed = count(whole)
    if needed <= max_tokens:
        return whole
    low, high = 0, len(loose)
    while high - low > 1:
        middle = (low + high) // 2
        is_short = count(writer.write(loose[:middle], needed)) <= max_tokens
        low, high = (middle, high) if is_short else (low, middle)
    text = writer.write(loose[:low], needed)
    while count(text) > max_tokens:
        if not low:
            raise too_small("compact JSON", context, max_tokens, count(text))
        low -= 1
        text = writer.write(loose[:low], needed)
    return text


@dataclass(slots=True)
class _Told:
    """What was chosen, by section, and the numbers of the records that it cites."""

    facts: list[dict[str, Any]]
    sentences: list[dict[str, Any]]
    numbers: dict[str, int]


class _Writer:
    def __init__(self, card: Card, context: Context, read: str, *, is_with_notes: bool) -> None:
        self._card = card
        self._context = context
        self._read = read
        self._notes = context.notes if is_with_notes else []
        self._withheld = 0 if is_with_notes else len(context.notes)
        self._sources = source_lines(context)
        self._total = sum(part.rank > 0 for part in card.parts())

    def write(self, chosen: list[Part], needed: int) -> str:
        """Write what was chosen; ``needed`` are the tokens of all, where something is cut."""
        ids = {id(part) for part in chosen}
        told = _Told([], [], {})
        for section in self._card.sections:
            for line in section.lines:
                for part in line.parts:
                    if id(part) in ids:
                        self._tell(part, line.lead, section, told)
        everything = self._plain(told, ids).items()
        plain = {name: value for name, value in everything if value or name == "label"}
        if len(chosen) < self._total:
            plain["cut"] = self._total - len(chosen)
            if needed <= MAX_TOKENS:
                plain["ask_max_tokens"] = needed
        return pydantic_core.to_json(plain).decode() + "\n"

    def _plain(self, told: _Told, ids: set[int]) -> dict[str, Any]:
        context = self._context
        entity = context.entity
        is_whole = all(id(part) in ids for part in self._card.parts() if part.link == ": ")
        return {
            "entity": clean(entity["id"], is_id=True),
            "label": clean(entity["label"]),
            "as_of": context.as_of,
            "read": self._read,
            "status": {n: clean(str(v)) for n, v in context.status.items() if v is not None},
            "facts": told.facts,
            "told": told.sentences,
            "gaps": [
                {
                    "state": gap.state,
                    "slot": clean(gap.slot),
                    "of": clean(gap.entity, is_id=True),
                    **({"why": clean(gap.message, MAX_SAID)} if is_whole else {}),
                }
                for gap in context.gaps
            ],
            "notes_by_people": list(self._noted(ids)),
            "notes_withheld": self._withheld,
            "sources": {str(n): self._sources[record] for record, n in told.numbers.items()},
        }

    def _noted(self, ids: set[int]) -> Iterator[dict[str, str]]:
        """Give the notes that were chosen; they are told last, so of many the first."""
        section = self._card.sections[-1]
        for line, note in zip(section.lines, self._notes, strict=False):
            if id(line.parts[0]) in ids:
                shown = {name: clean(text) for name, text in note.items() if text and name != "id"}
                yield shown | {"trust": "person"}

    def _tell(self, part: Part, lead: str, section: Section, told: _Told) -> None:
        if part.link == ": " or (self._notes and section is self._card.sections[-1]):
            return
        via = [told.numbers.setdefault(record, len(told.numbers) + 1) for record in part.cited]
        if part.fact is not None:
            shown = _fact(part, part.fact)
        elif part.name:
            shown = {"is": part.name, "empty": part.text}
        else:
            text = f"{lead.strip(' -')} {part.text}".strip()
            told.sentences.append({"in": _title(section), "text": text, "via": via})
            return
        if part.about != clean(self._context.entity["id"], is_id=True):
            shown = {"of": part.about, **shown}
        told.facts.append(shown | ({"via": via} if via else {}))


def _fact(part: Part, fact: Fact) -> dict[str, Any]:
    pointing = part.about != clean(fact.about, is_id=True)  # the value is what points
    value = fact.about if pointing else fact.value
    shown: dict[str, Any] = {
        "is": part.name,
        "value": clean(value, is_id=pointing or fact.is_entity),
        "label": "" if pointing or fact.label == fact.value else clean(fact.label),
        "unit": clean(fact.unit or ""),
        "state": "" if fact.state == "known" else fact.state,
        "stale": fact.is_stale,
        "trust": fact.trust,
        "note": clean(fact.note or "", MAX_SAID),
    }
    return {name: value for name, value in shown.items() if value or name == "value"}


def _title(section: Section) -> str:
    return section.heading.split("\n", 1)[0].lstrip("# ").split(":", 1)[0].split(",", 1)[0]

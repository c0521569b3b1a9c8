"""Card: the lines of a card under way, and text from data made safe to stand in them."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from kg.answer.bundle import Fact

MAX_TEXT = 120
MAX_LISTED = 8
MAX_READ = 8
"""How many times the shown length is looked at of a text: longer ones only cost time."""
_LINK = re.compile(r"\b\w{1,20}://\S+|www\.\S+|mailto:\S+|\[[^\]]*\]\([^)]*\)", re.IGNORECASE)
_HIDDEN = re.compile("[\ufe00-\ufe0f\U000e0100-\U000e01ef]")
_STAND_INS = str.maketrans({"[": "(", "]": ")", "`": "'", '"': "'", "<": "‹", ">": "›"})


def clean(text: str, most: int = MAX_TEXT) -> str:
    """Make text from data safe to show: one line, NFKC, no hidden marks, markup or links."""
    plain = _HIDDEN.sub("", unicodedata.normalize("NFKC", text[: MAX_READ * most]))
    plain = "".join(
        " " if unicodedata.category(c) in {"Zl", "Zp", "Cc"} else c
        for c in plain
        if unicodedata.category(c) != "Cf"
    )
    plain = _LINK.sub("(link)", " ".join(plain.split()))
    plain = plain.translate(_STAND_INS).lstrip("#›-*= ")
    return plain if len(plain) <= most else plain[: most - 1] + "…"


@dataclass(slots=True)
class Card:
    """Lines under way: (priority, text, facts in it, records cited); the lowest is kept longest."""

    lines: list[tuple[int, str, int, tuple[str, ...]]] = field(default_factory=list)
    numbers: dict[str, int] = field(default_factory=dict)
    beyond: int = 0

    def add(self, priority: int, text: str, facts: Iterable[Fact] = ()) -> None:
        """Add a line; facts beyond those that a line lists count as cut."""
        every = list(facts)
        self.beyond += max(0, len(every) - MAX_LISTED)
        listed = every[:MAX_LISTED]
        cited = tuple(dict.fromkeys(c.record for fact in listed for c in fact.via))
        marks = "".join(f"[{self.number(record)}]" for record in cited)
        self.lines.append((priority, f"{text} {marks}".rstrip(), len(listed), cited))

    def number(self, record: str) -> int:
        """Number a record by the order in which it is first cited."""
        return self.numbers.setdefault(record, len(self.numbers) + 1)


def fact_text(fact: Fact) -> str:
    """Write a fact's value with its unit where it was computed, and what is to be minded of it."""
    text = clean(fact.value)
    if fact.is_computed and fact.unit:
        text += f" {clean(fact.unit)}"
    label = clean(fact.label)
    if not fact.is_computed and label not in {text, text.rsplit("/", 1)[-1]}:
        text += f' "{label}"'
    marks = [
        mark
        for mark, is_on in (
            ("INFERRED", fact.state == "inferred"),
            ("CONFLICT", fact.state == "conflicting"),
            ("STALE", fact.is_stale),
            ("COMPUTED", fact.is_computed),
        )
        if is_on
    ]
    shown = ", ".join(marks)
    if fact.note:
        note = clean(fact.note)
        shown = f"{shown}: {note}" if marks else note
    return f"{text} ({shown})" if shown else text

"""Asked: the plant's saved questions, which go across all things, in lines for a model."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from kg import vocab
from kg.answer.finding.words import STOP_WORDS
from kg.answer.names import split_words
from kg.answer.untrusted import clean
from kg.errors import AccessError
from kg.mcp.rows import CELL, table_text

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from kg.answer.asking.questions import Question

_NOTES = re.compile(r"\btr:(?:Note|about)\b")
"""What a query names that tells what people wrote as notes."""
_WRITTEN = vocab.TEXT[1:-1].removeprefix(vocab.TR)
_SHORTEST = 4
"""Letters that two words must have in common at their beginning: ``machine``, ``machines``."""


def questions_text(questions: Iterable[Question], words: str) -> str:
    """List the questions that some words are about, the closest first; without words all.

    Where none is about them, all are listed.
    """
    listed = sorted(filter(is_for_models, questions), key=lambda one: int(one.number))
    asked = [word for word in split_words(words) if word not in STOP_WORDS]
    scored = [(_score(one, asked), one) for one in listed]
    near = [one for score, one in sorted(scored, key=lambda pair: -pair[0]) if score]
    about = f" about {clean(words)}" if words else ""
    if asked and not near:
        about = f"; none is about {clean(words)}"
    shown = near or listed
    head = f"# {len(shown)} of {len(listed)} saved questions{about}"
    lines = [f"- {one.name}({_parameters(one)}): {clean(one.text, 2 * CELL)}" for one in shown]
    return (
        "\n".join([head, "Ask one by its name; [what stands so] may be left out.", *lines]) + "\n"
    )


def is_for_models(question: Question) -> bool:
    """Tell whether a question tells no notes: those stand apart, on cards that ask for them."""
    return _NOTES.search(question.query) is None


def check_for_models(question: Question) -> None:
    """Refuse a question of what people wrote.

    Raises:
        AccessError: it tells notes.
    """
    if not is_for_models(question):
        raise AccessError(
            f"{question.name} tells what people wrote, which is withheld here",
            hint="get_context with include_notes=true tells the notes on a thing",
            code="withheld",
        )


def answer_text(
    question: Question,
    as_of: str,
    rows: Sequence[Mapping[str, str]],
    withheld: Collection[str],
    most_rows: int,
) -> str:
    """Write the first rows of an answer, tab-separated below their names, and what was cut."""
    told = [row for row in rows if row.get("property", "").rpartition("/")[2] != _WRITTEN]
    columns = question.columns()
    remarks = [f"withheld from your role: {', '.join(sorted(withheld))}"] if withheld else []
    if len(told) < len(rows):
        remarks.append(f"{len(rows) - len(told)} rows that people wrote withheld")
    title = " | ".join([f"# {clean(question.text, 2 * CELL)}", f"as of {as_of}", *remarks])
    lines = ["\t".join(_cell(row.get(name, "")) for name in columns) for row in told]
    table = table_text("rows", "\t".join(columns), lines, most_rows, "raise max_rows")
    none = f"No row: {clean(question.answers, 3 * CELL)}\n" if not lines else ""
    return f"{title}\n{table}{none}"


def _parameters(question: Question) -> str:
    """Write a question's parameters: ``batch, [to]``."""
    return ", ".join(
        f"[{name}]" if name in question.optional else name for name in question.parameters
    )


def _score(question: Question, asked: Iterable[str]) -> int:
    own = {*split_words(question.name), *split_words(question.text)}
    return sum(any(_is_like(word, other) for other in own) for word in asked)


def _is_like(one: str, other: str) -> bool:
    most = min(len(one), len(other))
    return one == other or (most >= _SHORTEST and one[:most] == other[:most])


def _cell(text: str) -> str:
    return clean(text, CELL, is_id="/" in text and " " not in text) or "-"

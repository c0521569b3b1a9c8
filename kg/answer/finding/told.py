"""Told: how a question was read, as one line of a card."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kg.answer.compact import render_compact
from kg.answer.render import DEFAULT_TOKENS, render_card
from kg.answer.tokens import estimate_tokens
from kg.answer.untrusted import id_text, quoted, said

if TYPE_CHECKING:
    from collections.abc import Iterable

    from kg.answer.bundle import Context
    from kg.answer.finding.found import Asked, Match

MOST_TOLD = 5


def render_asked(
    asked: Asked | None,
    context: Context,
    max_tokens: int = DEFAULT_TOKENS,
    *,
    is_with_notes: bool = False,
) -> str:
    """Write a card within a number of tokens; of a question in words it says how it was read.

    Raises:
        CardError: what stays in any case needs more.
    """
    if asked is None:
        return render_card(context, max_tokens, is_with_notes=is_with_notes)
    line = asked_line(asked)
    own = estimate_tokens(f"{line}\n")
    card = render_card(
        context,
        max_tokens,
        is_with_notes=is_with_notes,
        # The line goes below the header, once: pieces of the card are counted by themselves.
        count=lambda text: estimate_tokens(text) + (own if text.startswith("# ") else 0),
    )
    header, marks, rest = card.split("\n", 2)
    return f"{header}\n{marks}\n{line}\n{rest}"


def compact_asked(
    asked: Asked | None,
    context: Context,
    max_tokens: int = DEFAULT_TOKENS,
    *,
    is_with_notes: bool = False,
) -> str:
    """Write compact JSON within a number of tokens; of a question in words, also how it was read.

    Raises:
        CardError: what stays in any case needs more.
    """
    read = "" if asked is None else asked_line(asked)
    return render_compact(context, max_tokens, is_with_notes=is_with_notes, read=read)


def asked_line(asked: Asked) -> str:
    """Say in one line what a question was taken to be about, and what of it was not."""
    parts = [f"Read as {asked.focus} ({said(asked.focus_why)}) of {_match(asked.subject)}"]
    if asked.others:
        parts.append(f"also named: {_ids(asked.others)}")
    if asked.unclear:
        parts.append(f"several can be meant: {_ids(asked.unclear)}")
    parts += map(said, asked.remarks[:MOST_TOLD])
    return "; ".join(parts)


def _match(match: Match) -> str:
    return f"{id_text(match.id)} by {quoted(match.words)}"


def _ids(matches: Iterable[Match]) -> str:
    listed = [id_text(match.id) for match in matches]
    more = len(listed) - MOST_TOLD
    return ", ".join(listed[:MOST_TOLD]) + (f" and {more} more" if more > 0 else "")

"""Offset: which journal a graph was folded from, and up to which of its records."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kg.errors import JournalError
from kg.vocab import FOLDED_FROM

if TYPE_CHECKING:
    from pathlib import Path

    from kg.journal import Journal
    from kg.records import Term
    from kg.store import Store


def folded_from(store: Store) -> str:
    """Give the id of the journal that a graph was folded from; "" where it does not say."""
    subject, graph = _place(store.base)
    found = store.objects(subject, FOLDED_FROM, graph)
    return found[0].split('"')[1] if found else ""


def name_journal(base: str, journal: Journal) -> tuple[Term, Term, Term, Term]:
    """Give the quad by which a graph says what it was folded from."""
    subject, graph = _place(base)
    return subject, FOLDED_FROM, f'"{journal.id}"', graph


def check_journal(store: Store, journal: Journal, path: Path) -> None:
    """Let no graph answer whose journal was lost: what it says could not be shown again.

    Raises:
        JournalError: the graph was folded from another journal, or from more of this one.
    """
    applied, last = store.applied_seq(), journal.last_seq()
    is_ours = folded_from(store) in {"", journal.id}
    if is_ours and applied <= last:
        return
    reason = "is not the journal that the graph was folded from"
    if is_ours:
        reason = f"ends at record {last}, and the graph was folded up to record {applied}"
    raise JournalError(
        f"{path} {reason}",
        hint=f"put the right {path.name} back, or fold a new graph from this one: traveler rebuild",
        code="journal-replaced",
    )


def _place(base: str) -> tuple[Term, Term]:
    return f"<{base}store>", f"<{base}graph/offset>"

"""Offset: which journal a graph was folded from, and up to which of its records.

The graph itself holds both, written together with what they are about. Beside it lies a mark of
what was synced to the disk for good: a graph that has reached less than that has been damaged.
"""

from __future__ import annotations

import json
import logging
import os
from typing import TYPE_CHECKING

from kg.errors import JournalError
from kg.vocab import FOLDED_FROM

if TYPE_CHECKING:
    from pathlib import Path

    from kg.journal import Journal
    from kg.records import Term
    from kg.settings import Plant
    from kg.store import Store


_log = logging.getLogger("traveler.offset")
MARK_FILE = "FLUSHED"
"""In the store's folder: up to which record of which journal the graph was on the disk."""


def folded_from(store: Store) -> str:
    """Give the id of the journal that a graph was folded from; "" where it does not say."""
    subject, graph = _place(store.base)
    found = store.objects(subject, FOLDED_FROM, graph)
    return found[0].split('"')[1] if found else ""


def name_journal(base: str, journal: Journal) -> tuple[Term, Term, Term, Term]:
    """Give the quad by which a graph says what it was folded from."""
    subject, graph = _place(base)
    return subject, FOLDED_FROM, f'"{journal.id}"', graph


def note_flushed(folder: Path, journal: Journal, seq: int) -> None:
    """Remember, synced to the disk, up to which record a graph is on the disk for good."""
    fresh = folder / f"{MARK_FILE}.new"
    with fresh.open("w", encoding="utf-8") as file:
        json.dump({"journal": journal.id, "seq": seq}, file)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(folder / MARK_FILE)


def flushed_seq(folder: Path, journal: Journal) -> int:
    """Give up to which record of a journal the graph was on the disk; 0 where nobody knows."""
    try:
        note = json.loads((folder / MARK_FILE).read_text(encoding="utf-8"))
        return int(note["seq"]) if note["journal"] == journal.id else 0
    except (OSError, ValueError, KeyError, TypeError):
        return 0


def check_journal(store: Store, journal: Journal, plant: Plant) -> int:
    """Let no graph answer whose journal was lost: what it says could not be shown again.

    Gives how many records were on the disk in the graph and are not found in it. What was flushed
    stands in the engine's log in order: a damaged log ends earlier, and the offset with it, so
    that they are folded again from there.

    Raises:
        JournalError: the graph was folded from another journal, or from more of this one.
    """
    flushed = flushed_seq(plant.store_path, journal)
    last, applied = journal.last_seq(), store.applied_seq()
    reached = max(applied, flushed)
    is_ours = folded_from(store) in {"", journal.id}
    if is_ours and reached <= last:
        if lost := reached - applied:
            _log.warning("%s: %d records that were on the disk are lost", plant.store_path, lost)
        return lost
    path = plant.journal_path
    reason = "is not the journal that the graph was folded from"
    if is_ours:
        reason = f"ends at record {last}, and the graph was folded up to record {reached}"
    raise JournalError(
        f"{path} {reason}",
        hint=f"put the right {path.name} back, or fold a new graph from this one: traveler rebuild",
        code="journal-replaced",
    )


def _place(base: str) -> tuple[Term, Term]:
    return f"<{base}store>", f"<{base}graph/offset>"

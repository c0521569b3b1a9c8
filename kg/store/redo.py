"""The batch that is being written to a store without atomic calls, kept until it is whole there."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kg.errors import StoreError

if TYPE_CHECKING:
    from pathlib import Path

    from kg.store.terms import Quad

REDO_FILE = "REDO"


@dataclass(frozen=True, slots=True)
class Batch:
    """A change of one generation, and the offset that it leads to."""

    generation: int
    seq: int
    removed: list[Quad]
    added: list[Quad]


class Redo:
    """Keeps one batch in a file beside the journal; a killed process leaves it there.

    It is not synced: after a power cut it may be gone, which the mark in the store tells.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / REDO_FILE

    def keep(self, batch: Batch) -> None:
        """Keep a batch before its first quad is written; Raises: StoreError."""
        text = json.dumps([batch.generation, batch.seq, batch.removed, batch.added])
        fresh = self._path.with_suffix(".new")
        try:
            fresh.write_text(text, encoding="utf-8")
            fresh.replace(self._path)
        except OSError as error:
            raise StoreError(
                f"{self._path} cannot be written: {error}",
                hint="Check free disk space and the folder's permissions.",
            ) from error

    def kept(self) -> Batch | None:
        """Give the batch that was not finished; None where every one was."""
        try:
            text = self._path.read_text(encoding="utf-8")
        except FileNotFoundError:
            return None
        generation, seq, removed, added = json.loads(text)
        return Batch(generation, seq, [(*quad,) for quad in removed], [(*quad,) for quad in added])

    def forget(self) -> None:
        """Let go of a batch that is whole in the store."""
        self._path.unlink(missing_ok=True)

"""Questions: the plant's saved questions, one SPARQL file each, with typed parameters."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kg import assets
from kg.errors import OntologyError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from kg.records import Term

_HEADER = re.compile(r"^#\s*(\w+)\s*:\s*(.*)$")
PARAMETER = "<urn:traveler:parameter:{}>"


@dataclass(frozen=True, slots=True)
class Question:
    """One saved question: its number in the catalogue, its words, its parameters (name → kind)."""

    name: str
    number: str
    text: str
    parameters: dict[str, str]
    owner: str
    query: str

    def fill(self, values: Mapping[str, Term]) -> str:
        """Put entities in the places of the parameters."""
        query = self.query
        for name in self.parameters:
            query = query.replace(PARAMETER.format(name), values[name])
        return query


def load_questions(folder: Path | None = None) -> dict[str, Question]:
    """Read every question of the ontology, by name.

    Raises:
        OntologyError: a file lacks its id or its words.
    """
    folder = folder or assets.ontology_folder() / "questions"
    return {path.stem: _read(path) for path in sorted(folder.glob("*.rq"))}


def _read(path: Path) -> Question:
    text = path.read_text(encoding="utf-8")
    header: dict[str, str] = {}
    for line in text.splitlines():
        match = _HEADER.match(line)
        if match:
            header.setdefault(match.group(1), match.group(2).strip())
    if not {"id", "question"} <= header.keys():
        raise OntologyError(f"{path}: no id or question in the header", hint="# id: 1")
    listed = [part.strip() for part in header.get("parameters", "").split(",")]
    parameters = {}
    for part in listed:
        if part and part not in {"none", "-"}:
            name, _, kind = part.partition(":")
            parameters[name.strip()] = kind.strip()
    return Question(
        path.stem, header["id"], header["question"], parameters, header.get("owner", ""), text
    )

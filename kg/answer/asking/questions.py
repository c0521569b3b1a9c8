"""Questions: the plant's saved questions, one SPARQL file each, with typed parameters.

A file's header says what is asked and what the rows tell. Where a query is not enough, ``computed``
names the function of `kg.answer.asking.answerers` that makes the rows, with ``columns``; the query
is then of the facts that it starts from, and ``reads`` names the properties that it looks up beside
them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kg import assets, vocab
from kg.answer.asking.reads import columns_of, properties_read
from kg.errors import OntologyError
from kg.times import format_time

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from pathlib import Path

    from kg.records import Term

_HEADER = re.compile(r"^#\s*(\w+)\s*:\s*(.*)$")
PARAMETER = "<urn:traveler:parameter:{}>"
CLOCK = "<urn:traveler:now>"
"""Stands in a query for the time as of which it is asked."""
UNDEFINED = "UNDEF"
"""Takes the place of a parameter that is left out (SPARQL 1.1, section 10.2.1)."""


@dataclass(frozen=True, slots=True)
class Question:
    """One saved question: its number in the catalogue, its words, its parameters (name → kind).

    A kind is a class (``tr:Machine``, ``owl:Thing`` for any) or a datatype (``xsd:dateTime``,
    ``xsd:decimal``, ``xsd:string``). The ``optional`` parameters may be left out; they stand in
    VALUES only.
    """

    name: str
    number: str
    text: str
    parameters: dict[str, str]
    owner: str
    query: str
    answers: str = ""
    optional: frozenset[str] = frozenset()
    computed: str = ""
    named_columns: tuple[str, ...] = ()
    reads: tuple[str, ...] = ()

    def columns(self) -> tuple[str, ...]:
        """Name the columns of the answer, in their order."""
        return self.named_columns or columns_of(self.query)

    def needs(self) -> frozenset[Term]:
        """Give the properties without whose facts there is no full answer."""
        return properties_read(self.query).union(f"<{vocab.TR}{name}>" for name in self.reads)

    def fill(self, values: Mapping[str, Term], now: datetime) -> str:
        """Put terms in the places of the parameters, and the clock in its own."""
        query = self.query.replace(CLOCK, f'"{format_time(now)}"^^<{vocab.XSD}dateTime>')
        for name in self.parameters:
            query = query.replace(PARAMETER.format(name), values.get(name, UNDEFINED))
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
    if "computed" in header and not _listed(header, "columns"):
        raise OntologyError(
            f"{path}: computed, and no columns in the header", hint="# columns: job, cause"
        )
    kinds = dict(_parameter(part) for part in _listed(header, "parameters"))
    return Question(
        name=path.stem,
        number=header["id"],
        text=header["question"],
        parameters={name: kind.removesuffix("?") for name, kind in kinds.items()},
        owner=header.get("owner", ""),
        query=text,
        answers=header.get("answers", ""),
        optional=frozenset(name for name, kind in kinds.items() if kind.endswith("?")),
        computed=header.get("computed", ""),
        named_columns=tuple(_listed(header, "columns")),
        reads=tuple(name.removeprefix("tr:") for name in _listed(header, "reads")),
    )


def _listed(header: Mapping[str, str], field: str) -> list[str]:
    parts = (part.strip() for part in header.get(field, "").split(","))
    return [part for part in parts if part and part not in {"none", "-"}]


def _parameter(part: str) -> tuple[str, str]:
    name, _, kind = part.partition(":")
    return name.strip(), kind.strip()

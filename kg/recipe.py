"""The recipe: what decides what records mean, so that a graph made by another one is made anew."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches
from hashlib import sha256
from importlib.metadata import version
from typing import TYPE_CHECKING

from kg.errors import ConfigError
from kg.fold import predicate_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from kg.records import Term
    from kg.settings import Plant, SourceSettings, TableSettings

_MEANING = {"name", "authority", "zone", "placeholders", "lookup"}
_HOW_OFTEN = {"cursor", "reconcile", "allow_empty", "allow_drop", "nodes"}
"""How a table is read, and not what its rows mean."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """A digest of mappings, the settings that matter to them, ontology and version.

    ``tables`` has one for each (source, table), of what its rows are read and lifted by, and for a
    source of topics one for "", of which table a message is for;
    ``ontology`` is that of the ontology's files alone.
    """

    digest: str
    tables: Mapping[tuple[str, str], str]
    ontology: str

    @classmethod
    def of(cls, plant: Plant, ontology: Path) -> Recipe:
        """Digest the recipe of a plant as its files stand."""
        digest = sha256(_program())
        tables = {}
        for source in plant.every_source:
            for table in source.tables:
                of_table = _written(source, table)
                tables[source.name, table.name] = _summed(of_table)
                digest.update(of_table)
            if topics := [table.topic for table in source.tables if table.topic]:
                # What a message that no table is for was tried with.
                tables[source.name, ""] = sha256(repr(topics).encode()).hexdigest()[:16]
        meaning = sha256()
        for path in sorted(ontology.rglob("*.ttl")):
            meaning.update(path.read_bytes())
        digest.update(meaning.digest())
        return cls(digest.hexdigest(), tables, meaning.hexdigest())


def digest_table(source: SourceSettings, table: TableSettings) -> str:
    """Digest by what a table's rows are read and lifted, as the mapping's file stands."""
    return _summed(_written(source, table))


def _written(source: SourceSettings, table: TableSettings) -> bytes:
    of_source = source.model_dump_json(include=_MEANING).encode()
    mapping = (source.folder / table.mapping).read_bytes()
    return of_source + table.model_dump_json(exclude=_HOW_OFTEN).encode() + mapping


def _summed(of_table: bytes) -> str:
    return sha256(_program() + of_table).hexdigest()[:16]


def _program() -> bytes:
    return version("traveler-kg").encode()


def check_folds(plant: Plant, produced: Mapping[str, frozenset[tuple[str, Term, Term]]]) -> None:
    """Refuse a fold that names a property which its table's mapping never makes.

    ``produced`` holds for each source the (table, class, predicate) that its mappings make.

    Raises:
        ConfigError: events that lack the property would all be folded together.
    """
    for source in plant.sources:
        for table in source.tables:
            if table.fold is None:
                continue
            made = {p for kind, _, p in produced[source.name] if kind == table.name}
            fold = table.fold
            for name in (*fold.pair, *fold.sum, *filter(None, [fold.subject])):
                if predicate_of(name) not in made:
                    near = get_close_matches(predicate_of(name), made, 1)
                    meant = near[0][1:-1].rsplit("/", 1)[-1] if near else ""
                    raise ConfigError(
                        f"{source.folder.name}/source.toml: table {table.name} folds by {name},"
                        f" which {table.mapping} never makes",
                        hint=f"did you mean tr:{meant}?" if meant else "name one of its events",
                    )

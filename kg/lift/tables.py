"""Logical sources -> relations that DuckDB reads: files as they are, all else spooled."""

from __future__ import annotations

import difflib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

from kg.errors import SourceError
from kg.lift import databases, delimited, sheets
from kg.lift.columns import has_lone_surrogate
from kg.lift.duckdb import quote, quote_name
from kg.lift.duckdb_macros import natural_text
from kg.lift.jsonpath import is_plural, parse_path
from kg.lift.jsontext import read_json, read_json_lines
from kg.lift.mapping import mapping_error
from kg.lift.opening import check_file
from kg.lift.spool import NUMBER, POSITION, refuse_half_characters, to_batches
from kg.lift.values import kind_of
from kg.lift.xmltext import check_xpath, read_xml
from kg.records import Rejected

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from kg.lift.duckdb import FileEngine
    from kg.lift.mapping import LogicalSource
    from kg.lift.putaside import PutAside
    from kg.lift.spool import Item

Items: TypeAlias = "Iterator[Item | Rejected]"

TYPED = frozenset({"json", "jsonl", "parquet", "xlsx", "sql"})
"""Forms whose values have datatypes by nature."""

_SHOWN = 20

FORMS = TYPED | {"csv", "tsv", "xml"}


@dataclass(frozen=True, slots=True)
class Column:
    """SQL for a reference's text and natural datatype; ``is_list``: for a list of both."""

    value: str
    kind: str = "NULL"
    is_list: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """A source as a relation; ``is_spooled`` ones number their rows and know where they stood.

    ``text_file`` holds the rows as delimited text; ``read_as`` is what DuckDB reads of it.
    """

    relation: str
    columns: dict[str, Column]
    is_spooled: bool = False
    text_file: Path | None = None
    read_as: str = ""

    def select(self, columns: Mapping[str, str], *, needs_row: bool, is_typed: bool) -> str:
        """Write the relation of a model: its raw columns, one row for each choice of values."""
        used = {self.columns[reference]: name for reference, name in columns.items()}
        inner = self.relation
        for column in used:
            if column.is_list:
                name = column.value
                values = f"unnest(CASE WHEN len({name}) > 0 THEN {name} ELSE [NULL] END) AS {name}"
                inner = f"(SELECT * EXCLUDE ({name}), {values} FROM {inner})"
        wanted = [POSITION] if self.is_spooled else []
        for reference, name in columns.items():
            column = self.columns[reference]
            value, kind = column.value, column.kind
            if column.is_list:
                value, kind = f"{column.value}.value", f"{column.value}.kind"
            wanted.append(f"{value} AS {name}")
            wanted += [f"{kind} AS {kind_of(name)}"] if is_typed else []
        if needs_row:
            wanted.append(NUMBER if self.is_spooled else f"row_number() OVER () AS {NUMBER}")
        return f"(SELECT {', '.join(wanted) or '1 AS nothing'} FROM {inner})"


def require_columns(relation: str, columns: Mapping[str, str]) -> str:
    """Keep the rows of which all raw columns can be read.

    DuckDB looks only at the columns that a query needs; a row of text that one query refuses
    must be refused by all.
    """
    return f"(SELECT * FROM {relation} WHERE hash({', '.join(columns.values())}) IS NOT NULL)"


@dataclass(slots=True)
class Tables:
    """Opens each logical source once, for all the references that the models make to it.

    ``uses`` are the references of each source, with the line of the mapping that makes them.
    """

    engine: FileEngine
    mapping: Path
    spill: Path
    uses: Mapping[LogicalSource, Mapping[str, int]]
    rejected: PutAside
    _opened: dict[LogicalSource, Table] = field(default_factory=dict)

    def open(self, source: LogicalSource) -> Table:
        """Give a source's table.

        Raises:
            MappingError: it has no column that the mapping names.
            SourceError: it is not there, or cannot be read as a whole.
        """
        if source not in self._opened:
            self._opened[source] = self._open(source, list(self.uses.get(source, {})))
        return self._opened[source]

    def _open(self, source: LogicalSource, references: list[str]) -> Table:
        path = self.mapping.parent / source.name
        if source.formulation != "sql":
            check_file(path, source.name)
        match source.formulation:
            case "csv" | "tsv":
                return self._delimited(path, source, references)
            case "parquet":
                return self._parquet(path, source, references)
            case "xlsx":
                self._check(source, references, sheets.read_header(path, source.iterator))
                items: Items = sheets.read_sheet(path, source.iterator, references)
            case "sql":
                return self._database(source, references)
            case "xml":
                return self._xml(path, source, references)
            case form:
                read = read_json if form == "json" else read_json_lines
                plural = tuple(is_plural(parse_path(name)) for name in references)
                items = read(path, source.iterator, references)
                return self._spool(source, references, items, plural)
        return self._spool(source, references, items)

    def _delimited(self, path: Path, source: LogicalSource, references: list[str]) -> Table:
        header = delimited.read_header(path, source)
        self._check(source, references, header)
        places = {name: Column(f"c{number}") for number, name in enumerate(header)}
        read = self._named(path)
        if not delimited.is_direct(path, source):
            read = delimited.mend(path, source, len(header), self.spill, self.rejected)
        return Table(
            delimited.relation(read, source, header), places, text_file=path, read_as=str(read)
        )

    def _parquet(self, path: Path, source: LogicalSource, references: list[str]) -> Table:
        file = quote(str(self._named(path)))
        types = self.engine.types_of(f"read_parquet({file})")
        self._check(source, references, list(types))
        columns: dict[str, Column] = {}
        number = "file_row_number + 1"
        place = f"concat({quote(f'{path.name}#')}, {number})"
        chosen = [f"{number} AS {NUMBER}", f"{place} AS {POSITION}"]
        for name in references:
            chosen.append(f"{quote_name(name)} AS c{len(columns)}")
            natural = natural_text(f"c{len(columns)}", types[name])
            if natural is None:
                line = self.uses[source][name]
                message = f"column {name!r} of {source.name} is a {types[name]}, not a value"
                raise mapping_error(self.mapping, line, message, "choose another column")
            columns[name] = Column(natural[0], quote(natural[1]) if natural[1] else "NULL")
        numbered = f"read_parquet({file}, file_row_number = true)"
        return Table(f"(SELECT {', '.join(chosen)} FROM {numbered})", columns, is_spooled=True)

    def _named(self, path: Path) -> Path:
        """Give a file another name where DuckDB would take its own for a pattern."""
        if not set("*?[") & set(str(path)):
            return path
        link = self.spill / f"{len(list(self.spill.iterdir()))}{path.suffix}"
        link.symlink_to(path.absolute())
        return link

    def _database(self, source: LogicalSource, references: list[str]) -> Table:
        folder = self.mapping.parent
        wanted = source.iterator
        self._check(source, references, databases.read_header(source.name, folder, wanted))
        items = databases.read_rows(source.name, folder, wanted, references)
        return self._spool(source, references, items)

    def _xml(self, path: Path, source: LogicalSource, references: list[str]) -> Table:
        spaces = dict(source.namespaces)
        lines = self.uses[source]
        for written, line in [(source.iterator, source.line), *lines.items()]:
            try:
                check_xpath(written, spaces)
            except ValueError as error:
                message = f"{written!r} is no XPath: {error} (RML-IO-Registry, XPath)"
                raise mapping_error(self.mapping, line, message) from error
        items = read_xml(path, source.iterator, references, spaces)
        return self._spool(source, references, items, (True,) * len(references))

    def _spool(
        self,
        source: LogicalSource,
        references: list[str],
        items: Items,
        plural: Sequence[bool] = (),
    ) -> Table:
        lists = tuple(plural) or (False,) * len(references)
        name = f"spool{len(self._opened)}"
        label = "database" if source.formulation == "sql" else source.name
        checked = (
            item if isinstance(item, Rejected) else refuse_half_characters(label, item)
            for item in items
        )
        self.engine.spool(name, *to_batches(checked, lists, self.rejected))
        columns = {
            reference: Column(
                f"c{number}", "NULL" if lists[number] else f"k{number}", lists[number]
            )
            for number, reference in enumerate(references)
        }
        return Table(name, columns, is_spooled=True)

    def _check(self, source: LogicalSource, references: list[str], known: list[str]) -> None:
        lines = self.uses.get(source, {})
        where = source.iterator if source.formulation == "sql" else source.name
        if twice := [name for name in references if known.count(name) > 1]:
            hint = "give each a name of its own"
            raise SourceError(f"{where} has the column {twice[0]!r} twice", hint=hint)
        missing = sorted((lines[name], name) for name in references if name not in known)
        if not missing:
            return
        line, column = missing[0]
        raise mapping_error(
            self.mapping,
            line,
            f"{where} has no column {column!r} (RML-Core, Reference)",
            _hint(column, known),
        )


def _hint(column: str, known: list[str]) -> str:
    """Say what a header has instead of a column."""
    if any(map(has_lone_surrogate, known)):
        return "the header is no UTF-8: say its encoding in the mapping, or save it as UTF-8"
    if len(known) == 1:
        return f"it has one column, {known[0][:80]!r}: is the delimiter another one?"
    near = difflib.get_close_matches(column, known, 3, 0.5)
    if near:
        return f"did you mean {', '.join(map(repr, near))}?"
    shown = ", ".join(map(repr, known[:_SHOWN]))
    return f"it has {shown}" + (f" and {len(known) - _SHOWN} more" if len(known) > _SHOWN else "")

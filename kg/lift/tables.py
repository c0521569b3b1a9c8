"""Logical sources -> relations that DuckDB reads: files as they are, all else spooled."""

from __future__ import annotations

import difflib
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from kg.errors import SourceError
from kg.lift import delimited
from kg.lift.columns import has_lone_surrogate
from kg.lift.duckdb import quote, quote_name
from kg.lift.duckdb_macros import natural_text
from kg.lift.jsonpath import is_plural, parse_path
from kg.lift.jsontext import read_json, read_json_lines
from kg.lift.mapping import mapping_error
from kg.lift.opening import check_file
from kg.lift.spool import NUMBER, POSITION, to_batches
from kg.lift.values import kind_of
from kg.lift.xmltext import check_xpath, read_xml

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    import pyarrow as pa

    from kg.lift.duckdb import FileEngine
    from kg.lift.mapping import LogicalSource
    from kg.lift.putaside import PutAside
    from kg.lift.spool import Blocks

TYPED = frozenset({"json", "jsonl", "parquet", "xlsx", "sql", "arrow"})
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

    def select(
        self,
        columns: Mapping[str, str],
        copies: Mapping[str, str],
        required: Sequence[str] = (),
        *,
        needs_row: bool,
        is_typed: bool,
    ) -> str:
        """Write the relation of a model: its raw columns, one row for each choice of values.

        DuckDB looks only at the columns that a query needs. A row of text that one query refuses
        must be refused by all, so each reads also what is ``required`` by others.
        """
        raws = [(name, self.columns[reference]) for reference, name in columns.items()]
        raws += [(name, self.columns[reference]) for name, reference in copies.items()]
        inner = self.relation
        if required:
            read = ", ".join(self.columns[reference].value for reference in required)
            inner = f"(SELECT * FROM {inner} WHERE hash({read}) IS NOT NULL)"
        for name, column in raws:
            if column.is_list:
                some = f"CASE WHEN len({column.value}) > 0 THEN {column.value} ELSE [NULL] END"
                inner = f"(SELECT *, unnest({some}) AS {name}_list FROM {inner})"
        wanted = [POSITION] if self.is_spooled else []
        for name, column in raws:
            value, kind = column.value, column.kind
            if column.is_list:
                value, kind = f"{name}_list.value", f"{name}_list.kind"
            wanted.append(f"{value} AS {name}")
            wanted += [f"{kind} AS {kind_of(name)}"] if is_typed else []
        if needs_row:
            wanted.append(NUMBER if self.is_spooled else f"row_number() OVER () AS {NUMBER}")
        return f"(SELECT {', '.join(wanted) or '1 AS nothing'} FROM {inner})"


def _reader(name: str) -> Any:
    """Load a module that brings a large library, which most mappings do not need."""
    return import_module(f"kg.lift.{name}")


def has_several(source: LogicalSource, reference: str) -> bool:
    """Tell whether a reference can have several values in a row of the source."""
    if source.formulation in {"json", "jsonl"}:
        return is_plural(parse_path(reference))
    return source.formulation == "xml"


@dataclass(slots=True)
class Tables:
    """Opens each logical source once, for all the references that the models make to it.

    ``uses`` are the references of each source, with the line of the mapping that makes them;
    ``given`` are tables in memory, by the names that sources have.
    """

    engine: FileEngine
    mapping: Path
    spill: Path
    uses: Mapping[LogicalSource, Mapping[str, int]]
    rejected: PutAside
    given: Mapping[str, pa.Table] = field(default_factory=dict)
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
        if source.is_file:
            check_file(path, source.name)
        match source.formulation:
            case "csv" | "tsv":
                return self._delimited(path, source, references)
            case "parquet":
                return self._parquet(path, source, references)
            case "arrow":
                return self._given(source, references)
            case "xlsx":
                sheets = _reader("sheets")
                self._check(source, sheets.read_header(path, source.iterator))
                rows: Blocks = sheets.read_sheet(path, source.iterator, references)
            case "sql":
                return self._database(source, references)
            case "xml":
                return self._xml(path, source, references)
            case form:
                read = read_json if form == "json" else read_json_lines
                rows = read(path, source.iterator, references)
        return self._spool(source, references, rows)

    def _delimited(self, path: Path, source: LogicalSource, references: list[str]) -> Table:
        header = delimited.read_header(path, source)
        self._check(source, header)
        places = {name: Column(f"c{number}") for number, name in enumerate(header)}
        read = self._named(path)
        if not delimited.is_direct(path, source):
            read = delimited.mend(path, source, len(header), self.spill, self.rejected)
        return Table(
            delimited.relation(read, source, header), places, text_file=path, read_as=str(read)
        )

    def _parquet(self, path: Path, source: LogicalSource, references: list[str]) -> Table:
        file = quote(str(self._named(path)))
        numbered = f"read_parquet({file}, file_row_number = true)"
        types = self.engine.types_of(f"read_parquet({file})")
        return self._typed(numbered, "file_row_number + 1", types, source, references)

    def _given(self, source: LogicalSource, references: list[str]) -> Table:
        relation = self.engine.register(self.given[source.name])
        types = self.engine.types_of(relation)
        return self._typed(relation, "row_number() OVER ()", types, source, references)

    def _typed(
        self,
        relation: str,
        number: str,
        types: Mapping[str, str],
        source: LogicalSource,
        references: list[str],
    ) -> Table:
        """Describe a relation whose columns have types of the engine's own; rows have a number."""
        self._check(source, list(types))
        columns: dict[str, Column] = {}
        place = f"concat({quote(f'{PurePath(source.name).name}#')}, {number})"
        chosen = [f"{number} AS {NUMBER}", f"{place} AS {POSITION}"]
        for name in references:
            chosen.append(f"{quote_name(name)} AS c{len(columns)}")
            natural = natural_text(f"c{len(columns)}", types[name])
            if natural is None:
                line = self.uses[source][name]
                message = f"column {name!r} of {source.name} is a {types[name]}, not a value"
                raise mapping_error(self.mapping, line, message, "choose another column")
            columns[name] = Column(natural[0], quote(natural[1]) if natural[1] else "NULL")
        return Table(f"(SELECT {', '.join(chosen)} FROM {relation})", columns, is_spooled=True)

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
        databases = _reader("databases")
        header = databases.read_header(source.name, folder, wanted)
        check_columns(
            self.mapping, source, self.uses.get(source, {}), header, databases.find_column
        )
        return self._spool(
            source, references, databases.read_rows(source.name, folder, wanted, references)
        )

    def _xml(self, path: Path, source: LogicalSource, references: list[str]) -> Table:
        check_xpaths(self.mapping, source, self.uses[source])
        rows = read_xml(path, source.iterator, references, dict(source.namespaces))
        return self._spool(source, references, rows)

    def _spool(self, source: LogicalSource, references: list[str], blocks: Blocks) -> Table:
        plural = [has_several(source, reference) for reference in references]
        name = f"spool{len(self._opened)}"
        label = "database" if source.formulation == "sql" else source.name
        self.engine.spool(name, *to_batches(label, blocks, plural, self.rejected))
        lists = [number for number, is_list in enumerate(plural) if is_list]
        longest = ", ".join(f"max(len(c{number}))" for number in lists)
        lengths = self.engine.rows(f"SELECT {longest} FROM {name}")[0] if lists else ()
        columns = {
            reference: Column(f"c{number}", f"k{number}")
            for number, reference in enumerate(references)
        }
        for number, length in zip(lists, lengths, strict=True):
            alone = Column(f"c{number}[1].value", f"c{number}[1].kind")
            several = Column(f"c{number}", "NULL", is_list=True)
            columns[references[number]] = several if (length or 0) > 1 else alone
        return Table(name, columns, is_spooled=True)

    def _check(self, source: LogicalSource, known: list[str]) -> None:
        check_columns(self.mapping, source, self.uses.get(source, {}), known)


def check_columns(
    mapping: Path,
    source: LogicalSource,
    lines: Mapping[str, int],
    known: Sequence[str],
    find: Callable[[str, Sequence[str]], str | None] | None = None,
) -> None:
    """Look for the references of ``lines`` among the columns of a source.

    ``find`` gives the column that a reference names, where that is not the reference itself.

    Raises:
        MappingError: it has no such column.
        SourceError: it has two of that name.
    """
    where = source.iterator if source.formulation == "sql" else source.name
    if twice := [name for name in lines if known.count(name) > 1]:
        hint = "give each a name of its own"
        raise SourceError(f"{where} has the column {twice[0]!r} twice", hint=hint)
    missing = sorted(
        (line, name)
        for name, line in lines.items()
        if name not in known and not (find and find(name, known))
    )
    if not missing:
        return
    line, column = missing[0]
    message = f"{where} has no column {column!r} (RML-Core, Reference)"
    raise mapping_error(mapping, line, message, _hint(column, list(known)))


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


def check_xpaths(mapping: Path, source: LogicalSource, lines: Mapping[str, int]) -> None:
    """Compile the iterator and the references of an XML file.

    Raises:
        MappingError: one is no XPath.
    """
    for written, line in [(source.iterator, source.line), *lines.items()]:
        try:
            check_xpath(written, dict(source.namespaces))
        except ValueError as error:
            message = f"{written!r} is no XPath: {error} (RML-IO-Registry, XPath)"
            raise mapping_error(mapping, line, message) from error

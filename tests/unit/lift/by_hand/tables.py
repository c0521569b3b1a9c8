"""Tables written as files and databases, and where each row then stands."""

from __future__ import annotations

import gzip
import json
import re
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape, quoteattr

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq

from .mapping import Field, Misfit, Table

Positions = list[set[str]]
"""For each row, what a rejection may name as its place."""

SHEET = "Blad 2"
_SIMPLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
JSON_ITERATORS = (
    "$[*]",
    "$.rows[*]",
    "$['a b'].rows[*]",
    "$.groups[*].rows[*]",
    "",
    "$.*",
    "$..rows[*]",
)
LINE_ITERATORS = ("", "$", "$.record")
XML_ITERATORS = ("/rows/row", "//row", "/rows/group/row", "/rows/row[not(@skip)]")


def file_of(table: Table) -> str:
    ending = "sqlite" if table.form == "sql" else table.form
    return f"{table.name}.{ending}" + (".gz" if table.layout.is_packed else "")


def iterator_of(table: Table) -> str:
    """Give the iterator as a mapping writes it; a table's name or a query for a database."""
    form, number = table.form, table.layout.iterator
    if form == "sql":
        quoted = table.name.replace('"', '""')
        return f'SELECT * FROM "{quoted}"' if table.layout.is_query else table.name
    if form == "xlsx":
        return SHEET if number else ""
    known = {"json": JSON_ITERATORS, "jsonl": LINE_ITERATORS, "xml": XML_ITERATORS}
    return known[form][number] if form in known else ""


def reference_of(field: Field, form: str) -> str:
    """Write a reference in the words of the form."""
    if form == "xml":
        if _SIMPLE.fullmatch(field.name):
            return field.name
        mark = '"' if "'" in field.name else "'"
        return f"cell[@name={mark}{field.name}{mark}]"
    if form not in {"json", "jsonl"}:
        return field.name
    if _SIMPLE.fullmatch(field.name) and not field.under and not field.is_list:
        return field.name
    steps = [field.under] if field.under else []
    path = "".join(_json_step(name) for name in (*steps, field.name))
    return f"${path}[*]" if field.is_list else f"${path}"


def _json_step(name: str) -> str:
    """Write a name selector (RFC 9535, section 2.3.1)."""
    if _SIMPLE.fullmatch(name):
        return f".{name}"
    if "'" not in name:
        return "['" + json.dumps(name, ensure_ascii=False)[1:-1].replace('\\"', '"') + "']"
    return f"[{json.dumps(name, ensure_ascii=False)}]"


def write_table(table: Table, folder: Path) -> Positions:
    """Write a table beside the mapping, and say where its rows stand."""
    path = folder / file_of(table)
    match table.form:
        case "csv" | "tsv":
            return _write_text(table, path)
        case "json":
            return _write_json(table, path)
        case "jsonl":
            return _write_json_lines(table, path)
        case "xml":
            return _write_xml(table, path)
        case "sql":
            return _write_database(table, path)
        case "parquet":
            names = [field.name for field in table.fields]
            columns = list(zip(*table.rows, strict=True)) or [()] * len(names)
            arrays = [pa.array(column) for column in columns]
            pq.write_table(pa.Table.from_arrays(arrays, names=names), path)
            file = file_of(table)
            return [{file, f"{file}#{number}"} for number in range(1, len(table.rows) + 1)]
        case _:
            return _write_sheet(table, path)


def _save(path: Path, data: bytes) -> None:
    path.write_bytes(gzip.compress(data, 1) if path.suffix == ".gz" else data)


def _write_text(table: Table, path: Path) -> Positions:
    layout = table.layout
    header = [field.name for field in table.fields]
    records = [_record(header, table)]
    for number, row in enumerate(table.rows):
        records.append(
            _ragged(row, number, table) if number in table.ragged else _record(row, table)
        )
    text = layout.line_end.join([*records, ""])
    mark = "\ufeff" if layout.has_mark else ""
    _save(path, (mark + text).encode(layout.encoding or "utf-8", "surrogateescape"))
    positions: Positions = []
    line = 1
    for number, record in enumerate(records):
        height = len(re.split(r"\r\n|\r|\n", record))
        if number:
            positions.append({f"{path.name}:{at}" for at in range(line, line + height)})
        line += height
    return positions


def _ragged(row: tuple[Any, ...], number: int, table: Table) -> str:
    """Write a row that is none: with a cell too few or too many, or a stray quote."""
    quote, delimiter = table.layout.quote, table.layout.delimiter
    match number % 3:
        case 0:
            return _record((*row, "x"), table)
        case 1 if len(row) > 1:
            return _record(row[:-1], table)
    return delimiter.join([f"{quote}1{quote}x", _record(row[1:], table)][: len(row)])


def _record(cells: Sequence[Any], table: Table) -> str:
    quote = table.layout.quote
    special = {table.layout.delimiter, quote, "\n", "\r"}
    written = []
    for cell in cells:
        text = cell or ""
        is_blank = not text and len(cells) == 1
        if table.layout.quotes_all or special & set(text) or is_blank:
            text = quote + text.replace(quote, quote * 2) + quote
        written.append(text)
    return table.layout.delimiter.join(written)


def _object(table: Table, row: tuple[Any, ...]) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for field, value in zip(table.fields, row, strict=True):
        if value is None and table.layout.leaves_out:
            continue
        place = made.setdefault(field.under, {}) if field.under else made
        place[field.name] = _in_json(value)
    return made


def _in_json(value: Any) -> Any:
    if isinstance(value, Misfit):
        return value.value
    return [_in_json(each) for each in value] if isinstance(value, tuple) else value


def _dump(value: Any, table: Table) -> str:
    text = json.dumps(value, ensure_ascii=False)
    is_broken = any("\ud800" <= letter <= "\udfff" for letter in text)
    return json.dumps(value) if is_broken or table.layout.quotes_all else text


def _write_json(table: Table, path: Path) -> Positions:
    rows: Any = [_object(table, row) for row in table.rows]
    half = len(rows) // 2
    made: Any = {
        0: rows,
        1: {"note": "[", "rows": rows},
        2: {"a b": {"x": [1], "rows": rows}},
        3: {"groups": [{"rows": rows[:half]}, {"rows": rows[half:], "more": {}}]},
        4: rows,
        5: {f"key {number}": row for number, row in enumerate(rows)},
        6: {"x": [{"rows": rows}], "y": 1},
    }[table.layout.iterator]
    mark = "\ufeff" if table.layout.has_mark else ""
    _save(path, (mark + _dump(made, table)).encode())
    return [{f"{path.name}#{number}"} for number in range(1, len(rows) + 1)]


def _write_json_lines(table: Table, path: Path) -> Positions:
    lines = []
    for row in table.rows:
        made: Any = _object(table, row)
        if table.layout.iterator == 2:
            made = {"record": made}
        lines.append(_dump(made, table))
    mark = "\ufeff" if table.layout.has_mark else ""
    _save(path, (mark + "".join(f"{line}\n" for line in lines)).encode())
    return [{f"{path.name}:{number}"} for number in range(1, len(lines) + 1)]


def _write_xml(table: Table, path: Path) -> Positions:
    made, lines = [], []
    line = 2
    for row in table.rows:
        inner = "".join(
            _element(field, each, table)
            for field, value in zip(table.fields, row, strict=True)
            for each in (value if isinstance(value, tuple) else (value,))
            if each is not None
        )
        text = f"<row>{inner}</row>\n"
        if table.layout.iterator == 2:
            text = f"<group>{text}</group>"
        elif table.layout.iterator == 3:
            text = f'<row skip="1"><id>no</id></row>{text}'
        made.append(text)
        lines.append(line)
        line += text.count("\n")
    body = "".join(made)
    _save(path, f"<?xml version='1.0' encoding='UTF-8'?><rows>\n{body}</rows>\n".encode())
    return [{f"{path.name}#{number} (line {line})"} for number, line in enumerate(lines, 1)]


def _element(field: Field, value: str, table: Table) -> str:
    text = escape(value).replace("\r", "&#13;")
    if table.layout.quotes_all and "]]>" not in value and "\r" not in value:
        text = f"<!-- aside --><![CDATA[{value}]]>"
    if _SIMPLE.fullmatch(field.name):
        return f"<{field.name}>{text}</{field.name}>"
    name = quoteattr(field.name, {"\n": "&#10;", "\r": "&#13;", "\t": "&#9;"})
    return f"<cell name={name}>{text}</cell>"


def _write_database(table: Table, path: Path) -> Positions:
    name = '"' + table.name.replace('"', '""') + '"'
    columns = ", ".join('"' + one.name.replace('"', '""') + '"' for one in table.fields)
    path.unlink(missing_ok=True)
    with closing(sqlite3.connect(path)) as database:
        database.execute(f"CREATE TABLE {name} ({columns})")
        for row in table.rows:
            values = [
                value.encode("utf-8", "surrogateescape") if _is_broken(value) else value
                for value in row
            ]
            marks = ", ".join("CAST(? AS TEXT)" if _is_broken(value) else "?" for value in row)
            database.execute(f"INSERT INTO {name} VALUES ({marks})", values)
        database.commit()
    labels = ["query"] if table.layout.is_query else [table.name, name]
    return [{f"{label}#{number}" for label in labels} for number in range(1, len(table.rows) + 1)]


def _is_broken(value: Any) -> bool:
    return isinstance(value, str) and any("\ud800" <= letter <= "\udfff" for letter in value)


def _write_sheet(table: Table, path: Path) -> Positions:
    book = openpyxl.Workbook()
    sheet = book.active
    if table.layout.iterator:
        sheet.append(["another"])
        sheet = book.create_sheet(SHEET)
    for at, values in enumerate(([field.name for field in table.fields], *table.rows), 1):
        for column, value in enumerate(values, 1):
            if value is not None:
                cell = sheet.cell(at, column)
                cell.value = value
                if isinstance(value, str):
                    cell.data_type = "s"  # also where it looks like a formula
    book.save(path)
    return [{f"{path.name}#{at}"} for at in range(2, len(table.rows) + 2)]

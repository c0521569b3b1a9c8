"""The CSV cases in other forms: the same rows, and a mapping with another logical source."""

from __future__ import annotations

import csv
import gzip
import json
import re
import sqlite3
from collections.abc import Callable
from pathlib import Path
from xml.sax.saxutils import escape, quoteattr

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import sqlalchemy
from rdflib import Graph, Literal, URIRef

RML = "http://w3id.org/rml/"
Rows = list[dict[str, str | None]]
_IN_TEMPLATE = re.compile(r"(?<!\\)\{((?:\\.|[^{}\\])*)\}")


def read_mapping(case: Path) -> Graph | None:
    """Read a case's mapping; None where it is no Turtle, and so the same in every form."""
    try:
        return Graph().parse(case / "mapping.ttl", format="turtle")
    except Exception:  # rdflib raises whatever it meets
        return None


def read_rows(file: Path) -> Rows:
    with file.open(encoding="utf-8", newline="") as lines:
        return [{k: v or None for k, v in row.items()} for row in csv.DictReader(lines)]


def columns_of(file: Path) -> list[str]:
    with file.open(encoding="utf-8", newline="") as lines:
        return next(csv.reader(lines))


def replace_sources(graph: Graph, describe: Callable[[str], dict[str, str]]) -> None:
    """Describe every logical source anew: ``describe`` gives properties for a file's stem."""
    for node, source in list(graph.subject_objects(URIRef(RML + "source"))):
        (path,) = graph.objects(source, URIRef(RML + "path"))
        graph.remove((node, None, None))
        for name, value in describe(Path(str(path)).stem).items():
            term = URIRef(value) if value.startswith(RML) else Literal(value)
            graph.add((node, URIRef(RML + name), term))


def write(graph: Graph, folder: Path) -> Path:
    graph.serialize(folder / "mapping.ttl", format="turtle")
    return folder / "mapping.ttl"


@pytest.fixture
def to_xml() -> Callable[[Path, Path], Path | None]:
    return make_xml


def make_xml(case: Path, folder: Path) -> Path | None:
    graph = read_mapping(case)
    if graph is None:
        return None
    for file in case.glob("*.csv"):
        rows = "".join(f"<row>{cells_of(row)}</row>\n" for row in read_rows(file))
        (folder / f"{file.stem}.xml").write_text(f"<rows>\n{rows}</rows>\n", encoding="utf-8")
    for name in ("reference", "child", "parent", "template"):
        for node, value in list(graph.subject_objects(URIRef(RML + name))):
            is_plain = name != "template"
            written = xpath(str(value)) if is_plain else _IN_TEMPLATE.sub(in_braces, str(value))
            graph.set((node, URIRef(RML + name), Literal(written)))
    form = {"referenceFormulation": RML + "XPath", "iterator": "/rows/row"}
    replace_sources(graph, lambda stem: {"source": f"{stem}.xml"} | form)
    return write(graph, folder)


def cells_of(row: dict[str, str | None]) -> str:
    return "".join(
        f"<cell name={quoteattr(name)}>{escape(value)}</cell>"
        for name, value in row.items()
        if value is not None
    )


def xpath(column: str) -> str:
    return f"cell[@name='{column}']"


def in_braces(match: re.Match[str]) -> str:
    return "{" + xpath(match.group(1)) + "}"


@pytest.fixture
def to_sqlite() -> Callable[[Path, Path], Path | None]:
    def make(case: Path, folder: Path) -> Path | None:
        sqlite3.connect(folder / "case.sqlite").close()
        return make_tables(f"sqlite:///{folder}/case.sqlite", case, folder)

    return make


@pytest.fixture
def to_database() -> Callable[[str], Callable[[Path, Path], Path | None]]:
    return lambda url: lambda case, folder: make_tables(url, case, folder)


def make_tables(url: str, case: Path, folder: Path) -> Path | None:
    graph = read_mapping(case)
    if graph is None:
        return None
    engine = sqlalchemy.create_engine(url, poolclass=sqlalchemy.NullPool)
    for file in case.glob("*.csv"):
        columns = [sqlalchemy.Column(name, sqlalchemy.Text) for name in columns_of(file)]
        table = sqlalchemy.Table(f"{case.name}_{file.stem}", sqlalchemy.MetaData(), *columns)
        rows = [list(row.values()) for row in read_rows(file)]
        with engine.begin() as connection:
            table.drop(connection, checkfirst=True)  # another test may have made it
            table.create(connection)
            for row in rows:
                connection.execute(table.insert().values(row))
    engine.dispose()
    form = {"source": url, "referenceFormulation": RML + "SQL2008Table"}
    replace_sources(graph, lambda stem: form | {"iterator": f"{case.name}_{stem}"})
    return write(graph, folder)


@pytest.fixture
def to_file() -> Callable[[str], Callable[[Path, Path], Path | None]]:
    return lambda form: lambda case, folder: make_files(form, case, folder)


def make_files(form: str, case: Path, folder: Path) -> Path | None:
    graph = read_mapping(case)
    if graph is None:
        return None
    for file in case.glob("*.csv"):
        columns, rows = columns_of(file), read_rows(file)
        _WRITERS[form](folder / f"{file.stem}.{form}", columns, rows)
    replace_sources(graph, lambda stem: {"source": f"{stem}.{form}"})
    if form == "jsonl":
        quote_names(graph)
    return write(graph, folder)


def quote_names(graph: Graph) -> None:
    for name in ("reference", "child", "parent", "template"):
        for node, value in list(graph.subject_objects(URIRef(RML + name))):
            text = str(value)
            made = (
                _IN_TEMPLATE.sub(lambda match: f"{{$['{match.group(1)}']}}", text)
                if name == "template"
                else f"$['{text}']"
            )
            graph.set((node, URIRef(RML + name), Literal(made)))


def write_tsv(file: Path, columns: list[str], rows: Rows) -> None:
    with gzip.open(file, "wt", encoding="utf-8", newline="") as out:
        writer = csv.writer(out, delimiter="\t")
        writer.writerow(columns)
        writer.writerows(row.values() for row in rows)


def write_sheet(file: Path, columns: list[str], rows: Rows) -> None:
    book = openpyxl.Workbook()
    for values in (columns, *(list(row.values()) for row in rows)):
        book.active.append(values)
    book.save(file)


def write_parquet(file: Path, columns: list[str], rows: Rows) -> None:
    arrays = {name: pa.array([row[name] for row in rows], pa.string()) for name in columns}
    pq.write_table(pa.table(arrays), file)


def write_json_lines(file: Path, columns: list[str], rows: Rows) -> None:
    file.write_text("".join(f"{json.dumps(row)}\n" for row in rows), encoding="utf-8")


_WRITERS = {
    "tsv.gz": write_tsv,
    "xlsx": write_sheet,
    "parquet": write_parquet,
    "jsonl": write_json_lines,
}

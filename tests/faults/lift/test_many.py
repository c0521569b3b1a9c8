"""Ten thousand bad rows among a hundred thousand, in every form that a source can have."""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from xml.sax.saxutils import escape

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from kg.lift import lift_file

Row = dict[str, str]
COUNT = 100_000
BAD = ({"link": "a b"}, {"due": "2026-02-30"}, {"due": "yesterday"}, {"link": "x{y}"})


def rows() -> list[Row]:
    """Every tenth row cannot become an IRI or a date."""
    good = {"link": "x", "due": "2026-11-23"}
    return [
        {"id": str(n), "name": f"name {n}"} | good | (BAD[n // 10 % 4] if n % 10 == 0 else {})
        for n in range(COUNT)
    ]


def write_csv(file: Path, given: list[Row]) -> None:
    lines = [",".join(given[0]), *(",".join(row.values()) for row in given)]
    file.write_text("\n".join(lines))


def write_json(file: Path, given: list[Row]) -> None:
    file.write_text(json.dumps(given))


def write_jsonl(file: Path, given: list[Row]) -> None:
    file.write_text("\n".join(map(json.dumps, given)))


def write_xml(file: Path, given: list[Row]) -> None:
    cells = ("".join(f"<{k}>{escape(v)}</{k}>" for k, v in row.items()) for row in given)
    file.write_text(f"<r>{''.join(f'<row>{row}</row>' for row in cells)}</r>")


def write_xlsx(file: Path, given: list[Row]) -> None:
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet()
    sheet.append(list(given[0]))
    for row in given:
        sheet.append(list(row.values()))
    book.save(file)


def write_parquet(file: Path, given: list[Row]) -> None:
    pq.write_table(pa.Table.from_pylist(given), file)


def write_sqlite(file: Path, given: list[Row]) -> None:
    with sqlite3.connect(file) as database:
        database.execute("CREATE TABLE job (id, name, link, due)")
        database.executemany("INSERT INTO job VALUES (:id, :name, :link, :due)", given)
    database.close()


FORMS: dict[str, tuple[Callable[[Path, list[Row]], None], str]] = {
    "csv": (write_csv, "[f~csv]"),
    "json": (write_json, "[f~json]"),
    "jsonl": (write_jsonl, "[f~jsonl]"),
    "xml": (write_xml, '["f~xml", "/r/row"]'),
    "xlsx": (write_xlsx, "[f~xlsx]"),
    "parquet": (write_parquet, "[f~parquet]"),
    "sql": (write_sqlite, '["sqlite:///f~sql", "job"]'),
}


@pytest.mark.slow
@pytest.mark.parametrize("form", FORMS)
def test_all_bad_rows_are_told_and_all_good_ones_lifted(form: str, tmp_path: Path) -> None:
    write, source = FORMS[form]
    write(tmp_path / "f", rows())
    (tmp_path / "m.yml").write_text(
        'prefixes: {ex: "http://x.org/", xsd: "http://www.w3.org/2001/XMLSchema#"}\n'
        f"mappings:\n  job:\n    sources:\n      - {source}\n    s: ex:$(id)\n    po:\n"
        "      - [ex:name, $(name)]\n      - [ex:link, $(link)~iri]\n"
        "      - [ex:due, $(due), xsd:date]\n"
    )
    lifted = lift_file(tmp_path / "m.yml", "http://x.org/")
    lines = sum(bytes(block).count(b"\n") for block in lifted.blocks)
    counts = Counter(bad.code for bad in lifted.rejected)
    assert counts == {"bad-iri": 5_000, "bad-literal": 5_000}
    assert len({bad.position for bad in lifted.rejected}) == 10_000
    # Where references may have several values, a fact is put aside and not its whole row.
    assert lines == (290_000 if form == "xml" else 270_000)

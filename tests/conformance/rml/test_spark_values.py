"""Values of every nature, from each kind of source: Spark writes them as DuckDB does."""

from __future__ import annotations

import gzip
import json
import math
import sqlite3
from collections.abc import Sequence
from datetime import date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import sqlalchemy

pytest.importorskip("pyspark", reason="Spark is not installed: the extra `spark` brings it")

import numpy as np

from kg.errors import TravelerError
from kg.lift import lift_file
from kg.lift.spark import lift_with_spark

pytestmark = pytest.mark.slow
BASE = "http://ex.org/"
DOUBLES = [0.0, -0.0, 1e21, 1e-7, 0.1, 1.5, 123456789.125, 1e300, 5e-324, math.nan]
DOUBLES += [math.inf, -math.inf, 9007199254740993.0, -2.5e-10]
DAYS = [date(1, 1, 1), date(1500, 2, 28), date(1582, 10, 10), date(2024, 2, 29), date.max]
MOMENTS = [
    datetime.fromisoformat(text)
    for text in (
        "0001-01-01T00:00:00",
        "1582-10-10T12:00:00.000001",
        "2024-03-31T02:30:00",
        "2024-10-27T02:30:00.500000",
        "9999-12-31T23:59:59.999999",
    )
]
CLOCKS = [time(), time(12, 0, 0, 1), time(23, 59, 59, 999999), time(8, 30)]
DECIMALS = [Decimal(text) for text in ("0.00", "-0.10", "12.50", "99999999999999999.99", "1000")]


def both(
    folder: Path,
    source: str,
    columns: Sequence[str],
    *,
    subject: str = "r/$(n)",
    datatype: str | None = None,
) -> Any:
    """Lift all columns as they are by both engines; give the lines, and the bad rows, of each."""
    typed = [datatype] if datatype else []
    po = [[f"{BASE}p{n}", f"$({name})", *typed] for n, name in enumerate(columns)]
    mapping = folder / "m.yml"
    maps = {"m": {"sources": [json.loads(source)], "s": subject, "po": po}}
    mapping.write_text(json.dumps({"mappings": maps}), encoding="utf-8")
    first = lift_file(mapping, BASE)
    lines = sorted(filter(None, first.lines))
    second = lift_with_spark(mapping, BASE, str(folder / "out"), master="local[2]")
    text = "".join(p.read_text("utf-8") for p in (folder / "out").glob("part-*.nq"))
    told = [
        {(bad.position, bad.code, bad.message) for bad in made.rejected} for made in (first, second)
    ]
    return (lines, told[0]), (sorted(text.removesuffix("\n").split("\n")), told[1])


def filled(values: Sequence[Any], count: int = 20) -> list[Any]:
    """Give so many values: these, and then none."""
    return [*values, *[None] * (count - len(values))]


PARQUET = {
    "small": pa.array(filled([-128, 0, 127]), pa.int8()),
    "big": pa.array(filled([-(2**63), 2**63 - 1, 0]), pa.int64()),
    "whole": pa.array(filled([0, 2**64 - 1]), pa.uint64()),
    "double": pa.array(filled(DOUBLES), pa.float64()),
    "float": pa.array(filled([0.1, -0.0, 1e21, 3.4e38, math.inf, 1e-45]), pa.float32()),
    "decimal": pa.array(filled(DECIMALS), pa.decimal128(20, 2)),
    "tiny": pa.array(filled([Decimal("1e-9"), Decimal("-1.100000000")]), pa.decimal128(12, 9)),
    "flag": pa.array(filled([True, False])),
    "day": pa.array(filled(DAYS), pa.date32()),
    "moment": pa.array(filled(MOMENTS), pa.timestamp("us")),
    "second": pa.array(filled([m.replace(microsecond=0) for m in MOMENTS]), pa.timestamp("s")),
    "milli": pa.array(filled([1704067200120, -1, 0]), pa.timestamp("ms")),
    "zoned": pa.array(filled(MOMENTS[1:]), pa.timestamp("us", "Europe/Berlin")),
    "nano": pa.array(filled([0, 1, 120_000_000, -1, 10**18 + 123]), pa.timestamp("ns")),
    "clock": pa.array(filled(CLOCKS), pa.time64("us")),
    "text": pa.array(filled(["", "a", "ü\n\"", "\x00", "  "])),
    "large": pa.array(filled(["x", "漢"]), pa.large_string()),
    "coded": pa.array(filled(["a", "b", "a"])).dictionary_encode(),
    "duration": pa.array(filled([1, -5]), pa.duration("s")),
    "uuid": pa.array(filled([b"0123456789abcdef", b"\x00" * 16]), pa.uuid()),
    "half": pa.array(filled([np.float16(0.1), np.float16(-0.0)]), pa.float16()),
    "wide": pa.array(filled([Decimal("9" * 50), Decimal("-0.5")]), pa.decimal256(60, 5)),
    "days64": pa.array(filled(DAYS), pa.date64()),
    "bytes": pa.array(filled([b"", b"\x00\xff"]), pa.binary()),
}  # fmt: skip


@pytest.mark.parametrize("name", PARQUET)
def test_a_column_of_parquet_is_written_the_same(tmp_path: Path, name: str) -> None:
    column = PARQUET[name]
    table = pa.table({"n": list(range(len(column))), name: column})
    pq.write_table(table, tmp_path / "t.parquet", row_group_size=7)
    first, second = both(tmp_path, '["t.parquet~parquet"]', [name])
    assert len(first[0]) >= 2
    assert second == first


@pytest.mark.parametrize(
    "column",
    [pa.array([[1], None]), pa.array([{"a": 1}, None])],
    ids=["list", "struct"],
)
def test_a_column_of_no_single_values_is_refused_the_same(tmp_path: Path, column: pa.Array) -> None:
    pq.write_table(pa.table({"n": [1, 2], "v": column}), tmp_path / "t.parquet")
    mapping = tmp_path / "m.yml"
    mapping.write_text(
        'mappings: {m: {sources: [[t.parquet~parquet]], s: r/$(n), po: [["http://e/p", $(v)]]}}'
    )
    with pytest.raises(TravelerError) as first:
        list(lift_file(mapping, BASE).lines)
    with pytest.raises(TravelerError) as second:
        lift_with_spark(mapping, BASE, str(tmp_path / "out"), master="local[2]")
    assert str(second.value) == str(first.value)


NUMBERS = ["0", "-0", "-0.0", "1e21", "1E-7", "1.0", "12.50", "1e400", "-1e400", "5e-324"]
NUMBERS += [str(2**63), str(-(2**70)), "123456789012345678901234567890.5", "0.1", "100"]


def test_numbers_and_texts_of_json_are_written_the_same(tmp_path: Path) -> None:
    texts = [f"a{chr(code)}b" for code in range(0x20, 0x2FFF, 0x10)]
    texts += ["\ud800", "", " ", "null", "http://x/y z", "𝒳"]
    values = [*NUMBERS, "true", "false", "null", *map(json.dumps, texts)]
    rows = [f'{{"n": {n}, "v": {v}, "w": [{v}, {v}, 1]}}' for n, v in enumerate(values)]
    (tmp_path / "t.json").write_text(f"[{', '.join(rows)}]", encoding="utf-8")
    first, second = both(tmp_path, '["t.json~json", "$[*]"]', ["v", "w[*]", "w[0]"])
    assert len(first[0]) > 3 * len(values)
    assert first[1]
    assert second == first


def test_values_of_json_lines_make_the_same_iris(tmp_path: Path) -> None:
    texts = [f"a{chr(code)}b" for code in range(0x20, 0x2FFF, 0x10)]
    rows = [json.dumps({"n": text}) for text in [*texts, "", None, 1.5, 10**30, True]]
    (tmp_path / "t.jsonl").write_text("\n".join([*rows, '{"n": [1]}', "{", "[]"]))
    first, second = both(tmp_path, '["t.jsonl~jsonl"]', ["n"])
    assert len(first[1]) == 3
    assert second == first


def test_values_of_a_sheet_are_written_the_same(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.active.append(["n", "v"])
    values = [1, -0.0, 1e21, 1e-7, 0.1, True, "text", " ", "ü", MOMENTS[2], MOMENTS[3]]
    for number, value in enumerate([*values, CLOCKS[3], date(2024, 2, 29), None]):
        book.active.append([number, value])
    book.save(tmp_path / "t.xlsx")
    first, second = both(tmp_path, '["t.xlsx~xlsx"]', ["v"])
    assert len(first[0]) >= 12
    assert second == first


def test_values_of_xml_are_written_the_same(tmp_path: Path) -> None:
    texts = ["a", "", " ", "a &amp; b", "<![CDATA[<x>]]>", "a<b>c</b>d", "&#x1D4B3;", "ü\n"]
    rows = "".join(f'<r n="{n}"><v>{t}</v><v>{t}!</v></r>' for n, t in enumerate(texts))
    (tmp_path / "t.xml").write_text(f"<rs>{rows}\n<r n='x'><v>y</v></r>\n<r", encoding="utf-8")
    paths = ["v", "count(v)", "v[2]", "string(v)", "v = 'a'"]
    first, second = both(tmp_path, '["t.xml~xml", "/rs/r"]', paths, subject="r/$(@n)")
    assert len(first[1]) == 1
    assert len(first[0]) > 3 * len(texts)
    assert second == first


def test_values_of_sqlite_are_written_the_same(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "t.sqlite") as base:
        base.execute("CREATE TABLE t (n INTEGER PRIMARY KEY, v)")
        values = [0, -(2**63), 2**63 - 1, 0.1, 1e21, 1e-7, -0.0, math.inf, "", "ü", b"\x00\xff"]
        base.executemany("INSERT INTO t (v) VALUES (?)", [(value,) for value in [*values, None]])
    base.close()
    first, second = both(tmp_path, '["sqlite:///t.sqlite~sql", "t"]', ["v"])
    assert len(first[0]) == len(values)
    assert second == first


POSTGRES = {
    "integer": [-(2**31), 2**31 - 1],
    "bigint": [-(2**63), 2**63 - 1],
    "numeric": ["0.00", "-0.10", "1e30", "123456789012345678901234567890.125", "NaN"],
    "real": ["0.1", "1e21", "NaN"],
    "double precision": ["0.1", "-0", "1e21", "1e-7", "NaN", "Infinity", "-Infinity"],
    "boolean": [True, False],
    "date": ["0001-01-01", "1500-02-28", "9999-12-31"],
    "timestamp": ["0001-01-01 00:00", "2024-03-31 02:30:00.5", "9999-12-31 23:59:59.999999"],
    "timestamptz": ["2024-10-27 02:30:00+02", "1890-07-01 12:00+00"],
    "time": ["00:00", "23:59:59.999999"],
    "text": ["", "ü", "a\nb", "𝒳"],
    "char(5)": ["a", "ab"],
    "bytea": ["\\x00ff", ""],
    "uuid": ["6f4922f4-5568-4cdf-b0a4-ee77f1a1e2f1"],
}


@pytest.mark.server
def test_values_of_postgresql_are_written_the_same(tmp_path: Path, postgres_url: str) -> None:
    columns = [f"v{number}" for number in range(len(POSTGRES))]
    declared = ", ".join(f"{n} {kind}" for n, kind in zip(columns, POSTGRES, strict=True))
    engine = sqlalchemy.create_engine(postgres_url, poolclass=sqlalchemy.NullPool)
    with engine.begin() as base:
        base.execute(sqlalchemy.text(f"CREATE TABLE natures (n serial PRIMARY KEY, {declared})"))
        for name, (kind, values) in zip(columns, POSTGRES.items(), strict=True):
            insert = f"INSERT INTO natures ({name}) VALUES (CAST(:v AS {kind}))"
            base.execute(sqlalchemy.text(insert), [{"v": value} for value in values])
    engine.dispose()
    first, second = both(tmp_path, json.dumps([f"{postgres_url}~sql", "natures"]), columns)
    assert len(first[0]) == sum(map(len, POSTGRES.values()))
    assert second == first


DATATYPES = ["integer", "decimal", "double", "boolean", "date", "dateTime", "anyURI", "string"]
CELLS = [*NUMBERS, "INF", "NaN", "+INF", "true", "t", "2024-02-29", "2023-02-29", "1582-10-10"]
CELLS += ["0001-01-01", "9999-12-31T24:00:00", "2024-03-31T02:30:00", "2024-01-01T12:00:00.50Z"]
CELLS += ["2024-01-01T12:00:00+14:00", "0000-01-01", "12345-01-01", "-0001-01-01", "a b", "ü", "x"]


@pytest.mark.parametrize("name", ["t.csv", "t.tsv.gz"])
def test_cells_are_checked_against_every_datatype_the_same(tmp_path: Path, name: str) -> None:
    mark = "\t" if ".tsv" in name else ","
    text = "".join(f"{n}{mark}{cell}\n" for n, cell in enumerate(CELLS))
    packed = f"n{mark}v\n{text}9{mark}1{mark}2\n".encode()
    (tmp_path / name).write_bytes(gzip.compress(packed) if name.endswith(".gz") else packed)
    made, count = [], 0
    for datatype in DATATYPES:
        folder = tmp_path / datatype
        folder.mkdir()
        (folder / name).symlink_to(tmp_path / name)
        source = json.dumps([f"{name}~{name.split('.')[1]}"])
        first, second = both(folder, source, ["v"], datatype=f"xsd:{datatype}")
        made += [datatype] if second != first else []
        count += len(first[1])
    assert made == []
    assert count > 100

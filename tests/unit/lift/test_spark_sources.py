from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

pytest.importorskip("pyspark", reason="Spark is not installed: the extra `spark` brings it")

import pyarrow as pa
import pyarrow.parquet as pq

from kg.lift.mapping import LogicalSource
from kg.lift.spark_reading import read_split
from kg.lift.spark_splits import CODE, PLACE, Layout, Split, plan_splits

Row = tuple[int, str | None, str | None]


def layout(form: str, *, is_list: bool = False) -> Layout:
    return Layout(("v",), (is_list,), is_typed=form in {"jsonl", "json", "parquet"})


def rows_of(splits: list[Split]) -> list[Row]:
    """Read splits of one column: the place, value or the code of what is wrong, and the kind."""
    rows = [
        row
        for number, split in enumerate(splits)
        for batch in read_split(split, number << 40)
        for row in batch.to_pylist()
    ]
    return [(row[PLACE], row["c0"] or row[CODE], row.get("k0")) for row in rows]


def read(folder: Path, name: str, content: bytes, split_bytes: int, form: str = "") -> list[Row]:
    (folder / name).write_bytes(content)
    source = LogicalSource(name, form or name.partition(".")[2].removesuffix(".gz"))
    return rows_of(plan_splits(source, folder, layout(source.formulation), split_bytes))


@pytest.mark.parametrize("split_bytes", [1, 2, 3, 7, 20, 1000])
@pytest.mark.parametrize(
    "content",
    [
        b"v,w\n1,a\n2,b\n3,c\n",
        b"v,w\r\n1,a\r\n2,b\r\n3,c",
        b'v,w\n1,"a, b"\n2,"say ""x"""\n3,5" pipe\n',
        b'v,w\n1,"two\nlines"\n2,b\n3,c\n',
        b"v,w\n1,a\n\n2,b,c\n3,c\n",
        b"v,w\n\n\n1,a\n" + b"x" * 50 + b",b\n\n3,c\n",
        b'"v",w\n1,a\n2,b\n3,c\n',
        b'"w\nw",v\na,1\nc,3\n',
        b"\xef\xbb\xbfv,w\n1,a\n2,\xff\n3,c\n",
        b"v,w\n",
    ],
)
def test_every_line_is_in_one_split_and_knows_its_place(
    tmp_path: Path, content: bytes, split_bytes: int
) -> None:
    parted = read(tmp_path, "j.csv", content, split_bytes)
    whole = read(tmp_path, "j.csv", content, 10_000)
    assert parted == whole
    assert read(tmp_path, "j.csv.gz", gzip.compress(content), split_bytes) == whole
    if content.count(b"\n") > 1:
        last = content.rstrip(b"\n").count(b"\n") + 1
        assert (last, "3", None) in whole


def test_a_bad_line_is_told_where_it_stands(tmp_path: Path) -> None:
    found = read(tmp_path, "j.csv", b"v,w\n1,a\n2\n\n3,\xff\n4,d\n", 5)
    assert found == [
        (2, "1", None),
        (3, "bad-row", None),
        (5, "bad-encoding", None),
        (6, "4", None),
    ]


@pytest.mark.parametrize("split_bytes", [1, 30, 1000])
def test_lines_of_json_keep_their_numbers_and_types(tmp_path: Path, split_bytes: int) -> None:
    content = b'{"v": 1}\n\n{"v": "x"}\n{"v":\n[1]\n{"v": 1.5}\n{"w": 1}\n'
    integer, double = (f"http://www.w3.org/2001/XMLSchema#{name}" for name in ("integer", "double"))
    found = read(tmp_path, "j.jsonl", content, split_bytes)
    assert sorted(found, key=lambda row: row[0]) == [
        (1, "1", integer),
        (3, "x", None),
        (4, "bad-row", None),
        (5, "bad-row", None),
        (6, "1.5E0", double),
        (7, None, None),
    ]


def test_a_list_keeps_its_values_together(tmp_path: Path) -> None:
    (tmp_path / "j.jsonl").write_text(json.dumps({"v": ["a", 1]}) + '\n{"v": []}\n')
    source = LogicalSource("j.jsonl", "jsonl")
    splits = plan_splits(source, tmp_path, Layout(("v[*]",), (True,), is_typed=True))
    integer = {"value": "1", "kind": "http://www.w3.org/2001/XMLSchema#integer"}
    first, second = rows_of(splits)
    assert first[1] == [{"value": "a", "kind": None}, integer]
    assert second[1] is None


def test_a_group_of_rows_of_parquet_is_a_split(tmp_path: Path) -> None:
    pq.write_table(pa.table({"v": ["a", "b", "c"]}), tmp_path / "j.parquet", row_group_size=2)
    splits = plan_splits(LogicalSource("j.parquet", "parquet"), tmp_path, layout("parquet"))
    assert len(splits) == 2
    assert rows_of(splits) == [(1, "a", None), (2, "b", None), (3, "c", None)]

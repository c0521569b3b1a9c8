"""Tables in memory as sources, and quads as Arrow batches."""

from __future__ import annotations

import textwrap
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pytest

from kg.errors import MappingError
from kg.lift import lift_file

X = "http://x.org/"
XSD = "http://www.w3.org/2001/XMLSchema#"
JOBS = pa.table(
    {
        "id": [1, 2, 3],
        "name": ["a", None, 'c "d"'],
        "qty": pa.array([Decimal("1.50"), Decimal(2), None], pa.decimal128(9, 2)),
        "due": [date(2026, 11, 23), None, date(2026, 11, 24)],
        "at": [datetime(2026, 11, 23, 8, tzinfo=UTC), None, None],
        "open": [True, False, None],
        "part": ["p 1", "p2", "p2"],
        "area": ["", "north", None],
        "tags": [["x"], [], None],
    }
)
MAPPING = """
    prefixes: {ex: "http://x.org/"}
    mappings:
      job:
        sources: [[SOURCE]]
        s: ex:job/$(id)
        po:
          - [a, ex:Job]
          - [ex:id, $(id)]
          - [ex:name, $(name)]
          - [ex:qty, $(qty)]
          - [ex:due, $(due)]
          - [ex:at, $(at)]
          - [ex:open, $(open)]
      part:
        sources: [[SOURCE]]
        s: ex:part/$(part)
        graphs: ex:graph/$(area)
        po:
          - [a, ex:Part]
"""


def write(folder: Path, text: str = MAPPING, source: str = "jobs~table") -> Path:
    mapping = folder / "job.yml"
    mapping.write_text(textwrap.dedent(text).replace("SOURCE", source), encoding="utf-8")
    return mapping


def test_a_table_in_memory_has_the_datatypes_of_its_columns(tmp_path: Path) -> None:
    lines = sorted(lift_file(write(tmp_path), X, tables={"jobs": JOBS}).lines)
    assert [line for line in lines if "/job/1>" in line] == [
        f"<{X}job/1> <http://www.w3.org/1999/02/22-rdf-syntax-ns#type> <{X}Job> .",
        f'<{X}job/1> <{X}at> "2026-11-23T08:00:00Z"^^<{XSD}dateTime> .',
        f'<{X}job/1> <{X}due> "2026-11-23"^^<{XSD}date> .',
        f'<{X}job/1> <{X}id> "1"^^<{XSD}integer> .',
        f'<{X}job/1> <{X}name> "a" .',
        f'<{X}job/1> <{X}open> "true"^^<{XSD}boolean> .',
        f'<{X}job/1> <{X}qty> "1.5"^^<{XSD}decimal> .',
    ]
    assert len(lines) == len(set(lines)) == 17


def test_a_table_in_memory_takes_the_place_of_a_file_of_its_name(tmp_path: Path) -> None:
    mapping = write(tmp_path, source="jobs.csv~csv")
    from_memory = lift_file(mapping, X, tables={"jobs.csv": JOBS})
    assert sorted(from_memory.lines) == sorted(
        lift_file(write(tmp_path), X, tables={"jobs": JOBS}).lines
    )


@pytest.mark.parametrize("is_repeated", [False, True])
def test_batches_hold_the_quads_of_the_lines(tmp_path: Path, is_repeated: bool) -> None:
    jobs = pa.concat_tables([JOBS, JOBS]) if is_repeated else JOBS
    mapping = write(tmp_path)
    table = pa.Table.from_batches(lift_file(mapping, X, tables={"jobs": jobs}).batches)
    assert table.schema == pa.schema(
        [(name, pa.string()) for name in ("subject", "predicate", "object", "graph")]
    )
    quads = [" ".join(term for term in row.values() if term) + " ." for row in table.to_pylist()]
    assert sorted(quads) == sorted(lift_file(mapping, X, tables={"jobs": jobs}).lines)
    graphs = {(row["object"], row["graph"]) for row in table.to_pylist()}
    assert (f"<{X}Job>", None) in graphs
    assert {graph for value, graph in graphs if value == f"<{X}Part>"} == {
        f"<{X}graph/>",
        f"<{X}graph/north>",
    }


def test_batches_leave_out_bad_rows_and_say_so(tmp_path: Path) -> None:
    mapping = write(tmp_path, MAPPING.replace("$(name)]", "$(name), xsd:integer]"))
    lifted = lift_file(mapping, X, tables={"jobs": JOBS})
    subjects = {s for batch in lifted.batches for s in batch.column("subject").to_pylist()}
    assert f"<{X}job/2>" in subjects
    assert f"<{X}job/1>" not in subjects
    assert sorted(row.code for row in lifted.rejected) == ["bad-literal", "bad-literal"]


def test_a_list_is_no_value(tmp_path: Path) -> None:
    mapping = write(tmp_path, MAPPING.replace("$(name)]", "$(tags)]"))
    with pytest.raises(MappingError, match=r"job.yml:10: column 'tags' of jobs is a VARCHAR\[\]"):
        list(lift_file(mapping, X, tables={"jobs": JOBS}).lines)


def test_a_table_that_nobody_gave_is_refused(tmp_path: Path) -> None:
    with pytest.raises(MappingError, match="cannot be read alone"):
        lift_file(write(tmp_path), X, tables={"orders": JOBS})

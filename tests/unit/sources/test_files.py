from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kg.errors import SourceError

BAD = "bad-row"


def codes(read: Any) -> list[tuple[str, str]]:
    return [(row.code, row.position) for row in read.rejected]


def test_a_csv_with_a_byte_order_mark_gives_its_rows_as_text(read: Any, write: Any) -> None:
    write("jobs.csv", b'\xef\xbb\xbfid,name\r\n1,\xc3\xa5\r\n2,"a, b\r\nc"\r\n')
    got = read()
    assert [(r.key, r.row, r.position) for r in got.records] == [
        ("1", {"id": "1", "name": "å"}, "jobs.csv:2"),
        ("2", {"id": "2", "name": "a, b\r\nc"}, "jobs.csv:3"),
    ]
    assert got.reading.is_whole
    assert got.reading.cursor == ""
    assert got.reading.seen_keys == {"1", "2"}


def test_a_tsv_and_a_semicolon_csv_are_split_where_they_should_be(read: Any, write: Any) -> None:
    write("jobs.tsv", "id\tq\n1\t1,5\n")
    write("jobs.csv", "id;q\n1;1,5\n")
    for file in ("jobs.tsv", "jobs.csv"):
        assert read(file=file).records[0].row == {"id": "1", "q": "1,5"}


def test_one_bad_line_costs_one_row_and_makes_the_snapshot_unwhole(read: Any, write: Any) -> None:
    write("jobs.csv", b"id,name\n1,a\n2,b,c\n3,\xff\n4,d\n")
    got = read()
    assert [r.key for r in got.records] == ["1", "4"]
    assert codes(got) == [("bad-row", "jobs.csv:3"), ("bad-encoding", "jobs.csv:4")]
    assert got.rejected[1].raw.encode("utf-8", "surrogateescape") == b"3,\xff"
    assert not got.reading.is_whole


def test_an_open_quote_does_not_swallow_the_rest_of_the_file(read: Any, write: Any) -> None:
    rows = "".join(f"{n},x\n" for n in range(2, 500))
    write("jobs.csv", f'id,name\n1,"open\n{rows}')
    got = read()
    assert codes(got) == [("bad-row", "jobs.csv:2")]
    assert len(got.records) == 498
    assert got.records[-1].position == "jobs.csv:500"


def test_an_inch_mark_inside_a_cell_is_text(read: Any, write: Any) -> None:
    write("jobs.csv", 'id,name\n1,5" pipe\n2,b\n')
    assert [r.row["name"] for r in read().records] == ['5" pipe', "b"]


def test_json_lines_are_flattened_with_dots_and_arrays_stay_json(read: Any, write: Any) -> None:
    write(
        "jobs.jsonl", '{"id": 12.0, "a": {"b": {"c": 1}, "d": {}}, "e": [1, {"f": 2}], "g": NaN}\n'
    )
    (record,) = read(file="jobs.jsonl").records
    assert record.key == "12"
    assert record.row == {"id": 12.0, "a.b.c": 1, "a.d": None, "e": '[1, {"f": 2}]', "g": None}


def test_broken_json_lines_name_their_line(read: Any, write: Any) -> None:
    deep = "[" * 100_000
    lines = ['{"id": 1}', "{oops", "", "[1]", '{"id": 2, "t": "\\ud800"}', '{"id": 3}']
    write("jobs.jsonl", "\n".join([*lines, '{"id": ' + deep]).encode() + b"\n\xff\n")
    got = read(file="jobs.jsonl")
    assert [r.key for r in got.records] == ["1", "3"]
    assert codes(got) == [
        ("bad-row", "jobs.jsonl:2"),
        ("bad-row", "jobs.jsonl:4"),
        ("bad-encoding", "jobs.jsonl:5"),
        ("bad-row", "jobs.jsonl:7"),
        ("bad-encoding", "jobs.jsonl:8"),
    ]
    assert all(row.hint and row.message.startswith(row.position) for row in got.rejected)


def test_a_json_array_gives_a_row_for_each_object(read: Any, write: Any) -> None:
    write("jobs.json", '[{"id": 1, "big": 99999999999999999999}, 7]')
    got = read(file="jobs.json")
    assert [(r.key, r.position, r.row["big"]) for r in got.records] == [
        ("1", "jobs.json#1", "99999999999999999999")
    ]
    assert codes(got) == [("bad-row", "jobs.json#2")]


def test_tables_share_a_file_and_each_filters_its_own_rows(read: Any, write: Any) -> None:
    write("e.jsonl", "".join(f'{{"id": {n}, "event": "{e}"}}\n' for n, e in enumerate("abc")))
    got = read(file="e.jsonl", where={"event": ["a", "b"], "id": "1"})
    assert [r.key for r in got.records] == ["1"]
    assert [f.rule for f in got.filtered] == ["event is a or b and id is 1"] * 2
    assert got.filtered[0].kind == "jobs"


def test_keys_are_trimmed_joined_and_never_empty_or_placeholders(read: Any, write: Any) -> None:
    write("jobs.csv", "id,line\n 7 ,1\n7,\n - ,2\na|b,c\n")
    got = read(key=["id", "line"])
    assert [r.key for r in got.records] == ["7|1", "a%7Cb|c"]
    assert codes(got) == [("empty-key", "jobs.csv:3"), ("empty-key", "jobs.csv:4")]
    assert "line is empty" in got.rejected[0].message
    assert got.rejected[1].raw == " - ,2"


def test_a_key_that_stands_twice_in_a_snapshot_is_refused_the_second_time(
    read: Any, write: Any
) -> None:
    write("jobs.csv", "id,n\n1,a\n1,b\n")
    got = read()
    assert [r.row["n"] for r in got.records] == ["a"]
    assert codes(got) == [("duplicate-key", "jobs.csv:3")]
    assert len(read(arrives="changes").records) == 2


def test_required_cells_are_required(read: Any, write: Any) -> None:
    write("jobs.csv", "id,part\n1,-\n2,P\n")
    got = read(required=["part"])
    assert codes(got) == [("missing-required", "jobs.csv:2")]
    assert got.rejected[0].key == "1"
    assert got.reading.seen_keys == {"1", "2"}  # a refused row is not a deleted one
    assert got.reading.is_whole


def test_changed_at_is_the_first_readable_of_its_columns(read: Any, write: Any) -> None:
    write(
        "jobs.csv",
        "id,w,c\n1,2026-07-01 10:00,\n2,-,2026-01-01T00:00:00Z\n3,oops,20260101\n4,,\n5,oops,\n",
    )
    got = read(changed=["w", "c"])
    assert [(r.key, r.effective, r.effective_by) for r in got.records] == [
        ("1", "2026-07-01T08:00:00Z", "changed"),
        ("2", "2026-01-01T00:00:00Z", "changed"),
        ("3", "2025-12-31T23:00:00Z", "changed"),
        ("4", None, "seen"),
    ]
    assert codes(got) == [("bad-time", "jobs.csv:6")]
    assert "'oops'" in got.rejected[0].message


def test_an_event_needs_a_readable_time(read: Any, write: Any) -> None:
    rows = [{"id": 1, "ts": 1700000000}, {"id": 2, "ts": "soon"}, {"id": 3}, {"id": 4, "ts": 1e300}]
    write("e.jsonl", "".join(json.dumps(row) + "\n" for row in rows))
    got = read(file="e.jsonl", row="event", event_time="ts", times={"ts": "epoch-s"}, version="id")
    (record,) = got.records
    assert (record.effective, record.effective_by, record.version) == (
        "2023-11-14T22:13:20Z",
        "event",
        "1",
    )
    assert [row.code for row in got.rejected] == ["bad-time"] * 3


@pytest.mark.parametrize(
    "table",
    [
        {"key": ["idd"]},
        {"changed": ["idd"]},
        {"where": {"idd": "1"}},
        {"required": ["idd"]},
        {"version": "idd"},
        {"event_time": "idd"},
    ],
)
@pytest.mark.parametrize("file", ["jobs.csv", "jobs.jsonl", "jobs.json"])
def test_a_configured_column_that_no_row_has_is_an_error_with_near_matches(
    read: Any, write: Any, table: dict[str, Any], file: str
) -> None:
    write("jobs.csv", "id,name\n1,a\n")
    write("jobs.jsonl", '{"id": 1}\n')
    write("jobs.json", '[{"id": 1}]')
    with pytest.raises(SourceError, match=r"table jobs: jobs\.\w+ has no column 'idd'") as caught:
        read(file=file, **table)
    assert "id" in caught.value.hint


def test_a_column_of_times_must_stand_in_a_header(read: Any, write: Any) -> None:
    write("jobs.csv", "id,due\n1,\n")
    with pytest.raises(SourceError, match="'dew'"):
        read(times={"dew": "date"})


@pytest.mark.parametrize(
    ("file", "content", "said"),
    [
        ("none.csv", None, "No such file"),
        ("jobs.csv", b"", "no header"),
        ("jobs.csv", "id,name".encode("utf-16"), "no header"),
        ("jobs.csv", b"id,id\n", "twice"),
        ("jobs.json", b"{", "no JSON"),
        ("jobs.json", b"{}", "no JSON array"),
        ("jobs.xml", b"", "cannot tell"),
    ],
)
def test_a_file_that_cannot_be_read_as_a_whole_is_an_error(
    read: Any, write: Any, file: str, content: bytes | None, said: str
) -> None:
    if content is not None:
        write(file, content)
    with pytest.raises(SourceError, match=said) as caught:
        read(file=file)
    assert caught.value.hint


def test_an_empty_snapshot_file_deletes_nothing_but_an_empty_array_does(
    read: Any, write: Any
) -> None:
    write("jobs.jsonl", "")
    write("jobs.json", "[]")
    assert not read(file="jobs.jsonl").reading.is_whole
    assert read(file="jobs.json").reading.is_whole


def test_a_growing_file_goes_on_from_its_cursor_with_true_line_numbers(
    read: Any, write: Any
) -> None:
    event = {"file": "e.jsonl", "arrives": "events"}
    write("e.jsonl", '{"id": 1}\n{"id": 2}\n{"id": 3')
    first = read(**event)
    assert [r.key for r in first.records] == ["1", "2"]
    assert not first.reading.is_whole
    write("e.jsonl", '{"id": 1}\n{"id": 2}\n{"id": 3}\n')
    second = read(first.reading.cursor, **event)
    assert [(r.key, r.position) for r in second.records] == [("3", "e.jsonl:3")]
    third = read(second.reading.cursor, **event)
    assert third.records == []
    assert third.reading.cursor == second.reading.cursor


def test_a_last_object_without_an_end_of_line_is_taken_when_it_is_whole(
    read: Any, write: Any
) -> None:
    event = {"file": "e.jsonl", "arrives": "events"}
    cursor = ""
    content, seen = "", []
    for added in ['{"id": 1}\n{"id', '": 2', "}", "\n", '{"id": 3}', '\n\n{"id": 4}\n[']:
        content += added
        write("e.jsonl", content)
        got = read(cursor, **event)
        assert got.rejected == []
        assert bool(got.reading.waits) == (added in {'{"id": 1}\n{"id', '": 2', '\n\n{"id": 4}\n['})
        cursor = got.reading.cursor
        seen += [(record.key, record.position) for record in got.records]
    assert seen == [
        ("1", "e.jsonl:1"),
        ("2", "e.jsonl:2"),
        ("3", "e.jsonl:3"),
        ("4", "e.jsonl:5"),
    ]
    assert got.reading.waits == "e.jsonl:6 is not written to its end"


def test_a_last_line_of_csv_waits_and_says_so(read: Any, write: Any) -> None:
    write("jobs.csv", "id,n\n1,a\n2,b")
    got = read(arrives="changes")
    assert [record.key for record in got.records] == ["1"]
    assert got.reading.waits == "jobs.csv:3 is not written to its end"
    assert [record.key for record in read().records] == ["1", "2"]


def test_an_export_counts_when_its_mark_is_there_and_newer(read: Any, write: Any) -> None:
    done = {"done": "jobs.done"}
    path = write("jobs.csv", "id\n1\n")
    waiting = read(**done)
    assert (waiting.records, waiting.reading.waits) == ([], "jobs.done is not there yet")
    assert not waiting.reading.is_whole
    mark = write("jobs.done", "")
    os.utime(mark, ns=(0, path.stat().st_mtime_ns))
    got = read(**done)
    assert [record.key for record in got.records] == ["1"]
    assert got.reading.is_whole
    assert got.reading.is_settled()
    os.utime(path, ns=(0, path.stat().st_mtime_ns + 1))
    again = read(**done)
    assert (again.records, again.reading.waits) == ([], "jobs.csv was written after jobs.done")


@pytest.mark.parametrize(
    ("change", "is_settled"),
    [
        (lambda path: None, True),
        (lambda path: path.write_text("id\n1\n2\n"), False),
        (lambda path: path.unlink(), False),
    ],
)
def test_an_export_has_settled_when_it_is_still_what_was_read(
    read: Any, write: Any, change: Any, is_settled: bool
) -> None:
    path = write("jobs.csv", "id\n1\n")
    got = read(settle_seconds=0.01)
    change(path)
    assert got.reading.is_settled() is is_settled


def test_an_open_quote_that_a_later_quote_closes_swallows_nothing(read: Any, write: Any) -> None:
    write("jobs.csv", 'id,name\n1,"open\n2,b\n3,"c"\n4,"d\n5,e",f\n6,g\n')
    got = read()
    assert [record.key for record in got.records] == ["2", "3", "6"]
    assert codes(got) == [(BAD, f"jobs.csv:{line}") for line in (2, 5, 6)]


def test_a_key_too_long_for_an_iri_is_refused(read: Any, write: Any) -> None:
    write("jobs.csv", f"id\n1\n{'k' * 8_192}\n{'å' * 4_097}\n")
    got = read()
    assert [len(record.key) for record in got.records] == [1, 8_192]
    assert codes(got) == [("bad-iri", "jobs.csv:4")]
    assert not got.reading.is_whole


@pytest.mark.parametrize("file", ["jobs.csv", "jobs.json", "jobs.jsonl"])
@pytest.mark.parametrize(
    ("make", "said"),
    [
        (os.mkfifo, "pipe or a device"),
        (lambda path: path.symlink_to("/dev/zero"), "pipe or a device"),
        (lambda path: path.mkdir(), "a folder"),
        (lambda path: path.symlink_to(path), "symbolic links"),
    ],
)
def test_what_is_no_plain_file_is_an_error(
    read: Any, tmp_path: Path, file: str, make: Any, said: str
) -> None:
    make(tmp_path / file)
    with pytest.raises(SourceError, match=said):
        read(file=file)


def test_a_line_of_many_megabytes_costs_one_row(read: Any, write: Any) -> None:
    long = "x" * 5_000_000
    write("jobs.csv", f'id,name\n1,a\n2,{long}\n3,"{long}"\n4,d\n')
    got = read()
    assert [record.key for record in got.records] == ["1", "4"]
    assert codes(got) == [(BAD, "jobs.csv:3"), (BAD, "jobs.csv:4")]
    assert max(len(row.raw) for row in got.rejected) < 20_000
    write("jobs.jsonl", f'{{"id": 1}}\n{{"id": "{long}"}}\n{{"id": 3}}\n')
    got = read(file="jobs.jsonl")
    assert [record.key for record in got.records] == ["1", "3"]
    assert codes(got) == [(BAD, "jobs.jsonl:2")]


@pytest.mark.parametrize("content", ['{"id": 9}\n', '{"id": 8}\n{"id": 9}\n', ""])
def test_a_replaced_or_cut_file_is_read_from_its_start(read: Any, write: Any, content: str) -> None:
    event = {"file": "e.jsonl", "arrives": "events"}
    write("e.jsonl", '{"id": 1}\n{"id": 2}\n')
    cursor = read(**event).reading.cursor
    write("e.jsonl", content)
    again = read(cursor, **event)
    assert len(again.records) == content.count("\n")
    assert all(r.position == f"e.jsonl:{n}" for n, r in enumerate(again.records, start=1))


def test_a_growing_csv_leaves_a_row_whose_quote_is_still_open(read: Any, write: Any) -> None:
    changes = {"arrives": "changes"}
    write("jobs.csv", 'id,n\n1,a\n2,"b\n')
    first = read(**changes)
    assert [r.key for r in first.records] == ["1"]
    assert first.rejected == []
    write("jobs.csv", 'id,n\n1,a\n2,"b\nc"\n3,d\n')
    second = read(first.reading.cursor, **changes)
    assert [(r.key, r.position) for r in second.records] == [
        ("2", "jobs.csv:3"),
        ("3", "jobs.csv:5"),
    ]


def test_a_growing_csv_without_a_whole_header_has_no_rows_yet(read: Any, write: Any) -> None:
    write("jobs.csv", "id,na")
    got = read(arrives="changes")
    assert (got.records, got.reading.cursor) == ([], "")


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    names=st.lists(st.text("ab\"',;\n\r å", max_size=4), max_size=8),
    cuts=st.lists(st.integers(0, 200), max_size=4),
    kind=st.sampled_from(["csv", "jsonl"]),
)
def test_a_file_read_while_it_grows_gives_each_row_once(
    read: Any, write: Any, names: list[str], cuts: list[int], kind: str
) -> None:
    if kind == "csv":
        rows = [f'{n},"{name.replace(chr(34), chr(34) * 2)}"\n' for n, name in enumerate(names)]
        content = ("id,name\n" + "".join(rows)).encode()
    else:
        rows = [json.dumps({"id": n, "name": name}) + "\n" for n, name in enumerate(names)]
        content = "".join(rows).encode()
    cursor, seen = "", []
    for cut in [*sorted(cuts), len(content)]:
        write(f"g.{kind}", content[:cut])
        got = read(cursor, file=f"g.{kind}", arrives="events")
        assert got.rejected == []
        cursor = got.reading.cursor
        seen += got.records
    assert [(r.key, r.row["name"]) for r in seen] == [(str(n), t) for n, t in enumerate(names)]


def test_line_ends_of_an_old_macintosh_are_one_error_that_says_so(read: Any, write: Any) -> None:
    write("jobs.csv", b"id,name\r1,a\r2,b\r")
    with pytest.raises(SourceError, match=r"jobs\.csv"):
        read()

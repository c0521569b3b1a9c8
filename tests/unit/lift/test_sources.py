"""Whole sources through `lift_file`: forms, natural datatypes, joins, and what is broken."""

from __future__ import annotations

import gzip
import sqlite3
from collections import Counter
from pathlib import Path

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from kg.errors import MappingError, SourceError
from kg.lift import lift_file

X = "http://x.org/"
XSD = "http://www.w3.org/2001/XMLSchema#"
Lifted = tuple[list[str], list[tuple[str, str]]]


def lift(folder: Path, source: str, columns: str = "name", *, in_order: bool = True) -> Lifted:
    """Lift columns of a source by ``id``: "id column value" lines, and what was rejected."""
    rules = "".join(f"\n      - [ex:{name}, $({name})]" for name in columns.split())
    mapping = folder / "m.yml"
    mapping.write_text(
        'prefixes: {ex: "http://x.org/"}\nmappings:\n  job:\n'
        f"    sources:\n      - {source}\n    s: ex:$(id)\n    po:{rules}\n",
        encoding="utf-8",
    )
    lifted = lift_file(mapping, X, is_sorted=in_order)
    lines = [
        line.replace(f"<{X}", "").replace(">", "", 2).replace(f"<{XSD}", "<").removesuffix(" .")
        for line in lifted.lines
    ]
    return lines, [(bad.position, bad.code) for bad in lifted.rejected]


A, B, C = '1 name "a"', '2 name "b"', '3 name "c"'
NONE: list[tuple[str, str]] = []


@pytest.mark.parametrize(
    ("data", "lines", "rejected"),
    [
        (b'id,name\n1,a\n2,"b\n3,c\n', [A, C], [("f.csv:3", "bad-row")]),
        (b'id,name\n1,a\n2,"b"x\n3,c\n', [A, C], [("f.csv:3", "bad-row")]),
        (b'id,name\n1,a"x\n3,c\n', ['1 name "a\\"x"', C], NONE),
        (b"id,name\n1\n2,b,c\n3,c\n", [C], [("f.csv:2", "bad-row"), ("f.csv:3", "bad-row")]),
        (b"id,name\r1,a\r2,b\r", [A, B], NONE),
        (b"id,name\r\n1,a\n2,b\r\n3,c", [A, B, C], NONE),
        (b'id,name\r\n1,"a\nb"\r\n2,b\r\n', ['1 name "a\\nb"', B], NONE),
        (b"id,name\n\n1,a\n\n2,b\n\n", [A, B], NONE),
        (b'\xef\xbb\xbf"id","name"\n1,a\n', [A], NONE),
        (b"id,name\n1,a\x00\n2,b\n", ['1 name "a\\u0000"', B], NONE),
        (b"id,name\n1,\xff\xfe\n2,b\n", [B], [("f.csv:2", "bad-encoding")]),
        (b"id,name\n1," + b"x" * 3_000_000 + b"\n2,b\n", [B], [("f.csv:2", "bad-row")]),
        ("id,name\n1,å\n".encode("utf-16"), ['1 name "å"'], NONE),
        (b"id,name\n", [], NONE),
    ],
)
def test_a_bad_line_of_text_is_reported_and_the_others_are_lifted(
    tmp_path: Path, data: bytes, lines: list[str], rejected: list[tuple[str, str]]
) -> None:
    (tmp_path / "f.csv").write_bytes(data)
    assert lift(tmp_path, "[f.csv~csv]") == (lines, rejected)


@pytest.mark.parametrize(
    ("form", "data", "lines", "rejected"),
    [
        ("json", b'[{"id":1,"name":"a"},{"id":2,"na', [A], [("f#2", "bad-row")]),
        (
            "json",
            b'[{"id":1,"name":"\\ud800"},{"id":2,"name":"b"}]',
            [B],
            [("f#1", "bad-encoding")],
        ),
        ("json", b'[{"id":1,"name":"\xff"},{"id":2,"name":"b"}]', [B], [("f#1", "bad-encoding")]),
        ("json", b'[{"id":1,"name":["a"]},{"id":2,"name":"b"}]', [B], [("f#1", "bad-row")]),
        ("json", b'{"id":1,"name":"a"}', [A], NONE),
        (
            "jsonl",
            b'{"id":1,"name":"a"}\n{"id"\n[1]\n',
            [A],
            [("f:2", "bad-row"), ("f:3", "bad-row")],
        ),
    ],
)
def test_json_that_breaks_keeps_what_came_before(
    tmp_path: Path, form: str, data: bytes, lines: list[str], rejected: list[tuple[str, str]]
) -> None:
    (tmp_path / "f").write_bytes(data)
    assert lift(tmp_path, f"[f~{form}]") == (lines, rejected)


ROW = "<row><id>1</id><name>a</name></row>"
BOMB = '<!DOCTYPE r [<!ENTITY a "aa"><!ENTITY b "&a;&a;"><!ENTITY f SYSTEM "file:///etc/hosts">]>'


@pytest.mark.parametrize(
    ("data", "lines", "codes"),
    [
        (
            f"<r>{ROW}<row><id>2</id><name>b</name><name>c</name></row></r>",
            [A, B, '2 name "c"'],
            [],
        ),
        (f"<r>{ROW}<row><id>2", [A], ["bad-row"]),
        (f"{BOMB}<r><row><id>2</id><name>&b;</name></row>{ROW}</r>", [A], ["bad-row"]),
        (f"{BOMB}<r><row><id>2</id><name>&f;</name></row>{ROW}</r>", [A], ["bad-row"]),
    ],
)
def test_xml_is_read_without_expanding_anything(
    tmp_path: Path, data: str, lines: list[str], codes: list[str]
) -> None:
    (tmp_path / "f").write_text(data, encoding="utf-8")
    made, rejected = lift(tmp_path, '["f~xml", "/r/row"]')
    assert (made, [code for _, code in rejected]) == (lines, codes)


@pytest.mark.parametrize(
    ("source", "data"),
    [
        ("[f~json]", b"[" * 100_000),
        ('["f~xml", "/r"]', b""),
        ("[f.gz~csv]", b"\x1f\x8bno gzip"),
        ("[g~csv]", b""),
    ],
)
def test_a_source_that_cannot_be_read_at_all_is_one_error(
    tmp_path: Path, source: str, data: bytes
) -> None:
    for name in ("f", "f.gz"):
        (tmp_path / name).write_bytes(data)
    with pytest.raises(SourceError, match="cannot be read"):
        lift(tmp_path, source)


def test_ten_thousand_bad_rows_among_a_hundred_thousand_are_all_reported(tmp_path: Path) -> None:
    bad = ["{0},a\n", "{0},a,b,c\n", "{0},\udcff,x\n", "{0},n,a b\n"]
    rows = [bad[i // 10 % 4] if i % 10 == 0 else "{0},n{0},x{0}\n" for i in range(100_000)]
    text = "id,name,link\n" + "".join(row.format(i) for i, row in enumerate(rows))
    (tmp_path / "f.csv").write_bytes(text.encode(errors="surrogateescape"))
    mapping = tmp_path / "m.yml"
    mapping.write_text(
        'prefixes: {ex: "http://x.org/"}\nmappings:\n  job:\n    sources: [[f.csv~csv]]\n'
        "    s: ex:$(id)\n    po: [[ex:name, $(name)], [ex:link, $(link)~iri]]\n"
    )
    for in_order in (False, True):
        lifted = lift_file(mapping, X, is_sorted=in_order)
        assert sum(bytes(block).count(b"\n") for block in lifted.blocks) == 180_000
        counts = Counter(row.code for row in lifted.rejected)
        assert counts == {"bad-row": 5_000, "bad-encoding": 2_500, "bad-iri": 2_500}
        assert len({row.position for row in lifted.rejected}) == 10_000


TYPED = [
    '1 at "2026-11-23T08:00:00"^^<dateTime>',
    '1 flag "true"^^<boolean>',
    '1 part "7"^^<integer>',
    '1 size "1.25E1"^^<double>',
]


def test_parquet_and_sheets_and_sqlite_keep_their_datatypes(tmp_path: Path) -> None:
    from_parquet = pa.table(
        {
            "id": ["1"],
            "part": pa.array([7], pa.int32()),
            "size": [12.5],
            "flag": [True],
            "at": pa.array([1795420800], pa.timestamp("s")),
        }
    )
    pq.write_table(from_parquet, tmp_path / "t.parquet")
    assert lift(tmp_path, "[t.parquet~parquet]", "part size flag at")[0] == TYPED
    book = openpyxl.Workbook()
    book.active.title = "Jobs"
    book.active.append(["id", "part", "size", "flag"])
    book.active.append(["1", 7, 12.5, True])
    book.save(tmp_path / "t.xlsx")
    assert lift(tmp_path, '["t.xlsx~xlsx", "Jobs"]', "part size flag")[0] == TYPED[1:]
    with sqlite3.connect(tmp_path / "t.sqlite") as database:
        database.execute("CREATE TABLE job (id, part, size)")
        database.execute("INSERT INTO job VALUES ('1', 7, 12.5)")
    database.close()
    for wanted in ("job", "SELECT id, part, size FROM job WHERE part > 1"):
        source = f'["sqlite:///t.sqlite~sql", "{wanted}"]'
        assert lift(tmp_path, source, "part size")[0] == TYPED[2:]


def test_a_text_of_sqlite_that_is_no_unicode_costs_its_row(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "t.sqlite") as database:
        database.execute("CREATE TABLE job (id, name)")
        database.execute("INSERT INTO job VALUES (1, 'a'), (2, CAST(X'FF' AS TEXT)), (3, 'c')")
    database.close()
    made = lift(tmp_path, '["sqlite:///t.sqlite~sql", "main.job"]')
    assert made == ([A, C], [("main.job#2", "bad-encoding")])


@pytest.mark.parametrize("several", ["[]", "[8, 9.5]"])
def test_a_list_keeps_the_datatypes_of_its_values(tmp_path: Path, several: str) -> None:
    (tmp_path / "f.jsonl").write_text(f'{{"id": 1, "n": [7]}}\n{{"id": 2, "n": {several}}}\n')
    (tmp_path / "m.yml").write_text(
        'prefixes: {ex: "http://x.org/"}\nmappings:\n  job:\n    sources: [[f.jsonl~jsonl]]\n'
        "    s: ex:$(id)\n    po: [[ex:n, '$(n[*])']]\n"
    )
    values = ["1> <n> 7^^integer", "2> <n> 8^^integer", "2> <n> 9.5E0^^double"]
    lines = [
        line.replace(X, "").replace(XSD, "").replace('"', "").replace("^^<", "^^")[1:-3]
        for line in lift_file(tmp_path / "m.yml", X, is_sorted=True).lines
    ]
    assert lines == values[: 1 if several == "[]" else 3]


@pytest.mark.parametrize("form", ["xlsx", "parquet", "sql"])
def test_a_column_that_is_not_there_is_an_error_of_the_mapping(tmp_path: Path, form: str) -> None:
    pq.write_table(pa.table({"id": ["1"], "nome": ["a"]}), tmp_path / "t.parquet")
    book = openpyxl.Workbook()
    book.active.append(["id", "nome"])
    book.save(tmp_path / "t.xlsx")
    with sqlite3.connect(tmp_path / "t.sqlite") as database:
        database.execute("CREATE TABLE job (id, nome)")
    database.close()
    sources = {"sql": '["sqlite:///t.sqlite~sql", "job"]'}
    with pytest.raises(MappingError, match=r"m\.yml:\d+: .* has no column 'name'") as caught:
        lift(tmp_path, sources.get(form, f"[t.{form}~{form}]"))
    assert "nome" in caught.value.hint


def test_a_gzip_of_another_encoding_and_delimiter_is_described_as_csvw_does(
    tmp_path: Path,
) -> None:
    (tmp_path / "f.csv.gz").write_bytes(gzip.compress("id;name\n1;Ö\n2;-\n".encode("cp1252")))
    (tmp_path / "m.ttl").write_text(
        "@prefix rml: <http://w3id.org/rml/> . @prefix csvw: <http://www.w3.org/ns/csvw#> .\n"
        "<#Job> rml:logicalSource [ rml:referenceFormulation rml:CSV ; rml:source [\n"
        '  csvw:url "f.csv.gz" ; csvw:null "-" ;\n'
        '  csvw:dialect [ csvw:delimiter ";" ; csvw:encoding "cp1252" ] ] ] ;\n'
        '  rml:subjectMap [ rml:template "{id}" ] ; rml:predicateObjectMap [\n'
        '  rml:predicate <http://x.org/name> ; rml:objectMap [ rml:reference "name" ] ] .\n'
    )
    assert list(lift_file(tmp_path / "m.ttl", X).lines) == [f'<{X}1> <{X}name> "Ö" .']


def test_facts_that_several_rows_and_maps_make_are_written_once(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("id,part\n1,p\n1,q\n1,p\n2,p\n")
    (tmp_path / "b.csv").write_text("part\np\nr\n")
    (tmp_path / "m.yml").write_text(
        'prefixes: {ex: "http://x.org/"}\nmappings:\n'
        "  job:\n    sources: [[a.csv~csv]]\n    s: job/$(id)\n"
        "    po: [[a, ex:Job], [ex:makes, part/$(part)~iri]]\n"
        "  made:\n    sources: [[a.csv~csv]]\n    s: part/$(part)\n    po: [[a, ex:Part]]\n"
        "  part:\n    sources: [[b.csv~csv]]\n    s: part/$(part)\n    po: [[a, ex:Part]]\n"
    )
    lines = list(lift_file(tmp_path / "m.yml", X).lines)
    assert len(lines) == len(set(lines)) == 8
    assert list(lift_file(tmp_path / "m.yml", X, is_sorted=True).lines) == sorted(lines)


def test_a_little_memory_is_enough_for_much_data(tmp_path: Path) -> None:
    rows = "".join(f"{number % 90_000},{'n' * 60}{number % 90_000}\n" for number in range(180_000))
    (tmp_path / "f.csv").write_text(f"id,name\n{rows}")
    lift(tmp_path, "[f.csv~csv]", in_order=False)
    lifted = lift_file(tmp_path / "m.yml", X, memory="64MB", is_sorted=True)
    assert sum(bytes(block).count(b"\n") for block in lifted.blocks) == 90_000

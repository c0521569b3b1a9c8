"""Databases with names and texts that nobody expects, damaged, or not there."""

from __future__ import annotations

import os
import re
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from kg.errors import MappingError, SourceError
from kg.lift import lift_file


def make(folder: Path, *statements: str) -> Path:
    file = folder / "t.sqlite"
    with sqlite3.connect(file) as database:
        for statement in statements:
            database.execute(statement)
    database.close()
    return file


@pytest.mark.parametrize(
    ("table", "written"),
    [
        ("select", "select"),
        ("job; DROP TABLE job", "job; DROP TABLE job"),
        ('jo"b; DROP TABLE job --', 'jo"b; DROP TABLE job --'),
        ("a.b", '"a.b"'),
        ("select it", '"select it"'),
        ('"', '""""'),
        ("(x", '"(x"'),
    ],
)
def test_a_table_may_have_any_name(table: str, written: str, tmp_path: Path, lift) -> None:
    name = table.replace('"', '""')
    make(tmp_path, f'CREATE TABLE "{name}" (id, name)', f"INSERT INTO \"{name}\" VALUES ('1', 'a')")
    quoted = written.replace("\\", "\\\\").replace('"', '\\"')
    assert lift(f'["sqlite:///t.sqlite~sql", "{quoted}"]')[0] == ['1 "a"']


@pytest.mark.parametrize("table", ["select it", "SELECT 1 AS id, 2 AS name", "(x", "job"])
def test_a_table_name_in_rml_is_never_run_as_a_query(table: str, tmp_path: Path) -> None:
    make(tmp_path, f'CREATE TABLE "{table}" (id, name)', f"INSERT INTO \"{table}\" VALUES (1, 'a')")
    (tmp_path / "m.ttl").write_text(
        "@prefix rml: <http://w3id.org/rml/> .\n"
        '<#J> rml:logicalSource [ rml:source [ rml:url "sqlite:///t.sqlite" ] ;\n'
        f'  rml:tableName "{table}" ] ; rml:subjectMap [ rml:template "http://x.org/{{id}}" ] ;\n'
        "  rml:predicateObjectMap [ rml:predicate <http://x.org/name> ;\n"
        '    rml:objectMap [ rml:reference "name" ] ] .\n'
    )
    lines = list(lift_file(tmp_path / "m.ttl", "http://x.org/").lines)
    assert lines == ['<http://x.org/1> <http://x.org/name> "a" .']


@pytest.mark.parametrize("column", ['na"me; DROP TABLE job', "na'me", "na%me", "$name", "näme"])
def test_a_column_may_have_any_name(column: str, tmp_path: Path) -> None:
    name = column.replace('"', '""')
    make(tmp_path, f'CREATE TABLE job (id, "{name}")', "INSERT INTO job VALUES ('1', 'a')")
    (tmp_path / "f.csv").write_text(f'id,"{name}"\n1,a\n', encoding="utf-8")
    escaped = column.replace('"', '\\"')
    for source in ('[ rml:url "sqlite:///t.sqlite" ] ; rml:tableName "job"', '"f.csv"'):
        (tmp_path / "m.ttl").write_text(
            "@prefix rml: <http://w3id.org/rml/> .\n"
            f"<#J> rml:logicalSource [ rml:source {source} ] ;\n"
            '  rml:subjectMap [ rml:template "http://x.org/{id}" ] ;\n'
            "  rml:predicateObjectMap [ rml:predicate <http://x.org/name> ;\n"
            f'    rml:objectMap [ rml:reference "{escaped}" ] ] .\n',
            encoding="utf-8",
        )
        lines = list(lift_file(tmp_path / "m.ttl", "http://x.org/").lines)
        assert lines == ['<http://x.org/1> <http://x.org/name> "a" .']


def test_a_text_that_is_none_costs_its_row(tmp_path: Path, lift) -> None:
    make(
        tmp_path,
        "CREATE TABLE job (id, name)",
        "INSERT INTO job VALUES ('1', CAST(x'ff' AS TEXT)), ('2', 'b')",
        "INSERT INTO job VALUES ('3', CAST(x'610062' AS TEXT))",
    )
    made = lift('["sqlite:///t.sqlite~sql", "job"]')
    assert made == (['2 "b"', '3 "a\\u0000b"'], [("job#1", "bad-encoding")])


@pytest.mark.parametrize(
    "query",
    [
        "WITH x AS (SELECT 1) DELETE FROM job",
        "SELECT id, name FROM job; DROP TABLE job",
        "SELECT load_extension('x') AS id, 1 AS name",
    ],
)
def test_a_query_changes_nothing(query: str, tmp_path: Path, lift) -> None:
    file = make(tmp_path, "CREATE TABLE job (id, name)", "INSERT INTO job VALUES ('1', 'a')")
    before = file.read_bytes()
    with pytest.raises(SourceError, match=r"t\.sqlite"):
        lift(f'["sqlite:///t.sqlite~sql", "{query}"]')
    assert file.read_bytes() == before


ENDLESS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 50000)"
FILL = f"INSERT INTO job {ENDLESS} SELECT i, hex(randomblob(8)) FROM n"
BROKEN: dict[str, Callable[[Path], object]] = {
    "no file": lambda file: file.unlink(),
    "a folder": lambda file: (file.unlink(), file.mkdir()),
    "a pipe": lambda file: (file.unlink(), os.mkfifo(file)),
    "another file": lambda file: file.write_bytes(b"id,name\n" * 1_000),
    "an empty file": lambda file: file.write_bytes(b""),
    "a file that is cut": lambda file: os.truncate(file, 100_000),
    "a file with bad pages": lambda file: file.write_bytes(
        file.read_bytes()[:500_000] + b"\xff" * 9_000 + file.read_bytes()[509_000:]
    ),
}


@pytest.mark.parametrize("case", BROKEN, ids=lambda case: case.replace(" ", "-"))
def test_a_database_that_cannot_be_read_is_one_error(case: str, tmp_path: Path, lift) -> None:
    BROKEN[case](make(tmp_path, "CREATE TABLE job (id, name)", FILL))
    with pytest.raises(SourceError, match=r"t\.sqlite"):
        lift('["sqlite:///t.sqlite~sql", "job"]')


def test_a_password_is_in_no_message(tmp_path: Path, lift) -> None:
    with pytest.raises(SourceError, match=re.escape("127.0.0.1/plant")) as caught:
        lift('["postgresql+psycopg://reader:secret@127.0.0.1:1/plant~sql", "job"]')
    assert "secret" not in str(caught.value) + caught.value.hint


def test_a_query_with_two_columns_of_a_mapped_name_is_refused(tmp_path: Path, lift) -> None:
    make(tmp_path, "CREATE TABLE job (id, name)")
    with pytest.raises(SourceError, match="two columns are 'name'"):
        lift('["sqlite:///t.sqlite~sql", "SELECT id, name, id AS name FROM job"]')
    with pytest.raises(MappingError, match="no column"):
        lift('["sqlite:///t.sqlite~sql", "SELECT id FROM job"]')

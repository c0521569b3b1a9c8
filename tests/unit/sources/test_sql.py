from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from kg.errors import SourceError
from kg.sources.cells import to_scalar


def make(path: Path, *statements: str) -> str:
    with closing(sqlite3.connect(path)) as connection, connection:
        for statement in statements:
            connection.execute(statement)
    return f"sqlite:///{path}"


def neighbours(folder: Path) -> list[tuple[str, int, int, bytes]]:
    return [
        (path.name, path.stat().st_mtime_ns, path.stat().st_size, path.read_bytes())
        for path in sorted(folder.iterdir())
    ]


@pytest.fixture
def url(tmp_path: Path) -> str:
    return make(
        tmp_path / "f.sqlite",
        'CREATE TABLE "job-list" (id INTEGER, quantity, at TEXT, note TEXT)',
        "INSERT INTO \"job-list\" VALUES (1, CAST('217.0000' AS BLOB), '2026-11-23 08:00', 'a')",
        "INSERT INTO \"job-list\" VALUES (2, X'FF', NULL, CAST(X'FF' AS TEXT))",
        'INSERT INTO "job-list" VALUES (NULL, 9e999, NULL, NULL)',
    )


def test_a_table_is_read_by_its_quoted_name(read: Any, url: str) -> None:
    got = read(url=url, table="job-list", changed=["at"])
    (record,) = got.records
    assert record.row == {"id": 1, "quantity": "217.0000", "at": "2026-11-23 08:00", "note": "a"}
    assert record.position == "f.sqlite:jobs#1"
    assert record.effective == "2026-11-23T07:00:00Z"
    assert [(r.code, r.position) for r in got.rejected] == [
        ("bad-encoding", "f.sqlite:jobs#row 2"),
        ("empty-key", "f.sqlite:jobs#?"),
    ]
    assert not got.reading.is_whole


def test_a_query_is_passed_as_it_stands(read: Any, url: str) -> None:
    query = "SELECT id, ':x %s' AS t FROM \"job-list\" WHERE note LIKE 'a%' AND at LIKE '%08:00'"
    got = read(url=url, query=query)
    assert [r.row for r in got.records] == [{"id": 1, "t": ":x %s"}]
    assert got.reading.is_whole


@pytest.mark.parametrize(
    ("table", "said", "near"),
    [
        ({"table": "joblist"}, "no such table: joblist", "job-list"),
        ({"query": 'SELECT id, quantty FROM "job-list"'}, "no such column: quantty", "quantity"),
        ({"query": 'SELECT id, id FROM "job-list"'}, "two columns are 'id'", "AS"),
        ({"table": "job-list", "key": ["iid"]}, "job-list has no column 'iid'", "id"),
        ({"query": "SELEC"}, "syntax error", "query"),
    ],
)
def test_what_is_missing_is_named_with_what_is_near(
    read: Any, url: str, table: dict[str, Any], said: str, near: str
) -> None:
    with pytest.raises(SourceError, match=f"source erp, table jobs: .*{said}") as caught:
        read(url=url, **table)
    assert near in caught.value.hint


def test_a_missing_sqlite_file_is_an_error_and_is_not_made(read: Any, tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="there is no SQLite file"):
        read(url=f"sqlite:///{tmp_path / 'none.sqlite'}")
    assert list(tmp_path.iterdir()) == []


def test_a_bad_url_is_refused_without_repeating_its_password(read: Any) -> None:
    for url in ("nonsense:secret", "nodialect://u:secret@h/d"):
        with pytest.raises(SourceError) as caught:
            read(url=url)
        assert "secret" not in caught.value.message + caught.value.hint


def test_a_file_that_is_no_database_is_an_error(read: Any, tmp_path: Path) -> None:
    (tmp_path / "f.sqlite").write_bytes(b"x" * 4096)
    with pytest.raises(SourceError, match="not a database"):
        read(url=f"sqlite:///{tmp_path / 'f.sqlite'}")


def test_values_become_scalars() -> None:
    from datetime import UTC, date, datetime, timedelta
    from decimal import Decimal

    assert to_scalar(Decimal("1.50")) == "1.50"
    assert to_scalar(datetime(2026, 1, 1, tzinfo=UTC)) == "2026-01-01T00:00:00+00:00"
    assert to_scalar(date(2026, 1, 1)) == "2026-01-01"
    assert to_scalar(timedelta(minutes=1.5)) == 90.0
    assert to_scalar(b"\xff") == "/w=="
    assert to_scalar(memoryview(b"12")) == "12"
    assert to_scalar(float("nan")) is None
    assert to_scalar(2**63) == str(2**63)
    assert to_scalar(["a"]) == '["a"]'


def test_a_closed_wal_database_is_read_without_a_trace(read: Any, tmp_path: Path) -> None:
    url = make(
        tmp_path / "f.sqlite",
        "PRAGMA journal_mode = WAL",
        "CREATE TABLE jobs (id)",
        "INSERT INTO jobs VALUES (1)",
    )
    before = neighbours(tmp_path)
    assert len(read(url=url).records) == 1
    assert neighbours(tmp_path) == before


def test_a_live_writers_committed_rows_are_read_from_its_log(read: Any, tmp_path: Path) -> None:
    path = tmp_path / "f.sqlite"
    with closing(sqlite3.connect(path, isolation_level=None)) as writer:
        writer.execute("PRAGMA journal_mode = WAL")
        writer.execute("CREATE TABLE jobs (id)")
        writer.execute("INSERT INTO jobs VALUES (1)")
        writer.execute("BEGIN IMMEDIATE")
        writer.execute("INSERT INTO jobs VALUES (2)")
        before = {name: size for name, _, size, _ in neighbours(tmp_path)}
        assert [r.key for r in read(url=f"sqlite:///{path}").records] == ["1"]
        assert {name: size for name, _, size, _ in neighbours(tmp_path)} == before
        writer.execute("COMMIT")
        assert len(read(url=f"sqlite:///{path}").records) == 2


def test_a_log_without_its_index_is_an_error_not_an_old_answer(read: Any, tmp_path: Path) -> None:
    path, copy = tmp_path / "f.sqlite", tmp_path / "copy.sqlite"
    with closing(sqlite3.connect(path, isolation_level=None)) as writer:
        writer.execute("PRAGMA journal_mode = WAL")
        writer.execute("CREATE TABLE jobs (id)")
        shutil.copy(path, copy)
        shutil.copy(f"{path}-wal", f"{copy}-wal")
    with pytest.raises(SourceError, match="holds changes"):
        read(url=f"sqlite:///{copy}")
    assert not Path(f"{copy}-shm").exists()


def test_the_real_tryton_database_is_read_and_nothing_beside_it_changes(
    read: Any, shared_data: Path
) -> None:
    folder = shared_data / "tryton"
    before = neighbours(folder)
    got = read(
        url=f"sqlite:///{folder / 'factory.sqlite'}",
        table="production",
        changed=["write_date", "create_date"],
    )
    assert neighbours(folder) == before
    assert (len(got.records), got.rejected, got.reading.is_whole) == (26, [], True)
    assert all(r.effective_by == "changed" for r in got.records)

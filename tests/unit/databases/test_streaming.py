"""Rows come as they are needed, from every dialect: memory does not grow with the table."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest
import sqlalchemy

from kg.lift.databases import read_header, read_rows

ROWS = 1_000_000
FILLED = "i AS id, 'a name of a job that has some length' AS name, i * 0.5 AS size"
SERIES = {
    "sqlite": f"WITH RECURSIVE s (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM s LIMIT {ROWS})"
    f" SELECT {FILLED} FROM s",
    "postgres_url": f"SELECT {FILLED} FROM (SELECT generate_series(1, {ROWS}) AS i) AS s",
    "mariadb_url": f"SELECT {FILLED} FROM (SELECT seq AS i FROM seq_1_to_{ROWS}) AS s",
}
READ = """
import resource, sys
from pathlib import Path
from kg.lift.databases import read_rows
url, rows = sys.argv[1], int(sys.argv[2])
query = f"SELECT * FROM streamed WHERE id <= {rows}"
blocks = read_rows(url, Path(), query, ["id", "name", "size"])
assert sum(len(block.positions) for block in blocks) == rows
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)
"""


def run(url: str, *statements: str) -> None:
    engine = sqlalchemy.create_engine(url, poolclass=sqlalchemy.NullPool)
    with engine.begin() as connection:
        for statement in statements:
            connection.exec_driver_sql(statement)
    engine.dispose()


def peak_megabytes(url: str, rows: int) -> int:
    command = [sys.executable, "-c", READ, url, str(rows)]
    return int(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


@pytest.mark.slow
@pytest.mark.server
@pytest.mark.parametrize("name", SERIES)
def test_a_million_rows_take_no_more_memory_than_ten_thousand(
    request: pytest.FixtureRequest, tmp_path: Path, name: str
) -> None:
    is_file = name == "sqlite"
    url = f"sqlite:///{tmp_path}/f.sqlite" if is_file else request.getfixturevalue(name)
    run(url, f"CREATE TABLE streamed AS {SERIES[name]}")
    few, many = peak_megabytes(url, 10_000), peak_megabytes(url, ROWS)
    assert many - few < 10, f"{few} MB for 10,000 rows, {many} MB for {ROWS}"


@pytest.mark.server
@pytest.mark.parametrize("server", ["postgres_url", "mariadb_url"])
def test_rows_that_nobody_takes_are_not_read(request: pytest.FixtureRequest, server: str) -> None:
    url = request.getfixturevalue(server)
    series = SERIES[server].replace(str(ROWS), str(ROWS * 20))
    start = time.process_time()
    assert read_header(url, Path(), series) == ["id", "name", "size"]
    rows = read_rows(url, Path(), series, ["id"])
    next(rows)
    rows.close()
    assert time.process_time() - start < 10

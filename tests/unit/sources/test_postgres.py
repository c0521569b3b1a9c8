from __future__ import annotations

from datetime import UTC, datetime

import pytest
from sqlalchemy import create_engine, text

from kg.errors import SourceError
from kg.records import Record, Rejected
from kg.settings import SourceSettings, TableSettings
from kg.sources import read_source

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
ROWS = """
CREATE TABLE prod_order (
    id integer, number text, qty numeric(12, 3), changed timestamp, due date, raw bytea
);
INSERT INTO prod_order VALUES
    (1, '0001043', 18.000, '2026-11-23 08:00:00', '2026-12-01', 'a'),
    (2, '0001044', 24.500, '2026-11-23 09:00:00', NULL, NULL),
    (NULL, '0001045', 1, '2026-11-23 09:00:00', NULL, NULL);
"""


def source(url: str, **table: object) -> SourceSettings:
    settings = {
        "name": "order",
        "mapping": "order.yml",
        "key": ("id",),
        "table": "prod_order",
        "changed": ("changed",),
    }
    one = TableSettings.model_validate(settings | table)
    return SourceSettings(
        name="erp", adapter="sql", url=url, zone="Europe/Stockholm", tables=(one,)
    )


@pytest.fixture
def filled(postgres_url: str):
    engine = create_engine(postgres_url)
    with engine.begin() as connection:
        connection.execute(text("DROP TABLE IF EXISTS prod_order"))
        connection.execute(text(ROWS))
    yield postgres_url
    engine.dispose()


def read(settings: SourceSettings) -> list[object]:
    return [item for reading in read_source(settings, {}, NOW) for item in reading.items]


@pytest.mark.server
def test_rows_of_a_real_postgresql_become_records(filled: str) -> None:
    first, second, third = read(source(filled))
    assert isinstance(first, Record)
    assert isinstance(second, Record)
    assert (first.key, first.effective) == ("1", "2026-11-23T07:00:00Z")
    assert first.row["qty"] == "18.000"
    assert first.row["due"] == "2026-12-01"
    assert second.row["due"] is None
    assert isinstance(third, Rejected)
    assert third.code == "empty-key"


@pytest.mark.server
def test_a_password_never_stands_in_a_position(filled: str) -> None:
    items = read(source(filled))
    assert all(":***" not in item.position and "@" not in item.position for item in items)


@pytest.mark.server
def test_a_missing_table_or_column_is_one_error_that_names_it(filled: str) -> None:
    with pytest.raises(SourceError, match="prod_ordre"):
        read(source(filled, table="prod_ordre"))
    with pytest.raises(SourceError, match="chnged"):
        read(source(filled, changed=("chnged",)))

"""Run ``plant/by_hand.sql`` in DuckDB: tables in the working folder, triples in ``out/``."""

from __future__ import annotations

from pathlib import Path

import duckdb

SQL = Path(__file__).resolve().parent / "plant" / "by_hand.sql"

if __name__ == "__main__":
    duckdb.connect().execute(SQL.read_text(encoding="utf-8"))
